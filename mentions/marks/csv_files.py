"""Reads and writes marks as CSV. Reading is pure; `planning` works out what would change."""

from __future__ import annotations

from collections.abc import Iterable

from django.db.models import QuerySet

from mentions.csv_lists.lines import lines_of
from mentions.marks import entries
from mentions.marks.entries import COLUMNS, NEEDED, Entry
from mentions.models import Mark
from mentions.text.cells import written


def read(content: bytes) -> list[Entry]:
    """The lines of a file, each with its problems. Raises BadFile."""
    lines = lines_of(content, COLUMNS, NEEDED)
    return [entries.entry_of(line.number, line.cells, line.problems) for line in lines]


def export(marks: QuerySet[Mark]) -> str:
    """These marks as CSV; importing the file again changes nothing. Three queries."""
    rows = marks.select_related("person").prefetch_related("person__accounts", "person__authors")
    return written([COLUMNS, *(_row(mark) for mark in rows)])


def _row(mark: Mark) -> list[str]:
    person, since = mark.person, mark.since.isoformat() if mark.since else ""
    given = "yes" if mark.is_given else "no"
    return [_accounts(mark), mark.kind, given, since, mark.because, person.name, person.region, person.email]


def _accounts(mark: Mark) -> str:
    entered = [(account.namespace, account.handle) for account in mark.person.accounts.all()]
    seen = [(author.namespace, author.handle or author.external_id) for author in mark.person.authors.all()]
    return ", ".join(_unique(f"{namespace}={handle.removeprefix('@')}" for namespace, handle in [*entered, *seen]))


def _unique(names: Iterable[str]) -> list[str]:
    """Case-insensitively unique."""
    return list({name.lower(): name for name in names}.values())
