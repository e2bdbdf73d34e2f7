"""One client for all platforms' APIs: addresses, credentials, typed errors without secrets, shared rate limits.

A platform subclasses `ApiClient` (or `TokenClient`), overrides what is different, and calls one instance of it.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from typing import ClassVar
from urllib.parse import quote, urlsplit

from requests.auth import AuthBase

from channels.clocks import desk_now
from channels.contract import Config, Json
from channels.errors import RETRIED, AuthFailed, ChannelError, RateLimited, Rejected, Transient
from channels.http import oauth, pauses
from channels.http.client import Answer, Call, Params, read, write
from channels.http.errors import Limits, quota, redacted

PERSON = "person"
"""Speaker: the advocate whose credentials are in `Config.personal`."""


@dataclass(frozen=True, slots=True)
class Signature:
    """What authenticates a request. `keys`: the credentials in it, which are hidden in errors, and whose owner the
    platform's limits apply to. `params` go into the query, or into the form of a write."""

    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    params: Mapping[str, str] = field(default_factory=dict, repr=False)
    auth: AuthBase | None = field(default=None, repr=False)
    keys: tuple[str, ...] = field(default=(), repr=False)


def bearer(token: str) -> Signature:
    """RFC 6750."""
    return Signature({"Authorization": f"Bearer {token}"}, keys=(token,))


def required(value: str, message: str) -> str:
    """A credential. Raises AuthFailed if it is empty."""
    if not value:
        raise AuthFailed(message)
    return value


def segment(identity: str) -> str:
    """Any id as one segment of a path."""
    return quote(identity, safe="")


@dataclass(frozen=True, slots=True)
class _Request:
    method: str
    path: str
    params: Params = ()
    payload: Json = None
    form: Mapping[str, str] | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


