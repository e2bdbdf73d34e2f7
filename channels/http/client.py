"""The only HTTP client: timeouts, size caps, redirects, proxies, charsets, guarded addresses, typed errors.

A *read* can be retried: a bad response is Transient. A *write* cannot: an error before the request was sent is
Transient, a clear refusal is Rejected, and everything in between is Uncertain.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from urllib.parse import SplitResult, urljoin, urlsplit

import requests
from requests.auth import AuthBase
from urllib3.exceptions import HTTPError, LocationParseError

from channels.clocks import desk_now
from channels.contract import Json, Network
from channels.errors import RETRIED, ChannelError, Rejected, Transient, Uncertain
from channels.http import deadlines
from channels.http.address_guard import anything_sent, begin_request, check_behind_proxy, session_for
from channels.http.body import Raw, decode_json, not_json
from channels.http.errors import Limits, detail_of, quota, read_failure, redact, redacted, write_failure

MAX_REDIRECTS = 5
_SHOWN = 100
"""Maximum characters of an address in an error."""
_CHUNK = 64 * 1024
_REDIRECTS = frozenset((301, 302, 303, 307, 308))
_SAY_NOTHING = frozenset(("accept", "accept-language", "user-agent", "if-none-match", "if-modified-since"))
"""Headers that may follow a redirect to another host; any other may hold a key (`Api-Key`, `X-Goog-Api-Key`)."""

Params = Mapping[str, str | int] | Sequence[tuple[str, str | int]]
"""Of a query; pairs where a name may be repeated."""
Classify = Callable[[int, Json], ChannelError | None]
"""An adapter's classification of an error response (status, parsed body or None); None applies the general rule."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A 2xx response; header names are case-insensitive. `body` is parsed JSON, None if empty."""

    status: int
    headers: Mapping[str, str]
    body: Json
    limits: Limits | None = None
    """As read by the platform's `ApiClient`."""

    def quota(self) -> Limits:
        """Requests left and when the window resets; None if the headers don't say."""
        return self.limits or quota(self.headers, desk_now())


@dataclass(frozen=True, slots=True)
class Call:
    """One request of an adapter."""

    method: str
    url: str = field(repr=False)
    params: Params | None = field(default=None, repr=False)
    payload: Json = field(default=None, repr=False)
    form: Mapping[str, str] | None = field(default=None, repr=False)
    headers: Mapping[str, str] | None = field(default=None, repr=False)
    auth: AuthBase | None = field(default=None, repr=False)
    secrets: tuple[str, ...] = field(default=(), repr=False)

    def target(self) -> SplitResult:
        """The parts of the URL. Raises Rejected if it's invalid."""
        try:
            parts = urlsplit(self.url)
            is_sound = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
        except ValueError:
            is_sound = False
        if not is_sound:
            raise Rejected(f"{redact(self.url, self.secrets)[:_SHOWN]!r} is not a web address (http or https).")
        return parts

    @property
    def where(self) -> str:
        """Host and path, without the query: it may contain a key."""
        parts = self.target()
        host_and_path = redact(
            f"{parts.hostname or '?'}{parts.path}", self.secrets
        )  # redacted before it is cut: half a secret is still a secret
        return host_and_path if len(host_and_path) <= _SHOWN else f"{host_and_path[: _SHOWN - 1]}…"


def get_json(
    network: Network,
    url: str,
    *,
    params: Params | None = None,
    headers: Mapping[str, str] | None = None,
    auth: AuthBase | None = None,
    secrets: Iterable[str] = (),
    classify: Classify | None = None,
) -> Answer:
    """GET a JSON document. Raises Transient, RateLimited, AuthFailed, Rejected, BlockedAddress."""
    call = Call("GET", url, params, headers=headers, auth=auth, secrets=tuple(secrets))
    return read(network, call, classify)


def read(network: Network, call: Call, classify: Classify | None = None) -> Answer:
    """Make a request that is safe to repeat, and return its parsed response. Raises the same errors as `get_json`."""
    raw = _follow_redirects(network, call)
    if not 200 <= raw.status < 300:
        _raise_known(raw, classify, call.secrets)
        raise read_failure(raw.status, raw.headers, call.where, detail_of(raw.content, call.secrets), desk_now())
    if raw.status == 204:
        return Answer(raw.status, raw.headers, None)
    try:
        return Answer(raw.status, raw.headers, decode_json(raw))
    except ValueError as error:
        raise Transient(f"{call.where} {not_json(raw)}. {RETRIED}") from error


