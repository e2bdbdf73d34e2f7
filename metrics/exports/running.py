"""One export: recorded in the audit log before its first row, and followed while it runs."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta, tzinfo
from typing import Any

from django.db import transaction
from django.db.models import QuerySet

from audit import log
from audit.kinds import EntryKind
from channels.clocks import Clock, clock_from
from metrics.exports import streaming
from metrics.exports.kinds import KINDS, Kind, rows_of
from metrics.models import ExportRun

MAX_ROWS = 200_000
"""Limit in the browser: more rows take longer than a web server lets a request run."""
SILENT = timedelta(minutes=2)
"""A run that has read nothing for this long was interrupted."""
KEPT = timedelta(days=31)


class TooMany(Exception):
    """More rows than a browser may download; `rows`: how many."""

    def __init__(self, rows: int) -> None:
        super().__init__(rows)
        self.rows = rows


def begin(
    user: Any,
    kind: str,
    form: str,
    days: tuple[date | None, date | None],
    tz: tzinfo,
    now: datetime,
    *,
    most: int | None = None,
    by: str = "",
) -> tuple[ExportRun, Iterator[str]]:
    """The run and the pieces of its file. `days`: first and last, None for no limit; `most` rows, None for no limit;
    `by`: the command that runs it. Raises KeyError for an unknown kind or form, TooMany."""
    chosen, _type = KINDS[kind], streaming.FORMS[form]
    rows = rows_of(chosen, user, *days, tz)
    total = rows.count()
    if most is not None and total > most:
        raise TooMany(total)
    with transaction.atomic():
        run = ExportRun.objects.create(
            user=user, kind=kind, form=form, first=days[0], last=days[1], rows_total=total, begun_at=now, last_at=now
        )
        about = {"form": form, "rows": total, "first day": str(days[0] or ""), "last day": str(days[1] or ""), "by": by}
        log.record(EntryKind.EXPORTED, now=now, actor=user, subject=kind, details=about)
    return run, _followed(run, chosen, rows, clock_from(now))


def _followed(run: ExportRun, kind: Kind, rows: QuerySet[Any], clock: Clock) -> Iterator[str]:
    mine = ExportRun.objects.filter(pk=run.pk)
    yield from streaming.lines(kind, rows, run.form, lambda read: mine.update(rows_done=read, last_at=clock()))
    mine.update(finished_at=clock(), last_at=clock())


def is_running(run: ExportRun, now: datetime) -> bool:
    return run.finished_at is None and run.last_at > now - SILENT


def prune(now: datetime) -> int:
    """Delete old runs; the audit log still records them."""
    return ExportRun.objects.filter(begun_at__lt=now - KEPT).delete()[0]
