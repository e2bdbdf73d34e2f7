"""Users: nobody gives more rights than they have or changes their own roles; deactivation takes effect at once
everywhere; nobody is deleted."""

from datetime import UTC, datetime

import pytest
from django.apps import apps
from django.contrib import admin
from django.contrib.auth.models import Group, Permission, User
from django.core import mail
from django.core.exceptions import PermissionDenied
from django.db import models, transaction
from django.db.models import ProtectedError
from django.test import Client
from django.urls import reverse

from advocacy.admin_site import Audited
from advocacy.identity import giving, members
from audit.models import Entry
from channels.models import PersonalAccount
from mentions.models import Ticket
from mentions.people import roles
from mentions.queue import claims
from mentions.tests.factories import ChannelFactory, ConnectionFactory, MessageFactory, TicketFactory, UserFactory

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
OURS = ("audit", "channels", "mentions", "experts", "team", "metrics", "advocacy")


@pytest.fixture
def ada():
    return UserFactory(username="ada", role="admin")


@pytest.fixture
def root():
    return User.objects.create_superuser("root", "root@acme.example", "long-enough-1")


def client_of(user):
    client = Client()
    client.force_login(user)
    return client


def change_url(row):
    return reverse(f"admin:{row._meta.app_label}_{row._meta.model_name}_change", args=[row.pk])


def press(client, person, button):
    return client.post(reverse("admin:auth_user_press", args=[person.pk, button]))


def form_data(person, **values):
    fields = {"username": person.username, "first_name": "", "last_name": "", "email": person.email}
    return {**fields, "groups": [], **values}


# --- never deleted --------------------------------------------------------------------------------------------------


def fields_that_name_people():
    for model in apps.get_models():
        for field in model._meta.get_fields():
            if isinstance(field, models.ForeignKey) and field.related_model is User:
                yield model, field


def test_everything_that_names_a_person_keeps_them():
    ours = [(m, f) for m, f in fields_that_name_people() if m._meta.app_label in OURS]
    assert len(ours) > 10
    assert [f"{m.__name__}.{f.name}" for m, f in ours if f.remote_field.on_delete is not models.PROTECT] == []


def test_nobody_is_deleted_by_any_way(ada, root):
    vera = UserFactory(role="volunteer")
    with pytest.raises(ProtectedError, match="Deactivate"), transaction.atomic():
        vera.delete()
    with pytest.raises(ProtectedError), transaction.atomic():
        User.objects.filter(pk=vera.pk).delete()
    for somebody in (ada, root):
        client = client_of(somebody)
        assert client.post(reverse("admin:auth_user_delete", args=[vera.pk]), {"post": "yes"}).status_code == 403
        action = {"action": "delete_selected", "_selected_action": [vera.pk], "post": "yes"}
        client.post(reverse("admin:auth_user_changelist"), action)
    assert User.objects.filter(pk=vera.pk).exists()


def test_no_role_may_delete_people():
    assert not Permission.objects.filter(codename="delete_user", group__isnull=False).exists()


# --- roles ----------------------------------------------------------------------------------------------------------


def test_an_admin_gives_roles_and_that_is_recorded(ada):
    vera = UserFactory(username="vera")
    advocate = Group.objects.get(name=roles.ADVOCATE)
    client_of(ada).post(change_url(vera), form_data(vera, groups=[advocate.pk]))
    assert list(vera.groups.all()) == [advocate]
    entry = Entry.objects.get(kind="roles_changed")
    assert (entry.actor_name, entry.subject_name) == ("ada", "vera")
    assert entry.details == {"before": [], "after": ["advocate"]}


def test_whoever_becomes_an_admin_may_open_the_admin_pages(ada):
    vera = UserFactory()
    members.set_roles(vera, [Group.objects.get(name=roles.ADMIN)], ada, NOW)
    assert User.objects.get(pk=vera.pk).is_staff


def test_nobody_changes_their_own_roles(ada, root):
    for somebody in (ada, root):
        assert client_of(somebody).post(change_url(somebody), form_data(somebody)).status_code == 403
        with pytest.raises(PermissionDenied):
            members.set_roles(somebody, [], somebody, NOW)
    assert ada.groups.exists()


