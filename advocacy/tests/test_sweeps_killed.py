"""A sweep killed before any of its statements: the next run finishes the work as if nothing had happened, and repeats
nothing."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, transaction

from advocacy.tests import test_sweeps
from channels.clocks import desk_now
from channels.models import OutboundItem
from channels.outbox import outbox, states
from mentions.models import DeliveryProblem, Event, Notice, Reply, Ticket
from mentions.replies import deliveries, dispatch_replies
from mentions.tests.interleaved_worlds import LONG_AFTER, a_reply
from mentions.tests.platforms import Wire
from mentions.tickets import parking

pytestmark = pytest.mark.django_db

wire = test_sweeps.wire
Sweep = Callable[[], object]


class Killed(BaseException):
    """A SIGKILL as seen from inside: none of our code runs after it, and the server rolls back."""


def two_replies(wire: Wire) -> None:
    for _ in range(2):
        a_reply(wire)


def hand_over(wire: Wire) -> Sweep:
    two_replies(wire)
    now = desk_now() + LONG_AFTER
    return lambda: dispatch_replies.hand_over_due(now)


def apply_deliveries(wire: Wire) -> Sweep:
    hand_over(wire)()
    uncertain, failed = OutboundItem.objects.order_by("pk").values_list("pk", flat=True)
    OutboundItem.objects.filter(pk=uncertain).update(state="uncertain")
    OutboundItem.objects.filter(pk=failed).update(state="failed", error="no")
    now = desk_now()
    return lambda: deliveries.apply_changed(now)


def wake_parked(wire: Wire) -> Sweep:
    two_replies(wire)
    now = desk_now()
    answered = Ticket.objects.filter(replies__isnull=False)
    Ticket.objects.filter(pk__in=answered).update(
        status="open", waiting_on="monitor", wake_at=now, claimed_by=None, claim_token=None, claim_expires_at=None
    )
    return lambda: parking.wake_due(now + timedelta(minutes=1))


def lost_workers(wire: Wire) -> Sweep:
    hand_over(wire)()
    now = desk_now() + LONG_AFTER
    while states.begin_attempt(now, lambda item: 1) is not None:
        pass
    return lambda: outbox.recover(now + timedelta(minutes=5))


SWEEPS: dict[str, Callable[[Wire], Sweep]] = {
    "hand over": hand_over,
    "deliveries": apply_deliveries,
    "parked": wake_parked,
    "lost workers": lost_workers,
}


def dies(sweep: Sweep, at: int) -> bool:
    """Whether it reached its statement number `at`, and died before it. Savepoints stand in for transactions here."""
    left = at

    def kill(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        nonlocal left
        left -= "SAVEPOINT" not in sql
        if left == -1 and "SAVEPOINT" not in sql:
            raise Killed
        return execute(sql, params, many, context)

    try:
        with connection.execute_wrapper(kill):
            sweep()
    except Killed:
        transaction.set_rollback(False)  # a row that is saved outside of any transaction marks the test's as broken
        return True
    return False


def everything() -> dict[str, Any]:
    """Everything the sweeps change, without ids and times."""
    return {
        "replies": Counter(Reply.objects.values_list("state", "outbound__state")),
        "items": Counter(OutboundItem.objects.values_list("kind", "state", "attempts", "checks")),
        "tickets": Counter(Ticket.objects.values_list("status", "waiting_on", "is_queued")),
        "events": Counter(Event.objects.values_list("kind", flat=True)),
        "problems": Counter(DeliveryProblem.objects.values_list("kind", "what", "how")),
        "notices": Notice.objects.count(),
    }


@pytest.mark.parametrize("name", SWEEPS)
def test_a_sweep_that_dies_anywhere_is_finished_by_the_next_run(wire: Wire, name: str) -> None:
    sweep, before = SWEEPS[name](wire), everything()
    whole: dict[str, Any] = {}
    for at in itertools.count(-1):
        with transaction.atomic():
            died = dies(sweep, at)
            sweep()
            whole = whole or everything()
            assert everything() == whole, f"died before statement {at}"
            transaction.set_rollback(True)
        if at >= 0 and not died:
            break
    assert whole != before
    assert at > 5
