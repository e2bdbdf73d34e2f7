"""The ticket sidebar in one statement: requester, earlier tickets, tags, draft, macros, counts."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from functools import cache, lru_cache
from typing import Any

from django.utils import timezone

from mentions.db import prepared
from mentions.db.loading import RowMapper
from mentions.db.sql import all_of
from mentions.models import Author, Draft, EventKind, Person, Ticket, View
from mentions.people import access
from mentions.queue import view_filters, view_tickets
from mentions.replies.drafts import SavedDraft
from mentions.tickets.conversation import Presence

EARLIER = 5
DONE_KINDS = (EventKind.STATUS, EventKind.REPLIED, EventKind.NO_REPLY, EventKind.ANSWERED_OUTSIDE)
_TAKEN_BACK = (EventKind.UNDONE, EventKind.BLOCKED, EventKind.DELIVERY_FAILED)
"""Steps that were undone, or had a reply that was never sent."""
_DONE = """
SELECT count(DISTINCT e.ticket_id) FROM mentions_event e
WHERE e.actor_id = %(me)s AND e.at >= %(midnight)s
  AND (e.kind = ANY(%(kinds)s) OR e.kind = 'macro' AND e.data->'to'->>'status' IN ('pending', 'solved'))
  AND NOT EXISTS (SELECT 1 FROM mentions_event u WHERE u.ticket_id = e.ticket_id AND u.at >= e.at
    AND u.kind = ANY(%(taken_back)s) AND (u.data->>'event' = e.id::text OR u.data->>'reply' = e.data->>'reply'))
"""
STATUS_WORDS = dict(Ticket.Status.choices)


@dataclass(frozen=True, slots=True)
class Earlier:
    """Another conversation with the same human if known, else the same account."""

    pk: int
    subject: str
    status_word: str
    platform: str


@dataclass(frozen=True, slots=True)
class Picked:
    """How the viewer got the ticket, by their last claim. `how`: None if they took it from a list, "mine" or "others"
    if play mode offered it; `view`: the slug of the played view."""

    how: str | None = None
    view: str | None = None


@dataclass(frozen=True, slots=True)
class SidebarFacts:
    requester: Author
    tags: list[str]
    draft: SavedDraft
    done_today: int
    """Tickets this person progressed since midnight in their zone."""
    has: Presence
    earlier: list[Earlier]
    """One more than EARLIER if there are more."""
    macros: list[dict[str, Any]]
    picked: Picked
    left: int | None
    """Tickets left in the played view; capped."""
    marks: list[str]
    """The requester's marks: `Mark.Kind` values."""
    swag: list[tuple[int, str, int | None]]
    """Open suggestions: (id, rule, its macro)."""
    in_view: bool
    """Whether this ticket belongs to that view, ignoring filters that claiming changes."""


CHANGED_BY_CLAIMING = {"statuses", "assignee"}
"""View filters that claiming affects."""

_FACTS = """
SELECT {author}, {person},
       ARRAY(SELECT g.name FROM mentions_tag g JOIN mentions_ticket_tags x ON x.tag_id = g.id
             WHERE x.ticket_id = %(ticket)s ORDER BY g.name),
       (SELECT jsonb_build_array(d.text, d.version, d.writer, d.sequence, d.status_after, d.credit)
        FROM mentions_draft d WHERE d.ticket_id = %(ticket)s AND d.user_id = %(me)s),
       ({done}),
       EXISTS (SELECT 1 FROM mentions_note n WHERE n.ticket_id = %(ticket)s),
       EXISTS (SELECT 1 FROM mentions_reply r WHERE r.ticket_id = %(ticket)s),
       EXISTS (SELECT 1 FROM mentions_message m
               JOIN mentions_threadpost p ON p.namespace = m.namespace AND p.thread_id = m.thread_id
               WHERE m.ticket_id = %(ticket)s),
       (SELECT jsonb_agg(jsonb_build_array(o.id, o.subject, o.status, o.platform) ORDER BY o.last_message_at DESC)
        FROM (SELECT id, subject, status, last_message_at,
                  (SELECT x.platform FROM channels_channel c JOIN channels_connection x ON x.id = c.connection_id
                   WHERE c.id = mentions_ticket.channel_id) AS platform
              FROM mentions_ticket
              WHERE requester_id IN (SELECT a.id UNION ALL
                                     SELECT s.id FROM mentions_author s WHERE s.person_id = a.person_id)
                AND id <> %(ticket)s AND {visible}
              ORDER BY last_message_at DESC LIMIT {earlier}) o),
       (SELECT jsonb_agg(jsonb_build_object('pk', k.id, 'name', k.name, 'description', k.description)
                         ORDER BY k.position, k.name) FROM mentions_macro k WHERE k.is_active),
       (SELECT jsonb_build_array(e.data->>'picked', e.data->>'view') FROM mentions_event e
        WHERE e.ticket_id = %(ticket)s AND e.kind = 'claimed' AND e.actor_id = %(me)s
        ORDER BY e.at DESC, e.id DESC LIMIT 1),
       {left},
       ARRAY(SELECT k.kind FROM mentions_mark k
             WHERE k.person_id = a.person_id AND k.is_given AND NOT a.is_us ORDER BY k.kind),
       (SELECT jsonb_agg(jsonb_build_array(s.id, u.name, u.macro_id) ORDER BY s.id)
        FROM mentions_swagsuggestion s JOIN mentions_swagrule u ON u.id = s.rule_id
        WHERE s.person_id = a.person_id AND s.state = 'open'),
       {in_view}
FROM mentions_author a LEFT JOIN mentions_person h ON h.id = a.person_id WHERE a.id = %(requester)s
"""


