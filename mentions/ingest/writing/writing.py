"""Writes a batch's decisions as rows, in a few set-based statements.

Rows travel as JSON: one parameter per table, quoted once, several times as fast as one parameter per value. Foreign
keys are deferred, so one statement can insert tickets, messages and their dependent rows.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from django.db import connection

from channels.outbox import outbox
from mentions.clocks import clocks, targets
from mentions.ingest import bounces
from mentions.ingest.reading.loading import Moved
from mentions.ingest.reading.state import IngestBatch, MessageState, Row, TicketState
from mentions.ingest.writing.attachments import store_attachments
from mentions.ingest.writing.rows_json import to_json
from mentions.tickets import unanswered

TICKET = """id bigint, channel_id bigint, requester_id bigint, subject text, status text, priority int,
    assignee_id bigint, language text, posted_at timestamptz, created_at timestamptz, due_at timestamptz,
    no_reply_reason text, solved_at timestamptz, follow_up_of_id bigint, waiting_on text, park_until timestamptz"""
MESSAGE = """id bigint, ticket_id bigint, channel_id bigint, namespace text, external_id text, thread_id text,
    parent_external_id text, reply_to_external_id text, author_id bigint, direction text, subject text, text text,
    html text, url text, canonical_url text, page_url text, language text, links jsonb,
    thread_title text, is_auto boolean, is_deleted boolean,
    extra jsonb, posted_at timestamptz, ingested_at timestamptz, edited_at timestamptz, deleted_at timestamptz,
    digest text, version_at timestamptz, item_id bigint"""
MESSAGE_COLUMNS = ", ".join(column.split()[0] for column in MESSAGE.split(","))
_INSERT = f"""
WITH tickets AS (
    INSERT INTO mentions_ticket (id, channel_id, requester_id, subject, status, priority, assignee_id, language,
        waiting_on, wait_note, wake_at, posted_at, created_at, queued_at, last_message_at, due_at, no_reply_reason,
        solved_at, follow_up_of_id)
    SELECT id, channel_id, requester_id, subject, status, priority, assignee_id, language, waiting_on, '', park_until,
           posted_at, created_at, posted_at, posted_at, due_at, no_reply_reason, solved_at, follow_up_of_id
      FROM json_to_recordset(%(tickets)s) AS x ({TICKET})
), messages AS (
    INSERT INTO mentions_message ({MESSAGE_COLUMNS})
    SELECT {MESSAGE_COLUMNS.replace(" digest", " decode(digest, 'hex')")}
      FROM json_to_recordset(%(messages)s) AS x ({MESSAGE})
), events AS (
    INSERT INTO mentions_event (ticket_id, at, kind, data)
    SELECT * FROM json_to_recordset(%(events)s) AS x (ticket_id bigint, at timestamptz, kind text, data jsonb)
), threads AS (
    INSERT INTO mentions_threadalias (namespace, key, ticket_id)
    SELECT * FROM unnest(%(namespaces)s::text[], %(keys)s::text[], %(leads)s::bigint[])
)
INSERT INTO mentions_sighting (message_id, channel_id, at)
SELECT * FROM unnest(%(seen)s::bigint[], %(by)s::bigint[], %(when)s::timestamptz[])
ON CONFLICT (message_id, channel_id) DO NOTHING
"""  # noqa: S608  (only constants of ours are filled in)
_NEXT = """
SELECT nextval('mentions_ticket_id_seq') FROM generate_series(1, %s)
UNION ALL SELECT nextval('mentions_message_id_seq') FROM generate_series(1, %s)
"""


def write(batch: IngestBatch) -> None:
    """Write everything the batch decided. Ids are assigned first, so rows can refer to each other."""
    _give_ids(batch.new_tickets, batch.new_messages)
    _move_threads(batch)
    tickets = _tickets_at_hand(batch)
    _insert(batch, tickets)
    _update_messages(batch)
    _write_the_rest(batch)
    _update_tickets([ticket for ticket in tickets if ticket.is_changed and not ticket.is_new])
    _forget_hand_backs(tickets)
    clocks.recompute(ticket.id for ticket in tickets if ticket.needs_clocks and not _is_simple(ticket))
    for ticket in tickets:
        if ticket.lost_answer_at is not None:
            unanswered.reopen([ticket.id], ticket.lost_answer_at)


def _tickets_at_hand(batch: IngestBatch) -> list[TicketState]:
    return [*batch.tickets.values(), *batch.new_tickets]


def _is_simple(ticket: TicketState) -> bool:
    """A new ticket with one unanswered message: its clocks are trivial and written with it, unless only the database
    knows the hours that count."""
    return ticket.is_new and ticket.count == 1 and not ticket.counts_coverage


def _give_ids(tickets: Sequence[TicketState], messages: Sequence[MessageState]) -> None:
    if not tickets and not messages:
        return
    with connection.cursor() as cursor:
        cursor.execute(_NEXT, [len(tickets), len(messages)])
        ids = [pk for (pk,) in cursor.fetchall()]
    for ticket, pk in zip(tickets, ids[: len(tickets)], strict=True):
        ticket.id = pk
    for message, pk in zip(messages, ids[len(tickets) :], strict=True):
        message.id = pk


def _insert(batch: IngestBatch, tickets: Iterable[TicketState]) -> None:
    events = [
        {"ticket_id": ticket.id, "at": at.isoformat(), "kind": kind, "data": _with_message_ids(data)}
        for ticket in tickets
        for at, kind, data in ticket.events
    ]
    seen = list(batch.sightings.values())
    if not (events or seen or batch.new_messages or batch.new_threads):
        return
    params: dict[str, Any] = {
        "tickets": json.dumps([_ticket_row(ticket) for ticket in batch.new_tickets]),
        "messages": to_json([_message_row(message) for message in batch.new_messages]),
        "events": json.dumps(events),
        "namespaces": [namespace for namespace, _ in batch.new_threads],
        "keys": [key for _, key in batch.new_threads],
        "leads": [ticket.id for ticket in batch.new_threads.values()],
        "seen": [message.id for message, _, _ in seen],
        "by": [channel_id for _, channel_id, _ in seen],
        "when": [at for _, _, at in seen],
    }
    with connection.cursor() as cursor:
        cursor.execute(_INSERT, params)


def _with_message_ids(data: Row) -> Row:
    """Event data with messages replaced by their ids, which exist only now."""
    return {name: value.id if isinstance(value, MessageState) else value for name, value in data.items()}


def _iso(at: datetime | None) -> str | None:
    return at.isoformat() if at else None


def _ticket_row(ticket: TicketState) -> Row:
    minutes = targets.target_minutes(ticket.channel_minutes, ticket.priority)
    due = targets.due(ticket.posted_at, minutes, skips_weekends=ticket.skips_weekends)
    return {
        "id": ticket.id,
        "channel_id": ticket.channel_id,
        "requester_id": ticket.requester_id,
        "subject": ticket.subject,
        "status": ticket.status,
        "priority": ticket.priority,
        "assignee_id": ticket.assignee_id,
        "language": ticket.language,
        "posted_at": ticket.posted_at.isoformat(),
        "created_at": ticket.created_at.isoformat(),
        "due_at": None if ticket.no_reply_reason else due.isoformat(),
        "no_reply_reason": ticket.no_reply_reason,
        "solved_at": _iso(ticket.solved_at),
        "follow_up_of_id": ticket.follow_up_of_id,
        "waiting_on": ticket.waiting_on,
        "park_until": _iso(ticket.park_until),
    }


def _message_row(message: MessageState) -> Row:
    row = message.row
    return {
        **row,
        "id": message.id,
        "ticket_id": message.ticket.id if message.ticket else None,
        "posted_at": row["posted_at"].isoformat(),
        "ingested_at": row["ingested_at"].isoformat(),
        "edited_at": _iso(row["edited_at"]),
        "deleted_at": _iso(row["deleted_at"]),
        "digest": row["digest"].hex(),
        "version_at": row["version_at"].isoformat(),
    }


_UPDATED = """subject text, text text, html text, url text, links jsonb, reply_to_external_id text, thread_id text,
    parent_external_id text, channel_id bigint, is_deleted boolean, edited_at timestamptz, deleted_at timestamptz,
    version_at timestamptz, item_id bigint"""
_UPDATED_NAMES = [column.split()[0] for column in _UPDATED.split(",")]
_SETS = ", ".join(
    f"{name} = CASE WHEN '{name}' = ANY(x.changed) THEN x.{name} ELSE m.{name} END" for name in _UPDATED_NAMES
)
_UPDATE_MESSAGES = f"""
UPDATE mentions_message m SET ticket_id = x.ticket_id, {_SETS},
       digest = CASE WHEN 'digest' = ANY(x.changed) THEN decode(x.digest, 'hex') ELSE m.digest END
  FROM json_to_recordset(%s) AS x (id bigint, ticket_id bigint, was bigint, changed text[], digest text, {_UPDATED})
 WHERE m.id = x.id AND m.ticket_id IS NOT DISTINCT FROM x.was