def test_an_admin_makes_no_superuser_and_touches_none(ada, root):
    vera = UserFactory()
    client_of(ada).post(change_url(vera), form_data(vera, is_superuser="on", is_staff="on", user_permissions=[1, 2, 3]))
    vera.refresh_from_db()
    assert vera.is_staff
    assert not vera.is_superuser
    assert not vera.user_permissions.exists()
    client = client_of(ada)
    assert client.post(change_url(root), form_data(root)).status_code == 403
    for button in ("deactivate", "invite", "remove-second-factor"):
        assert press(client, root, button).status_code == 403
    assert User.objects.get(pk=root.pk).is_active


def test_a_superuser_makes_another_one(root):
    vera = UserFactory()
    client_of(root).post(change_url(vera), form_data(vera, is_superuser="on"))
    assert User.objects.get(pk=vera.pk).is_superuser


def test_an_admin_gives_no_role_that_may_do_more(ada):
    keeper = Group.objects.create(name="session keeper")
    keeper.permissions.add(Permission.objects.get(codename="delete_session"))
    vera = UserFactory()
    client_of(ada).post(change_url(vera), form_data(vera, groups=[keeper.pk]))
    assert not vera.groups.exists()
    with pytest.raises(PermissionDenied):
        members.set_roles(vera, [keeper], ada, NOW)
    vera.groups.add(keeper)
    assert client_of(ada).post(change_url(vera), form_data(vera)).status_code == 403


def test_an_admin_puts_no_right_into_a_role_that_they_lack(ada):
    group = Group.objects.create(name="status")
    lacking = Permission.objects.get(codename="delete_session")
    has = Permission.objects.get(codename="change_macro")
    client_of(ada).post(change_url(group), {"name": "status", "permissions": [lacking.pk]})
    assert not group.permissions.exists()
    client_of(ada).post(change_url(group), {"name": "status", "permissions": [has.pk]})
    assert list(group.permissions.all()) == [has]
    assert Entry.objects.get(kind="role_rights_changed").details == {"added": ["change_macro"], "removed": []}


def test_roles_that_the_desk_relies_on_keep_their_names(root):
    for name in giving.BUILT_IN:
        group = Group.objects.get(name=name)
        client_of(root).post(change_url(group), {"name": "other", "permissions": []})
        client_of(root).post(reverse("admin:auth_group_delete", args=[group.pk]), {"post": "yes"})
        assert Group.objects.filter(pk=group.pk, name=name).exists()


# --- coming ---------------------------------------------------------------------------------------------------------


def add(client, **values):
    fields = {"username": "vera", "first_name": "Vera", "last_name": "Novak", "email": "vera@acme.example"}
    return client.post(reverse("admin:auth_user_add"), {**fields, "groups": [], **values})


def test_a_new_person_is_invited_and_sets_their_own_password(ada, django_capture_on_commit_callbacks):
    advocate = Group.objects.get(name=roles.ADVOCATE)
    with django_capture_on_commit_callbacks(execute=True):
        add(client_of(ada), groups=[advocate.pk])
    vera = User.objects.get(username="vera")
    assert not vera.has_usable_password()
    (sent,) = mail.outbox
    assert sent.to == ["vera@acme.example"]
    link = next(line for line in sent.body.split() if line.startswith("http://localhost:8000/accounts/"))
    client = Client()
    form = client.get(link.removeprefix("http://localhost:8000"), follow=True)
    client.post(form.request["PATH_INFO"], {"password1": "a-long-password-1", "password2": "a-long-password-1"})
    vera.refresh_from_db()
    assert vera.check_password("a-long-password-1")
    assert members.has_verified_address(vera)
    assert Client().get(link.removeprefix("http://localhost:8000"), follow=True).context["token_fail"]


