"""The demo's company and its past, against a real sandbox."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.db.models import F
from django.test import override_settings

from advocacy.demo import history, preset, team
from advocacy.demo.logins import LOGINS
from channels.configs import config_for
from channels.models import Channel, Connection, InboundItem
from channels.registry import adapter_for
from experts.models import Expert
from mentions.models import Message, Person, Ticket, View
from sandbox import launch, world

pytestmark = pytest.mark.django_db
PASSWORDS = {login.username: f"{login.username}-password" for login in LOGINS}


@pytest.fixture
def sandbox(tmp_path):
    with launch.start(tmp_path / "sandbox", history_days=2) as running:
        ports = (running.http_port, running.imap_port, running.smtp_port)
        with override_settings(ALLOWED_PRIVATE_HOSTS=[f"127.0.0.1:{port}" for port in ports]):
            yield preset.Ports(*ports)


def test_preset_is_complete_for_its_adapters():
    preset.load(preset.Ports(1, 2, 3))
    assert {c.platform for c in Connection.objects.all()} == {"twitter", "hackernews", "email"}
    for connection in Connection.objects.all():
        config_for(connection)  # raises when a setting is missing or wrong
        needed = {field.name for field in adapter_for(connection.platform).secrets if field.required}
        assert needed <= set(connection.secrets)
        assert connection.channels.filter(is_default=True).count() == 1
    assert Channel.objects.filter(connection__platform="twitter").count() == 4
    assert Channel.objects.filter(connection__platform="email").count() == 7


def test_secrets_of_the_preset_are_sealed():
    preset.load(preset.Ports(1, 2, 3))
    stored = str([*Connection.objects.values_list("secrets"), *Channel.objects.values_list("secrets")])
    for secret in (world.BEARER_TOKEN, world.MAILBOX_PASSWORD, world.HANDLES["acme"].access_token_secret):
        assert secret not in stored


def test_preset_again_moves_the_ports_and_keeps_what_people_changed():
    preset.load(preset.Ports(1, 2, 3))
    Channel.objects.filter(slug="hn-mentions").update(guidelines="ours")
    Connection.objects.filter(platform="hackernews").update(is_active=False)
    preset.load(preset.Ports(11, 12, 13))
    assert Connection.objects.get(platform="email").settings["imap_port"] == 12
    assert Connection.objects.get(platform="twitter").settings["api_base"] == "http://127.0.0.1:11/twitter"
    assert Channel.objects.get(slug="hn-mentions").guidelines == "ours"
    assert not Connection.objects.filter(platform="hackernews", is_active=True).exists()
    assert Channel.objects.count() == 13


def test_team_has_a_login_for_each_role_and_a_person_for_each_member():
    team.load(PASSWORDS)
    team.load(PASSWORDS)
    assert User.objects.count() == len(LOGINS)
    for login in LOGINS:
        user = User.objects.get(username=login.username)
        assert user.check_password(PASSWORDS[login.username])
        assert [group.name for group in user.groups.all()] == [login.role]
    assert Person.objects.filter(is_us=True).count() == len(world.TEAM) + 1
    assert Expert.objects.count() == len(world.EXPERTS)
    assert all(expert.topics.exists() for expert in Expert.objects.all())
    assert User.objects.get(username="sam").person.name == "Sam Okafor"


def test_every_view_of_the_preset_can_be_asked():
    from django.utils import timezone

    from mentions import view_filters

    preset.load(preset.Ports(1, 2, 3))
    team.load(PASSWORDS)
    user = User.objects.get(username="sam")
    for view in View.objects.all():
        assert list(view_filters.tickets_in(view, user, timezone.now())) == []


def test_past_is_replayed_with_believable_times(sandbox):
    team.load(PASSWORDS)
    preset.load(sandbox)
    said = []
    history.replay(said.append)
    assert InboundItem.objects.filter(state="failed").count() == 0
    assert Connection.objects.exclude(last_error="").count() == 0, list(Connection.objects.values("name", "last_error"))
    assert set(Message.objects.values_list("namespace", flat=True)) == {"twitter", "hackernews", "email"}
    tickets = Ticket.objects.all()
    assert tickets.count() > 40
    assert tickets.filter(created_at__gt=F("posted_at") + timedelta(minutes=5)).count() == 0
    answered = tickets.filter(first_reply_at__isnull=False)
    assert answered.count() > tickets.count() / 2
    assert answered.filter(first_reply_at__lt=F("posted_at")).count() == 0

    before = tickets.count()
    history.replay(said.append)  # a desk that has a past gets no second one
    assert Ticket.objects.count() == before
