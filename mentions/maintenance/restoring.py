"""The first steps of a desk that was restored from a backup: nothing that its predecessor has sent is sent again."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from channels.models import OutboundItem
from channels.outbox import held_items, holding, outbox
from mentions.models import Reply
from mentions.notifications import notices
from mentions.replies import outgoing
from mentions.replies.reply_states import lock


@transaction.atomic
def after_restore(now: datetime) -> int:
    """Everything that was still to be sent is held for a person to decide; how many. This database is the desk's from
    now on. To be run while no worker runs."""
    for pk in Reply.objects.filter(state=Reply.State.RESTING).order_by("ticket_id", "pk").values_list("pk", flat=True):
        _into_the_outbox(pk, now)
    notices.post_due(now)  # those that were due, so that they too are seen and decided about
    count = held_items.hold_everything(now)
    holding.begin_anew(now)
    return count


def _into_the_outbox(reply_id: int, now: datetime) -> None:
    """As at the end of an undo window, but that it is held in the same transaction. It may have left since it was
    written, so it is looked for from then on."""
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
    reply.state = Reply.State.HANDED
    reply.save(update_fields=["outbound", "state"])