def test_an_admin_never_sets_a_password(ada, root):
    vera = UserFactory(username="vera")
    before = vera.password
    for somebody in (ada, root):
        client = client_of(somebody)
        client.post(f"/admin/auth/user/{vera.pk}/password/", {"password1": "a-long-one-1", "password2": "a-long-one-1"})
        client.post(change_url(vera), form_data(vera, password="x", password1="a-long-one-1", password2="a-long-one-1"))
    assert User.objects.get(pk=vera.pk).password == before


def test_an_admin_cannot_redirect_the_mail_of_somebody_who_has_proved_an_address(ada):
    vera = UserFactory(username="vera", email="vera@acme.example")
    vera.emailaddress_set.create(email="vera@acme.example", verified=True, primary=True)
    client_of(ada).post(change_url(vera), form_data(vera, email="ada@evil.example"))
    press(client_of(ada), vera, "invite")
    assert User.objects.get(pk=vera.pk).email == "vera@acme.example"
    assert mail.outbox == []


# --- leaving --------------------------------------------------------------------------------------------------------


def test_deactivation_ends_everything_at_once(ada):
    vera = UserFactory(username="vera", role="advocate")
    connection = ConnectionFactory(platform="reddit")
    PersonalAccount.objects.create(user=vera, connection=connection, secrets={"token": "x"})
    ticket = TicketFactory(channel=ChannelFactory(connection=connection))
    MessageFactory(ticket=ticket)
    held = claims.claim(vera, ticket.pk, datetime.now(UTC))
    browsers = [Client(), Client()]
    for browser in browsers:
        browser.post(reverse("account_login"), {"login": "vera", "password": "password"})
        assert browser.get("/me/").status_code == 200
    assert held.claimed_by_id == vera.pk
    press(client_of(ada), vera, "deactivate")
    vera.refresh_from_db()
    assert not vera.is_active
    assert not vera.has_usable_password()
    assert [browser.get("/me/").status_code for browser in browsers] == [302, 302]
    assert not PersonalAccount.objects.filter(user=vera).exists()
    assert Ticket.objects.get(pk=ticket.pk).claimed_by is None
    login = Client().post(reverse("account_login"), {"login": "vera", "password": "password"})
    assert "_auth_user_id" not in login.wsgi_request.session
    details = Entry.objects.get(kind="deactivated").details
    assert details == {"sessions ended": 2, "tickets released": 1, "personal accounts removed": 1}


def test_an_old_session_does_not_come_back_with_its_person(ada):
    vera = UserFactory(username="vera", role="advocate")
    browser = client_of(vera)  # one that no list of sessions knows
    members.deactivate(vera, ada, NOW)
    members.activate(vera, ada, NOW)
    assert browser.get("/me/").status_code == 302
    assert list(Entry.objects.values_list("kind", flat=True).order_by("pk"))[-2:] == ["deactivated", "activated"]


def test_what_they_did_keeps_their_name(ada):
    vera = UserFactory(username="vera", first_name="Vera", last_name="Novak", role="advocate")
    ticket = TicketFactory()
    MessageFactory(ticket=ticket)
    claims.claim(vera, ticket.pk, datetime.now(UTC))
    members.deactivate(vera, ada, NOW)
    assert {event.actor.get_full_name() for event in ticket.events.filter(actor=vera)} == {"Vera Novak"}


def test_every_admin_page_writes_the_audit_log():
    assert [m.__name__ for m, shown in admin.site._registry.items() if not isinstance(shown, Audited)] == []


def test_what_was_changed_in_the_admin_is_recorded_by_field(ada):
    client = client_of(ada)
    client.post(reverse("admin:mentions_tag_add"), {"name": "outage", "description": ""})
    tag = apps.get_model("mentions", "Tag").objects.get(name="outage")
    client.post(change_url(tag), {"name": "outage", "description": "Something is down"})
    client.post(reverse("admin:mentions_tag_delete", args=[tag.pk]), {"post": "yes"})
    found = Entry.objects.filter(kind__startswith="admin_").order_by("pk")
    assert [(e.kind, e.subject_name, e.actor_name) for e in found] == [
        ("admin_added", "outage", "ada"),
        ("admin_changed", "outage", "ada"),
        ("admin_deleted", "outage", "ada"),
    ]
    assert found[1].details == {"changed": ["Description"]}
