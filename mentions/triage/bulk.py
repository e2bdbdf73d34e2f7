"""Applies one small change to many tickets, each in a separate transaction; tickets claimed by others are skipped."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import transaction

from mentions.models import Ticket
from mentions.queue import claims
from mentions.tickets.transitions import OutcomeRefused
from mentions.triage import outcomes, priorities, tagging

MAX_SHOWN = 100
Change = Callable[[int], object]
"""Takes a ticket id; returns None or False if there was nothing to change."""


@dataclass(slots=True)
class Done:
    """`claimed_by`: names of people who have claimed some of them; `refused`: state not suitable, or no change."""

    changed: list[int] = field(default_factory=list)
    claimed_by: list[str] = field(default_factory=list)
    refused: list[int] = field(default_factory=list)


def apply(ticket_ids: Iterable[int], actor: Any, change: Change, now: datetime) -> Done:
    """Apply the change to the first MAX_SHOWN tickets, in id order. The caller has checked that `actor` may see
    them."""
    done = Done()
    for ticket_id in sorted(set(ticket_ids))[:MAX_SHOWN]:
        try:
            with transaction.atomic():
                claims.lock(ticket_id, actor, None, now)
                has_changed = change(ticket_id)
        except claims.AlreadyClaimed as error:
            done.claimed_by.append((error.by.get_short_name() or error.by.get_username()) if error.by else "?")
        except (OutcomeRefused, Ticket.DoesNotExist):
            done.refused.append(ticket_id)
        else:
            (done.changed if has_changed else done.refused).append(ticket_id)
    return done


def tag(names: list[str], actor: Any, now: datetime) -> Change:
    """A change that adds these tags. Raises ValidationError at once for an invalid one."""
    for name in names:
        tagging.tag_name(name)
    return lambda ticket_id: tagging.set_tags(ticket_id, actor, add=names, remove=[], now=now)


def prioritise(priority: int, actor: Any, now: datetime) -> Change:
    return lambda ticket_id: priorities.set_priority(ticket_id, actor, priority, now)


def no_reply(reason: str, actor: Any, now: datetime) -> Change:
    return lambda ticket_id: outcomes.no_reply_needed(ticket_id, actor, None, reason=reason, now=now)
