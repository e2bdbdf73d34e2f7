"""What became of a reply in the outbox, brought back to the desk: reply, message, clocks, ticket.

`apply` is idempotent and takes only the id: it reads where the outbound item is *now*, so late, repeated and lost
nudges all lead to the same end. `apply_changed` is the sweep.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F
from django.utils.translation import gettext as _

from channels import outbox
from channels.clocks import desk_now
from channels.models import OutboundItem
from channels.outbox_sending import payload_of
from mentions import clocks, locks, sent_messages, unanswered
from mentions.ingest import bounces
from mentions.models import Event, Message, Reply
from mentions.reply_states import lock, take_back
from mentions.transitions import record

Outbound = OutboundItem.State
State = Reply.State
BOUNCES_WITHIN = timedelta(days=30)
"""How long after it was written a reply may still come back."""


def apply(outbound_id: int, now: datetime | None = None) -> None:
    """Outbox state → reply. Nothing to do for what is not a reply of the desk (Slack posts, likes)."""
    now = now or desk_now()
    item = OutboundItem.objects.filter(pk=outbound_id).first()
    if item is None:
        return
    if item.kind == OutboundItem.Kind.REPLY:
        _apply_reply(outbound_id, now)
    elif item.kind == OutboundItem.Kind.DELETE:
        _apply_delete(item, now)


@transaction.atomic
def _apply_reply(outbound_id: int, now: datetime) -> None:
    found = Reply.objects.filter(outbound_id=outbound_id).values_list("pk", "in_reply_to_id").first()
    if found is None:
        return
    reply_id, answered_id = found
    # The message that it has become may be coming in by polling at this moment.
    locks.hold_conversations(messages=[answered_id] if answered_id else [])
    # The locks first, then the item: whoever comes second sees the newest state of both.
    reply = lock(reply_id)
    if reply.state == State.DELETED:
        return
    item = OutboundItem.objects.get(pk=outbound_id)
    if item.state == Outbound.SENT:
        _sent(reply, item, now)
    elif item.state == Outbound.UNCERTAIN:
        _uncertain(reply, item, now)
    elif item.state in (Outbound.FAILED, Outbound.CANCELLED):
        _failed(reply, item, now)
    elif reply.state in (State.FAILED, State.UNCERTAIN):
        # Somebody had it tried again.
        reply.state, reply.error = State.HANDED, ""
        reply.save(update_fields=["state", "error"])


def _sent(reply: Reply, item: OutboundItem, now: datetime) -> None:
    if reply.state == State.SENT and reply.message_id:
        return
    was = reply.state
    reply.message = sent_messages.store(reply, item, now) if item.external_id else None
    if was == State.SENT and reply.message is None:
        return
    reply.state, reply.error = State.SENT, ""
    reply.save(update_fields=["state", "error", "message"])
    _mark_bounced(reply, False)
    data = {"reply": reply.pk, "url": item.url, "message": reply.message_id}
    record(reply.ticket, None, now, "delivered", data)
    _perhaps_back(reply, item, now)


def _perhaps_back(reply: Reply, item: OutboundItem, now: datetime) -> None:
    """The report that a mail came back may be here before the receipt that it was taken."""
    about = {"ticket": reply.ticket_id, "kind": "bounced", "data__bounced_id": item.external_id}
    event = Event.objects.filter(**about).order_by("id").last() if item.external_id else None
    if event is None or item.connection_id is None:
        return
    facts = event.data.get("report") or {}
    if outbox.came_back(item.connection_id, item.external_id, bounces.words(facts), facts.get("recipient")):
        item.refresh_from_db()
        _failed(reply, item, now)


def _uncertain(reply: Reply, item: OutboundItem, now: datetime) -> None:
    if reply.state == State.UNCERTAIN:
        return
    reply.state, reply.error = State.UNCERTAIN, item.error
    reply.save(update_fields=["state", "error"])
    record(reply.ticket, None, now, "uncertain", {"reply": reply.pk, "why": item.error})


def _failed(reply: Reply, item: OutboundItem, now: datetime) -> None:
    if reply.state == State.FAILED:
        return
    why = item.error or _("It was cancelled before it was sent.")
    _mark_bounced(reply, True)
    take_back(reply, State.FAILED, now, why=why)


def _mark_bounced(reply: Reply, is_bounced: bool) -> None:
    """A mail that came back reached nobody: it is no first reply, and whoever asked waits in their old place again."""
    Message.objects.filter(pk=reply.message_id).update(is_bounced=is_bounced)
    clocks.recompute([reply.ticket_id])


@transaction.atomic
def _apply_delete(item: OutboundItem, now: datetime) -> None:
    """Once the platform has deleted our reply it is taken out of the clocks, and says so."""
    if item.state not in (Outbound.SENT, Outbound.FAILED):
        return
    if item.connection_id is None:
        return
    external_id = str(payload_of(item).get("external_id", ""))
    replies = Reply.objects.filter(channel__connection_id=item.connection_id).values_list("pk", flat=True)
    posted = replies.filter(outbound__external_id=external_id).first()
    reply_id = posted or replies.filter(message__reply_to_external_id=external_id).first()
    if not external_id or reply_id is None:
        return
    reply = lock(reply_id)
    message = reply.message
    if message is None or reply.state == State.DELETED:
        return
    if item.state == Outbound.FAILED:
        _not_deleted(reply, item, now)
        return
    if not message.is_deleted:
        message.is_deleted, message.deleted_at = True, now
        message.save(update_fields=["is_deleted", "deleted_at"])
    reply.state = State.DELETED
    reply.save(update_fields=["state"])
    clocks.recompute([reply.ticket_id])
    record(reply.ticket, None, now, "deleted", {"reply": reply.pk, "message": message.pk})
    unanswered.reopen([reply.ticket_id], now)


def _not_deleted(reply: Reply, item: OutboundItem, now: datetime) -> None:
    data = {"reply": reply.pk, "outbound": item.pk, "why": item.error}
    if not Event.objects.filter(ticket=reply.ticket, kind="delete_failed", data=data).exists():
        record(reply.ticket, None, now, "delete_failed", data)


def apply_changed(now: datetime, limit: int = 500) -> int:
    """The sweep: replies whose outbound item has moved on without them."""
    behind = Reply.objects.filter(state__in=(State.HANDED, State.UNCERTAIN, State.FAILED), outbound__isnull=False)
    settled = behind.exclude(outbound__state__in=(Outbound.QUEUED, Outbound.SENDING, Outbound.RETRYING))
    settled = settled.exclude(outbound__state=F("state")).exclude(
        state=State.FAILED, outbound__state=Outbound.CANCELLED
    )
    ids = list(settled.order_by("id").values_list("outbound_id", flat=True)[:limit])
    lately = Reply.objects.filter(state=State.SENT, created_at__gt=now - BOUNCES_WITHIN)
    ids += lately.filter(outbound__state=Outbound.FAILED).values_list("outbound_id", flat=True)[:limit]
    deleting = OutboundItem.objects.filter(kind=OutboundItem.Kind.DELETE, state=Outbound.SENT)
    recent = deleting.order_by("-id").values_list("pk", flat=True)[:100]
    for outbound_id in [*ids, *recent]:
        apply(outbound_id, now)
    return len(ids)
