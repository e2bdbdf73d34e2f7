"""Parses and validates one entry of a list or webhook call: one mark of one person. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.utils.translation import gettext as _

from mentions.models import Mark

_YES, _NO = ("yes", "true", "1", "x", "y"), ("no", "false", "0", "n")
_BETWEEN = re.compile(r"[,|;]")
MAX_ACCOUNTS = 20
"""Per person."""


class BadValue(ValueError):
    """Says what is wrong with a value and what to write instead."""


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


def text_of(limit: int) -> Callable[[str], str]:
    def read(value: str) -> str:
        if len(value) > limit:
            raise BadValue(_("is longer than %(limit)d characters") % {"limit": limit})
        return value

    return read


def mark_of(value: str) -> str:
    known = {str(label).lower(): key for key, label in Mark.Kind.choices} | {key: key for key in Mark.Kind.values}
    if value.lower() not in known:
        names = ", ".join(str(label) for label in Mark.Kind.labels)
        raise BadValue(_("“%(value)s” is not one of: %(names)s") % {"value": value[:40], "names": names})
    return known[value.lower()]


def accounts_of(value: str) -> tuple[tuple[str, str], ...]:
    """`twitter=ana, gitlab=ana_l` → pairs."""
    found = []
    for part in dict.fromkeys(each.strip() for each in _BETWEEN.split(value) if each.strip()):
        namespace, is_pair, handle = part.partition("=")
        handle = handle.strip().removeprefix("@")
        if not (is_pair and namespace.strip() and handle and len(namespace) <= 200 and len(handle) <= 254):
            raise BadValue(_("“%(value)s” is not an account such as twitter=ana") % {"value": part[:60]})
        found.append((namespace.strip().lower(), handle))
    if not 0 < len(found) <= MAX_ACCOUNTS:
        raise BadValue(_("needs 1 to %(count)d accounts such as twitter=ana") % {"count": MAX_ACCOUNTS})
    return tuple(found)


def day_of(value: str) -> date | None:
    try:
        return date.fromisoformat(value) if value else None
    except ValueError as error:
        raise BadValue(_("“%(value)s” is not a date such as 2026-12-24") % {"value": value[:20]}) from error


def email_of(value: str) -> str:
    try:
        if value:
            validate_email(value)
    except ValidationError as error:
        raise BadValue(_("“%(value)s” is not an email address") % {"value": value[:80]}) from error
    return text_of(254)(value)


def is_yes(value: str) -> bool:
    lowered = value.lower() or "yes"
    if lowered not in (*_YES, *_NO):
        raise BadValue(_("“%(value)s” is not yes or no") % {"value": value[:20]})
    return lowered in _YES


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
