"""The directory as a CSV file, both ways. Reading is pure; what it means for the directory says `planning`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Any

from django.utils.translation import gettext as _

from experts.models import Expert
from experts.roster import entries
from experts.roster.entries import BadValue, Entry
from mentions.text.cells import BadFile, decoded, rows_of, written

READERS: Mapping[str, Callable[[str], Any]] = {
    "title": entries.text_of(120),
    "role": entries.role_of,
    "slack_id": entries.slack_id_of,
    "slack_handle": entries.text_of(80),
    "languages": entries.languages_of,
    "timezone": entries.timezone_of,
    "work_starts": entries.hour_of,
    "work_ends": entries.hour_of,
    "absent_from": entries.day_of,
    "absent_until": entries.day_of,
    "prefers_drafts": entries.is_yes,
    "is_active": entries.is_yes,
}
"""Column → how it is read; each has the name of the field of `Expert`."""
KEPT_IF_EMPTY = ("work_starts", "work_ends", "prefers_drafts", "is_active", "timezone")
COLUMNS = ("name", *READERS, "topics", "accounts")


def read(content: bytes) -> list[Entry]:
    """The people of a file, each with what is wrong with their line. Raises BadFile."""
    rows = rows_of(decoded(content).replace("\0", ""))
    if not rows:
        raise BadFile(_("The file is empty."))
    heading = [cell.lower().replace(" ", "_") for cell in rows[0][1]]
    _check(heading)
    return [_entry(line, cells, heading) for line, cells in rows[1:]]


def _check(heading: Sequence[str]) -> None:
    if "name" not in heading:
        raise BadFile(_("The first line must name the columns, one of them “name”."))
    if unknown := [name for name in heading if name and name not in COLUMNS]:
        words = {"column": unknown[0], "known": ", ".join(COLUMNS)}
        raise BadFile(_("There is no column “%(column)s”. The columns are: %(known)s.") % words)
    if twice := [name for name in heading if name and heading.count(name) > 1]:
        raise BadFile(_("There are two columns “%(column)s”.") % {"column": twice[0]})


def _entry(line: int, cells: Sequence[str], heading: Sequence[str]) -> Entry:
    given = {name: cell for name, cell in zip(heading, cells, strict=False) if name}
    problems = [_("there are more cells than columns")] if any(cells[len(heading) :]) else []
    values: dict[str, Any] = {}
    for column, cell in given.items():
        reader = _reader(column)
        if reader is None or (not cell and column in KEPT_IF_EMPTY):
            continue
        try:
            values[column] = reader(cell)
        except BadValue as error:
            problems.append(f"{column}: {error}")
    name = given.get("name", "")
    if not name or len(name) > 120:
        problems.append(_("the name is missing") if not name else _("the name is too long"))
    accounts, topics = values.pop("accounts", ()), values.pop("topics", None)
    return Entry(line, name, values, topics, accounts, problems)


def _reader(column: str) -> Callable[[str], Any] | None:
    return {**READERS, "topics": entries.topics_of, "accounts": entries.accounts_of}.get(column)


def export() -> str:
    """Every expert, the inactive too; reading it back changes nothing. Four queries."""
    experts = Expert.objects.select_related("person").prefetch_related("topics", "person__accounts")
    return written([COLUMNS, *(_row(expert) for expert in experts)])


def _row(expert: Expert) -> list[str]:
    topics = ", ".join(topic.slug for topic in expert.topics.all())
    accounts = ", ".join(f"{account.namespace}={account.handle}" for account in expert.person.accounts.all())
    return [expert.person.name, *(_cell(getattr(expert, name)) for name in READERS), topics, accounts]


def _cell(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return value.isoformat() if isinstance(value, date) else "" if value is None else str(value)
