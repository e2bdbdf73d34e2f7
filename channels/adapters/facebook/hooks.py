"""Incoming Facebook webhooks: the subscription challenge and signed events. Pure except for the injected clock.

https://developers.facebook.com/docs/graph-api/webhooks/getting-started/
"""

from __future__ import annotations

import hashlib
import hmac
from datetime import datetime, timedelta

from channels.adapters.facebook import wire
from channels.adapters.facebook.parsing import page_id
from channels.contract import Config, Hook, HookAnswer, Json
from channels.errors import Malformed, Refused
from channels.http.webhooks import json_of
from channels.toolkit.values import object_of, unique

OLDEST = timedelta(hours=48)
"""Facebook retries for 36 hours; anything older is a replay."""


def receive(config: Config, hook: Hook, now: datetime) -> HookAnswer:
    if hook.method in ("GET", "HEAD"):
        return _verified(config, hook)
    secret = config.secret("app_secret")
    if not secret:
        raise Refused("This connection has no app secret, so the desk cannot verify that a call is from Facebook.")
    wanted = "sha256=" + hmac.new(secret.encode(), hook.body, hashlib.sha256).hexdigest()
    if not hmac.compare_digest(hook.headers.get("x-hub-signature-256", "").encode(), wanted.encode()):
        raise Refused("The signature is missing or wrong.")
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
    entries = body.get("entry")
    if not isinstance(entries, list) or not page_id(config):
        return body
    mine = [entry for entry in entries if isinstance(entry, dict) and str(entry.get("id")) == page_id(config)]
    unread = _unread(config)
    return {**body, "entry": [{k: v for k, v in entry.items() if k not in unread} for entry in mine]}


def _unread(config: Config) -> set[str]:
    """Entry keys that this connection doesn't read."""
    unread = {"changes"} if config.setting("read_comments", True) is False else set()
    return unread | ({"messaging", "standby"} if config.setting("read_messages", True) is False else set())


def _refuse_old(body: Json, now: datetime) -> None:
    """Checks the `time` of the entries, in seconds or milliseconds; the signature covers it."""
    entries = object_of(body).get("entry")
    times = [wire.millis(e.get("time")) for e in entries if isinstance(e, dict)] if isinstance(entries, list) else []
    known = [at for at in times if at]
    if known and max(known) < (now - OLDEST).timestamp() * 1000:
        raise Refused("This webhook is too old, even for a retry.")
