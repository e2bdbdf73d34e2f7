"""An admin's *Test connection* gives no access to the internal network, and its message never reveals a response from
there."""

import pytest
from django.urls import reverse

from advocacy.tests.attacked import client_of
from channels.adapters.email.connection import connect, server_of
from channels.contract import Config
from channels.errors import BlockedAddress
from channels.monitoring import connection_test
from channels.secrets import vault
from channels.tests.loopback import Reply, serving
from mentions.tests.factories import ConnectionFactory, UserFactory

pytestmark = pytest.mark.django_db
INNER = "inner-words-4711"


def tried(connection):
    """The message that the admin gets after *Test connection*."""
    boss = client_of(UserFactory(is_superuser=True, is_staff=True))
    address = reverse("admin:channels_connection_press", args=[connection.pk, "test"])
    assert boss.post(address).status_code == 302
    connection_test.tried(connection.pk)
    page = reverse("admin:channels_connection_change", args=[connection.pk])
    return boss.get(page, {"testing": "1"}).content.decode()


def a_search(base, **more):
    return ConnectionFactory(
        platform="hackernews",
        settings={"phrases": ["acme"], "algolia_base": base, "firebase_base": base, "web_base": base, **more},
    )


@pytest.mark.parametrize("host", ["127.0.0.1", "2130706433", "0x7f.1", "127.1", "[::ffff:127.0.0.1]", "0.0.0.0"])
def test_an_inner_service_is_neither_asked_nor_quoted(host):
    with serving(lambda seen: Reply(500, INNER.encode())) as server:
        said = tried(a_search(f"http://{host}:{server.server_address[1]}"))
    assert server.seen == []
    assert INNER not in said
    assert 'class="error"' in said


def test_a_redirect_inwards_is_not_followed(settings):
    with serving(lambda seen: Reply(200, INNER.encode())) as inner:
        target = f"http://{inner.address}/latest/meta-data/"
        with serving(lambda seen: Reply(302, b"", {"Location": target})) as outer:
            settings.ALLOWED_PRIVATE_HOSTS = [outer.address]
            said = tried(a_search(f"http://{outer.address}"))
    assert len(outer.seen) >= 1
    assert inner.seen == []
    assert INNER not in said


@pytest.mark.parametrize("allowed", ["127.0.0.1", "127.0.0.1:1", "localhost:{port}", "*", "127.0.0.1:*", ":{port}"])
def test_only_the_very_pair_of_host_and_port_is_allowed(settings, allowed):
    with serving(lambda seen: Reply(200, b'{"hits": [], "nbHits": 0, "nbPages": 0}')) as server:
        port = server.server_address[1]
        settings.ALLOWED_PRIVATE_HOSTS = [allowed.format(port=port)]
        tried(a_search(f"http://127.0.0.1:{port}"))
        assert server.seen == []
        settings.ALLOWED_PRIVATE_HOSTS = [f"127.0.0.1:{port}"]
        tried(a_search(f"http://127.0.0.1:{port}"))
        assert server.seen != []


def test_a_mail_server_inside_is_not_connected_to():
    with serving(lambda seen: Reply(200, INNER.encode())) as server:
        inside = {"imap_host": "127.0.0.1", "imap_port": server.server_address[1], "imap_security": "plain"}
        password = {"imap_password": vault.seal("pass-word-1")}
        said = tried(ConnectionFactory(platform="email", settings={"imap_user": "x", **inside}, secrets=password))
    assert server.seen == []
    assert INNER not in said
    assert "pass-word-1" not in said
    assert 'class="error"' in said


@pytest.mark.parametrize("protocol", ["imap", "smtp"])
@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1", "169.254.169.254", "10.0.0.1", "2130706433"])
def test_no_protocol_of_mail_reaches_inside(protocol, host):
    server = server_of(Config(settings={f"{protocol}_host": host, f"{protocol}_port": 25}), protocol)
    with pytest.raises(BlockedAddress):
        connect(server)
