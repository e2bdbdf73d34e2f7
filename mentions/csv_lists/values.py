"""Reads single values of a list: limited text, dates, yes or no, one of several choices, accounts. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date

from django.db.models import TextChoices
from django.utils.translation import gettext as _

_YES, _NO = ("yes", "true", "1", "x", "y"), ("no", "false", "0", "n")
_BETWEEN = re.compile(r"[,|;]")
MAX_ACCOUNTS = 20
"""Per person."""


class BadValue(ValueError):
    """Says what is wrong with a value and what to write instead."""


def text_of(limit: int) -> Callable[[str], str]:
    def read(value: str) -> str:
        if len(value) > limit:
            raise BadValue(_("is longer than %(limit)d characters") % {"limit": limit})
        return value

    return read


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


def choice_of(choices: type[TextChoices], value: str) -> str:
    """The choice with this label or key, case-insensitively."""
    known = {str(label).lower(): key for key, label in choices.choices} | {key: key for key in choices.values}
    if value.lower() not in known:
        names = ", ".join(str(label) for label in choices.labels)
        raise BadValue(_("“%(value)s” is not one of: %(names)s") % {"value": value[:40], "names": names})
    return str(known[value.lower()])


def parts_of(value: str) -> tuple[str, ...]:
    """Several values in one cell, between commas, semicolons or bars; each once."""
    return tuple(dict.fromkeys(part.strip() for part in _BETWEEN.split(value) if part.strip()))


def account_of(value: str) -> tuple[str, str]:
    """`twitter=ana` → (namespace or platform, handle)."""
    namespace, is_pair, handle = (part.strip() for part in value.partition("="))
    if not (is_pair and namespace and handle.removeprefix("@") and len(namespace) <= 200 and len(handle) <= 254):
        raise BadValue(_("“%(value)s” is not an account such as twitter=ana") % {"value": value[:60]})
    return namespace.lower(), handle
