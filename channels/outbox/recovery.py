"""Recovers items whose worker was lost: looks for our own post before sending again.

A lost worker's item is looked for at once. It is queued again only after two lookups, separated by the platform's
index lag, prove the post absent. If a platform can't prove it (SMTP never can), the item stays uncertain until a person
decides.
"""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F, QuerySet
from django.utils.translation import gettext as _

from channels import processes, sweeps
from channels.clocks import Clock, clock_from
from channels.contract import Receipt
from channels.errors import ChannelError
from channels.http import deadlines
from channels.models import OutboundItem
from channels.outbox import issues, personal, states
from channels.outbox.sending import (
    error_text,
    outgoing_of,
    outlook,
    payload_of,
    receipt_json,
    retry_wait_s,
    uncertainty,
)
from channels.registry.finding_adapters import UnknownPlatform
from channels.slack import api

logger = logging.getLogger(__name__)

LOOKS_NEEDED = 2
AFTER_FAILED_LOOK_S = 300
LOOK_LEASE_S = 300
MAX_LOOK_S = 120
"""For one lookup with all its requests: well within its lease."""
MAX_LOOKS_PER_RUN = 20
MAX_RUN_S = 60
"""No lookup starts after this, so that a run ends within the tasks' soft limit."""


def recover(now: datetime) -> int:
    """Mark items whose worker was lost as uncertain, then look for uncertain items on their platforms; returns how many
    items were marked or looked for."""
    given_up = _give_up_on_lost_workers(now)
    clock = clock_from(now)
    lookups = 0
    while lookups < MAX_LOOKS_PER_RUN and clock() - now <= timedelta(seconds=MAX_RUN_S):
        item = _begin_look(clock())
        if item is None:
            break
        look(item, clock)
        lookups += 1
    return given_up + lookups


def look(item: OutboundItem, clock: Clock) -> None:
    """Look once for an uncertain item's post and record the outcome."""
    if item.attempt_token is None:
        return
    try:
        with deadlines.within(MAX_LOOK_S):
            receipt = _find(item)
    except (ChannelError, UnknownPlatform) as error:
        _look_again(
            item, error_text(error), clock(), retry_wait_s(error, clock()) if isinstance(error, ChannelError) else 0
        )
    except Exception as error:
        logger.exception("Looking for %s failed with an unexpected error.", item.key)
        _look_again(item, type(error).__name__, clock(), 0)
    else:
        if receipt is not None:
            _found(item, receipt, clock())
        else:
            _absent(item, clock())


def _give_up_on_lost_workers(now: datetime) -> int:
    sending = OutboundItem.objects.filter(state=states.State.SENDING).select_related("connection").order_by("pk")
    late = [each for each in sending if _is_lost(each, now)]
    return sweeps.each("lost workers", late, lambda item: _give_up(item, now))


def _is_lost(item: OutboundItem, now: datetime) -> bool:
    """Whether its worker has used all its time, or is certainly dead."""
    is_late = item.sending_until is not None and item.sending_until <= now
    return is_late or processes.is_gone(item.sending_process)


def _give_up(item: OutboundItem, now: datetime) -> bool:
    if item.attempt_token is None:
        return False
    reason = _("The worker was lost while sending it. The desk cannot tell whether it was posted.")
    stuck = states.of_attempt(item.pk, item.attempt_token).filter(state=states.State.SENDING)
    if item.kind in states.REPEATABLE:
        states.change(stuck, states.State.RETRYING, error=reason, not_before=now, sending_until=None)
    else:
        text, _after_request = uncertainty(item, reason, now)
        # Look for it right away: most have been posted, and finding it is final. Only absence takes time to prove.
        states.mark_uncertain(stuck, text, now, now)
    return True


def _begin_look(now: datetime) -> OutboundItem | None:
    """Reserve an uncertain item whose post must be visible by now, by postponing its next lookup."""
    with transaction.atomic():
        uncertain = OutboundItem.objects.filter(state=states.State.UNCERTAIN, not_before__lte=now)
        candidates = uncertain.select_for_update(skip_locked=True, of=("self",)).select_related("connection")
        for item in candidates.order_by("not_before", "pk")[:MAX_LOOKS_PER_RUN]:
            provable = outlook(item)[3]
            later = timedelta(seconds=LOOK_LEASE_S) if provable else timedelta(days=3650)
            OutboundItem.objects.filter(pk=item.pk).update(not_before=now + later)
            if provable:
                return item
    return None


def _find(item: OutboundItem) -> Receipt | None:
    since = item.first_sent_at or item.created_at
    if item.kind == OutboundItem.Kind.SLACK:
        return api.find(payload_of(item), str(item.key), since)
    if item.connection_id is None:
        raise ChannelError(_("This item has no connection."))
    account = str(payload_of(item).get(personal.ACCOUNT) or "")
    source = personal.source_as(item.sent_as_id, item.connection_id, account, even_refused=True)
    if item.kind == OutboundItem.Kind.ISSUE:
        return source.adapter.find_issue(source.config, issues.issue_of(str(item.key), payload_of(item)), since)
    return source.adapter.find_own(source.config, outgoing_of(item, source), since)


def _found(item: OutboundItem, receipt: Receipt, now: datetime) -> None:
    if item.attempt_token is not None:
        states.mark_sent(
            item.pk,
            item.attempt_token,
            external_id=receipt.external_id,
            url=receipt.url,
            receipt=receipt_json(receipt),
            at=receipt.posted_at or now,
        )


def _absent(item: OutboundItem, now: datetime) -> None:
    """Record that the post wasn't found, which proves nothing before the index lag has passed."""
    shown_at = (item.uncertain_since or now) + timedelta(seconds=outlook(item)[1])
    if item.checks == 0 and now < shown_at:
        _unchanged(item).update(not_before=shown_at)
        return
    checks = item.checks + 1
    unchanged = _unchanged(item)
    if checks < LOOKS_NEEDED:
        unchanged.update(checks=F("checks") + 1, not_before=now + timedelta(seconds=max(outlook(item)[1], 1)))
        return
    proved = _("The desk looked for it %(count)d times and did not find it.") % {"count": checks}
    if item.attempts >= states.MAX_ATTEMPTS:
        given_up = _("Gave up after %(attempts)d attempts.") % {"attempts": item.attempts}
        states.change(unchanged, states.State.FAILED, error=f"{proved} {given_up}", uncertain_since=None)
        return
    states.change(
        unchanged, states.State.QUEUED, error=proved, not_before=now, attempt_token=None, uncertain_since=None, checks=0
    )


def _unchanged(item: OutboundItem) -> QuerySet[OutboundItem]:
    """The item, if nobody has settled or looked for it meanwhile."""
    return OutboundItem.objects.filter(
        pk=item.pk, state=states.State.UNCERTAIN, attempt_token=item.attempt_token, checks=item.checks
    )


def _look_again(item: OutboundItem, error: str, now: datetime, retry_after_s: float | None) -> None:
    """A failed lookup proves nothing; the original error stays as the reason for the uncertainty."""
    lookup_error = _("Looking for it failed: %(error)s") % {"error": error}
    reason = item.error.split(_LOOK_MARK, 1)[0].rstrip()
    unchanged = _unchanged(item)
    wait_s = min(states.MAX_WAIT_S, max(AFTER_FAILED_LOOK_S, retry_after_s or 0))
    unchanged.update(error=f"{reason}{_LOOK_MARK}{lookup_error}", not_before=now + timedelta(seconds=wait_s))


_LOOK_MARK = "\n"
