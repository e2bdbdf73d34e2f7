"""Requests to the Graph API: the token and its proof, error mapping, paging and limits.

Errors: https://developers.facebook.com/docs/graph-api/guides/error-handling/ and
https://developers.facebook.com/docs/messenger-platform/error-codes · Proof:
https://developers.facebook.com/docs/graph-api/guides/secure-requests/ · Limits:
https://developers.facebook.com/docs/graph-api/overview/rate-limiting/
"""

from __future__ import annotations

import hashlib
import hmac
import json
from datetime import datetime, timedelta

from channels.adapters.facebook.parsing import page_id
from channels.adapters.facebook.wire import API, VERSION, error_line
from channels.contract import Config, Json
from channels.errors import (
    RETRIED,
    AuthFailed,
    ChannelError,
    NotFound,
    RateLimited,
    Rejected,
    Transient,
    Uncertain,
)
from channels.http.api_client import ApiClient, Signature, bearer, required, segment
from channels.http.client import Answer
from channels.http.errors import Limits
from channels.http.next_page import parameters_of
from channels.toolkit.values import object_of, objects_in, objects_of, value_at

_LIMITS = frozenset((4, 17, 32, 341, 613, 80001, 80006))
_ENDED = {
    458: "the app was removed by the person who created the token",
    459: "the person who created the token must log in to Facebook and confirm something",
    460: "the password of the person who created the token was changed",
    463: "it has expired",
    464: "the person who created the token has not confirmed their account",
    467: "it was revoked",
    492: "the person who created the token no longer has a role on the page",
}
_WINDOW = (2018278, 2534022)
_SECRET = ("access_token", "appsecret_proof")
_NO_TOKEN = "There is no page access token. Enter one in this connection."  # noqa: S105
MAX_S = 24 * 3600
APP = "app"
"""Speaker: our app, which may ask about any token."""


class NoRight(AuthFailed):
    """The token is valid but lacks a permission."""


class Graph(ApiClient):
    label = "Facebook"
    default_address = API

    def url(self, config: Config, path: str) -> str:
        version = str(config.setting("version", VERSION)).strip("/ ")
        return super().url(config, f"{version}/{path}")

    def sign(self, config: Config, speaker: str) -> Signature:
        """The token, with the proof that our app is using it."""
        if speaker == APP:
            return _as_app(config)
        token, secret = required(config.secret("page_token"), _NO_TOKEN), config.secret("app_secret")
        if not secret:
            return bearer(token)
        proof = hmac.new(secret.encode(), token.encode(), hashlib.sha256).hexdigest()
        return Signature({"Authorization": f"Bearer {token}"}, {"appsecret_proof": proof}, keys=(token, proof))

    def error(self, status: int, body: Json, is_write: bool) -> ChannelError | None:
        return None if 200 <= status < 300 else _mapped_error(body, is_write=is_write)

    def quota(self, answer: Answer, now: datetime) -> Limits:
        return quota(answer, now)


def _as_app(config: Config) -> Signature:
    token = f"{config.setting('app_id')}|{config.secret('app_secret')}"
    return Signature(params={"access_token": token}, keys=(token,))


def page_of(config: Config) -> str:
    if not page_id(config):
        raise Rejected("This connection has no page. Enter the page ID.")
    return segment(page_id(config))


# --- errors ------------------------------------------------------------------------------------------------------


def _mapped_error(body: Json, *, is_write: bool) -> ChannelError | None:
    """Maps the error code in the body: nearly all errors come with HTTP status 400."""
    error = object_of(body).get("error")
    if not isinstance(error, dict) or not isinstance(error.get("code"), int):
        return None
    code, sub, line = error["code"], error.get("error_subcode"), error_line(body)
    if code in _LIMITS:
        return RateLimited(f"Facebook says: {line}. Rate limit reached; waiting.", retry_after_s=600)
    if code in (102, 190):
        explanation = _ENDED.get(sub if isinstance(sub, int) else 0, line)
        return AuthFailed(
            f"The page access token is no longer valid: {explanation}. Create a new one and enter it here."
        )
    if sub in _WINDOW:
        return Rejected(
            "More than 24 hours have passed since this person last wrote, so Facebook accepts no message to them "
            "until they write again. Reply in the page's inbox, or ask Facebook for the human agent permission (seven "
            "days)."
        )
    if code == 368:
        said = f"Facebook has blocked this action for a while: {line}. Look at the page's quality on Facebook."
        return Rejected(said) if is_write else AuthFailed(said)
    if code in (3, 10) or 200 <= code <= 299:
        return NoRight(f"The page access token lacks a permission: {line}. See “Rights” on this platform's page.")
    if code == 551 or (code == 100 and sub == 2018001):
        return Rejected(f"You cannot message this person: {line}.")
    if (code == 100 and sub == 33) or code == 803:
        return NotFound(f"Facebook cannot find it: {line}.")
    if code in (1, 2):
        message = f"Facebook has an internal problem: {line}."
        return Uncertain(f"{message} The desk cannot tell whether it was accepted.") if is_write else Transient(message)
    return Rejected(f"Facebook says: {line}.")


# --- pages and limits --------------------------------------------------------------------------------------------


def listed(answer: Answer, what: str) -> tuple[list[dict[str, Json]], dict[str, str | int] | None]:
    """The entries of a page and the parameters of the next one, None at the end. Raises Transient."""
    body = object_of(answer.body)
    entries = objects_in(body.get("data"), Transient(f"Facebook did not return a list of {what}. {RETRIED}"))
    return entries, following(body.get("paging"))


def following(paging: Json) -> dict[str, str | int] | None:
    """Parameters of the `next` link, minus the token Facebook puts in it. A page may be empty without being last."""
    asked = parameters_of(value_at(paging, "next"))
    return None if asked is None else {name: value for name, value in asked.items() if name not in _SECRET}


def quota(answer: Answer, now: datetime) -> tuple[int | None, datetime | None]:
    """Facebook reports usage of several limits in percent; returns what is left of the most used one, in percent."""
    used: list[float] = []
    wait_min = 0.0
    for name in ("X-App-Usage", "X-Page-Usage", "X-Business-Use-Case-Usage"):
        for usage in _usages(answer.headers.get(name)):
            used += [float(v) for k, v in usage.items() if k in _SHARES and isinstance(v, int | float)]
            waits = usage.get("estimated_time_to_regain_access")
            wait_min = max(wait_min, float(waits) if isinstance(waits, int | float) else 0.0)
    if not used:
        return None, None
    left = max(0, int(100 - max(used)))
    wait_s = min(MAX_S, wait_min * 60) or 3600  # the windows are sliding hours
    return left, now + timedelta(seconds=wait_s)


_SHARES = frozenset(("call_count", "total_time", "total_cputime"))


def _usages(header: str | None) -> list[dict[str, Json]]:
    try:
        found = json.loads(header or "null")
    except ValueError:
        return []
    return [object_of(found), *(entry for value in object_of(found).values() for entry in objects_of(value))]


api = Graph()
get, post, remove, node = api.get, api.post, api.delete, segment
