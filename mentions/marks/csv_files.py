"""Reads and writes marks as CSV. Reading is pure; `planning` works out what would change."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from mentions.marks import entries
from mentions.marks.entries import COLUMNS, NEEDED, Entry
from mentions.models import Mark
from mentions.text.cells import BadFile, decoded, rows_of, written


def read(content: bytes) -> list[Entry]:
    """The lines of a file, each with its problems. Raises BadFile."""
    rows = rows_of(decoded(content).replace("\0", ""))
    if not rows:
        raise BadFile(_("The file is empty."))
    heading = [cell.lower().replace(" ", "_") for cell in rows[0][1]]
    _check(heading)
    return [_entry(line, cells, heading) for line, cells in rows[1:]]


def _check(heading: Sequence[str]) -> None:
    if missing := [name for name in NEEDED if name not in heading]:
        words = {"column": missing[0]}
        raise BadFile(_("The first line must name the columns; “%(column)s” is missing.") % words)
    if unknown := [name for name in heading if name and name not in COLUMNS]:
        words = {"column": unknown[0], "known": ", ".join(COLUMNS)}
        raise BadFile(_("There is no column “%(column)s”. The columns are: %(known)s.") % words)
    if twice := [name for name in heading if name and heading.count(name) > 1]:
        raise BadFile(_("There are two columns “%(column)s”.") % {"column": twice[0]})


def _entry(line: int, cells: Sequence[str], heading: Sequence[str]) -> Entry:
    given = {name: cell for name, cell in zip(heading, cells, strict=False) if name}
    problems = [_("there are more cells than columns")] if any(cells[len(heading) :]) else []
    return entries.entry_of(line, given, problems)


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
