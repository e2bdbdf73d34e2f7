"""Incoming Discourse webhooks: https://meta.discourse.org/t/setting-up-webhooks/49045

`X-Discourse-Event-Signature: sha256=HEX` is the HMAC of the body; `X-Discourse-Event` names the event. The headers
carry no time, so replayed calls are detected by the times of their post.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from channels.adapters.discourse import wire
from channels.adapters.discourse.filters import is_wanted
from channels.contract import Config, Hook, HookAnswer
from channels.errors import Malformed, Refused
from channels.http.webhooks import json_of, require_signature
from channels.toolkit.values import object_of

WRITTEN = ("post_created", "post_edited")
EVENTS = (*WRITTEN, "post_destroyed", "post_recovered")
OLDEST = timedelta(days=1)
"""The forum retries for some hours. An older text would overwrite what we have read since."""
SKEW = timedelta(minutes=10)


def receive(config: Config, hook: Hook, now: datetime) -> HookAnswer:
    """The post in an event, if it is public and passes the filters. Other events are acknowledged and dropped. Raises
    Refused, Malformed."""
    require_signature(config.secret("webhook_secret"), hook, "x-discourse-event-signature", "the forum's")
    event = hook.headers.get("x-discourse-event", "")
    if event not in EVENTS:
        return HookAnswer()
    post = object_of(json_of(hook, "The forum's webhook is not valid JSON")).get("post")
    if not isinstance(post, dict):
        raise Malformed("The forum's webhook does not say which post it is about.")
    item = wire.item_of(post, {}, event=event)
    if not wire.is_public(item.payload) or post.get("post_type", wire.REGULAR) != wire.REGULAR:
        return HookAnswer()
    at = wire.updated_at(post)
    if event in WRITTEN and (at is None or not now - OLDEST <= at <= now + SKEW):
        raise Refused("The forum's webhook is too old, or its clock is wrong.")
    return HookAnswer([item] if is_wanted(item.payload, config) else ())
