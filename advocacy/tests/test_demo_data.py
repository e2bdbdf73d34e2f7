"""The demo's company and its history, against a real sandbox."""

import json
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.db.models import F
from django.test import override_settings
from django.utils import timezone

from advocacy.demo import history, preset, team
from advocacy.demo.logins import LOGINS
from channels.contract import Capability
from channels.models import Channel, Connection, InboundItem, PersonalAccount
from channels.registry.configs import config_for
from channels.registry.finding_adapters import adapter_for, all_adapters
from experts.models import Expert
from mentions.models import Account, Message, Person, Ticket, View
from mentions.queue import view_tickets
from sandbox import launch, world
from sandbox.assembly import assemble
from sandbox.control import access_of

pytestmark = pytest.mark.django_db
PASSWORDS = {login.username: f"{login.username}-password" for login in LOGINS}


@pytest.fixture
def sandbox(tmp_path):
    # A week: a weekend alone brings few mentions.
    with launch.start(tmp_path / "sandbox", history_days=7) as running:
        ports = (running.http_port, running.imap_port, running.smtp_port)
        with override_settings(ALLOWED_PRIVATE_HOSTS=[f"127.0.0.1:{port}" for port in ports]):
            yield running


@pytest.fixture
def access(tmp_path):
    """The access data of a sandbox that doesn't listen: a function of its ports."""
    universe = assemble(tmp_path / "world")

    def at(http, imap, smtp):
        universe.public_url = f"http://127.0.0.1:{http}"
        universe.ports = {"host": "127.0.0.1", "imap": imap, "smtp": smtp}
        return json.loads(json.dumps(access_of(universe)))

    yield at
    universe.store.close()


def load(access):
    preset.load(access, now=timezone.now())


def test_every_platform_is_alive_in_the_demo(access):
    load(access(1, 2, 3))
    alive = set(Connection.objects.filter(is_active=True, channels__is_active=True).values_list("platform", flat=True))
    assert alive == set(all_adapters())
    for connection in Connection.objects.filter(is_active=True):
        adapter = adapter_for(connection.platform)
        config_for(connection)  # raises when a setting is missing or wrong
        needed = {field.name for field in adapter.secrets if field.required}
        assert needed <= set(connection.secrets), connection
        known = {field.name for field in (*adapter.fields, *adapter.channel_fields)} | {"availability_only"}
        assert set(connection.settings) <= known, connection
        for channel in connection.channels.filter(is_active=True):
            needed = {field.name for field in adapter.channel_fields if field.required}
            assert needed <= {*channel.settings, *channel.secrets}, channel


def test_secrets_of_the_demo_are_sealed(access):
    platforms = access(1, 2, 3)
    load(platforms)
    stored = str([*Connection.objects.values_list("secrets"), *Channel.objects.values_list("secrets")])
    for secret in (world.BEARER_TOKEN, world.MAILBOX_PASSWORD, world.HANDLES["acme"].access_token_secret):
        assert secret not in stored
    for platform in platforms.values():
        for secret in platform["secrets"].values():
            assert secret not in stored


def test_preset_again_moves_the_ports_and_keeps_what_people_changed(access):
    load(access(1, 2, 3))
    Channel.objects.filter(slug="hn-mentions").update(guidelines="ours")
    Connection.objects.filter(platform="hackernews").update(is_active=False)
    count = Channel.objects.count()
    load(access(11, 12, 13))
    assert Connection.objects.get(platform="email").settings["imap_port"] == 12
    assert Connection.objects.get(platform="twitter").settings["api_base"] == "http://127.0.0.1:11/twitter"
    for connection in Connection.objects.filter(is_active=True):
        assert "127.0.0.1:1/" not in str(connection.settings), connection
    assert Channel.objects.get(slug="hn-mentions").guidelines == "ours"
    assert not Connection.objects.filter(platform="hackernews", is_active=True).exists()
    assert Channel.objects.count() == count


def test_hooks_lead_to_connections_with_their_secrets(access):
    platforms = access(1, 2, 3)
    load(platforms)
    *hooks, clicks = preset.hooks(platforms)
    assert clicks == {"platform": "slack-interactivity", "path": "/hooks/slack/", "secret": world.SLACK_SIGNING_SECRET}
    assert {hook["platform"] for hook in hooks} == {
        platform for platform, adapter in all_adapters().items() if adapter.can(Capability.WEBHOOK)
    }
    for hook in hooks:
        assert hook["secret"], hook
        assert Connection.objects.get(hook_id=hook["path"].split("/")[2]).platform == hook["platform"]


def test_the_teams_accounts_are_known_on_every_platform(access):
    platforms = access(1, 2, 3)
    team.load(PASSWORDS)
    load(platforms)
    team.connect(platforms)
    team.connect(platforms)
    spaces = set(Account.objects.filter(person__name="Sam Okafor").values_list("namespace", flat=True))
    for connection in Connection.objects.filter(is_active=True).exclude(
        platform__in=("feed", "manual", "form", "statuspage")
    ):
        assert adapter_for(connection.platform).namespace(config_for(connection)) in spaces, connection


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


def test_every_view_of_the_preset_can_be_asked(access):
    load(access(1, 2, 3))
    team.load(PASSWORDS)
    user = User.objects.get(username="sam")
    for view in View.objects.all():
        assert list(view_tickets.tickets_in(view, user, timezone.now())) == []


def test_past_is_replayed_with_believable_times(sandbox):
    team.load(PASSWORDS)
    platforms = sandbox.access()
    load(platforms)
    team.connect(platforms)
    team.speak_for_themselves(platforms, timezone.now())
    accounts = PersonalAccount.objects.filter(error="").exclude(external_id="")
    assert accounts.filter(user__username="sam").count() == PersonalAccount.objects.filter(user__username="sam").count()
    assert {account.connection.platform for account in accounts} == {"disqus", "discourse", "reddit"}
    said = []
    history.replay(said.append)
    assert InboundItem.objects.filter(state="failed").count() == 0
    assert list(Connection.objects.exclude(last_error="").values_list("name", "last_error")) == []
    assert set(Message.objects.values_list("namespace", flat=True)) >= {"twitter", "hackernews", "email"}
    tickets = Ticket.objects.all()
    assert tickets.count() > 40
    assert tickets.filter(created_at__gt=F("posted_at") + timedelta(minutes=5)).count() == 0
    answered = tickets.filter(first_reply_at__isnull=False)
    assert answered.count() > tickets.count() / 2
    assert answered.filter(first_reply_at__lt=F("posted_at")).count() == 0

    before = tickets.count()
    history.replay(said.append)  # a desk with a history gets no second one
    assert Ticket.objects.count() == before