def get_bytes(
    network: Network,
    url: str,
    *,
    params: Params | None = None,
    headers: Mapping[str, str] | None = None,
    auth: AuthBase | None = None,
    secrets: Iterable[str] = (),
) -> Raw:
    """GET a document of any type (a feed, a page); a 304 is returned, not raised. Raises as `get_json`."""
    call = Call("GET", url, params, headers=headers, auth=auth, secrets=tuple(secrets))
    raw = _follow_redirects(network, call)
    if not (200 <= raw.status < 300 or raw.status == 304):
        raise read_failure(raw.status, raw.headers, call.where, detail_of(raw.content, call.secrets), desk_now())
    return raw


def post_json(
    network: Network,
    url: str,
    payload: Json,
    *,
    headers: Mapping[str, str] | None = None,
    auth: AuthBase | None = None,
    secrets: Iterable[str] = (),
    classify: Classify | None = None,
) -> Answer:
    """POST JSON. Raises Transient only if nothing was sent, else Uncertain, Rejected, AuthFailed, RateLimited."""
    return write(
        network, Call("POST", url, payload=payload, headers=headers, auth=auth, secrets=tuple(secrets)), classify
    )


def longest_s(network: Network) -> float:
    """The longest that a read with all its redirects, or a write, can take."""
    return network.connect_timeout_s + 2 * network.read_timeout_s


def _follow_redirects(network: Network, call: Call) -> Raw:
    """The response after all redirects. Each hop connects through the guard, and credentials are never sent to another
    host."""
    with deadlines.within(longest_s(network)):
        return _final_response(network, call)


def _final_response(network: Network, call: Call) -> Raw:
    for _ in range(MAX_REDIRECTS + 1):
        begin_request()
        try:
            raw = _exchange(network, call)
        except (requests.exceptions.InvalidURL, LocationParseError):
            raise Rejected(f"{call.where} is not a web address that the desk can call.") from None
        except (requests.RequestException, HTTPError, OSError) as error:
            raise Transient(f"{call.where}: {_reason(error)}. {RETRIED}") from None
        target = raw.headers.get("Location") if raw.status in _REDIRECTS else None
        if not target:
            return raw
        call = _redirected(call, _joined(call, target))
    raise Rejected(f"{call.where} redirects too often. Check the address of this connection.")


def _joined(call: Call, target: str) -> str:
    try:
        return urljoin(call.url, target)
    except ValueError:
        raise Rejected(f"{call.where} redirects to something that is not a web address.") from None


def _redirected(call: Call, url: str) -> Call:
    old, new = call.target(), Call("GET", url, secrets=call.secrets).target()
    if (old.scheme, old.hostname, old.port) == (new.scheme, new.hostname, new.port):
        return Call(call.method, url, headers=call.headers, auth=call.auth, secrets=call.secrets)
    if call.auth or any(name.lower() not in _SAY_NOTHING for name in call.headers or {}):
        raise Rejected(
            f"{call.where} redirects to {new.hostname}, and the desk sends no credentials there. If that is the right "
            "host, enter it as the address of this connection."
        )
    return Call(call.method, url, headers=call.headers, secrets=call.secrets)


def deliver(network: Network, call: Call) -> int:
    """Make a request whose response nobody reads, and return its status, any 2xx. Raises the same errors as
    `post_json`."""
    return _send_write(network, call, None).status


def write(network: Network, call: Call, classify: Classify | None = None) -> Answer:
    """Make a request that must not be repeated, and return its parsed response. Raises the same errors as
    `post_json`."""
    raw = _send_write(network, call, classify)
    try:
        body = decode_json(raw) if raw.content.strip() else None
    except ValueError as error:
        raise Uncertain(f"{call.where} {not_json(raw)}. It was probably accepted.") from error
    return Answer(raw.status, raw.headers, body)


