"""The end of the undo window: check the guard again, then queue the reply in the outbox."""

from __future__ import annotations

from datetime import datetime

from channels import sweeps
from channels.models import OutboundItem
from channels.outbox import hold_sending, outbox
from mentions.db import locks
from mentions.models import Reply
from mentions.replies import outgoing, send_guard, sending_states
from mentions.replies.taking_back import lock, take_back

MAX_PER_RUN = 200


def hand_over_due(now: datetime) -> int:
    """Queue every reply past its undo window in the outbox, or block it if the conversation has moved; return how many
    left the window. Safe in any number of workers. While sending is held back, replies wait and can still be undone."""
    if hold_sending.why_held_back():
        return 0
    due = Reply.objects.filter(state=Reply.State.SCHEDULED, send_at__lte=now).order_by("send_at", "id")
    return sweeps.each("hand over", due.values_list("pk", flat=True)[:MAX_PER_RUN], lambda pk: hand_over(pk, now))


@locks.once_more
def hand_over(reply_id: int, now: datetime) -> bool:
    """Hand over one reply; False if it was undone or already handed over. Reply and outbound item change together, so a
    crash leaves it either scheduled or queued."""
    # Ingest locks the ticket to add a message: wait for it, so the guard sees that message.
    reply = lock(reply_id)
    if reply.state != Reply.State.SCHEDULED or reply.send_at > now:
        return False
    if reason := send_guard.why_not(reply):
        take_back(reply, Reply.State.BLOCKED, now, why=reason)
        return True
    reply.outbound = outbox.enqueue(
        key=reply.key,
        kind=OutboundItem.Kind.REPLY,
        connection_id=reply.channel.connection_id,
        conversation=f"ticket:{reply.ticket_id}",
        payload=outgoing.payload(reply),
        not_before=now,
        sent_as_id=reply.author_id,
    )
    reply.save(update_fields=["outbound"])
    sending_states.move(reply, Reply.State.QUEUED)
    return True
