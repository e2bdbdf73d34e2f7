"""Applies the outbox's result to the desk: reply, message, clocks, ticket.

`apply` is idempotent and takes only the id: it reads the outbound item's *current* state, so late, repeated and lost
nudges all end the same way. `apply_changed` is the sweep.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q
from django.utils.translation import gettext as _

from channels import sweeps
from channels.clocks import desk_now
from channels.models import OutboundItem
from channels.outbox import outbox
from channels.registry.finding_adapters import adapter_for
from mentions.clocks import clocks
from mentions.db import locks
from mentions.handle_rules import invitations, wrong_handles
from mentions.ingest import bounces
from mentions.models import DeliveryProblem, Event, EventKind, Message, Reply
from mentions.notifications import delivery_problems
from mentions.replies import sending_states, sent_messages
from mentions.replies.taking_back import lock, take_back
from mentions.tickets import unanswered
from mentions.tickets.transitions import record

Outbound = OutboundItem.State
State = Reply.State
Kind = DeliveryProblem.Kind
BOUNCES_WITHIN = timedelta(days=30)
"""How long after it was written a reply may still bounce."""
POSTS = "post:"
"""Conversation prefix of posts (`mentions.replies.posts`)."""
LATEST = 1000
"""Latest items that the sweep checks for unreported failures."""
_ALONE = (OutboundItem.Kind.LIKE, OutboundItem.Kind.DELETE)
_DELETION_EVENTS = (EventKind.DELETE_ASKED, EventKind.DELETE_FAILED, EventKind.DELETED)


def apply(outbound_id: int, now: datetime | None = None) -> None:
    """Apply the outbox state to the reply and notify whoever needs to know. Ignores Slack messages."""
    now = now or desk_now()
    item = OutboundItem.objects.filter(pk=outbound_id).first()
    if item is None:
        return
    if item.kind == OutboundItem.Kind.REPLY and not item.conversation.startswith(POSTS):
        _apply_reply(outbound_id, now)
    elif item.kind == OutboundItem.Kind.DELETE:
        _apply_delete(outbound_id, now)
    elif item.kind in (OutboundItem.Kind.REPLY, OutboundItem.Kind.LIKE):
        _apply_alone(outbound_id, now)


@transaction.atomic
def _apply_alone(outbound_id: int, now: datetime) -> None:
    """Notify the sender of a post or a like that failed; nothing else depends on it."""
    item = OutboundItem.objects.select_for_update().get(pk=outbound_id)
    kind = Kind.LIKE if item.kind == OutboundItem.Kind.LIKE else Kind.POST
    _notify_sender(item, kind, now)


def _notify_sender(item: OutboundItem, kind: str, now: datetime, reply: Reply | None = None) -> None:
    if item.state in (Outbound.FAILED, Outbound.UNCERTAIN):
        delivery_problems.note_item(item, kind, now, what=item.state, reply=reply)
    else:
        how = delivery_problems.How.SENT if item.state == Outbound.SENT else delivery_problems.How.AGAIN
        delivery_problems.settle_item(item, how, now)


@transaction.atomic
def _apply_reply(outbound_id: int, now: datetime) -> None:
    found = Reply.objects.filter(outbound_id=outbound_id).values_list("pk", "in_reply_to_id").first()
    if found is None:
        return
    reply_id, answered_id = found
    # Polling may be storing the resulting message right now.
    locks.lock_conversations(messages=[answered_id] if answered_id else [])
    # Lock first, then read the item: the second of two workers sees the latest state of both.
    reply = lock(reply_id)
    if reply.state in sending_states.OVER:
        return
    item = OutboundItem.objects.get(pk=outbound_id)
    if item.state == Outbound.SENT:
        _sent(reply, item, now)
    elif item.state == Outbound.UNCERTAIN:
        _uncertain(reply, item, now)
    elif item.state in (Outbound.FAILED, Outbound.CANCELLED):
        _failed(reply, item, now)
    elif reply.state != State.QUEUED:
        # Somebody retried it.
        sending_states.move(reply, State.QUEUED)
        delivery_problems.settle_reply(reply, delivery_problems.How.AGAIN, now)


def _sent(reply: Reply, item: OutboundItem, now: datetime) -> None:
    if reply.state == State.SENT and reply.message_id:
        return
    previous_state = reply.state
    reply.message = sent_messages.store(reply, item, now) if item.external_id else None
    if previous_state == State.SENT and reply.message is None:
        return
    reply.save(update_fields=["message"])
    if reply.message is not None and wrong_handles.has_handles(adapter_for(reply.channel.connection.platform)):
        wrong_handles.note([(reply.message.namespace, reply.message.external_id)], now)
    if previous_state != State.SENT:
        sending_states.move(reply, State.SENT)
        invitations.link(reply)
    delivery_problems.settle_reply(reply, delivery_problems.How.SENT, now)
    delivery_problems.answered(reply, now)
    _mark_bounced(reply, False)
    data = {"reply": reply.pk, "url": item.url, "message": reply.message_id}
    record(reply.ticket, None, now, EventKind.DELIVERED, data)
    _apply_early_bounce(reply, item, now)


def _apply_early_bounce(reply: Reply, item: OutboundItem, now: datetime) -> None:
    """Apply a bounce report that arrived before the delivery receipt."""
    about = {"ticket": reply.ticket_id, "kind": "bounced", "data__bounced_id": item.external_id}
    event = Event.objects.filter(**about).order_by("id").last() if item.external_id else None
    if event is None or item.connection_id is None:
        return
    facts = event.data.get("report") or {}
    if outbox.mark_bounced(item.connection_id, item.external_id, bounces.bounce_text(facts), facts.get("recipient")):
        item.refresh_from_db()
        _failed(reply, item, now)


def _uncertain(reply: Reply, item: OutboundItem, now: datetime) -> None:
    if reply.state == State.UNCERTAIN:
        return
    sending_states.move(reply, State.UNCERTAIN, item.error)
    delivery_problems.note_reply(reply, State.UNCERTAIN, item.error, now)
    record(reply.ticket, None, now, EventKind.UNCERTAIN, {"reply": reply.pk, "why": item.error})


def _failed(reply: Reply, item: OutboundItem, now: datetime) -> None:
    if reply.state == State.FAILED:
        return
    reason = item.error or _("It was cancelled before it was sent.")
    _mark_bounced(reply, True)
    take_back(reply, State.FAILED, now, why=reason)


def _mark_bounced(reply: Reply, is_bounced: bool) -> None:
    """Record whether the reply's mail bounced. Bounced mail reached nobody, so it isn't a first reply, and the ticket
    returns to its old place in the queue."""
    if reply.message_id is not None:
        Message.objects.filter(pk=reply.message_id).update(is_bounced=is_bounced)
    clocks.recompute([reply.ticket_id])


@transaction.atomic
def _apply_delete(outbound_id: int, now: datetime) -> None:
    """Once the platform has deleted our reply, mark it and remove it from the clocks."""
    reply_id = Reply.objects.filter(deletion=outbound_id).values_list("pk", flat=True).first()
    reply = lock(reply_id) if reply_id is not None else None
    item = OutboundItem.objects.select_for_update().get(pk=outbound_id)
    _notify_sender(item, Kind.DELETE, now, reply)
    if reply is None or reply.message is None or reply.state == State.DELETED:
        return
    if item.state == Outbound.FAILED:
        _not_deleted(reply, item, now)
    elif item.state == Outbound.SENT:
        _deleted(reply, reply.message, item, now)


def _deleted(reply: Reply, message: Message, item: OutboundItem, now: datetime) -> None:
    if not message.is_deleted:
        message.is_deleted, message.deleted_at = True, now
        message.save(update_fields=["is_deleted", "deleted_at"])
    sending_states.move(reply, State.DELETED)
    clocks.recompute([reply.ticket_id])
    record(reply.ticket, None, now, EventKind.DELETED, {"reply": reply.pk, "message": message.pk, "outbound": item.pk})
    unanswered.reopen([reply.ticket_id], now)


def _not_deleted(reply: Reply, item: OutboundItem, now: datetime) -> None:
    """Reported once per request."""
    about = Event.objects.filter(ticket=reply.ticket, kind__in=_DELETION_EVENTS)
    last = about.filter(data__outbound=item.pk).order_by("-id").first()
    if last is None or last.kind != EventKind.DELETE_FAILED:
        record(reply.ticket, None, now, EventKind.DELETE_FAILED, {"reply": reply.pk, **sending_states.why_of(item)})


def apply_changed(now: datetime, limit: int = 500) -> int:
    """The sweep: replies out of date with their outbound item, and deletions that are done or failed."""
    behind = Reply.objects.filter(state__in=(State.QUEUED, State.UNCERTAIN, State.FAILED), outbound__isnull=False)
    settled = behind.exclude(outbound__state__in=(Outbound.QUEUED, Outbound.SENDING, Outbound.RETRYING))
    settled = settled.exclude(outbound__state=F("state")).exclude(
        state=State.FAILED, outbound__state=Outbound.CANCELLED
    )
    ids = list(settled.order_by("id").values_list("outbound_id", flat=True)[:limit])
    maybe_bounced = Reply.objects.filter(state=State.SENT, created_at__gt=now - BOUNCES_WITHIN)
    ids += maybe_bounced.filter(outbound__state=Outbound.FAILED).values_list("outbound_id", flat=True)[:limit]
    others = [*_unrecorded_deletions(limit), *_unreported(limit), *_outdated_problems(limit)]
    sweeps.each("deliveries", [*ids, *others], lambda pk: apply(pk, now))
    return len(ids)


def _unrecorded_deletions(limit: int) -> list[int]:
    """Items with an end state not yet recorded on the reply."""
    requested = Reply.objects.filter(deletion__isnull=False).exclude(state=State.DELETED)
    settled = requested.filter(deletion__state__in=(Outbound.SENT, Outbound.FAILED))
    reported = DeliveryProblem.objects.filter(outbound=OuterRef("deletion")).exclude(how=DeliveryProblem.How.AGAIN)
    return list(
        settled.exclude(Exists(reported), deletion__state=Outbound.FAILED).values_list("deletion", flat=True)[:limit]
    )


def _unreported(limit: int) -> list[int]:
    """Among the latest items: failed posts, likes and deletions that nobody was notified of."""
    latest = OutboundItem.objects.order_by("-pk")[:LATEST]
    failed = OutboundItem.objects.filter(pk__in=latest.values("pk"), state__in=(Outbound.FAILED, Outbound.UNCERTAIN))
    of_kind = failed.filter(Q(kind=OutboundItem.Kind.REPLY, conversation__startswith=POSTS) | Q(kind__in=_ALONE))
    reported = DeliveryProblem.objects.filter(outbound=OuterRef("pk")).exclude(how=DeliveryProblem.How.AGAIN)
    return list(of_kind.exclude(Exists(reported)).values_list("pk", flat=True)[:limit])


def _outdated_problems(limit: int) -> list[int]:
    """Items with an open problem although the outbox has moved on."""
    open_problems = DeliveryProblem.objects.filter(settled_at=None, outbound__isnull=False)
    still_failing = (Outbound.FAILED, Outbound.UNCERTAIN, Outbound.CANCELLED)
    return list(open_problems.exclude(outbound__state__in=still_failing).values_list("outbound", flat=True)[:limit])
