from __future__ import annotations

import logging
from datetime import UTC, datetime

import pytest
from cryptography.fernet import Fernet
from django.core.management import CommandError, call_command
from hypothesis import given
from hypothesis import strategies as st

from channels.contract import Author, Field, FieldKind, Mention
from channels.db.payloads import restored, storable, to_json
from channels.models import Channel
from channels.queries.routing import channels_for
from channels.registry.configs import config_for, network
from channels.registry.fields import InvalidSettings, typed_value
from channels.secrets import vault as secrets
from channels.tests.factories import make_channel, make_connection
from channels.tests.fakes import FakeAdapter

ONE, TWO = Fernet.generate_key().decode(), Fernet.generate_key().decode()


def test_a_secret_is_sealed_and_opened(settings) -> None:
    settings.ENCRYPTION_KEYS = [ONE]
    sealed = secrets.seal("pass wörd")
    assert "pass" not in sealed
    assert secrets.open_sealed(sealed) == "pass wörd"
    assert secrets.seal("") == secrets.open_sealed("") == ""


def test_the_first_key_seals_and_old_ones_still_open(settings) -> None:
    settings.ENCRYPTION_KEYS = [ONE]
    sealed = secrets.seal("x-secret")
    settings.ENCRYPTION_KEYS = [TWO, ONE]
    assert secrets.open_sealed(sealed) == "x-secret"
    renewed = secrets.reseal(sealed)
    settings.ENCRYPTION_KEYS = [TWO]
    assert secrets.open_sealed(renewed) == "x-secret"
    with pytest.raises(secrets.SecretUnreadable, match="another key"):
        secrets.open_sealed(sealed)


@pytest.mark.parametrize(("keys", "said"), [([], "DESK_ENCRYPTION_KEYS is not set"), (["short"], "Key 1")])
def test_a_missing_or_wrong_key_is_explained(settings, keys: list[str], said: str) -> None:
    settings.ENCRYPTION_KEYS = keys
    with pytest.raises(secrets.SecretUnreadable, match=said):
        secrets.seal("text")


def test_a_secret_may_be_in_the_environment(monkeypatch) -> None:
    monkeypatch.setenv("DESK_CHANNEL_FAKE_TOKEN", "from-env")
    assert secrets.seal("env:DESK_CHANNEL_FAKE_TOKEN") == "env:DESK_CHANNEL_FAKE_TOKEN"
    assert secrets.open_sealed("env:DESK_CHANNEL_FAKE_TOKEN") == "from-env"
    with pytest.raises(secrets.SecretUnreadable, match="NOT_THERE"):
        secrets.open_sealed("env:DESK_CHANNEL_NOT_THERE")


def test_secrets_never_show(settings, caplog) -> None:
    settings.ENCRYPTION_KEYS = [ONE]
    vault = secrets.SealedSecrets({"token": secrets.seal("hidden value/1"), "empty": ""})
    assert list(vault) == ["token"]
    assert vault["token"] == "hidden value/1"
    assert "hidden" not in repr(vault)
    logger = logging.getLogger("some.library")
    logger.error("GET https://x/?t=%s", "hidden%20value%2F1")
    try:
        raise ValueError("hidden value/1 is wrong")
    except ValueError:
        logger.exception("failed with %(secret)s", {"secret": "hidden value/1"})
    assert "hidden" not in caplog.text
    assert "ValueError: ••• is wrong" in caplog.text


def test_a_log_record_without_secrets_is_left_alone(caplog) -> None:
    logging.getLogger("some.library").error("plain %s", 5)
    assert caplog.records[0].args == (5,)


@pytest.mark.django_db
def test_a_config_holds_what_the_adapter_needs(fake: FakeAdapter, settings, django_assert_num_queries) -> None:
    settings.HTTP_PROXY, settings.ALLOWED_PRIVATE_HOSTS = "http://proxy:3128", ["127.0.0.1:8100", " "]
    connection = make_connection(
        settings={"port": "8080", "phrases": "Acme\n\nacme corp", "extra": 1}, secrets={"token": secrets.seal("tok-en")}
    )
    make_channel(connection, address="Second", rank=20, settings={"user_id": "2"})
    make_channel(
        connection, address="@First", rank=10, settings={"user_id": "1"}, secrets={"access_token": secrets.seal("at-1")}
    )
    make_channel(connection, address="old", is_active=False, settings={"user_id": "3"})
    make_channel(connection)
    with django_assert_num_queries(1):
        config = config_for(connection)
    assert config.addresses == ("first", "second")
    assert config.own == {"first", "second", "old", "1", "2", "3"}
    assert config.setting("port") == 8080
    assert config.setting("phrases") == ["Acme", "acme corp"]
    assert config.setting("api_base") == "https://fake.example"
    assert (config.secret("token"), config.secret("none")) == ("tok-en", "")
    assert config.channel_settings["first"] == {"user_id": "1"}
    assert config.channel_secrets["first"]["access_token"] == "at-1"
    assert "tok-en" not in repr(config)
    assert network().proxies == {"http": "http://proxy:3128", "https": "http://proxy:3128"}
    assert network().allowed_private == ("127.0.0.1:8100",)


