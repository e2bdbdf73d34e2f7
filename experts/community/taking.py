"""*I'll take it*: shows in Slack and on the ticket who took it, and frees it again after a while."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID, uuid5

from django.db import transaction
from django.utils.translation import gettext as _

from channels import sweeps
from channels.models import OutboundItem
from channels.outbox import outbox, slack_posts
from experts.community import sharing
from experts.models import CommunityShare
from mentions.db import locks
from mentions.models import EventKind, Person
from mentions.tickets.transitions import record

TAKEN_FOR = timedelta(days=2)
"""If whoever took it has not answered by then, it is free for others."""
OPEN = timedelta(days=14)
"""A share without an answer by then is over."""
_RELATED = ("ticket__channel", "ticket__requester", "outbound", "taken_by")


@transaction.atomic
def take(key: UUID, *, person: Person | None, slack_id: str, name: str, now: datetime) -> CommunityShare | None:
    """The share, taken by this colleague or, before them, by somebody else; None if there is no such share. Taking it
    twice changes nothing."""
    share_id = CommunityShare.objects.filter(key=key).values_list("pk", flat=True).first()
    if share_id is None:
        return None
    shared = locks.with_ticket(CommunityShare.objects.select_related(*_RELATED), share_id)
    if shared.state == CommunityShare.State.SHARED:
        shared.state, shared.taken_at = CommunityShare.State.TAKEN, now
        shared.taken_by, shared.taken_name, shared.taken_slack_id = person, name[:120], slack_id[:40]
        shared.save(update_fields=["state", "taken_at", "taken_by", "taken_name", "taken_slack_id"])
        record(
            shared.ticket, None, now, EventKind.COMMUNITY, {"share": shared.pk, "who": shared.taker, "said": "taken"}
        )
        _show(shared, now)
    return shared


def tidy(now: datetime) -> int:
    """Free shares that were taken but not answered, and end those that nobody answered; returns how many changed."""
    running = CommunityShare.objects.filter(state__in=CommunityShare.RUNNING)
    old = running.filter(shared_at__lt=now - OPEN)
    taken_too_long = running.filter(state=CommunityShare.State.TAKEN, taken_at__lt=now - TAKEN_FOR)
    ids = list((old | taken_too_long).order_by("pk").values_list("pk", flat=True)[:200])
    return sweeps.each("community shares", ids, lambda pk: _tidy(pk, now))


@transaction.atomic
def _tidy(share_id: int, now: datetime) -> bool:
    shared = locks.with_ticket(CommunityShare.objects.select_related(*_RELATED), share_id)
    if shared.shared_at < now - OPEN and shared.state in CommunityShare.RUNNING:
        shared.state = CommunityShare.State.OVER
        shared.save(update_fields=["state"])
        record(shared.ticket, None, now, EventKind.COMMUNITY, {"share": shared.pk, "said": "over"})
        return True
    if shared.state != CommunityShare.State.TAKEN or shared.taken_at is None or shared.taken_at >= now - TAKEN_FOR:
        return False
    who = shared.taker
    shared.state, shared.taken_at, shared.taken_by = CommunityShare.State.SHARED, None, None
    shared.taken_name = shared.taken_slack_id = ""
    shared.save(update_fields=["state", "taken_at", "taken_by", "taken_name", "taken_slack_id"])
    record(shared.ticket, None, now, EventKind.COMMUNITY, {"share": shared.pk, "who": who, "said": "freed"})
    _show(shared, now)
    return True


def _show(shared: CommunityShare, now: datetime) -> None:
    """Edit the message in Slack; nothing to edit while it isn't posted."""
    receipt = (shared.outbound.receipt if shared.outbound else None) or {}
    if not receipt.get("ts"):
        return
    text = sharing.words_of(shared)
    outbox.enqueue(
        key=uuid5(shared.key, f"{shared.state} {now.isoformat()}"),
        kind=OutboundItem.Kind.SLACK_EDIT,
        connection_id=None,
        conversation=f"community:{shared.ticket_id}",
        payload={
            "channel": receipt["channel"],
            "ts": receipt["ts"],
            "text": text,
            "blocks": sharing.blocks_of(shared, text),
        },
        not_before=now,
    )


def say_thanks(shared: CommunityShare, who: str, now: datetime) -> None:
    """Thank whoever answered, in the thread of the share, once."""
    receipt = (shared.outbound.receipt if shared.outbound else None) or {}
    if receipt.get("ts"):
        slack_posts.post_message(
            key=uuid5(shared.key, "answered"),
            conversation=f"community:{shared.ticket_id}",
            channel=str(receipt["channel"]),
            thread_ts=str(receipt["ts"]),
            text=slack_posts.escaped(_("%(who)s has answered. Thank you!") % {"who": who}),
            not_before=now,
        )
