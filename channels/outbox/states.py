"""The outbox's transitions. Each is one conditional UPDATE along `MOVES`: a late caller changes nothing.

`mentions.replies.sending_states` is the same state machine as users see it.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from django.db import IntegrityError, transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet, Value
from django.db.models.functions import Coalesce

from channels import processes
from channels.contract import Json
from channels.dispatch import delivery_after_commit
from channels.models import OutboundItem

State = OutboundItem.State
Kind = OutboundItem.Kind

MAX_ATTEMPTS = 8
FIRST_RETRY_S = 15
MAX_RETRY_S = 900
MAX_WAIT_S = 24 * 3600
WORKER_MARGIN_S = 30
"""Seconds after the request timeout at which a silent worker counts as lost."""
_BEGUN = ("state", "attempt_token", "attempts", "first_sent_at", "sending_until", "sending_process")

MOVES: Mapping[str, frozenset[str]] = {
    # Any other state → `sent`: a receipt, or our own post seen on the platform, is proof, however late.
    # `queued`/`retrying` → `uncertain` → `cancelled`: the item was in a backup and may have been sent since.
    State.QUEUED: frozenset({State.SENDING, State.CANCELLED, State.SENT, State.UNCERTAIN}),
    State.RETRYING: frozenset({State.SENDING, State.CANCELLED, State.QUEUED, State.SENT, State.UNCERTAIN}),
    State.SENDING: frozenset({State.SENT, State.RETRYING, State.UNCERTAIN, State.FAILED, State.QUEUED}),
    State.UNCERTAIN: frozenset({State.SENT, State.QUEUED, State.RETRYING, State.FAILED, State.CANCELLED}),
    State.FAILED: frozenset({State.QUEUED, State.SENT}),
    State.CANCELLED: frozenset({State.QUEUED, State.SENT}),
    State.SENT: frozenset({State.FAILED}),
}
"""All transitions. `change` selects only items whose state allows the move."""

WAITING = (State.QUEUED, State.RETRYING)
UNSETTLED = (State.QUEUED, State.RETRYING, State.SENDING, State.UNCERTAIN)
REPEATABLE = (Kind.DELETE, Kind.LIKE, Kind.SLACK_EDIT, Kind.ASSIGN, Kind.WEBHOOK)
"""Idempotent kinds: they are retried and never uncertain."""

_rng = random.SystemRandom()


def due(now: datetime) -> QuerySet[OutboundItem]:
    """Items that may be sent now: no earlier item of the conversation is unsettled (an uncertain one blocks too)."""
    earlier = OutboundItem.objects.filter(
        conversation=OuterRef("conversation"), pk__lt=OuterRef("pk"), state__in=UNSETTLED
    )
    usable = Q(connection=None) | Q(connection__is_active=True)
    waiting = OutboundItem.objects.filter(state__in=WAITING, not_before__lte=now, held_at=None)
    return waiting.filter(usable, ~Exists(earlier))


def begin_attempt(
    now: datetime, request_s: Callable[[OutboundItem], float], only: int | None = None
) -> OutboundItem | None:
    """Begin an attempt at the next due item (or `only` this one) in one short transaction: `sending`, with a new token,
    until `sending_until`. `request_s`: the longest that a request for the item can take, in seconds."""
    passed_over: list[str] = []
    while True:
        try:
            return _begin(now, request_s, passed_over, only)
        except IntegrityError:
            # A race: another worker has just begun an item of this conversation, one that was retried by hand.
            if not passed_over:
                raise


def _begin(
    now: datetime, request_s: Callable[[OutboundItem], float], passed_over: list[str], only: int | None
) -> OutboundItem | None:
    with transaction.atomic():
        item = (
            due(now)
            .filter(Q() if only is None else Q(pk=only))
            .exclude(conversation__in=passed_over)
            .select_related("connection")
            .select_for_update(skip_locked=True, of=("self",))
            .order_by("not_before", "pk")
            .first()
        )
        if item is None:
            return None
        passed_over.append(item.conversation)
        item.state, item.attempt_token = State.SENDING, uuid4()
        item.attempts += 1
        item.first_sent_at = item.first_sent_at or now
        item.sending_until = now + timedelta(seconds=request_s(item) + WORKER_MARGIN_S)
        item.sending_process = processes.this_one()
        item.save(update_fields=_BEGUN)
        delivery_after_commit(item.pk, State.SENDING)
        return item


def change(items: QuerySet[OutboundItem], state: str, **values: Any) -> list[int]:
    """Move the items that MOVES allows to `state` and signal after commit; returns the ids that moved. An item already
    in that state only gets the values."""
    sources = [source for source, targets in MOVES.items() if state in targets or source == state]
    with transaction.atomic():
        ids = list(
            items.filter(state__in=sources).select_for_update(of=("self",)).order_by("pk").values_list("pk", flat=True)
        )
        if ids:
            OutboundItem.objects.filter(pk__in=ids).update(state=state, **values)
        for pk in ids:
            delivery_after_commit(pk, state)
        return ids


def mark_sent(pk: int, token: UUID, *, external_id: str, url: str | None, receipt: Json, at: datetime) -> bool:
    """Settle the item with its receipt, which is proof however late it comes. Returns False, and changes nothing, if
    another attempt holds the item or it is sent already."""
    current = Q(attempt_token=token, state__in=(State.SENDING, State.UNCERTAIN))
    orphaned = Q(state__in=(*WAITING, State.UNCERTAIN, State.FAILED, State.CANCELLED))
    return bool(
        change(
            OutboundItem.objects.filter(current | orphaned, pk=pk),
            State.SENT,
            external_id=external_id,
            url=url or "",
            receipt=receipt,
            sent_at=at,
            error="",
            sending_until=None,
            uncertain_since=None,
        )
    )


def of_attempt(pk: int, token: UUID) -> QuerySet[OutboundItem]:
    """The item, if this attempt is current and nothing else has settled it."""
    return OutboundItem.objects.filter(pk=pk, attempt_token=token, state__in=(State.SENDING, State.UNCERTAIN))


def mark_failed(pk: int, token: UUID, error: str) -> bool:
    return bool(change(of_attempt(pk, token), State.FAILED, error=error, sending_until=None, uncertain_since=None))


def schedule_retry(pk: int, token: UUID, error: str, not_before: datetime) -> bool:
    """Schedule the next attempt for `not_before`: nothing was sent."""
    return bool(
        change(
            of_attempt(pk, token),
            State.RETRYING,
            error=error,
            not_before=not_before,
            attempt_token=None,
            sending_until=None,
            uncertain_since=None,
        )
    )


def mark_uncertain(items: QuerySet[OutboundItem], error: str, now: datetime, check_at: datetime) -> list[int]:
    """Mark items as uncertain, since the outcome is unknown; recovery looks for the post at `check_at`. Returns the ids
    that moved."""
    return change(
        items,
        State.UNCERTAIN,
        error=error,
        uncertain_since=Coalesce(F("uncertain_since"), Value(now)),
        not_before=check_at,
        sending_until=None,
        checks=0,
    )


def drop_attempt(pk: int, token: UUID, now: datetime) -> bool:
    """Give an item back before anything was sent; the attempt doesn't count."""
    items = OutboundItem.objects.filter(pk=pk, attempt_token=token, state=State.SENDING)
    return bool(
        change(
            items,
            State.QUEUED,
            attempts=F("attempts") - 1,
            not_before=now,
            attempt_token=None,
            sending_until=None,
        )
    )


def backoff_s(attempts: int, retry_after_s: float | None) -> float:
    """Seconds until the next attempt: exponential backoff with jitter, at least what the platform asked for."""
    doubling: float = min(MAX_RETRY_S, FIRST_RETRY_S * 2 ** min(max(attempts - 1, 0), 10))
    jittered = doubling * _rng.uniform(0.8, 1.2)
    return min(MAX_WAIT_S, max(jittered, retry_after_s or 0))
