"""Parses the search box: words for full text, `field:value` terms for the rest. Pure.

`"a phrase"`, `-without`, `status:open`, `-tag:spam`, `author:"Jane D."`. No input is an error: anything not understood
is searched as words, or named in `problems` and ignored.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

from django.utils.translation import gettext as _

from mentions.clocks import due_soon, overdue
from mentions.db.sql import Fragment
from mentions.models import Mark

MAX_LENGTH = 1000
MAX_TERMS = 30
_TOKEN = re.compile(r'(?P<minus>-?)(?:(?P<field>[A-Za-z]+):(?=\S))?(?:"(?P<phrase>[^"]*)(?:"|$)|(?P<word>[^\s"]+))')
STATUSES = ("new", "open", "pending", "solved", "closed")
PRIORITIES = {"low": 10, "normal": 20, "high": 30, "urgent": 40}


@dataclass(frozen=True)
class Term:
    """One `field:value`, as a chip shows it."""

    field: str
    value: str
    negated: bool

    def __str__(self) -> str:
        value = f'"{self.value}"' if " " in self.value else self.value
        return f"{'-' if self.negated else ''}{self.field}:{value}"


@dataclass(frozen=True)
class Query:
    """`words`: for `websearch_to_tsquery`; `conditions`: over mentions_ticket, with `me` and `now` unfilled."""

    words: str = ""
    terms: tuple[Term, ...] = ()
    conditions: tuple[Fragment, ...] = ()
    problems: tuple[str, ...] = field(default=())


def parse(text: str) -> Query:
    """Never raises, for any text."""
    words: list[str] = []
    terms: list[Term] = []
    conditions: list[Fragment] = []
    problems: list[str] = []
    clean = text.replace("\0", " ").encode("utf-8", "ignore").decode()[:MAX_LENGTH]
    for match in list(_TOKEN.finditer(clean))[:MAX_TERMS]:
        name, value = (match["field"] or "").lower(), match["phrase"] if match["phrase"] is not None else match["word"]
        make = FIELDS.get(name)
        if make is None or not value.strip():
            words.append(_as_words(match, value))
            continue
        term = Term(name, value.strip(), bool(match["minus"]))
        try:
            sql, params = make(term.value)
        except ValueError as error:
            problems.append(str(error))
            continue
        terms.append(term)
        conditions.append(_numbered(sql, params, len(conditions), term.negated))
    return Query(" ".join(word for word in words if word), tuple(terms), tuple(conditions), tuple(problems))


def _as_words(match: re.Match[str], value: str) -> str:
    """In PostgreSQL's web search syntax; something that only looks like a field (`http://…`, `foo:bar`) is a word
    too."""
    if match["field"] and match["phrase"] is None:
        value = f"{match['field']}:{value}"
    elif match["field"]:
        value = f"{match['field']} {value}"
    if not value.strip():
        return ""
    # PostgreSQL's web syntax splits a URL at its colon unless it is quoted.
    is_quoted = match["phrase"] is not None or ":" in value
    quoted = f'"{value}"' if is_quoted else value.lstrip("-")
    return f"{match['minus']}{quoted}"


def _numbered(sql: str, params: dict[str, Any], number: int, negated: bool) -> Fragment:
    """Gives each term unique parameter names."""
    for name in params:
        sql = sql.replace(f"%({name})s", f"%(q{number}_{name})s")
    sql = f"({sql}) IS NOT TRUE" if negated else f"({sql})"
    return Fragment(sql, {f"q{number}_{name}": value for name, value in params.items()})


Made = tuple[str, dict[str, Any]]


def _status(value: str) -> Made:
    if value.lower() not in STATUSES:
        words = {"value": value, "known": ", ".join(STATUSES)}
        raise ValueError(_("Unknown status “%(value)s”. Use one of %(known)s.") % words)
    return "mentions_ticket.status = %(value)s", {"value": value.lower()}


def _channel(value: str) -> Made:
    sql = """mentions_ticket.channel_id = ANY (ARRAY(SELECT c.id FROM channels_channel c
        JOIN channels_connection x ON x.id = c.connection_id
        WHERE lower(%(value)s) IN (c.slug, lower(c.name), lower(c.address), x.platform)))"""
    return sql, {"value": value.lstrip("@")}


def _tag(value: str) -> Made:
    sql = """EXISTS (SELECT 1 FROM mentions_ticket_tags tt JOIN mentions_tag g ON g.id = tt.tag_id
        WHERE tt.ticket_id = mentions_ticket.id AND lower(g.name) = lower(%(value)s))"""
    return sql, {"value": value}


_WHO = "lower(a.handle) = lower(%(value)s) OR lower(a.name) = lower(%(value)s) OR a.external_id = %(value)s"


def _author(value: str) -> Made:
    sql = f"mentions_ticket.requester_id = ANY (ARRAY(SELECT a.id FROM mentions_author a WHERE {_WHO}))"  # noqa: S608
    return sql, {"value": value.lstrip("@")}


def _from(value: str) -> Made:
    sql = f"""mentions_ticket.id = ANY (ARRAY(SELECT m.ticket_id FROM mentions_message m
        WHERE m.ticket_id IS NOT NULL
          AND m.author_id = ANY (ARRAY(SELECT a.id FROM mentions_author a WHERE {_WHO}))))"""  # noqa: S608
    return sql, {"value": value.lstrip("@")}


def _mark(value: str) -> Made:
    if value.lower() not in Mark.Kind.values:
        words = {"value": value, "known": ", ".join(Mark.Kind.values)}
        raise ValueError(_("Unknown mark “%(value)s”. Use one of %(known)s.") % words)
    sql = """mentions_ticket.requester_id IN (SELECT a.id FROM mentions_author a
        JOIN mentions_mark k ON k.person_id = a.person_id
        WHERE k.is_given AND NOT a.is_us AND k.kind = %(value)s)"""
    return sql, {"value": value.lower()}


def _assignee(value: str) -> Made:
    if value.lower() == "me":
        return "mentions_ticket.assignee_id = %(me)s", {}
    if value.lower() == "none":
        return "mentions_ticket.assignee_id IS NULL", {}
    ids = "ARRAY(SELECT u.id FROM auth_user u WHERE lower(u.username) = lower(%(value)s))"
    sql = f"mentions_ticket.assignee_id = ANY ({ids})"
    return sql, {"value": value}


def _priority(value: str) -> Made:
    name = value.lower()
    if name not in PRIORITIES:
        words = {"value": value, "known": ", ".join(PRIORITIES)}
        raise ValueError(_("Unknown priority “%(value)s”. Use one of %(known)s.") % words)
    return "mentions_ticket.priority = %(value)s", {"value": PRIORITIES[name]}


def _language(value: str) -> Made:
    return "lower(mentions_ticket.language) = lower(%(value)s)", {"value": value}


def _before(value: str) -> Made:
    return "mentions_ticket.posted_at < %(value)s::timestamptz", {"value": _midnight(value)}


def _after(value: str) -> Made:
    """From the next day: `after:2026-11-01` excludes that day."""
    return "mentions_ticket.posted_at >= %(value)s::timestamptz", {"value": _midnight(value) + timedelta(days=1)}


def _midnight(value: str) -> datetime:
    try:
        day = date.fromisoformat(value)
        if not 1970 <= day.year <= 9000:
            raise ValueError
    except ValueError:
        raise ValueError(_("“%(value)s” is not a date. Write it as 2026-11-21.") % {"value": value}) from None
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


_ANY_MESSAGE = "EXISTS (SELECT 1 FROM mentions_message m WHERE m.ticket_id = mentions_ticket.id AND {0})"
HAS: dict[str, str | Callable[[], str]] = {
    "attachment": _ANY_MESSAGE.format("EXISTS (SELECT 1 FROM mentions_attachment f WHERE f.message_id = m.id)"),
    "reply": "mentions_ticket.first_reply_at IS NOT NULL",
    "link": _ANY_MESSAGE.format("jsonb_array_length(m.links) > 0"),
    "note": "EXISTS (SELECT 1 FROM mentions_note n WHERE n.ticket_id = mentions_ticket.id)",
}
IS: dict[str, str | Callable[[], str]] = {
    "overdue": overdue.SQL,
    "due-soon": due_soon.sql,
    "parked": "mentions_ticket.waiting_on <> ''",
    "queued": "mentions_ticket.is_queued",
    "unanswered": "mentions_ticket.due_at IS NOT NULL",
    "unassigned": "mentions_ticket.assignee_id IS NULL",
    "mine": "mentions_ticket.assignee_id = %(me)s",
    "held": "mentions_ticket.claim_expires_at > %(now)s::timestamptz",
    "followup": "mentions_ticket.follow_up_of_id IS NOT NULL",
}


def _one_of(known: dict[str, str | Callable[[], str]], name: str) -> Callable[[str], Made]:
    statuses = STATUSES if name == "is" else ()

    def make(value: str) -> Made:
        if value.lower() in statuses:
            return _status(value)
        if value.lower() not in known:
            words = {"name": name, "value": value, "known": ", ".join([*known, *statuses])}
            raise ValueError(_("Unknown term “%(name)s:%(value)s”. Use one of %(known)s.") % words)
        found = known[value.lower()]
        return found() if callable(found) else found, {}

    return make


FIELDS: dict[str, Callable[[str], Made]] = {
    "status": _status,
    "channel": _channel,
    "tag": _tag,
    "author": _author,
    "from": _from,
    "mark": _mark,
    "assignee": _assignee,
    "priority": _priority,
    "language": _language,
    "before": _before,
    "after": _after,
    "has": _one_of(HAS, "has"),
    "is": _one_of(IS, "is"),
}
