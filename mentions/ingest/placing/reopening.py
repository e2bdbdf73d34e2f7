"""How new messages change a ticket's state: back into the queue, answered, or unchanged. Pure.

Decided once per batch, from the newest inbound message and our newest answer, so arrival order doesn't matter.
"""

from __future__ import annotations

from datetime import datetime

from mentions.ingest.reading.state import MessageState, TicketState
from mentions.models import EventKind
from mentions.tickets.thread_states import REPORT_WAIT

ANSWERED = ("solved", "pending")
WAITING = ("new", "open")


def heard(ticket: TicketState, message: MessageState) -> None:
    """Note a message that the ticket got, or one that turned out to be ours."""
    row = message.row
    ticket.needs_clocks = True
    if row["is_auto"] or row["is_deleted"]:
        return
    at = row["posted_at"]
    if row["direction"] == "in":
        ticket.last_inbound_at = max(ticket.last_inbound_at or at, at)
        ticket.has_spoken = True
    elif row["direction"] == "team":
        ticket.last_team_at = max(ticket.last_team_at or at, at)


def settle(ticket: TicketState, at: datetime) -> None:
    """Set statuses after a batch; `at` is the time (aware UTC)."""
    if ticket.has_bounced or (ticket.has_spoken and ticket.is_unanswered):
        _wake(ticket, at)
    elif ticket.answer is not None:
        _answered(ticket, at)


def _wake(ticket: TicketState, at: datetime) -> None:
    reason = "bounced" if ticket.has_bounced else "message"
    if ticket.no_reply_reason == "automatic" and not ticket.is_touched:
        # So far, all messages were automatic mail: work starts here.
        _change(ticket, "new", at, reason)
        ticket.no_reply_reason = ""
    elif ticket.status in ANSWERED:
        _change(ticket, "open", at, reason)
    elif ticket.status == "new" and ticket.answer is not None:
        _change(ticket, "open", at, "answered_on_platform")
    if ticket.waiting_on:
        ticket.events.append((at, EventKind.WOKEN, {"from": ticket.waiting_on, "why": reason}))
        ticket.waiting_on = ""
        ticket.is_changed = True


def _answered(ticket: TicketState, at: datetime) -> None:
    """One of us answered on the platform. A ticket that is claimed or parked is left to that person."""
    message = ticket.answer
    if message is None or ticket.is_claimed or ticket.waiting_on or ticket.status not in WAITING:
        return
    if ticket.is_open_there and not ticket.is_unanswered:
        _park(ticket, at)
        return
    _change(ticket, "open" if ticket.is_unanswered else "solved", at, "answered_on_platform")
    if ticket.status == "solved":
        # Solved when they answered, not when we noticed.
        ticket.solved_at = message.row["posted_at"]


def _park(ticket: TicketState, at: datetime) -> None:
    """Park an answered ticket whose report is still open on the platform: it waits outside the queue."""
    _change(ticket, "open", at, "answered_on_platform")
    ticket.waiting_on, ticket.park_until, ticket.is_changed = "report", at + REPORT_WAIT, True
    parked = {"waiting_on": ticket.waiting_on, "wake_at": ticket.park_until.isoformat()}
    ticket.events.append((at, EventKind.PARKED, {"from": {"waiting_on": ""}, "to": parked}))


def _change(ticket: TicketState, status: str, at: datetime, reason: str) -> None:
    if ticket.status == status:
        return
    ticket.events.append((at, EventKind.STATUS, {"from": ticket.status, "to": status, "why": reason}))
    ticket.status = status
    ticket.solved_at = at if status == "solved" else None
    ticket.is_changed = True
