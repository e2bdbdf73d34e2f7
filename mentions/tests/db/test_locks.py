from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from mentions.db import locks
from mentions.models import Ticket
from mentions.tests.concurrency import together
from mentions.tests.factories import TicketFactory


@pytest.mark.django_db(transaction=True)
def test_verb_that_a_deadlock_aborts_runs_once_more():
    one, other = TicketFactory().pk, TicketFactory().pk
    both_hold_one, survivor_is_done = threading.Barrier(2), threading.Event()

    def locking(first: int, second: int) -> Callable[[], int]:
        """Locks both tickets, the second once another verb holds it; returns how often it ran."""
        runs = 0

        @locks.once_more
        def verb() -> None:
            nonlocal runs
            runs += 1
            if runs > 1:
                survivor_is_done.wait(30)
            Ticket.objects.select_for_update().get(pk=first)
            if runs == 1:
                both_hold_one.wait(30)
            Ticket.objects.select_for_update().get(pk=second)

        def job() -> int:
            verb()
            survivor_is_done.set()
            return runs

        return job

    assert set(together(locking(one, other), locking(other, one))) == {1, 2}