@cache
def _shapes() -> tuple[RowMapper[Author], RowMapper[Person]]:
    return RowMapper(Author), RowMapper(Person)


@lru_cache(maxsize=512)
def _statement(filters: str | None) -> tuple[str, dict[str, Any]]:
    """The statement, with the count of the view with these filters, and the filter values."""
    authors, persons = _shapes()
    left, in_view, values = "NULL::bigint", "TRUE", {}
    if filters is not None:
        shown = json.loads(filters)
        where = all_of([*view_filters.conditions(shown), access.VISIBLE])
        counted = f"SELECT 1 FROM mentions_ticket WHERE {where.sql} LIMIT {view_tickets.COUNT_CAP + 1}"  # noqa: S608
        left, values = f"(SELECT count(*) FROM ({counted}) counted)", dict(where.params)  # noqa: S608
        if not CHANGED_BY_CLAIMING & set(shown):
            in_view = f"EXISTS (SELECT 1 FROM mentions_ticket WHERE id = %(ticket)s AND {where.sql})"  # noqa: S608
    sql = _FACTS.format(
        author=authors.columns("a"),
        person=persons.columns("h"),
        visible=access.VISIBLE.sql,
        earlier=EARLIER + 1,
        done=_DONE,
        left=left,
        in_view=in_view,
    )
    return sql, values


def _draft(found: str | None) -> SavedDraft:
    text, version, writer, sequence, after, credit = json.loads(found) if found else ("", 0, "", 0, "", "")
    return SavedDraft(text, version, writer, sequence, "" if writer == Draft.SENT else after, credit=credit)


def facts_of(ticket: Ticket, user: Any, now: datetime, view: View | None = None) -> SidebarFacts:
    """`view`: the view to count. The caller has checked that `user` may see the ticket."""
    sql, values = _statement(None if view is None else json.dumps(view.filters, sort_keys=True))
    own = {"ticket": ticket.pk, "requester": ticket.requester_id, **_today(now)}
    row = prepared.run(sql, {**values, **own, "me": user.pk, "now": now})[0]
    authors, persons = _shapes()
    requester, person = authors.from_row(row), persons.from_row(row, authors.width)
    requester.person = person if person.pk is not None else None
    tags, draft, done, notes, replies, posts, earlier, macros, picked, *counted = row[authors.width + persons.width :]
    left, marks, swag, in_view = counted
    others = [
        Earlier(pk, subject, str(STATUS_WORDS[s]), where) for pk, subject, s, where in json.loads(earlier or "[]")
    ]
    known = Presence(notes, replies, posts)
    return SidebarFacts(
        requester,
        tags,
        _draft(draft),
        done,
        known,
        others,
        json.loads(macros or "[]"),
        Picked(*json.loads(picked or "[]")),
        left,
        marks,
        [(pk, rule, macro) for pk, rule, macro in json.loads(swag or "[]")],
        in_view,
    )


def _today(now: datetime) -> dict[str, Any]:
    """The values of _DONE, except the user."""
    midnight = timezone.localtime(now).replace(hour=0, minute=0, second=0, microsecond=0)
    return {"midnight": midnight, "kinds": list(DONE_KINDS), "taken_back": list(_TAKEN_BACK)}


def done_today(user: Any, now: datetime) -> int:
    """Tickets this person progressed since midnight in their zone, without undone steps."""
    return int(prepared.run(_DONE, {"me": user.pk, **_today(now)})[0][0])
