"""SSRF guard: checks every address a name resolves to, and connects to the checked address.

A URL that an admin enters must not reach the internal network (metadata services, Redis, the database): not directly,
not through a redirect, and not through a name that resolves differently the second time (DNS rebinding).
"""

from __future__ import annotations

import http.client
import ipaddress
import socket
import threading
from collections.abc import Iterator
from http.cookiejar import DefaultCookiePolicy
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool, PoolManager
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import ConnectTimeoutError, NameResolutionError, NewConnectionError
from urllib3.util.connection import create_connection

from channels.contract import Network
from channels.errors import BlockedAddress, Transient
from channels.http import deadlines

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

# Special-purpose blocks that some Python releases wrongly treat as public: RFC 6890, RFC 7526.
_INNER = (ipaddress.ip_network("192.0.0.0/24"), ipaddress.ip_network("192.88.99.0/24"))
_NAT64 = ipaddress.ip_network("64:ff9b::/96")
_SENT = threading.local()


def is_public(address: Address) -> bool:
    """Whether an address is on the public internet; for an address that embeds an IPv4 one, the IPv4 address
    decides."""
    if isinstance(address, ipaddress.IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour or (address.teredo[1] if address.teredo else None)
        if inner is None and address in _NAT64:
            inner = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
        if inner is not None:
            return is_public(inner)
        if address.is_site_local:
            return False
    elif any(address in block for block in _INNER):
        return False
    return address.is_global and not address.is_multicast and not address.is_reserved


def is_allowed(network: Network, host: str, port: int) -> bool:
    """Whether the process's settings allow this internal host and port."""
    return f"{_bare(host)}:{port}" in {entry.lower() for entry in network.allowed_private}


def checked_addresses(network: Network, host: str, port: int) -> list[str]:
    """The addresses of a name, all public (or the host and port allowed). Raises BlockedAddress, socket.gaierror.

    A single private address among several is refused, too: we can't control which one is used.
    """
    found = socket.getaddrinfo(_bare(host), port, type=socket.SOCK_STREAM)
    addresses = list(dict.fromkeys(str(entry[4][0]) for entry in found))
    if not is_allowed(network, host, port):
        for text in addresses:
            if not is_public(ipaddress.ip_address(text.partition("%")[0])):
                raise BlockedAddress(
                    f"{host}:{port} resolves to {text}, which is not on the public internet. Use a public address, or "
                    f"have the operator allow {host}:{port}."
                )
    return addresses


def begin_request() -> None:
    """Reset `anything_sent` for this thread."""
    _SENT.anything = False


def anything_sent() -> bool:
    """Whether a byte of the request may have been sent since `begin_request`."""
    return bool(getattr(_SENT, "anything", True))


def session_for(network: Network) -> requests.Session:
    """This thread's session for a network: sockets stay open between polls and are never shared between threads."""
    sessions: dict[Any, requests.Session] | None = getattr(_SENT, "sessions", None)
    if sessions is None:
        sessions = _SENT.sessions = {}
    key = (network.user_agent, network.allowed_private, tuple(sorted(network.proxies.items())))
    session = sessions.get(key)
    if session is None:
        session = sessions[key] = _new_session(network)
    return session


class _Session(requests.Session):
    """A session that leaves all redirects to `channels.http.client`."""

    def resolve_redirects(self, *_args: Any, **_kwargs: Any) -> Iterator[requests.Response]:
        """Yields nothing: requests resolves redirects even when it must not follow them, and fails on an invalid
        address."""
        return iter(())


def _new_session(network: Network) -> requests.Session:
    session = _Session()
    session.trust_env = False  # no proxies or .netrc logins from the environment, only from settings
    session.proxies = dict(network.proxies)
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))  # connections share a session but never cookies
    session.headers["User-Agent"] = network.user_agent
    adapter = _GuardedAdapter(network)
    session.mount("https://", adapter)
    session.mount("http://", adapter)
    return session


def _bare(host: str) -> str:
    return host.strip("[]").rstrip(".").lower()


class LimitedResponse(http.client.HTTPResponse):
    """A response that ends with the time limit of the work that reads it, however slowly its head or body arrives."""

    def __init__(self, sock: socket.socket, *args: Any, **kwargs: Any) -> None:
        super().__init__(sock, *args, **kwargs)
        self.fp.close()
        self.fp = deadlines.reader(sock)


class _Tracked:
    """Records when the first byte of a request may have been sent."""

    response_class = LimitedResponse

    def send(self, data: Any) -> None:
        if getattr(self, "sock", None) is None:
            self.connect()  # type: ignore[attr-defined]
        with deadlines.cutting(self.sock):  # type: ignore[attr-defined]
            _SENT.anything = True
            super().send(data)  # type: ignore[misc]


class _Guarded(_Tracked):
    """Connects to a checked address instead of resolving the name again."""

    network: Network

    def _new_conn(self) -> socket.socket:
        host, port = self._dns_host, self.port  # type: ignore[attr-defined]
        try:
            addresses = checked_addresses(self.network, host, port)
        except (socket.gaierror, UnicodeError) as error:
            raise NameResolutionError(host, self, error) from error  # type: ignore[arg-type]
        last: OSError | None = None
        for address in addresses:
            try:
                return create_connection(
                    (address, port),
                    deadlines.cut(self.timeout),  # type: ignore[attr-defined]
                    source_address=self.source_address,  # type: ignore[attr-defined]
                    socket_options=self.socket_options,  # type: ignore[attr-defined]
                )
            except OSError as error:
                last = error
        if isinstance(last, TimeoutError):
            raise ConnectTimeoutError(self, f"Connection to {host} timed out.") from last
        raise NewConnectionError(self, f"Cannot connect to {host}: {last}") from last  # type: ignore[arg-type]


def _pools(base: type[Any], **attributes: Any) -> dict[str, Any]:
    """Pool classes by scheme, with `base` mixed into their connections."""
    plain = type("HTTP", (base, HTTPConnection), dict(attributes))
    secure = type("HTTPS", (base, HTTPSConnection), dict(attributes))
    return {
        "http": type("HTTPPool", (HTTPConnectionPool,), {"ConnectionCls": plain}),
        "https": type("HTTPSPool", (HTTPSConnectionPool,), {"ConnectionCls": secure}),
    }


class _GuardedAdapter(HTTPAdapter):
    """Never retries: only the caller knows whether a second try is harmless."""

    def __init__(self, network: Network) -> None:
        self.network = network
        super().__init__(max_retries=0)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        manager: PoolManager = self.poolmanager
        manager.pool_classes_by_scheme = _pools(_Guarded, network=self.network)

    def proxy_manager_for(self, proxy: str, **kwargs: Any) -> Any:
        manager = super().proxy_manager_for(proxy, **kwargs)
        if not proxy.lower().startswith("socks"):
            manager.pool_classes_by_scheme = _pools(_Tracked)
        return manager


def check_behind_proxy(network: Network, host: str, port: int) -> None:
    """The proxy resolves the name, so we can only refuse names that resolve to a private address here."""
    try:
        checked_addresses(network, host, port)
    except socket.gaierror:
        return
    except UnicodeError as error:
        raise Transient(f"{host} is not a valid host name.") from error