class ApiClient:
    """A platform's API. Instances are stateless: every method gets the connection.

    `speaker`: who a request is made for: "" for the connection, PERSON, or anything else `sign` understands. Reads
    raise as `channels.http.client.get_json`, writes as `post_json`, both also the platform's own `error`.
    """

    label: ClassVar[str]
    """The platform's name in errors."""
    address_setting: ClassVar[str] = "api_base"
    default_address: ClassVar[str] = ""
    no_address: ClassVar[str] = "This connection has no address. Enter one."
    path_format: ClassVar[str] = "{}"
    """Template for the path of each method, such as "api/v4/{}" or "{}.json"."""
    expects: ClassVar[tuple[type, ...]] = ()
    """Types of body that a read may return; () for any."""
    limit_headers: ClassVar[str] = "x-rate-limit-"
    """Prefix of the quota headers (`…remaining` and `…reset`)."""
    reserve: ClassVar[int] = 0
    """Requests in each window that are reserved for replies, since reading conversations takes many."""

    # --- overridden by platforms ----------------------------------------------------------------------------------

    def sign(self, config: Config, speaker: str) -> Signature:
        """Raises AuthFailed if a credential is missing."""
        return Signature()

    def error(self, status: int, body: Json, is_write: bool) -> ChannelError | None:
        """The error that a response means here; None applies the general rule for its status. Also called for
        successes:
        some platforms put errors in a 200. `body` is None if it isn't JSON."""
        return None

    def quota(self, answer: Answer, now: datetime) -> Limits:
        """Requests left and when the window ends."""
        left, resets_at = quota(answer.headers, now, self.limit_headers)
        return (None if left is None else max(0, left - self.reserve)), resets_at

    def limited(self, path: str) -> str:
        """Which of the platform's limits a path counts towards; "" if one limit covers all reads."""
        return ""

    def secrets(self, config: Config) -> tuple[str, ...]:
        """Everything to hide in errors, besides the keys of the request's signature."""
        all_secrets = (config.secrets, *config.channel_secrets.values())
        return tuple(value for values in all_secrets for value in values.values() if value)

    # --- requests -------------------------------------------------------------------------------------------------

    def get(
        self, config: Config, path: str, params: Params = (), *, speaker: str = "", for_reply: bool = False
    ) -> Answer:
        """Raises RateLimited without a request while a known limit lasts, unless a reply depends on it."""
        return self._read(config, _Request("GET", path, params), speaker, for_reply)

    def ask(
        self,
        config: Config,
        path: str,
        payload: Json = None,
        *,
        form: Mapping[str, str] | None = None,
        speaker: str = "",
    ) -> Answer:
        """A POST that is safe to repeat (a query). Otherwise as `get`."""
        return self._read(config, _Request("POST", path, (), payload, form), speaker, False)

    def post(
        self,
        config: Config,
        path: str,
        payload: Json = None,
        *,
        form: Mapping[str, str] | None = None,
        params: Params = (),
        headers: Mapping[str, str] | None = None,
        speaker: str = "",
    ) -> Answer:
        return self._write(config, _Request("POST", path, params, payload, form, headers or {}), speaker)

    def put(self, config: Config, path: str, payload: Json, *, speaker: str = "") -> Answer:
        return self._write(config, _Request("PUT", path, (), payload), speaker)

    def delete(self, config: Config, path: str, params: Params = (), *, speaker: str = "") -> Answer:
        return self._write(config, _Request("DELETE", path, params), speaker)

    def address(self, config: Config) -> str:
        return config.address(self.address_setting, self.default_address)

    def site(self, config: Config) -> str:
        """Host (plus port, and path of an instance in a subfolder), lower case: ids are unique within it."""
        try:
            parts = urlsplit(self.address(config))
        except ValueError:
            return ""
        return f"{parts.netloc.rpartition('@')[2]}{parts.path}".lower()

    def url(self, config: Config, path: str) -> str:
        """Raises Rejected if the connection has no address."""
        address = self.address(config)
        if not address:
            raise Rejected(self.no_address)
        return f"{address}/{self.path_format.format(path)}"

    def pause(self, config: Config, path: str, error: RateLimited, *, speaker: str = "") -> None:
        """Stop all workers from reading such paths as this speaker for as long as the error says; until then, reads
        raise it."""
        pauses.remember(self._limit(config, path, speaker), error, desk_now())

    # --- internals ------------------------------------------------------------------------------------------------

    def owner(self, config: Config, speaker: str) -> tuple[str, ...]:
        """Who the platform's limits apply to. Raises AuthFailed if a credential is missing."""
        return self.sign(config, speaker).keys

    def _limit(self, config: Config, path: str, speaker: str) -> tuple[str, ...]:
        return (self.label, self.address(config), self.limited(path), *self.owner(config, speaker))

    def _read(self, config: Config, request: _Request, speaker: str, for_reply: bool) -> Answer:
        limit = self._limit(config, request.path, speaker)
        if not for_reply:
            pauses.check(limit, desk_now())
        try:
            answer = self._signed(config, speaker, partial(self._read_once, config, request))
        except RateLimited as error:
            pauses.remember(limit, error, desk_now())
            raise
        left, ends = answer.quota()
        if left == 0:
            pauses.remember(limit, RateLimited(f"{self.label}: rate limit reached; waiting.", ends), desk_now())
        return answer

    def _read_once(self, config: Config, request: _Request, signature: Signature) -> Answer:
        call = self._call(config, request, signature)
        answer = read(config.network, call, partial(self.error, is_write=False))
        if self.expects and not isinstance(answer.body, self.expects):
            raise Transient(f"{self.label} sent an unexpected response. {RETRIED}")
        self._raise_error_in(answer, call, is_write=False)
        return replace(answer, limits=self.quota(answer, desk_now()))

    def _write(self, config: Config, request: _Request, speaker: str) -> Answer:
        return self._signed(config, speaker, partial(self._write_once, config, request))

    def _write_once(self, config: Config, request: _Request, signature: Signature) -> Answer:
        call = self._call(config, request, signature)
        answer = write(config.network, call, self._error_of_write)
        self._raise_error_in(answer, call, is_write=True)
        return answer

    def _error_of_write(self, status: int, body: Json) -> ChannelError | None:
        """After a 5xx the outcome is unknown, whatever the body says, so the request is never repeated, neither later
        nor with a new token."""
        problem = self.error(status, body, True)
        is_repeated = isinstance(problem, Transient | AuthFailed)
        return None if is_repeated and (status >= 500 or status == 408) else problem

    def _raise_error_in(self, answer: Answer, call: Call, *, is_write: bool) -> None:
        problem = self.error(answer.status, answer.body, is_write)
        if problem is not None:
            raise redacted(problem, call.secrets)

    def _signed(self, config: Config, speaker: str, send: Callable[[Signature], Answer]) -> Answer:
        return send(self.sign(config, speaker))

    def _call(self, config: Config, request: _Request, signature: Signature) -> Call:
        params, form = request.params, request.form
        if form is not None:
            form = {**signature.params, **form}
        else:
            params = [*signature.params.items(), *_pairs(params)]
        return Call(
            request.method,
            self.url(config, request.path),
            params,
            request.payload,
            form,
            {**signature.headers, **request.headers},
            signature.auth,
            (*self.secrets(config), *signature.keys),
        )


class TokenRefused(AuthFailed):
    """The access token is invalid or has expired early."""


class TokenClient(ApiClient, ABC):
    """An API with short-lived access tokens. A token refused early is replaced once. That is safe for writes, too: a
    request with a refused token is never processed."""

    refused: ClassVar[type[AuthFailed]] = TokenRefused
    """The error that asks for a new token."""

    @abstractmethod
    def owner(self, config: Config, speaker: str) -> tuple[str, ...]:
        """The long-lived credentials. Raises AuthFailed if one is missing."""

    @abstractmethod
    def new_token(self, config: Config, speaker: str) -> oauth.Token:
        """Requests an access token. Raises AuthFailed if the long-lived credentials are refused."""

    def sign_with(self, config: Config, token: str) -> Signature:
        return bearer(token)

    def token(self, config: Config, speaker: str = "") -> str:
        """The current access token."""
        return oauth.access_token(self._holder(config, speaker), lambda: self.new_token(config, speaker))

    def _holder(self, config: Config, speaker: str) -> tuple[str, ...]:
        return (self.address(config), *self.owner(config, speaker))

    def _signed(self, config: Config, speaker: str, send: Callable[[Signature], Answer]) -> Answer:
        for is_last in (False, True):
            signature = self.sign_with(config, self.token(config, speaker))
            try:
                return send(signature)
            except self.refused:
                oauth.forget(self._holder(config, speaker))
                if is_last:
                    raise
        raise AssertionError("unreachable")


def _pairs(params: Params) -> Sequence[tuple[str, str | int]]:
    return list(params.items()) if isinstance(params, Mapping) else params
