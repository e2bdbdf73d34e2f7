"""No URL reaches the internal network: by IP address, by name, by redirect, by DNS rebinding."""

from __future__ import annotations

import ipaddress
import socket
from typing import Any

import pytest

from channels.contract import Network
from channels.errors import BlockedAddress, Rejected, Transient
from channels.http import client
from channels.http.address_guard import checked_addresses, is_public
from channels.tests.loopback import as_json, serving


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "127.8.8.8",
        "0.0.0.0",
        "10.0.0.1",
        "172.16.3.4",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "192.0.0.8",
        "198.18.0.1",
        "224.0.0.1",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "fe80::1",
        "fc00::1",
        "fd00:ec2::254",
        "fec0::1",
        "ff02::1",
        "::ffff:127.0.0.1",
        "::ffff:169.254.169.254",
        "64:ff9b::7f00:1",
        "64:ff9b::a9fe:a9fe",
        "2002:7f00:1::",
        "2002:a9fe:a9fe::1",
    ],
)
def test_an_inner_address_is_not_public(address: str) -> None:
    assert not is_public(ipaddress.ip_address(address))


@pytest.mark.parametrize("address", ["1.1.1.1", "93.184.215.14", "2606:4700::1111", "64:ff9b::101:101"])
def test_an_address_of_the_internet_is_public(address: str) -> None:
    assert is_public(ipaddress.ip_address(address))


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]", "0x7f.1", "2130706433", "127.1"])
def test_every_way_to_write_loopback_is_blocked(host: str) -> None:
    with serving(lambda seen: as_json({})) as server:
        port = server.server_address[1]
        with pytest.raises((BlockedAddress, Transient)) as caught:
            client.get_json(Network(connect_timeout_s=1), f"http://{host}:{port}/")
        assert not server.seen
        if host in ("127.0.0.1", "localhost", "[::1]"):
            assert isinstance(caught.value, BlockedAddress)


def test_only_the_allowed_port_of_an_allowed_host_is_reached() -> None:
    with serving(lambda seen: as_json({})) as server:
        port = server.server_address[1]
        for entry in (f"127.0.0.1:{port + 1}", "127.0.0.1", f"localhost:{port}"):
            with pytest.raises(BlockedAddress):
                client.get_json(Network(allowed_private=(entry,)), server.url)
        client.get_json(Network(allowed_private=(f"LOCALHOST:{port}",)), f"http://localhost:{port}")
        assert len(server.seen) == 1


def _resolving(*answers: list[str]) -> Any:
    """A getaddrinfo that gives these addresses, one list after the other."""
    left = list(answers)

    def resolve(host: str, port: Any, *args: Any, **kwargs: Any) -> list[Any]:
        addresses = left.pop(0) if len(left) > 1 else left[0]
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in addresses]

    return resolve


def test_one_inner_address_among_several_blocks_the_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", _resolving(["93.184.215.14", "10.0.0.1"]))
    with pytest.raises(BlockedAddress, match=r"10\.0\.0\.1"):
        checked_addresses(Network(), "mixed.example", 443)


def test_a_name_that_changes_its_mind_is_connected_to_where_it_was_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    connected: list[Any] = []

    def connect(address: tuple[str, int], *args: Any, **kwargs: Any) -> socket.socket:
        connected.append(address)
        raise ConnectionRefusedError

    with serving(lambda seen: as_json({})) as server:
        port = server.server_address[1]
        monkeypatch.setattr(socket, "getaddrinfo", _resolving(["93.184.215.14"], ["127.0.0.1"]))
        monkeypatch.setattr("channels.http.address_guard.create_connection", connect)
        with pytest.raises(Transient, match="cannot connect"):
            client.get_json(Network(), f"http://rebind.example:{port}/")
        assert connected == [("93.184.215.14", port)]
        with pytest.raises(BlockedAddress):
            client.get_json(Network(), f"http://rebind.example:{port}/")
        assert not server.seen


def test_a_proxy_is_used_but_not_for_what_is_known_to_be_inside() -> None:
    with serving(lambda seen: as_json({"by": "proxy"})) as proxy:
        network = Network(proxies={"http": proxy.url})
        with pytest.raises(BlockedAddress):
            client.get_json(network, "http://169.254.169.254/latest/meta-data/")
        assert client.get_json(network, "http://93.184.215.14/page").body == {"by": "proxy"}
        assert len(proxy.seen) == 1


@pytest.mark.parametrize(
    "url", ["file:///etc/passwd", "ftp://93.184.215.14/", "gopher://x", "//x", "http://", "nonsense", ""]
)
def test_only_web_addresses_are_asked(url: str) -> None:
    with pytest.raises(Rejected):
        client.get_json(Network(), url)


@pytest.mark.parametrize(
    "url", ["http://[::1", "http://a:99999999/", "http://ex ample.com/", "http://" + "a" * 300 + "/"]
)
def test_a_url_that_cannot_be_read_is_a_typed_error(url: str) -> None:
    with pytest.raises((Rejected, Transient)):
        client.get_json(Network(), url)
