"""Parses and validates one entry of a list or webhook call: one mark of one person. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.utils.translation import gettext as _

from mentions.csv_lists.values import MAX_ACCOUNTS, BadValue, account_of, choice_of, day_of, is_yes, parts_of, text_of
from mentions.models import Mark


@dataclass(frozen=True, slots=True)
class Entry:
    """`values`: the person's fields given here. `at`: when the mark was decided; None: now."""

    line: int
    accounts: tuple[tuple[str, str], ...] = ()
    """(namespace or platform, handle) of each."""
    kind: str = ""
    is_given: bool = True
    since: date | None = None
    because: str = ""
    at: datetime | None = None
    values: Mapping[str, str] = field(default_factory=dict)
    problems: Sequence[str] = ()

    @property
    def title(self) -> str:
        return self.values.get("name") or ", ".join(handle for _namespace, handle in self.accounts)


def mark_of(value: str) -> str:
    return choice_of(Mark.Kind, value)


def accounts_of(value: str) -> tuple[tuple[str, str], ...]:
    """`twitter=ana, gitlab=@ana_l` → pairs, handles without @."""
    found = [(namespace, handle.removeprefix("@")) for namespace, handle in map(account_of, parts_of(value))]
    if not 0 < len(found) <= MAX_ACCOUNTS:
        raise BadValue(_("needs 1 to %(count)d accounts such as twitter=ana") % {"count": MAX_ACCOUNTS})
    return tuple(found)


def email_of(value: str) -> str:
    try:
        if value:
            validate_email(value)
    except ValidationError as error:
        raise BadValue(_("“%(value)s” is not an email address") % {"value": value[:80]}) from error
    return text_of(254)(value)


READERS: Mapping[str, Callable[[str], Any]] = {
    "accounts": accounts_of,
    "mark": mark_of,
    "given": is_yes,
    "since": day_of,
    "because": text_of(200),
    "name": text_of(200),
    "region": text_of(60),
    "email": email_of,
}
"""Column → its parser."""
COLUMNS = tuple(READERS)
NEEDED = ("accounts", "mark")
OF_PERSON = ("name", "region", "email")


def entry_of(line: int, given: Mapping[str, str], problems: Sequence[str] = (), at: datetime | None = None) -> Entry:
    """`given`: column → text. The caller checks for unknown columns. An empty field of a person changes nothing."""
    found = list(problems)
    values: dict[str, Any] = {}
    for column, reader in READERS.items():
        cell = given.get(column, "").strip()
        if not cell and column not in NEEDED:
            continue
        try:
            values[column] = reader(cell)
        except BadValue as error:
            found.append(f"{column}: {error}")
    return Entry(
        line,
        values.get("accounts", ()),
        values.get("mark", ""),
        values.get("given", True),
        values.get("since"),
        values.get("because", ""),
        at,
        {name: values[name] for name in OF_PERSON if name in values},
        found,
    )