@pytest.mark.django_db
def test_wrong_settings_are_named_by_their_label(fake: FakeAdapter) -> None:
    with pytest.raises(InvalidSettings, match=r"API address: .*Port: ") as caught:
        config_for(make_connection(settings={"api_base": "ftp://x", "port": 70000}))
    assert set(caught.value.problems) == {"api_base", "port"}


@pytest.mark.parametrize(
    ("kind", "given", "expected"),
    [
        (FieldKind.INTEGER, " 8 ", 8),
        (FieldKind.BOOLEAN, "on", True),
        (FieldKind.BOOLEAN, False, False),
        (FieldKind.LIST, ["a ", "a", ""], ["a"]),
        (FieldKind.URL, "https://x.example:8100/a/", "https://x.example:8100/a"),
        (FieldKind.TEXT, "  x ", "x"),
        (FieldKind.TEXT, " ", "default"),
    ],
)
def test_values_get_the_type_of_their_field(kind: FieldKind, given: object, expected: object) -> None:
    assert typed_value(Field("name", "Name", kind=kind, default="default"), given) == expected


@pytest.mark.parametrize(
    ("name", "kind", "given"),
    [
        *[("imap_port", FieldKind.INTEGER, value) for value in (0, "65536", "-1", "x", 1.5, True)],
        *[
            ("api_base", FieldKind.URL, value)
            for value in ("x", "http://", "http://h:99999", "http://h:x", "http://h:0")
        ],
        *[("api_base", FieldKind.URL, value) for value in ("http://[::1", "http://u:p@h", "http://a b", 5)],
        ("loud", FieldKind.BOOLEAN, "perhaps"),
        ("feed", FieldKind.CHOICE, "none"),
        ("names", FieldKind.LIST, {"a": 1}),
        ("text", FieldKind.TEXT, ["a"]),
        ("text", FieldKind.TEXT, "a\0b"),
    ],
)
def test_wrong_values_are_refused(name: str, kind: FieldKind, given: object) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        typed_value(Field(name, "Name", kind=kind, choices=(("all", "all"),)), given)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.text(st.characters(exclude_categories=[])),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(st.characters(exclude_categories=[])), inner, max_size=4)
    ),
    max_leaves=12,
)


@given(JSON)
def test_any_json_survives_storage(payload: object) -> None:
    text = to_json(payload)
    text.encode()
    assert "\\u0000" not in text.replace("\\\\", "")
    assert restored(storable(payload)) == payload


def mention(*tiers: tuple[str, ...]) -> Mention:
    return Mention("1", "t", Author("a"), datetime(2026, 1, 1, tzinfo=UTC), "text", addressed=tiers)


def test_a_mention_goes_to_the_channels_it_names_best_rank_first() -> None:
    main, status = Channel(pk=1, address="Acme", rank=10), Channel(pk=2, address="@acmestatus", rank=20)
    rest = Channel(pk=3, address="", rank=30)
    off = Channel(pk=4, address="acmeold", rank=1, is_active=False)
    everything = [rest, status, off, main]
    assert channels_for(everything, mention(("acmestatus", "acme", "acmeold"))) == [main, status]
    assert channels_for(everything, mention(("nobody",), ("@AcmeStatus",), ("acme",))) == [status]
    assert channels_for(everything, mention()) == [rest]
    assert channels_for([main, Channel(pk=5, address="x", is_default=True, rank=99)], mention())[0].pk == 5
    assert channels_for([status, main], mention(("acmeold",))) == [main]
    assert channels_for([off], mention()) == []


def test_among_channels_of_one_rank_the_one_that_is_named_first_is_the_primary() -> None:
    merch, startups = Channel(pk=1, address="merch@a.example"), Channel(pk=2, address="startups@a.example")
    named = mention(("startups@a.example", "x@b.example", "merch@a.example"))
    assert channels_for([merch, startups], named) == [startups, merch]


@pytest.mark.django_db
def test_reseal_secrets_lets_an_old_key_go(settings, capsys) -> None:
    settings.ENCRYPTION_KEYS = [ONE]
    connection = make_connection(secrets={"token": secrets.seal("x-secret"), "env": "env:DESK_CHANNEL_HOME"})
    channel = make_channel(connection, secrets={"access_token": secrets.seal("y-secret")})
    settings.ENCRYPTION_KEYS = [TWO, ONE]
    call_command("reseal_secrets")
    assert "2 secrets" in capsys.readouterr().out
    settings.ENCRYPTION_KEYS = [TWO]
    connection.refresh_from_db()
    channel.refresh_from_db()
    assert secrets.open_sealed(connection.secrets["token"]) == "x-secret"
    assert connection.secrets["env"] == "env:DESK_CHANNEL_HOME"
    assert secrets.open_sealed(channel.secrets["access_token"]) == "y-secret"
    settings.ENCRYPTION_KEYS = [ONE]
    with pytest.raises(CommandError, match="another key"):
        call_command("reseal_secrets")