"""  # noqa: S608  (only constants of ours are filled in)


def _update_messages(batch: IngestBatch) -> None:
    """Write only what this batch changed in existing messages: the desk may have marked one as deleted since. Raises
    Moved if one went to another ticket (or left with its import) since it was loaded."""
    changed = {id(m): m for m in batch.messages.values() if m.is_changed and not m.is_new}
    changed |= {id(m): m for m in batch.answers if m.is_changed and not m.is_new}
    rows = [_changed_row(message) for message in changed.values()]
    if not rows:
        return
    with connection.cursor() as cursor:
        cursor.execute(_UPDATE_MESSAGES, [to_json(rows)])
        if cursor.rowcount != len(rows):
            raise Moved("a message of this batch was moved to another ticket")


def _changed_row(message: MessageState) -> Row:
    names = (*_UPDATED_NAMES, "digest")
    # The URL and links of an existing message aren't loaded, so they are here only if a new version set them.
    changed = [name for name in names if name in message.row and message.row[name] != message.loaded.get(name)]
    row: dict[str, Any] = {name: message.row[name] for name in changed}
    for name in {"edited_at", "deleted_at", "version_at"} & set(changed):
        row[name] = _iso(row[name])
    if "digest" in row:
        row["digest"] = row["digest"].hex()
    ticket_id = message.ticket.id if message.ticket else None
    return {**row, "id": message.id, "ticket_id": ticket_id, "was": message.loaded_ticket_id, "changed": changed}


_TICKET_UPDATED = """channel_id bigint, requester_id bigint, subject text, status text, priority int, language text,
    waiting_on text, no_reply_reason text, solved_at timestamptz, park_until timestamptz"""
_UPDATE_TICKETS = f"""
UPDATE mentions_ticket t SET channel_id = x.channel_id, requester_id = x.requester_id, subject = x.subject,
       status = x.status, priority = x.priority, language = x.language, waiting_on = x.waiting_on,
       wait_note = CASE WHEN x.waiting_on = '' THEN '' ELSE t.wait_note END,
       wake_at = CASE WHEN x.waiting_on = '' THEN NULL ELSE coalesce(x.park_until, t.wake_at) END,
       no_reply_reason = x.no_reply_reason, solved_at = x.solved_at
  FROM json_to_recordset(%s) AS x (id bigint, {_TICKET_UPDATED}) WHERE t.id = x.id
