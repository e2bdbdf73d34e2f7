"""Outbox items that were pending in a restored backup: a person decides what to do with each.

If the platform can search for own posts, `recovery` looks for the item, as for any uncertain one: if found, it is
settled as sent; if proven absent, a person may release it.
"""

from __future__ import annotations

from datetime import datetime
from uuid import uuid4

from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.db.models.functions import Coalesce
from django.utils.translation import gettext as _

from channels.dispatch import task_after_commit
from channels.models import OutboundItem
from channels.outbox import states
from channels.outbox.sending import outlook, uncertainty

State = OutboundItem.State


def items() -> QuerySet[OutboundItem]:
    """Items that wait for a person's decision."""
    return OutboundItem.objects.filter(held_at__isnull=False, state__in=states.UNSETTLED)


@transaction.atomic
def hold_back_everything(now: datetime) -> int:
    """Hold back every unsettled item; returns how many. Searches the platform where possible: the desk that made the
    backup may have sent it since."""
    unsettled = OutboundItem.objects.filter(state__in=states.UNSETTLED).select_for_update(of=("self",))
    count = 0
    for item in unsettled.select_related("connection").order_by("pk"):
        _hold_back(item, now)
        count += 1
    if count:
        task_after_commit("channels.recover_outbox")
    return count


def _hold_back(item: OutboundItem, now: datetime) -> None:
    row = OutboundItem.objects.filter(pk=item.pk)
    if item.kind in states.REPEATABLE:
        reason = _("It was waiting when the backup was taken. Sending it twice is harmless.")
        states.change(row, State.QUEUED, held_at=now, error=reason, sending_until=None, attempt_token=None)
        return
    reason = _("It was waiting when the backup was taken, and may have been sent since.")
    row.update(held_at=now, attempt_token=uuid4(), first_sent_at=Coalesce(F("first_sent_at"), F("created_at")))
    text, _later = uncertainty(item, reason, now)
    states.mark_uncertain(row, text, now, now)


def may_be_sent(item: OutboundItem) -> bool:
    """Whether a person may send it: not while the desk is still looking for it on the platform, which takes a minute or
    two."""
    return item.state != State.UNCERTAIN or not outlook(item)[3]


@transaction.atomic
def send(chosen: QuerySet[OutboundItem], now: datetime) -> int:
    """Release these items for sending; returns how many. Skips items that the desk is still looking for."""
    allowed = [item.pk for item in chosen.select_related("connection") if may_be_sent(item)]
    ready = items().filter(~Q(state=State.SENDING), pk__in=allowed)
    moved = states.change(
        ready, State.QUEUED, held_at=None, not_before=now, attempts=0, attempt_token=None, uncertain_since=None,
        error="", checks=0,
    )  # fmt: skip
    if moved:
        task_after_commit("channels.send_due")
    return len(moved)


@transaction.atomic
def discard(chosen: QuerySet[OutboundItem]) -> int:
    """Cancel these items; returns how many. A reply's text becomes a draft again and its ticket opens."""
    ready = items().filter(~Q(state=State.SENDING), pk__in=chosen.values("pk"))
    reason = _("Discarded after the desk was restored from a backup.")
    return len(states.change(ready, State.CANCELLED, error=reason, sending_until=None, uncertain_since=None))
