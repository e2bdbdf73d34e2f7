"""Stores a conversation's state as reported by its platform: an issue closed, a report resolved."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import connection

from mentions.ingest.reading.reading import Parsed
from mentions.ingest.reading.state import IngestBatch, Key
from mentions.text.storable_text import storable


@dataclass(frozen=True, slots=True)
class ReportedState:
    """The newest state of one conversation in this batch. `messages`: ids of the messages that reported it."""

    state: str
    is_over: bool
    keeps_open: bool
    at: datetime
    messages: tuple[Key, ...] = ()


def reported_by(parsed: Sequence[Parsed]) -> dict[Key, ReportedState]:
    """By (namespace, thread)."""
    found: dict[Key, ReportedState] = {}
    for each in parsed:
        state = each.mention.extra.get("state")
        if not each.feed.adapter.over_states or not isinstance(state, str) or not state:
            continue
        key, at = (each.feed.namespace, each.thread_id), each.row.fetched_at
        before = found.get(key)
        messages = (*(before.messages if before else ()), (each.feed.namespace, each.external_id))
        if before is not None and before.at > at:
            found[key] = ReportedState(before.state, before.is_over, before.keeps_open, before.at, messages)
            continue
        adapter = each.feed.adapter
        found[key] = ReportedState(storable(state, 40), state in adapter.over_states, adapter.ends_there, at, messages)
    return found


def mark(batch: IngestBatch, states: Mapping[Key, ReportedState]) -> None:
    """Mark tickets whose conversation is still open on the platform: an answer does not solve them."""
    for each in states.values():
        for key in each.messages if each.keeps_open and not each.is_over else ():
            message = batch.messages.get(key)
            if message is not None and message.ticket is not None:
                message.ticket.is_open_there = True


_STORE = """
INSERT INTO mentions_threadstate AS s (namespace, thread_id, state, is_over, keeps_open, version_at, changed_at)
SELECT namespace, thread_id, state, is_over, keeps_open, version_at, %(at)s
  FROM unnest(%(namespaces)s::text[], %(threads)s::text[], %(states)s::text[], %(over)s::boolean[],
              %(keeps)s::boolean[], %(versions)s::timestamptz[])
       AS x (namespace, thread_id, state, is_over, keeps_open, version_at)
 ORDER BY namespace, thread_id
ON CONFLICT (namespace, thread_id) DO UPDATE SET
    state = excluded.state, is_over = excluded.is_over, keeps_open = excluded.keeps_open,
    version_at = excluded.version_at,
    changed_at = CASE WHEN s.is_over = excluded.is_over THEN s.changed_at ELSE excluded.changed_at END
WHERE s.version_at <= excluded.version_at
RETURNING id
"""


def store(states: Mapping[Key, ReportedState], at: datetime) -> list[int]:
    """Upsert; returns ids of the rows that this batch wrote. `at`: when the desk learned it."""
    if not states:
        return []
    with connection.cursor() as cursor:
        cursor.execute(_STORE, {"at": at, **_columns(states)})
        return [pk for (pk,) in cursor.fetchall()]


def _columns(states: Mapping[Key, ReportedState]) -> dict[str, list[object]]:
    rows: Iterable[tuple[Key, ReportedState]] = states.items()
    columns: dict[str, list[object]] = {
        name: [] for name in ("namespaces", "threads", "states", "over", "keeps", "versions")
    }
    for (namespace, thread_id), each in rows:
        columns["namespaces"].append(namespace)
        columns["threads"].append(thread_id)
        columns["states"].append(each.state)
        columns["over"].append(each.is_over)
        columns["keeps"].append(each.keeps_open)
        columns["versions"].append(each.at)
    return columns
