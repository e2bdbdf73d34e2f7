"""One colleague as a list describes them, checked. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _

from experts.models import Expert
from mentions.csv_lists.values import MAX_ACCOUNTS, BadValue, account_of, choice_of, parts_of, text_of

_SLACK_ID = re.compile(r"[UW][A-Z0-9]{5,39}\Z")
_LANGUAGE = re.compile(r"[a-z]{2,3}\Z")


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


def languages_of(value: str) -> str:
    codes = [code.lower() for code in parts_of(value)]
    if wrong := next((code for code in codes if not _LANGUAGE.match(code)), ""):
        raise BadValue(_("“%(value)s” is not a language code such as en") % {"value": wrong[:20]})
    return text_of(120)(", ".join(dict.fromkeys(codes)))


def role_of(value: str) -> str:
    return choice_of(Expert.Role, value) if value else ""


def accounts_of(value: str) -> tuple[tuple[str, str], ...]:
    """`twitter=ana, hackernews=ana_l` → pairs."""
    found = tuple(map(account_of, parts_of(value)))
    if len(found) > MAX_ACCOUNTS:
        raise BadValue(_("has more than %(count)d accounts") % {"count": MAX_ACCOUNTS})
    return found


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
