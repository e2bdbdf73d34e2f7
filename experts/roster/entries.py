"""One colleague as a list describes them, checked. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _

from experts.models import Expert

_SLACK_ID = re.compile(r"[UW][A-Z0-9]{5,39}\Z")
_LANGUAGE = re.compile(r"[a-z]{2,3}\Z")
_YES, _NO = ("yes", "true", "1", "x", "y"), ("no", "false", "0", "n")
_BETWEEN = re.compile(r"[,|;]")
MAX_ACCOUNTS = 20
"""Of one person."""


class BadValue(ValueError):
    """What is wrong with one value, and what to write instead."""


@dataclass(frozen=True, slots=True)
class Entry:
    """`values`: columns of `Expert` that the list gives, and no others. `topics`: names or slugs; None: not given."""

    line: int
    name: str
    values: Mapping[str, Any] = field(default_factory=dict)
    topics: tuple[str, ...] | None = None
    accounts: tuple[tuple[str, str], ...] = ()
    """(namespace, handle) of each."""
    problems: Sequence[str] = ()


def text_of(limit: int) -> Callable[[str], str]:
    def read(value: str) -> str:
        if len(value) > limit:
            raise BadValue(_("is longer than %(limit)d characters") % {"limit": limit})
        return value

    return read


def slack_id_of(value: str) -> str:
    if value and not _SLACK_ID.match(value):
        raise BadValue(_("“%(value)s” is not a Slack member ID such as U0123ABCD") % {"value": value[:40]})
    return value


def timezone_of(value: str) -> str:
    try:
        return ZoneInfo(value).key if value else "UTC"
    except (OSError, ValueError, KeyError) as error:
        raise BadValue(_("“%(value)s” is not a time zone such as Europe/Prague") % {"value": value[:60]}) from error


def hour_of(value: str) -> int:
    hour = value.removesuffix(":00").lstrip("0") or "0"
    if not (hour.isdecimal() and hour.isascii() and int(hour[:4]) <= 24):
        raise BadValue(_("“%(value)s” is not an hour from 0 to 24") % {"value": value[:20]})
    return int(hour)


def day_of(value: str) -> date | None:
    try:
        return date.fromisoformat(value) if value else None
    except ValueError as error:
        raise BadValue(_("“%(value)s” is not a date such as 2026-12-24") % {"value": value[:20]}) from error


def is_yes(value: str) -> bool:
    lowered = value.lower()
    if lowered not in (*_YES, *_NO):
        raise BadValue(_("“%(value)s” is not yes or no") % {"value": value[:20]})
    return lowered in _YES


def languages_of(value: str) -> str:
    codes = [code.strip().lower() for code in _BETWEEN.split(value) if code.strip()]
    if wrong := next((code for code in codes if not _LANGUAGE.match(code)), ""):
        raise BadValue(_("“%(value)s” is not a language code such as en") % {"value": wrong[:20]})
    return text_of(120)(", ".join(dict.fromkeys(codes)))


def role_of(value: str) -> str:
    known = {str(label).lower(): key for key, label in Expert.Role.choices} | {key: key for key in Expert.Role.values}
    if value and value.lower() not in known:
        names = ", ".join(str(label) for label in Expert.Role.labels)
        raise BadValue(_("“%(value)s” is not one of: %(names)s") % {"value": value[:40], "names": names})
    return known[value.lower()] if value else ""


def topics_of(value: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(part.strip() for part in _BETWEEN.split(value) if part.strip()))


def accounts_of(value: str) -> tuple[tuple[str, str], ...]:
    """`twitter=ana, hackernews=ana_l` → pairs."""
    found = []
    for part in topics_of(value):
        namespace, is_pair, handle = part.partition("=")
        if not (is_pair and namespace.strip() and handle.strip() and len(namespace) <= 200 and len(handle) <= 254):
            raise BadValue(_("“%(value)s” is not an account such as twitter=ana") % {"value": part[:60]})
        found.append((namespace.strip().lower(), handle.strip()))
    if len(found) > MAX_ACCOUNTS:
        raise BadValue(_("has more than %(count)d accounts") % {"count": MAX_ACCOUNTS})
    return tuple(found)


_TITLES = (
    ("product manager", Expert.Role.PRODUCT_MANAGER),
    ("engineering manager", Expert.Role.ENGINEERING_MANAGER),
    ("technical writer", Expert.Role.TECHNICAL_WRITER),
    ("support", Expert.Role.SUPPORT_COUNTERPART),
    ("evangelist", Expert.Role.EVANGELIST),
    ("technical marketing", Expert.Role.TECHNICAL_MARKETING),
    ("customer success", Expert.Role.CUSTOMER_SUCCESS),
    ("engineer", Expert.Role.ENGINEER),
)


def role_by_title(title: str) -> str:
    """The kind of role that a job title names; "" if none."""
    lowered = title.lower()
    return next((str(role) for words, role in _TITLES if words in lowered), "")
