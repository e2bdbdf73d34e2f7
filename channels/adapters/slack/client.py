"""Slack's Web API with the connection's own token: slack_sdk for the methods, `channels.http.client` for transport.

The API address is an admin setting, so it is guarded like any other; slack_sdk's own transport would connect anywhere.
Errors: https://docs.slack.dev/reference/methods/chat.postMessage#errors
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

from slack_sdk import WebClient
from slack_sdk.errors import SlackClientError

from channels.contract import Config, Json
from channels.errors import AuthFailed, ChannelError, Rejected, Transient, Uncertain
from channels.http.api_client import ApiClient, Signature, bearer, required
from channels.slack import rate_limits
from channels.slack.codes import CREDENTIALS, UNCLEAR
from channels.toolkit.partial_failures import NotForThis
from channels.toolkit.values import object_of

API = "https://slack.com/api"
CHANGES = frozenset(("chat.postMessage", "chat.delete", "reactions.add"))
PER_PAGE = 200
_CODE = re.compile(r"[a-z0-9_]{1,80}\Z")

Answer = dict[str, Any]


class WebApi(ApiClient):
    label = "Slack"
    default_address = API

    def sign(self, config: Config, speaker: str) -> Signature:
        missing = "This connection has no bot token. Enter the Slack app's token (it starts with xoxb-)."
        return bearer(required(config.secret("bot_token"), missing))

    def limited(self, path: str) -> str:
        """Each method has its own limit: https://docs.slack.dev/apis/web-api/rate-limits"""
        return path

    def error(self, status: int, body: Json, is_write: bool) -> ChannelError | None:
        is_ok = isinstance(body, dict) and bool(body.get("ok"))
        return _problem(body, is_write) if 200 <= status < 300 and not is_ok else None


api = WebApi()


class Client(WebClient):
    """Nothing is retried here."""

    def __init__(self, config: Config) -> None:
        super().__init__(base_url=api.address(config) + "/", retry_handlers=[])
        self.config = config

    def _perform_urllib_http_request(self, *, url: str, args: dict[str, dict[str, Any]]) -> dict[str, Any]:
        """The only place where slack_sdk makes a request. Raises our errors: Transient, Uncertain, …"""
        method = url.partition("?")[0].rsplit("/", 1)[-1]
        send = api.post if method in CHANGES else api.ask
        form = {name: str(value) for name, value in (args["params"] or {}).items() if value is not None}
        answer = send(self.config, method, args["json"] or None, form=None if args["json"] else form)
        return {"status": 200, "headers": dict(answer.headers), "body": json.dumps(answer.body)}


def client_of(config: Config) -> Client:
    """Raises AuthFailed without a token."""
    api.sign(config, "")
    return Client(config)


def call(request: Callable[[], Any]) -> Answer:
    """The body of an `ok` answer. Raises the typed errors."""
    try:
        data = request().data
    except SlackClientError as error:
        raise Rejected(f"The request to Slack is not valid ({type(error).__name__}).") from None
    return object_of(data)


def pages(request: Callable[[str | None], Any], bound: int) -> Iterator[tuple[Answer, bool]]:
    """Pages by Slack's cursor, and whether each is the last one; at most `bound` of them."""
    cursor: str | None = None
    for _ in range(bound):
        data = call(lambda cursor=cursor: request(cursor))  # type: ignore[misc]
        cursor = next_cursor(data)
        yield data, not cursor
        if not cursor:
            return


def next_cursor(data: Answer) -> str | None:
    after = (data.get("response_metadata") or {}).get("next_cursor")
    return str(after) if after else None


def code_of(data: object) -> str:
    """Slack's error code; "" if there is none (slack_sdk puts whole sentences there)."""
    code = str(data.get("error") or "") if isinstance(data, dict) else ""
    return code if _CODE.match(code) else ""


class Refusal(Rejected):
    """Slack refused; `code` is its reason."""

    def __init__(self, code: str) -> None:
        super().__init__(_WORDS.get(code, f"Slack refuses it: {code}."))
        self.code = code


_BY_ROOM = ("missing_scope", "no_permission", "access_denied")
"""The scopes for public channels don't cover private ones; in other rooms the same token may work."""


def _problem(data: object, changes: bool) -> ChannelError:
    code = code_of(data)
    if rate_limits.is_one(200, code):
        return rate_limits.wait({})
    if not code or code in UNCLEAR:
        kind = Uncertain if changes else Transient
        return kind(f"Slack sent an invalid response ({code or 'no reason given'}).")
    if code in CREDENTIALS:
        needed = object_of(data).get("needed")
        refused = NotForThis if code in _BY_ROOM else AuthFailed
        return refused(_WORDS.get(code, f"Slack refuses the token ({code}).") + (f" It needs {needed}." * bool(needed)))
    return Refusal(code)


_WORDS = {
    "not_in_channel": "The Slack app is not a member of that channel. Invite it there: /invite @name-of-the-app.",
    "channel_not_found": "Slack cannot find that channel, or it is private and the app is not a member.",
    "is_archived": "That Slack channel is archived.",
    "msg_too_long": "The message is too long for Slack.",
    "no_text": "The message has no text.",
    "restricted_action": "A Slack workspace setting stops the app from posting there.",
    "thread_not_found": "The Slack thread no longer exists.",
    "message_not_found": "The Slack message no longer exists.",
    "cant_delete_message": "The Slack app can delete only its own messages.",
    "invalid_auth": "Slack refuses the bot token. Enter a valid one.",
    "not_authed": "Slack refuses the bot token. Enter a valid one.",
    "token_revoked": "The bot token was revoked. Enter a new one.",
    "token_expired": "The bot token has expired. Enter a new one.",
    "account_inactive": "The Slack app or its user was removed. Reinstall the app and enter its new bot token.",
    "missing_scope": "The bot token lacks a scope. Add it to the app and reinstall the app.",
}
