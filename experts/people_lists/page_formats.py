"""Reads a team page: a list of colleagues as YAML or JSON, from an untrusted server. Pure.

The names of the keys are those of team pages kept as YAML: name, slug, role, departments, expertise; and those of the
directory's own CSV columns.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _

from channels.toolkit.text import clean, html_to_text
from experts.people_lists import csv_files, plain_yaml
from experts.people_lists.entries import Entry, role_by_title
from mentions.csv_lists.values import MAX_ACCOUNTS, BadValue, parts_of

MAX_BYTES = 2 * 1024 * 1024
MAX_PEOPLE = 3_000
MAX_SHOWN = 50
"""Reported problems of one page; hundreds usually have one cause."""
ACCOUNTS = ("twitter", "hackernews", "mastodon", "bluesky", "reddit", "gitlab", "stackoverflow", "disqus")
_NAMES = {"slack_handle": ("slack_handle", "slack"), "title": ("title", "role"), "timezone": ("timezone", "time_zone")}
_TOPICS = ("topics", "departments", "expertise", "specialty", "stages", "groups", "categories")
_FROM_PAGE = ("title", "slack_id", "slack_handle", "languages", "timezone", "work_starts", "work_ends")
_NOBODY = ("vacancy", "bot", "pet")
"""Types of entries that aren't colleagues."""


class BadPage(ValueError):
    """Why the page cannot be read, in words."""


def read(content: bytes, prefix: str) -> list[Entry]:
    """The people on the page; `prefix` of their `page_key`. People without a slug are identified by name. Raises
    BadPage."""
    if len(content) > MAX_BYTES:
        raise BadPage(_("The page is longer than 2 MB."))
    people = _people(_parsed(content))
    if not people:
        raise BadPage(_("The page lists nobody. Nothing was changed."))
    if len(people) > MAX_PEOPLE:
        raise BadPage(_("The page lists more than %(count)d people.") % {"count": MAX_PEOPLE})
    return [_entry(number, each, prefix) for number, each in enumerate(people, start=1)]


def _parsed(content: bytes) -> Any:
    try:
        text = content.decode("utf-8-sig")
        if text.lstrip().startswith(("[", "{")):
            return plain_yaml.not_deep(json.loads(text))
        return plain_yaml.read(text)
    except (UnicodeDecodeError, plain_yaml.NotPlain, ValueError, RecursionError) as error:
        said = " ".join(str(error).split())[:300]
        raise BadPage(_("The page is neither YAML nor JSON: %(error)s") % {"error": said}) from error


def _people(document: Any) -> list[Mapping[str, Any]]:
    """The list itself, or the one under `people` or `team`."""
    if isinstance(document, dict):
        document = next((document[key] for key in ("people", "team", "members") if key in document), None)
    if not isinstance(document, list):
        raise BadPage(_("The page is not a list of people."))
    return [each for each in document if isinstance(each, dict) and str(each.get("type", "")) not in _NOBODY]


def _entry(number: int, given: Mapping[str, Any], prefix: str) -> Entry:
    name = _line(given.get("name"))[:120]
    problems = [] if name else [_("the name is missing")]
    values: dict[str, Any] = {}
    for column in _FROM_PAGE:
        value = next((line for key in _NAMES.get(column, (column,)) if (line := _line(given.get(key)))), "")
        try:
            values |= {column: csv_files.READERS[column](value)} if value else {}
        except BadValue as error:
            problems.append(f"{column}: {error}")
    if role := role_by_title(values.get("title", "")):
        values["role"] = role
    values["page_key"] = f"{prefix}:{_line(given.get('slug')) or name}"[:120]
    return Entry(number, name, values, _topics(given), _accounts(given), problems)


def _topics(given: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(part for key in _TOPICS for part in parts_of(_line(given.get(key)))))


def _accounts(given: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    more = given.get("accounts")
    named = {_line(key).lower()[:200]: value for key, value in more.items()} if isinstance(more, dict) else {}
    named |= {name: given[name] for name in ACCOUNTS if name in given}
    pairs = ((name, _line(value).removeprefix("@")[:254]) for name, value in named.items())
    return tuple((name, handle) for name, handle in pairs if name and handle)[:MAX_ACCOUNTS]


def _line(value: Any) -> str:
    """One line of text; a list is joined by commas, markup is taken out."""
    if isinstance(value, list):
        return ", ".join(line for each in value[:50] if (line := _line(each)))
    if isinstance(value, bool) or not isinstance(value, str | int):
        return ""
    return " ".join(clean(html_to_text(str(value)[:5_000])).split())
