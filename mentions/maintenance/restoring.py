"""The first steps after restoring from a backup: nothing the old desk sent is sent again."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from channels.models import OutboundItem
from channels.outbox import held_back, hold_sending, outbox
from mentions.models import Reply
from mentions.notifications import notices
from mentions.replies import outgoing
from mentions.replies.taking_back import lock


@transaction.atomic
def after_restore(now: datetime) -> int:
    """Hold everything still to be sent for a person to decide; return how many. This database belongs to the restored
    desk from now on. Run it while no worker is running."""
    for pk in (
        Reply.objects.filter(state=Reply.State.SCHEDULED).order_by("ticket_id", "pk").values_list("pk", flat=True)
    ):
        _into_the_outbox(pk, now)
    notices.post_due(now)  # due notices, so they are reviewed too
    count = held_back.hold_back_everything(now)
    hold_sending.begin_anew(now)
    return count


def _into_the_outbox(reply_id: int, now: datetime) -> None:
    """Queue a scheduled reply as at the end of its undo window, held back in the same transaction. It may have been
    sent since it was written, so it is searched for from then on."""
    reply = lock(reply_id)
    reply.outbound = outbox.enqueue(
        key=reply.key,
        kind=OutboundItem.Kind.REPLY,
        connection_id=reply.channel.connection_id,
        conversation=f"ticket:{reply.ticket_id}",
        payload=outgoing.payload(reply),
        not_before=now,
        sent_as_id=reply.author_id,
        created_at=reply.created_at,
    )
    reply.state = Reply.State.QUEUED
    reply.save(update_fields=["outbound", "state"])
