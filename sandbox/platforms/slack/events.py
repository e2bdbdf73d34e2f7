"""The Events API: https://docs.slack.dev/apis/events-api. Every delivery is signed:
https://docs.slack.dev/authentication/verifying-requests-from-slack"""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from collections.abc import Mapping
from typing import Any

from sandbox.base.acts import Signed
from sandbox.store import Doc
from sandbox.world import SLACK_TEAM


def envelope(event: Doc, number: int, at: float) -> Doc:
    return {
        "token": "sandbox-verification-token",
        "team_id": SLACK_TEAM,
        "api_app_id": "A0DESK",
        "event": event,
        "type": "event_callback",
        "event_id": f"Ev{number:010d}",
        "event_time": int(at),
        "authorizations": [{"team_id": SLACK_TEAM, "user_id": "U0DESK", "is_bot": True}],
        "is_ext_shared_channel": False,
    }


def signed(body: Doc) -> Signed:
    return signed_body(json.dumps(body).encode(), "application/json")


def signed_body(data: bytes, content_type: str) -> Signed:
    def by(secret: str) -> tuple[bytes, Mapping[str, str]]:
        sent = str(int(time.time()))
        mark = hmac.new(secret.encode(), f"v0:{sent}:".encode() + data, hashlib.sha256).hexdigest()
        return data, {
            "Content-Type": content_type,
            "User-Agent": "Slackbot 1.0 (+https://api.slack.com/robots)",
            "X-Slack-Request-Timestamp": sent,
            "X-Slack-Signature": f"v0={mark}",
        }

    return by


def posted(wire: Doc, channel: str) -> Doc:
    return {**wire, "channel": channel, "event_ts": wire["ts"], "channel_type": "channel"}


def changed(now: Doc, before: Doc, channel: str, at: float) -> Doc:
    return _hidden("message_changed", channel, at, message=now, previous_message=before)


def deleted(before: Doc, channel: str, at: float) -> Doc:
    return _hidden("message_deleted", channel, at, deleted_ts=before["ts"], previous_message=before)


def _hidden(subtype: str, channel: str, at: float, **more: Any) -> Doc:
    ts = f"{at:.6f}"
    about = {"channel": channel, "ts": ts, "event_ts": ts, "channel_type": "channel", "hidden": True}
    return {"type": "message", "subtype": subtype, **about, **more}


def reacted(user: str, name: str, message: Doc, at: float) -> Doc:
    item = {"type": "message", "channel": message["channel"], "ts": message["ts"]}
    who = {"user": user, "reaction": name, "item": item, "item_user": message["user"]}
    return {"type": "reaction_added", **who, "event_ts": f"{at:.6f}"}
