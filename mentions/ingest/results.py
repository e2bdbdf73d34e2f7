"""What a batch did: counts, the ids it created, and why items were kept out."""

from __future__ import annotations

from dataclasses import dataclass, field

from channels.queries.ignoring import Exclusion


@dataclass(slots=True)
class Ingested:
    """Result of a batch. Ids are of the rows it created."""

    taken: int = 0
    stored: int = 0
    ignored: int = 0
    failed: int = 0
    lost: int = 0
    """Items that killed their parser; retried alone."""
    left: int = 0
    """Items that this batch had no time for."""
    message_ids: list[int] = field(default_factory=list)
    ticket_ids: list[int] = field(default_factory=list)
    thread_state_ids: list[int] = field(default_factory=list)
    """States of conversations that changed on the platform."""
    stopped: dict[int, Exclusion] = field(default_factory=dict)
    """Inbox items kept out by a query or an ignore rule."""
