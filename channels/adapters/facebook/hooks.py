"""Incoming Facebook webhooks: the subscription challenge and signed events. Pure except for the injected clock.

https://developers.facebook.com/docs/graph-api/webhooks/getting-started/
"""

from __future__ import annotations

import hmac
from datetime import datetime, timedelta

from channels.adapters.facebook import wire
from channels.adapters.facebook.parsing import page_id
from channels.contract import Config, Hook, HookAnswer, Json
from channels.errors import Malformed, Refused
from channels.http.webhooks import json_of, require_signature
from channels.toolkit.values import objects_of, unique, value_at

OLDEST = timedelta(hours=48)
"""Facebook retries for 36 hours; anything older is a replay."""


def receive(config: Config, hook: Hook, now: datetime) -> HookAnswer:
    if hook.method in ("GET", "HEAD"):
        return _verified(config, hook)
    require_signature(config.secret("app_secret"), hook, "x-hub-signature-256", "Facebook's")
    body = _of_this_page(json_of(hook), config)
    _refuse_old(body, now)
    return HookAnswer(unique(wire.hook_items(body)), body="EVENT_RECEIVED")


def _verified(config: Config, hook: Hook) -> HookAnswer:
    token, asked = config.secret("verify_token"), hook.query.get("hub.verify_token", "")
    is_ours = bool(token) and hmac.compare_digest(asked.encode(), token.encode())
    if hook.query.get("hub.mode") != "subscribe" or not is_ours:
        raise Refused("The verify token is missing or wrong.")
    return HookAnswer(body=hook.query.get("hub.challenge", ""))


def _of_this_page(body: Json, config: Config) -> dict[str, Json]:
    """An app serves several pages with one webhook; other pages' events aren't for this connection."""
    if not isinstance(body, dict):
        raise Malformed("A Facebook webhook is not an object.")
    if not isinstance(body.get("entry"), list) or not page_id(config):
        return body
    mine = [entry for entry in objects_of(body["entry"]) if str(entry.get("id")) == page_id(config)]
    unread = _unread(config)
    return {**body, "entry": [{k: v for k, v in entry.items() if k not in unread} for entry in mine]}


def _unread(config: Config) -> set[str]:
    """Entry keys that this connection doesn't read."""
    unread = {"changes"} if config.setting("read_comments", True) is False else set()
    return unread | ({"messaging", "standby"} if config.setting("read_messages", True) is False else set())


def _refuse_old(body: Json, now: datetime) -> None:
    """Checks the `time` of the entries, in seconds or milliseconds; the signature covers it."""
    known = [at for entry in objects_of(value_at(body, "entry")) if (at := wire.millis(entry.get("time")))]
    if known and max(known) < (now - OLDEST).timestamp() * 1000:
        raise Refused("This webhook is too old, even for a retry.")
