"""Posts an urgent call in Slack, once per place and round, and keeps every post up to date.

A post records which revision of its call it shows. Changes only raise the revision; `refresh` edits the posts and tells
their threads, at once or by the sweep.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import uuid5

from django.conf import settings
from django.db.models import F

from channels.models import OutboundItem
from channels.outbox import outbox, slack_posts
from team.models import UrgentCall, UrgentPost
from team.urgent import wording

REACH = timedelta(days=3)
"""Posts of older calls are no longer refreshed."""


def conversation(call: UrgentCall, place: str) -> str:
    """One per place: a message that Slack refuses doesn't hold up the others."""
    return f"urgent:{call.ticket_id}:{place}"


def post(call: UrgentCall, place: str, not_before: datetime, *, ping: str = "", person: Any = None) -> None:
    """Post to a Slack channel, or to `person` by their member id; once per place and round. Nothing without Slack."""
    if not settings.SLACK_TOKEN or not place:
        return
    if call.posts.filter(slack_channel=place, round=call.round).exists():
        return
    text = wording.text_of(call, ping)
    sent = slack_posts.post_message(
        key=uuid5(call.key, f"{place} {call.round}"),
        conversation=conversation(call, place),
        channel=place,
        text=text,
        blocks=wording.blocks_of(call, text),
        not_before=not_before,
    )
    UrgentPost.objects.create(
        call=call, slack_channel=place, person=person, round=call.round, outbound=sent, shown=call.revision
    )


def refresh(call: UrgentCall, now: datetime) -> None:
    """Bring the posts up to the call's revision; the caller has locked it. One that isn't posted yet is left for the
    sweep."""
    stale = call.posts.filter(shown__lt=call.revision).select_related("outbound").order_by("pk")
    for posted in stale:
        receipt = posted.outbound.receipt or {}
        if posted.outbound.state == OutboundItem.State.SENT and receipt.get("ts"):
            _edit(call, posted, receipt, now)
            _tell(call, posted, receipt, now)
            posted.shown = call.revision
            posted.save(update_fields=["shown"])


def stale_calls(now: datetime) -> list[int]:
    """Ids of calls with a sent post that shows an older revision."""
    old = UrgentPost.objects.filter(shown__lt=F("call__revision"), outbound__state=OutboundItem.State.SENT)
    return list(old.filter(call__asked_at__gt=now - REACH).values_list("call", flat=True).distinct()[:200])


def cancel_unsent(call: UrgentCall, now: datetime) -> None:
    """Cancel posts that nobody has seen yet."""
    for posted in call.posts.select_related("outbound"):
        if posted.outbound.state in outbox.CANCELLABLE:
            try:
                outbox.cancel(posted.outbound_id, now)
            except outbox.WrongState:
                continue  # it is being sent: the sweep edits it


def say(call: UrgentCall, step: str, text: str, now: datetime) -> None:
    """In the thread of the team's post, once per step; `text` is Slack markup. Nothing while it isn't posted."""
    posted = call.posts.filter(slack_channel=settings.TEAM_SLACK_CHANNEL).select_related("outbound").first()
    receipt = (posted.outbound.receipt if posted else None) or {}
    if posted is not None and receipt.get("ts"):
        slack_posts.post_message(
            key=uuid5(posted.outbound.key, step),
            conversation=posted.outbound.conversation,
            channel=str(receipt["channel"]),
            thread_ts=str(receipt["ts"]),
            text=text,
            not_before=now,
        )


def _edit(call: UrgentCall, posted: UrgentPost, receipt: dict[str, Any], now: datetime) -> None:
    text = str(posted.outbound.payload.get("text") or "")
    outbox.enqueue(
        key=uuid5(posted.outbound.key, f"edit {call.revision}"),
        kind=OutboundItem.Kind.SLACK_EDIT,
        connection_id=None,
        conversation=posted.outbound.conversation,
        payload={
            "channel": receipt["channel"],
            "ts": receipt["ts"],
            "text": text,
            "blocks": wording.blocks_of(call, text),
        },
        not_before=now,
    )


def _tell(call: UrgentCall, posted: UrgentPost, receipt: dict[str, Any], now: datetime) -> None:
    """In the thread of a channel's post. A direct message is only edited."""
    words = wording.news_of(call)
    if posted.person_id is not None or not words:
        return
    is_team = posted.slack_channel == settings.TEAM_SLACK_CHANNEL
    if call.state == UrgentCall.State.OPEN and not is_team:
        return
    slack_posts.post_message(
        key=uuid5(posted.outbound.key, f"news {call.revision}"),
        conversation=posted.outbound.conversation,
        channel=str(receipt["channel"]),
        thread_ts=str(receipt["ts"]),
        text=words,
        not_before=now,
    )
