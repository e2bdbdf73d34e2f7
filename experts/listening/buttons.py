"""Buttons in Slack: signed interactivity requests, each carried out once.

Only clicks on our own messages are handled here; `threads` reads replies in threads.
https://docs.slack.dev/reference/interaction-payloads/block_actions-payload
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qs
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from channels.errors import Malformed
from channels.slack import signatures
from experts.community import sharing, taking
from experts.directory import directory
from experts.feedback import fates
from experts.listening import threads
from experts.models import Outreach, SlackRequest
from experts.outreach import ending, responding
from experts.slack_text import blocks
from mentions.questions import reading

RETENTION = timedelta(days=2)
"""Longer than Slack retries anything."""
MAX_BYTES = 256 * 1024


@dataclass(frozen=True, slots=True)
class Click:
    """One action of one Slack member. `value`: the button's, or the chosen member's id."""

    action: str
    key: UUID
    value: str
    slack_id: str
    name: str


_handlers: dict[str, Callable[[Click, datetime], None]] = {}


def register(action: str, handler: Callable[[Click, datetime], None]) -> None:
    """For upper floors, at app start: registers a handler for clicks on their buttons, run in the request's
    transaction."""
    _handlers[action] = handler


def receive(headers: Mapping[str, str], body: bytes, now: datetime) -> str:
    """Verify and carry out one request; the text to answer with. The same request again, even with a valid signature,
    does nothing. Raises Refused, Malformed."""
    signatures.prove(settings.SLACK_SIGNING_SECRET, headers, body, now)
    document = _document(headers, body)
    if document.get("type") == "url_verification":
        return str(document.get("challenge") or "")
    with transaction.atomic():
        _row, is_new = SlackRequest.objects.get_or_create(key=_key(document, body), defaults={"received_at": now})
        if is_new:
            _carry_out(document, now)
    return ""


def _document(headers: Mapping[str, str], body: bytes) -> dict[str, Any]:
    """Events are JSON; interactions are a form with JSON in `payload`."""
    text = body.decode("utf-8", "replace")
    if "json" not in headers.get("content-type", ""):
        text = parse_qs(text).get("payload", [""])[0]
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise Malformed("The request is not JSON.") from error
    if not isinstance(document, dict):
        raise Malformed("The request is not an object.")
    return document


def _key(document: Mapping[str, Any], body: bytes) -> str:
    """An event's id; an interaction has none, but it is signed as a whole, with its trigger."""
    event_id = document.get("event_id")
    return f"event {event_id}"[:80] if event_id else f"body {hashlib.sha256(body).hexdigest()}"


def _carry_out(document: Mapping[str, Any], now: datetime) -> None:
    event = document.get("event")
    if isinstance(event, dict):
        _hear(event, now)
    for click in clicks_of(document):
        if click.action == sharing.TAKE:
            person = directory.person_of(click.slack_id)
            taking.take(click.key, person=person, slack_id=click.slack_id, name=click.name, now=now)
        elif click.action in fates.ACTIONS:
            fates.settle_by_key(click.key, fates.ACTIONS[click.action], click.name, now)
        elif click.action in STATES:
            _respond(click, now)
        elif handler := _handlers.get(click.action):
            handler(click, now)


STATES = {
    blocks.ACKNOWLEDGE: Outreach.State.ACKNOWLEDGED,
    blocks.REDIRECT: Outreach.State.REDIRECTED,
    blocks.DECLINE: Outreach.State.DECLINED,
}


def _respond(click: Click, now: datetime) -> None:
    """Buttons are visible to the whole channel: only the person asked can decline or redirect a request."""
    outreach = Outreach.objects.filter(key=click.key).select_related("expert__person", "topic").first()
    if outreach is None or not outreach.is_running:
        return
    state, expert = STATES[click.action], directory.expert_of(click.slack_id)
    who = str(expert) if expert else click.name
    is_theirs = threads.speaks_for(outreach, click.slack_id)
    if (not is_theirs and state != Outreach.State.ACKNOWLEDGED) or (
        outreach.expert_id is None and state == Outreach.State.DECLINED
    ):
        words = _("%(who)s can’t help here. Can somebody else?") % {"who": who}
        ending.tell(outreach, f"{click.action} {click.slack_id}", words, now)
        return
    suggested = directory.expert_of(click.value) if click.value else None
    words = "" if suggested or not click.value else f"<@{click.value}>"
    responding.respond(outreach.pk, state, words, now=now, by=who, suggested=suggested)
    ending.tell(outreach, f"{click.action} {click.value}", _said(state, who, suggested or click.value), now)


def _said(state: str, who: str, suggested: object) -> str:
    if state == Outreach.State.ACKNOWLEDGED:
        return _("%(who)s will answer. Thank you!") % {"who": who}
    if state == Outreach.State.REDIRECTED:
        return _("%(who)s suggests %(other)s. Thank you, we will ask them.") % {"who": who, "other": suggested}
    return _("%(who)s can’t answer this one. Thank you, we will ask somebody else.") % {"who": who}


def _hear(event: Mapping[str, Any], now: datetime) -> None:
    """An event about a request's thread only signals that there is something to read."""
    said = event.get("message")
    message = said if isinstance(said, dict) else event
    if event.get("type") == "message" and message.get("thread_ts"):
        channel, thread_ts = str(event.get("channel") or ""), str(message["thread_ts"])
        if not threads.wake_thread(channel, thread_ts, now):
            reading.wake_thread(channel, thread_ts, now)


def clicks_of(document: Mapping[str, Any]) -> list[Click]:
    """What was clicked; [] for anything that isn't a click on one of our messages. Pure."""
    user, actions = document.get("user"), document.get("actions")
    if document.get("type") != "block_actions" or not isinstance(user, dict) or not isinstance(actions, list):
        return []
    who, name = str(user.get("id") or ""), str(user.get("name") or user.get("username") or "")
    made = (_click(action, who, name) for action in actions if isinstance(action, dict) and who)
    return [click for click in made if click is not None]


def _click(action: Mapping[str, Any], who: str, name: str) -> Click | None:
    """The key is the button's value; a menu has no value of its own and carries the key in its block's id."""
    chosen = action.get("selected_user")
    try:
        key = UUID(str(action.get("block_id" if chosen else "value") or "").rpartition(":")[2])
    except ValueError:
        return None
    return Click(str(action.get("action_id") or ""), key, str(chosen or ""), who, name or who)


def forget(now: datetime) -> int:
    """Delete records that Slack will no longer retry; returns how many."""
    return SlackRequest.objects.filter(received_at__lt=now - RETENTION).delete()[0]
