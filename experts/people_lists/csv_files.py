"""The directory as a CSV file, both ways. Reading is pure; `planning` works out what would change."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

from django.utils.translation import gettext as _

from experts.models import Expert
from experts.people_lists import entries
from experts.people_lists.entries import Entry
from mentions.csv_lists import values
from mentions.csv_lists.lines import CsvLine, lines_of
from mentions.csv_lists.values import BadValue
from mentions.text.cells import written

READERS: Mapping[str, Callable[[str], Any]] = {
    "title": values.text_of(120),
    "role": entries.role_of,
    "slack_id": entries.slack_id_of,
    "slack_handle": values.text_of(80),
    "languages": entries.languages_of,
    "timezone": entries.timezone_of,
    "work_starts": entries.hour_of,
    "work_ends": entries.hour_of,
    "absent_from": values.day_of,
    "absent_until": values.day_of,
    "prefers_drafts": values.is_yes,
    "is_active": values.is_yes,
}
"""Column → how it is read; each has the name of the field of `Expert`."""
KEPT_IF_EMPTY = ("work_starts", "work_ends", "prefers_drafts", "is_active", "timezone")
COLUMNS = ("name", *READERS, "topics", "accounts")
NEEDED = ("name",)


def read(content: bytes) -> list[Entry]:
    """The people of a file, each with what is wrong with their line. Raises BadFile."""
    return [_entry(line) for line in lines_of(content, COLUMNS, NEEDED)]


def _entry(line: CsvLine) -> Entry:
    given, problems = line.cells, list(line.problems)
    found: dict[str, Any] = {}
    for column, cell in given.items():
        reader = _reader(column)
        if reader is None or (not cell and column in KEPT_IF_EMPTY):
            continue
        try:
            found[column] = reader(cell)
        except BadValue as error:
            problems.append(f"{column}: {error}")
    name = given.get("name", "")
    if not name or len(name) > 120:
        problems.append(_("the name is missing") if not name else _("the name is too long"))
    accounts, topics = found.pop("accounts", ()), found.pop("topics", None)
    return Entry(line.number, name, found, topics, accounts, problems)


def _reader(column: str) -> Callable[[str], Any] | None:
    return {**READERS, "topics": values.parts_of, "accounts": entries.accounts_of}.get(column)


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
