"""Roles: what each may do, and that hidden tickets appear in no list, count or claim."""

import pytest
from django.contrib.auth.models import Group
from django.core.exceptions import PermissionDenied
from django.db import connection
from django.test.utils import CaptureQueriesContext

from mentions.macros import presets
from mentions.models import View
from mentions.people import access, roles
from mentions.queue import view_tickets
from mentions.tests.factories import NOON, ChannelFactory, TicketFactory, UserFactory, ViewFactory

pytestmark = pytest.mark.django_db

MATRIX = {
    "mentions.view_ticket": {"volunteer", "advocate", "manager", "admin"},
    "mentions.play_ticket": {"volunteer", "advocate", "admin"},
    "mentions.add_note": {"volunteer", "advocate", "admin"},
    "mentions.add_reply": {"volunteer", "advocate", "admin"},
    "mentions.merge_ticket": {"advocate", "admin"},
    "mentions.bulk_ticket": {"advocate", "admin"},
    "mentions.delete_reply": {"advocate", "admin"},
    "mentions.view_reports": {"advocate", "manager", "admin"},
    "mentions.change_macro": {"admin"},
    "channels.change_connection": {"admin"},
    "channels.change_channel": {"admin"},
    "auth.change_user": {"admin"},
    "experts.add_outreach": {"advocate", "admin"},
    "experts.view_thanks": {"advocate", "manager", "admin"},
}


@pytest.mark.parametrize("permission", MATRIX)
@pytest.mark.parametrize("role", ["volunteer", "advocate", "manager", "admin"])
def test_role_has_exactly_its_rights(role, permission):
    user = UserFactory(role=role)
    if role in MATRIX[permission]:
        access.require(user, permission)
    else:
        with pytest.raises(PermissionDenied):
            access.require(user, permission)


def test_migrate_has_made_the_roles_complete():
    given = Group.permissions.through.objects
    before = set(given.values_list("group__name", "permission"))
    assert {name for name, _ in before} == {"volunteer", "advocate", "manager", "admin"}
    roles.ensure()
    assert set(given.values_list("group__name", "permission")) == before


def test_roles_are_put_back_and_additions_by_hand_stay():
    from django.contrib.auth.models import Permission

    group = Group.objects.get(name="volunteer")
    extra = Permission.objects.get(codename="view_reports")
    group.permissions.set([extra])
    roles.ensure()
    names = set(group.permissions.values_list("codename", flat=True))
    assert {"view_reports", "play_ticket"} <= names


def test_without_a_role_nothing_is_seen():
    TicketFactory()
    assert not access.visible_tickets(UserFactory(role=None)).exists()
    assert not access.visible_tickets(UserFactory(role="advocate", is_active=False)).exists()


def test_hidden_channel_is_seen_by_its_roles_and_superusers_only():
    TicketFactory(channel=ChannelFactory(visible_to=["manager", "advocate"]))
    view = ViewFactory()
    seen = {"volunteer": 0, "advocate": 1, "manager": 1}
    for role, count in seen.items():
        user = UserFactory(role=role)
        assert access.visible_tickets(user).count() == count
        assert view_tickets.tickets_in(view, user, NOON).count() == count
        assert view_tickets.counts([view], user, NOON) == {view.pk: count}
    assert access.visible_tickets(UserFactory(is_superuser=True)).count() == 1


def test_counts_are_capped_and_take_one_query(monkeypatch):
    monkeypatch.setattr(view_tickets, "COUNT_CAP", 3)
    presets.load()
    user = UserFactory(role="advocate")
    user.get_all_permissions()
    for _ in range(6):
        TicketFactory()
    views = list(View.objects.all())
    with CaptureQueriesContext(connection) as queries:
        counts = view_tickets.counts(views, user, NOON)
    assert len(queries) == 1
    assert counts[next(v.pk for v in views if v.slug == "all")] == 4
    assert counts[next(v.pk for v in views if v.slug == "solved")] == 0
