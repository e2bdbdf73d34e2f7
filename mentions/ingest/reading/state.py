"""In-memory state of a batch between its reads and its writes: what it has loaded and decided."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from channels.queries.ignoring import Exclusion
from mentions.models import EventKind

Key = tuple[str, str]
"""(namespace, id)"""
Row = dict[str, Any]


@dataclass(slots=True, eq=False)
class TicketState:
    """A ticket, existing or about to be created (`id` 0 until then)."""

    id: int
    channel_id: int
    requester_id: int
    subject: str
    status: str
    priority: int
    language: str
    posted_at: datetime
    created_at: datetime
    assignee_id: int | None = None
    waiting_on: str = ""
    no_reply_reason: str = ""
    solved_at: datetime | None = None
    follow_up_of_id: int | None = None
    first_reply_message_id: int | None = None
    channel_rank: int = 0
    channel_minutes: int | None = None
    skips_weekends: bool = False
    counts_coverage: bool = False
    is_new: bool = False
    is_claimed: bool = False
    is_touched: bool = False
    """A person has handled it, so the desk no longer changes what it guessed."""
    last_inbound_at: datetime | None = None
    """Newest inbound message that needs an answer (not automatic, not deleted)."""
    last_team_at: datetime | None = None
    is_changed: bool = False
    needs_clocks: bool = False
    has_spoken: bool = False
    """The requester, or somebody who names us, wrote in this batch."""
    has_bounced: bool = False
    lost_answer_at: datetime | None = None
    """When this batch found one of our answers deleted on the platform."""
    is_open_there: bool = False
    """The platform tracks a state for the conversation, which our answer does not end."""
    park_until: datetime | None = None
    """If this batch parked it."""
    answer: MessageState | None = None
    """The team's answer in this batch that was not written in the desk."""
    count: int = 0
    """Messages added by this batch."""
    follow: tuple[int, str, str, str] | None = None
    """(connection, namespace, thread, post) to follow while the ticket is open; the post was seen there."""
    events: list[tuple[datetime, EventKind, Row]] = field(default_factory=list)

    @property
    def is_unanswered(self) -> bool:
        if self.last_inbound_at is None:
            return False
        return self.last_team_at is None or self.last_inbound_at > self.last_team_at


@dataclass(slots=True, eq=False)
class MessageState:
    """A message: existing (`id` set, `row` from its version) or new (`row` to be inserted)."""

    id: int
    row: Row
    """The table's columns, except `id` and `ticket_id`."""
    author_key: str
    """The author's id on the platform."""
    channel_rank: int
    ticket: TicketState | None = None
    aliases: int = 0
    is_new: bool = False
    is_changed: bool = False
    attachments: tuple[Any, ...] = ()
    loaded: Row = field(default_factory=dict)
    """`row` as loaded: only changes are written."""
    loaded_ticket_id: int | None = None

    @property
    def key(self) -> Key:
        return self.row["namespace"], self.row["external_id"]


@dataclass(slots=True)
class IngestBatch:
    """All data loaded for a batch."""

    messages: dict[Key, MessageState] = field(default_factory=dict)
    """By id and by alias."""
    tickets: dict[int, TicketState] = field(default_factory=dict)
    threads: dict[Key, TicketState] = field(default_factory=dict)
    orphans: list[MessageState] = field(default_factory=list)
    """Our posts that answer nobody known yet."""
    loose: list[MessageState] = field(default_factory=list)
    """Inbound messages without a ticket: from notify-only channels."""
    answers: list[MessageState] = field(default_factory=list)
    """Orphans and loose messages that got their ticket."""
    whole_threads: set[str] = field(default_factory=set)
    """Namespaces where a ticket is a whole thread."""
    posts: dict[Key, Row] = field(default_factory=dict)
    """Context around tickets, by id."""
    authors: dict[Key, tuple[int, bool]] = field(default_factory=dict)
    """(row id, is one of us) by the author's id on the platform."""
    replies: dict[Key, tuple[int, int]] = field(default_factory=dict)
    """Posts sent from the desk: (reply, ticket)."""

    stopped: dict[int, Exclusion] = field(default_factory=dict)
    """Inbox items kept out, and why."""
    unreadable: dict[int, tuple[TicketState, bool]] = field(default_factory=dict)
    """Inbox items unreadable so far → their ticket in the queue, and whether it holds nothing else."""
    adopted: dict[int, TicketState] = field(default_factory=dict)
    """Inbox item → the ticket that now holds its real message."""

    # To be written.
    new_messages: list[MessageState] = field(default_factory=list)
    new_tickets: list[TicketState] = field(default_factory=list)
    new_threads: dict[Key, TicketState] = field(default_factory=dict)
    moved_threads: list[tuple[int, TicketState]] = field(default_factory=list)
    """All keys of a closed ticket move to its follow-up."""
    new_aliases: dict[Key, MessageState] = field(default_factory=dict)
    sightings: dict[tuple[int, int], tuple[MessageState, int, datetime]] = field(default_factory=dict)
    revisions: list[tuple[MessageState, Row]] = field(default_factory=list)
    written_posts: dict[Key, Row] = field(default_factory=dict)
    dropped_posts: list[int] = field(default_factory=list)
    reply_messages: list[tuple[int, MessageState]] = field(default_factory=list)
    bounced: dict[Key, int] = field(default_factory=dict)
    """By Message-ID, tickets of our replies that a report is about; the reply may not be a message yet."""
    bounces: list[tuple[int, str, Row]] = field(default_factory=list)
    """(connection, id of our bounced mail, the report)"""

    def ticket_by_keys(self, namespace: str, keys: Iterable[str]) -> TicketState | None:
        for key in keys:
            if found := self.threads.get((namespace, key)):
                return found
        return None

    def lead(self, namespace: str, keys: Iterable[str], ticket: TicketState) -> None:
        """Map these keys to the ticket, unless they are mapped already."""
        for key in keys:
            if (namespace, key) not in self.threads:
                self.threads[namespace, key] = self.new_threads[namespace, key] = ticket

    def see(self, message: MessageState, channel_id: int, at: datetime) -> None:
        self.sightings.setdefault((id(message), channel_id), (message, channel_id, at))