def _send_write(network: Network, call: Call, classify: Classify | None) -> Raw:
    """A 2xx response."""
    begin_request()
    if not deadlines.may_write():
        raise Transient(f"{call.where} is too slow at the moment. Nothing was sent.")
    try:
        with deadlines.within(longest_s(network)):
            raw = _exchange(network, call)
    except (requests.RequestException, HTTPError, OSError, Transient) as error:
        if anything_sent():
            raise Uncertain(f"{call.where}: {_reason(error)}. The desk cannot tell whether it was accepted.") from None
        raise Transient(f"{call.where}: {_reason(error)}. Nothing was sent.") from None
    if raw.status in _REDIRECTS:
        raise _redirected_write(call, raw)
    if not 200 <= raw.status < 300:
        _raise_known(raw, classify, call.secrets)
        detail = detail_of(raw.content, call.secrets)
        raise write_failure(raw.status, raw.headers, call.where, detail, desk_now())
    return raw


def _redirected_write(call: Call, raw: Raw) -> ChannelError:
    """The error of a redirected write, which is never followed. Elsewhere under the same path, or with a status that
    keeps the method, nothing was accepted (RFC 9110, 15.4); any other redirect may follow an accepted form."""
    target = raw.headers.get("Location") or ""
    message = f"{call.where} redirects to {redact(target, call.secrets)[:_SHOWN]}"
    if raw.status in (307, 308) or _has_the_path(target, call):
        return Rejected(f"{message}. Nothing was sent there: enter that address in this connection.")
    return Uncertain(f"{message}. The desk cannot tell whether it was accepted.")


def _has_the_path(target: str, call: Call) -> bool:
    """Whether a redirect changes only the host or scheme."""
    try:
        return urlsplit(urljoin(call.url, target)).path.rstrip("/") == call.target().path.rstrip("/")
    except ValueError:
        return False


def _exchange(network: Network, call: Call) -> Raw:
    """One request with its complete body. Raises errors of requests, urllib3 and the OS, and BlockedAddress."""
    parts = call.target()
    if network.proxies:
        check_behind_proxy(network, parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80))
    response = session_for(network).request(
        call.method,
        call.url,
        params=call.params,
        json=call.payload,
        data=call.form,
        headers={"Accept": "application/json, */*;q=0.5", **(call.headers or {})},
        auth=call.auth or _no_auth,
        timeout=(network.connect_timeout_s, network.read_timeout_s),
        allow_redirects=False,
        stream=True,
    )
    with closing(response):
        return Raw(response.status_code, response.headers, _body(network, response, call.where))


def _body(network: Network, response: requests.Response, where: str) -> bytes:
    """The decoded body: at most `max_bytes`."""
    body = bytearray()
    try:
        while chunk := response.raw.read1(_CHUNK, decode_content=True):
            body += chunk
            if len(body) > network.max_bytes:
                raise Transient(f"{where} sends more than {network.max_bytes} bytes")
    except (HTTPError, OSError):
        if deadlines.is_over():
            raise Transient(f"{where} sends too slowly") from None
        raise
    return bytes(body)


def _no_auth(request: requests.PreparedRequest) -> requests.PreparedRequest:
    return request


def _raise_known(raw: Raw, classify: Classify | None, secrets: tuple[str, ...]) -> None:
    if classify is None:
        return
    try:
        body = decode_json(raw)
    except ValueError:
        body = None
    classified = classify(raw.status, body)
    if classified is not None:
        raise redacted(classified, secrets)


def _reason(error: Exception) -> str:
    """In our own words: library error texts quote whole URLs."""
    if isinstance(error, Transient):
        return str(error)
    if isinstance(error, requests.Timeout | TimeoutError) or "timed out" in str(error).lower():
        return "no answer in time"
    if isinstance(error, requests.exceptions.SSLError):
        return "the TLS handshake failed (certificate or encryption)"
    if isinstance(error, requests.exceptions.ProxyError):
        return "the proxy cannot be reached"
    if "resolve" in str(error).lower() or "getaddrinfo" in str(error).lower():
        return "the host name cannot be resolved"
    if not anything_sent():
        return "cannot connect"
    return "the connection was lost"
