"""Progress of a bulk reply for the pages, without anything that the reader may not see."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from channels.audience import seen_by
from mentions.models import Reply
from team.models import Incident, IncidentBatch, IncidentReply

FAILED = (Reply.State.FAILED, Reply.State.BLOCKED, Reply.State.UNCERTAIN)


@dataclass(slots=True)
class Progress:
    """`undone`: taken back, here or on its ticket. `ends_at`: when the last one may leave."""

    batch: IncidentBatch
    planned: int = 0
    waiting: int = 0
    sent: int = 0
    undone: int = 0
    failed: list[IncidentReply] = field(default_factory=list)
    left_out: list[IncidentReply] = field(default_factory=list)
    ends_at: datetime | None = None

    @property
    def is_moving(self) -> bool:
        return bool(self.planned or self.waiting)


def batches(incident: Incident, user: Any, now: datetime) -> list[Progress]:
    """Newest first; two statements."""
    found = incident.batches.select_related("by", "undone_by").order_by("-at", "-pk")
    by_batch = {batch.pk: Progress(batch) for batch in found}
    rows = seen_by(user, IncidentReply).filter(incident=incident)
    for row in rows.select_related("reply", "ticket__channel__connection").order_by("ticket_id"):
        _count(by_batch[row.batch_id], row)
    return list(by_batch.values())


def of(batch: IncidentBatch, user: Any, now: datetime) -> Progress:
    return next(each for each in batches(batch.incident, user, now) if each.batch.pk == batch.pk)


def _count(progress: Progress, row: IncidentReply) -> None:
    reply = row.reply.state if row.reply is not None else ""
    if row.state == IncidentReply.State.LEFT_OUT:
        progress.left_out.append(row)
    elif row.state == IncidentReply.State.UNDONE or reply == Reply.State.UNDONE:
        progress.undone += 1
    elif reply in FAILED:
        progress.failed.append(row)
    elif reply in (Reply.State.SENT, Reply.State.DELETED):
        progress.sent += 1
    else:
        progress.planned += row.state == IncidentReply.State.PLANNED
        progress.waiting += row.state == IncidentReply.State.SUBMITTED
        progress.ends_at = max(filter(None, (progress.ends_at, row.send_at)), default=None)