"""  # noqa: S608  (only constants of ours are filled in)


def _update_tickets(tickets: Sequence[TicketState]) -> None:
    """Write changed tickets, whose rows have been locked since they were loaded."""
    if not tickets:
        return
    names = [column.split()[0] for column in _TICKET_UPDATED.split(",")]
    rows = [
        {
            "id": t.id,
            **{name: getattr(t, name) for name in names},
            "solved_at": _iso(t.solved_at),
            "park_until": _iso(t.park_until),
        }
        for t in tickets
    ]
    with connection.cursor() as cursor:
        cursor.execute(_UPDATE_TICKETS, [json.dumps(rows)])


def _forget_hand_backs(tickets: Iterable[TicketState]) -> None:
    """Something new arrived, so whoever handed the ticket back may be offered it again."""
    ids = [t.id for t in tickets if not t.is_new and (t.has_spoken or t.has_bounced)]
    if ids:
        with connection.cursor() as cursor:
            cursor.execute("DELETE FROM mentions_handback WHERE ticket_id = ANY(%s)", [ids])


def _move_threads(batch: IngestBatch) -> None:
    """Move all keys of a closed ticket to its follow-up, including those that this batch didn't load."""
    with connection.cursor() as cursor:
        for old, ticket in batch.moved_threads:
            cursor.execute("UPDATE mentions_threadalias SET ticket_id = %s WHERE ticket_id = %s", [ticket.id, old])


