"""Changed settings of connections and channels, secrets and replays are in the audit log: names, never values."""

import pytest
from django.core.management import call_command
from django.test import Client
from django.urls import reverse

from audit.models import Entry
from channels.contract import FieldKind
from channels.models import Connection
from channels.outbox import personal
from channels.query_tester import query_tester
from channels.registry.finding_adapters import all_adapters
from channels.webforms.admin_forms import SECRET, connection_form
from mentions.tests.factories import ChannelFactory, ConnectionFactory, UserFactory

pytestmark = pytest.mark.django_db
VALUE = "a-secret-that-is-nowhere-9f2c"


@pytest.fixture
def ada():
    client = Client()
    client.force_login(UserFactory(username="ada", role="admin"))
    return client


def entries(kind):
    return list(Entry.objects.filter(kind=kind).order_by("pk"))


def form_data(adapter):
    """The form of a new connection with every secret and all required fields."""
    data = {"name": adapter.label, "is_active": "on", "token_expires_at_0": "", "token_expires_at_1": ""}
    for name, field in connection_form(adapter, {})().fields.items():
        if name.startswith(SECRET):
            data[name] = VALUE
        elif field.required and name not in data:
            choices = [value for value, _label in getattr(field, "choices", []) if value]
            data[name] = choices[0] if choices else field.initial or "https://a.example"
    management = {"TOTAL_FORMS": "0", "INITIAL_FORMS": "0", "MIN_NUM_FORMS": "0", "MAX_NUM_FORMS": "1000"}
    return data | {f"channels-{name}": value for name, value in management.items()}


@pytest.mark.parametrize("platform", sorted(all_adapters()))
def test_no_secret_of_any_platform_is_in_the_log_but_that_it_was_set(ada, platform):
    adapter = all_adapters()[platform]
    secrets = sorted(field.name for field in adapter.fields if field.kind is FieldKind.SECRET)
    ada.post(f"{reverse('admin:channels_connection_add')}?platform={platform}", form_data(adapter))
    assert VALUE not in str(list(Entry.objects.values()))
    if Connection.objects.exists() and secrets:
        assert [e.details for e in entries("secret_changed")] == [{"set": secrets}]
        assert entries("secret_changed")[0].actor_name == "ada"


def test_enough_platforms_were_entered(ada):
    """Otherwise the test above proves little."""
    for adapter in all_adapters().values():
        ada.post(f"{reverse('admin:channels_connection_add')}?platform={adapter.platform}", form_data(adapter))
    assert Entry.objects.filter(kind="secret_changed").count() >= 5


def test_pausing_and_resuming_are_recorded(ada):
    connection = ConnectionFactory(name="Twitter")
    act = [reverse("channels:act", args=[connection.pk, verb]) for verb in ("pause", "resume")]
    ada.post(act[0], {"why": "too loud"})
    ada.post(act[1])
    ada.post(act[1])
    found = entries("connection_changed")
    assert [e.details for e in found] == [{"paused": "too loud"}, {"resumed": True}]
    assert {(e.actor_name, e.subject_name, e.address) for e in found} == {("ada", "Twitter", "127.0.0.1")}


def test_a_query_that_is_put_in_force_is_recorded():
    channel = ChannelFactory(name="HN")
    query_tester.switch_on(channel, "acme")
    assert [(e.subject_name, e.details) for e in entries("channel_changed")] == [("HN", {"changed": ["query"]})]


def test_own_accounts_are_recorded_without_what_was_entered():
    adapter = next(a for a in all_adapters().values() if a.personal_fields)
    connection = ConnectionFactory(platform=adapter.platform)
    user = UserFactory()
    personal.save(user.pk, connection, adapter, {field.name: VALUE for field in adapter.personal_fields})
    personal.forget(user.pk, connection.pk)
    assert [e.details for e in entries("own_account_changed")] == [{"own account": "set"}, {"own account": "removed"}]
    assert VALUE not in str(list(Entry.objects.values()))


def test_a_new_key_is_recorded():
    call_command("reseal_secrets")
    assert entries("secrets_resealed")[0].actor_name == "manage.py reseal_secrets"
