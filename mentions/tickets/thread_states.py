"""Reads whether a ticket's conversation is over on its platform, where that decides when the ticket is done."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from mentions.db.sql import Fragment
from mentions.models import ThreadState, Ticket
from mentions.models.parking_reasons import DEFAULT_WAIT, WaitingOn

REPORT_WAIT = DEFAULT_WAIT[WaitingOn.REPORT]
"""How long an answered report waits for its state before somebody checks on it again."""

_OF_TICKET = """
SELECT 1 FROM mentions_threadstate s
  JOIN mentions_message m ON m.namespace = s.namespace AND m.thread_id = s.thread_id
 WHERE m.ticket_id = mentions_ticket.id AND s.keeps_open"""
OPEN_THERE = Fragment(f"EXISTS ({_OF_TICKET} AND NOT s.is_over)")
OVER_THERE = Fragment(f"EXISTS ({_OF_TICKET}) AND NOT EXISTS ({_OF_TICKET} AND NOT s.is_over)")


def waiting(now: datetime) -> dict[str, Any]:
    """The changes that park an answered ticket until its report is closed."""
    until = now + REPORT_WAIT
    return {"status": Ticket.Status.OPEN, "waiting_on": Ticket.WaitingOn.REPORT, "wait_note": "", "wake_at": until}


def keeps_open(ticket: Ticket) -> bool:
    """Whether the ticket must wait: its report is still open on the platform."""
    return Ticket.objects.filter(OPEN_THERE.as_condition(), pk=ticket.pk).exists()


def of(ticket: Ticket) -> ThreadState | None:
    """The state of the ticket's conversation, the newest if it has several."""
    keys = ticket.messages.values_list("namespace", "thread_id").distinct()
    found = ThreadState.objects.none()
    for namespace, thread_id in keys[:20]:
        found = found | ThreadState.objects.filter(namespace=namespace, thread_id=thread_id)
    return found.order_by("is_over", "-version_at").first()