def _write_the_rest(batch: IngestBatch) -> None:
    """Write the rows that few batches have."""
    with connection.cursor() as cursor:
        if batch.new_aliases:
            cursor.execute(
                "INSERT INTO mentions_messagealias (namespace, external_id, message_id)"
                " SELECT * FROM unnest(%s::text[], %s::text[], %s::bigint[])",
                [
                    [n for n, _ in batch.new_aliases],
                    [i for _, i in batch.new_aliases],
                    [m.id for m in batch.new_aliases.values()],
                ],
            )
        for message, row in batch.revisions:
            cursor.execute(_REVISION, {**row, "message": message.id, "replaced_at": row["replaced_at"]})
        for connection_id, bounced_id, facts in batch.bounces:
            outbox.mark_bounced(connection_id, bounced_id, bounces.bounce_text(facts), facts.get("recipient"))
        for reply_id, message in batch.reply_messages:
            cursor.execute(
                "UPDATE mentions_reply SET message_id = %s WHERE id = %s AND message_id IS NULL", [message.id, reply_id]
            )
        if batch.dropped_posts:
            cursor.execute("DELETE FROM mentions_threadpost WHERE id = ANY(%s)", [batch.dropped_posts])
        if batch.written_posts:
            cursor.execute(_POSTS, [to_json([_post_row(post) for post in batch.written_posts.values()])])
    store_attachments(batch.new_messages)


_REVISION = """
INSERT INTO mentions_messagerevision (message_id, subject, text, html, replaced_at)
SELECT %(message)s, %(subject)s, %(text)s, %(html)s, %(replaced_at)s
 WHERE NOT EXISTS (SELECT FROM mentions_messagerevision
                    WHERE message_id = %(message)s AND subject = %(subject)s AND text = %(text)s)
"""
_POST = """namespace text, external_id text, thread_id text, parent_external_id text, author_external_id text,
    author_handle text, author_name text, author_url text, subject text, text text, html text, url text,
    posted_at timestamptz, is_deleted boolean, digest text, version_at timestamptz"""
_POST_NAMES = ", ".join(column.split()[0] for column in _POST.split(","))
_POSTS = f"""
INSERT INTO mentions_threadpost AS p ({_POST_NAMES})
SELECT {_POST_NAMES.replace(" digest", " decode(digest, 'hex')")} FROM json_to_recordset(%s) AS x ({_POST})
 ORDER BY namespace, external_id
ON CONFLICT (namespace, external_id) DO UPDATE SET
    thread_id = excluded.thread_id, parent_external_id = excluded.parent_external_id, subject = excluded.subject,
    author_external_id = excluded.author_external_id, author_handle = excluded.author_handle,
    author_name = excluded.author_name, author_url = excluded.author_url, text = excluded.text, html = excluded.html,
    url = excluded.url, is_deleted = excluded.is_deleted, digest = excluded.digest, version_at = excluded.version_at
WHERE p.version_at <= excluded.version_at
"""  # noqa: S608  (only constants of ours are filled in)


def _post_row(post: Row) -> Row:
    return {
        **post,
        "posted_at": post["posted_at"].isoformat(),
        "version_at": post["version_at"].isoformat(),
        "digest": post["digest"].hex(),
    }
