"""Search over all conversations: PostgreSQL full text over messages, grouped by ticket, plus `field:value` terms.

Only the newest 1,000 matching messages are ranked: ranking every hit of a common word takes a hundred times as long,
and nobody reads past them. The best plan depends on how common the words are, so the planner's own estimate is read
first: a common word is found fastest by walking back from the newest message, a rare one through the text index
(walking back would read the whole table).
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import connection
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from channels.clocks import desk_now
from mentions.db.sql import all_of
from mentions.people import access
from mentions.search import query_language
from mentions.search.query_language import Query, Term

PAGE = 20
CANDIDATES = 1000
WALKED = 20_000
"""Hits of a common word examined when further terms filter them."""
COMMON = 50_000
_MARKS = ("\x02", "\x03")
"""Delimit a found word; control characters, because user text may contain any mark-up."""


@dataclass(frozen=True)
class Hit:
    """A ticket, and its best-matching message."""

    ticket_id: int
    subject: str
    status: str
    channel_name: str
    who: str
    message_id: int | None
    posted_at: datetime
    platform: str
    excerpt: SafeString
    """Escaped; matches are in <mark>."""


@dataclass(frozen=True)
class Results:
    """`next_cursor` None: last page. `problems`: what was not understood, in words."""

    hits: list[Hit] = field(default_factory=list)
    next_cursor: str | None = None
    terms: tuple[Term, ...] = ()
    problems: tuple[str, ...] = ()
    words: str = ""
    """The text without terms."""


def search(text: str, user: access.User, cursor: str | None = None, now: datetime | None = None) -> Results:
    """One page of results that `user` may see; never raises for any text. `cursor`: from the previous page."""
    query = query_language.parse(text)
    if not user.is_active or not user.has_perm(access.VIEW):
        return Results(terms=query.terms, problems=query.problems)
    offset = _offset(cursor)
    where, values = _where(query, user, now or desk_now())
    problems = list(query.problems)
    rows: list[tuple[Any, ...]] = []
    if query.words and _is_searchable(query.words):
        rows = _by_words(query, where, values, offset)
    elif query.words and not query.conditions:
        problems.append(_("These words are too common to search for."))
    elif query.conditions:
        rows = _by_terms(where, values, offset)
    more = str(offset + PAGE) if len(rows) > PAGE else None
    return Results([_hit(row) for row in rows[:PAGE]], more, query.terms, tuple(problems), query.words)


def _where(query: Query, user: access.User, now: datetime) -> tuple[str, dict[str, Any]]:
    found = all_of([*query.conditions, access.VISIBLE])
    return found.sql, {**found.params, "me": user.pk, "now": now, "words": query.words}


def _offset(cursor: str | None) -> int:
    return min(int(cursor), CANDIDATES) if cursor and cursor.isascii() and cursor.isdigit() and len(cursor) < 6 else 0


def _is_searchable(words: str) -> bool:
    """Whether any words are left after dropping stop words such as "the" and "and"."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT numnode(websearch_to_tsquery('english', %s))", [words])
        return bool(cursor.fetchone()[0])


def _is_common(words: str) -> bool:
    sql = "EXPLAIN (FORMAT JSON) SELECT 1 FROM mentions_message WHERE search @@ websearch_to_tsquery('english', %s)"
    with connection.cursor() as cursor:
        cursor.execute(sql, [words])
        plan = cursor.fetchone()[0]
    plan = json.loads(plan) if isinstance(plan, str) else plan
    return bool(plan[0]["Plan"]["Plan Rows"] > COMMON)


_COLUMNS = """
SELECT t.id, t.subject, t.status, c.name, COALESCE(NULLIF(a.name, ''), NULLIF(a.handle, ''), a.external_id),
       m.id, m.posted_at, x.platform, {headline}
"""
_JOINED = """
JOIN mentions_ticket t ON t.id = page.ticket_id
JOIN channels_channel c ON c.id = t.channel_id
JOIN channels_connection x ON x.id = c.connection_id
JOIN mentions_message m ON m.id = page.message_id
JOIN mentions_author a ON a.id = m.author_id
"""
_HEADLINE = """ts_headline('english', translate(left(m.text, 20000), E'\\x02\\x03', ''), q.query,
    E'StartSel=\\x02, StopSel=\\x03, MaxWords=40, MinWords=20, MaxFragments=2, FragmentDelimiter=" … "')"""

