"""Imports: groups the items of one poll into a batch, so a bad one can be undone as a whole."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction

from channels.dispatch import items_after_commit
from channels.inbox.retention import WITH_RAW
from channels.models import Batch, InboundItem


@dataclass(slots=True)
class Import:
    """The import of a running poll. Its row is created with its first new item, in the same transaction: most polls
    find nothing and leave no row."""

    connection_id: int
    started_at: datetime
    reason: str = Batch.Reason.POLL
    batch_id: int | None = None
    is_open: bool = False

    def begun(self) -> int:
        """The id of the import's row, created if needed. Call it inside the transaction that stores the items: if that
        fails, so does the poll."""
        if self.batch_id is None:
            # A first import stays open until a poll reaches its end: after a crash, the next poll continues it.
            self.is_open = self.reason == Batch.Reason.FIRST
            self.batch_id = Batch.objects.create(
                connection_id=self.connection_id,
                reason=self.reason,
                started_at=self.started_at,
                is_open=self.is_open,
            ).pk
        return self.batch_id

    def ended(self, *, more: bool) -> None:
        """Record a successful poll; `more`: it stopped at its limits, and the next poll continues this import."""
        if self.batch_id is not None and self.is_open != more:
            Batch.objects.filter(pk=self.batch_id, undone_at=None).update(is_open=more)


def import_of(connection_id: int, *, is_first: bool, open_id: int | None, now: datetime) -> Import:
    """The import for a new poll. `is_first`: nothing was read yet (no cursor); `open_id`: the batch that the last poll
    left open."""
    reason = Batch.Reason.FIRST if is_first else Batch.Reason.POLL
    return Import(connection_id, now, reason, open_id, is_open=open_id is not None)


# --- undoing an import ------------------------------------------------------------------------------------------------


def close(batch_id: int, actor: Any, now: datetime) -> None:
    """Mark the import as undone: nothing more is added to it. Runs in the caller's transaction. Raises
    Batch.DoesNotExist."""
    batch = Batch.objects.select_for_update().get(pk=batch_id)
    batch.undone_at, batch.undone_by, batch.is_open = now, actor, False
    batch.save(update_fields=["undone_at", "undone_by", "is_open"])


def take_out(ids: Sequence[int], now: datetime) -> int:
    """Mark items as undone with their import; returns how many."""
    undone = {"state": InboundItem.State.IGNORED, "ignored_why": InboundItem.Ignored.UNDONE, "ignored_by": None}
    return InboundItem.objects.filter(pk__in=ids).update(**undone, error="", parsed_at=now)


@transaction.atomic
def let_in_again(batch_id: int) -> int:
    """Make undone items pending again, if their raw form still exists; returns how many. Raises Batch.DoesNotExist."""
    batch = Batch.objects.select_for_update().get(pk=batch_id)
    undone = InboundItem.objects.filter(WITH_RAW, batch=batch, state="ignored", ignored_why="undone")
    ids = list(undone.select_for_update().order_by("pk").values_list("pk", flat=True))
    free = {"attempts": 0, "lease_token": None, "lease_until": None}
    InboundItem.objects.filter(pk__in=ids).update(state="pending", ignored_why="", error="", **free)
    batch.undone_at, batch.undone_by = None, None
    batch.save(update_fields=["undone_at", "undone_by"])
    items_after_commit(batch.connection_id, ids)
    return len(ids)
