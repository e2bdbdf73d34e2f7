"""Signed interactivity requests, as Slack sends them."""

from __future__ import annotations

import hashlib
import hmac
import json
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

SECRET = "a-signing-secret-for-tests"
URL = "/hooks/slack/"


def signed(body: bytes, at: datetime, secret: str = SECRET, kind: str = "application/x-www-form-urlencoded") -> Any:
    sent = str(int(at.timestamp()))
    mark = hmac.new(secret.encode(), b"v0:" + sent.encode() + b":" + body, hashlib.sha256).hexdigest()
    return {
        "data": body,
        "content_type": kind,
        "headers": {"X-Slack-Request-Timestamp": sent, "X-Slack-Signature": f"v0={mark}"},
    }


def click(action: str, key: Any, *, user: str = "U1", name: str = "jo", chosen: str = "", trigger: str = "1") -> bytes:
    made: dict[str, Any] = {"action_id": action, "block_id": f"outreach:{key}"}
    made |= {"type": "users_select", "selected_user": chosen} if chosen else {"type": "button", "value": str(key)}
    payload = {
        "type": "block_actions",
        "user": {"id": user, "username": name, "name": name, "team_id": "T1"},
        "trigger_id": trigger,
        "actions": [made],
    }
    return urlencode({"payload": json.dumps(payload)}).encode()


def press(client: Any, now: datetime, action: str, key: Any, **how: Any) -> Any:
    return client.post(URL, **signed(click(action, key, **how), now))
