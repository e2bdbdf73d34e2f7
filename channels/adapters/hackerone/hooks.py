"""Incoming HackerOne webhooks: https://docs.hackerone.com/en/articles/8562129-webhooks

`X-H1-Signature: sha256=HEX` is the HMAC of the body. The headers carry no time, and the body lacks a report's guests,
so a call only says that there is news: the desk reads the report through the API at once. A replayed call changes
nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from channels.adapters.hackerone import wire
from channels.adapters.hackerone.fetching import programs_of
from channels.contract import Config, Hook, HookAnswer
from channels.errors import Malformed
from channels.http.webhooks import json_of, require_signature
from channels.toolkit.values import object_of


def receive(config: Config, hook: Hook, now: datetime) -> HookAnswer:
    """Polls the connection if the call is about one of its programs. Raises Refused, Malformed."""
    require_signature(config.secret("webhook_secret"), hook, "x-h1-signature", "HackerOne's")
    data = object_of(json_of(hook, "HackerOne's webhook is not valid JSON")).get("data")
    if not isinstance(data, dict):
        raise Malformed("HackerOne's webhook holds no data.")
    program = _program_of(data)
    return HookAnswer(poll=not program or program in programs_of(config))


def _program_of(data: Mapping[str, Any]) -> str:
    """The program's handle in lower case; "" if the call doesn't say."""
    program = wire.related(object_of(data.get("report")), "program")
    return str(wire.attributes(program).get("handle") or "").lower()