_WORDS = """
WITH q AS MATERIALIZED (SELECT websearch_to_tsquery('english', %(words)s) AS query),
candidates AS MATERIALIZED ({candidates}),
best AS (
    SELECT DISTINCT ON (k.ticket_id) k.ticket_id, k.id AS message_id, ts_rank_cd(k.search, q.query, 1) AS rank
    FROM candidates k CROSS JOIN q ORDER BY k.ticket_id, rank DESC, k.id DESC
), page AS MATERIALIZED (
    SELECT * FROM best ORDER BY rank DESC, ticket_id DESC OFFSET %(offset)s LIMIT %(limit)s
)
{columns} FROM page CROSS JOIN q {joined}
ORDER BY page.rank DESC, t.id DESC
"""
_MATCHES = "search @@ websearch_to_tsquery('english', %(words)s) AND ticket_id IS NOT NULL"
# The sum stops the planner from walking the primary key.
_RARE = """
    SELECT h.id, h.ticket_id, h.search FROM mentions_message h JOIN mentions_ticket ON mentions_ticket.id = h.ticket_id
    WHERE h.{matches} AND {where} ORDER BY (h.id + 0) DESC LIMIT %(candidates)s"""
_FREQUENT = """
    SELECT h.id, h.ticket_id, h.search FROM (
        SELECT id, ticket_id, search FROM mentions_message WHERE {matches} ORDER BY id DESC LIMIT %(walked)s
    ) h JOIN mentions_ticket ON mentions_ticket.id = h.ticket_id
    WHERE {where} ORDER BY h.id DESC LIMIT %(candidates)s"""
_TERMS = """
WITH page AS MATERIALIZED (
    SELECT id AS ticket_id, posted_at, (
        SELECT m.id FROM mentions_message m WHERE m.ticket_id = mentions_ticket.id ORDER BY m.posted_at, m.id LIMIT 1
    ) AS message_id
    FROM mentions_ticket WHERE {where} ORDER BY id DESC OFFSET %(offset)s LIMIT %(limit)s
)
{columns} FROM page {joined}
ORDER BY t.id DESC
"""


def _by_words(query: Query, where: str, values: dict[str, Any], offset: int) -> list[tuple[Any, ...]]:
    filtered = bool(query.conditions)
    inner = (_FREQUENT if _is_common(query.words) else _RARE).format(matches=_MATCHES, where=where)
    sql = _WORDS.format(candidates=inner, columns=_COLUMNS.format(headline=_HEADLINE), joined=_JOINED)
    walked = WALKED if filtered else CANDIDATES
    return _rows(sql, {**values, "candidates": CANDIDATES, "walked": walked}, offset)


def _by_terms(where: str, values: dict[str, Any], offset: int) -> list[tuple[Any, ...]]:
    columns = _COLUMNS.format(headline="left(m.text, 300)")
    return _rows(_TERMS.format(where=where, columns=columns, joined=_JOINED), values, offset)


def _rows(sql: str, values: dict[str, Any], offset: int) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, {**values, "offset": offset, "limit": PAGE + 1})
        return list(cursor.fetchall())


def _hit(row: tuple[Any, ...]) -> Hit:
    ticket_id, subject, status, channel_name, who, message_id, posted_at, platform, headline = row
    return Hit(ticket_id, subject, status, channel_name, who, message_id, posted_at, platform, marked(headline or ""))


def marked(headline: str) -> SafeString:
    """The text escaped, with matches in <mark>; an unclosed mark runs to the end."""
    first, *rest = headline.split(_MARKS[0])
    parts = (piece.partition(_MARKS[1]) for piece in rest)
    return format_html("{}{}", first, format_html_join("", "<mark>{}</mark>{}", ((p[0], p[2]) for p in parts)))
