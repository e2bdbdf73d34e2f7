"""The states of an application, and all transitions. A submission of a form whose channel names a program is an
application. An answer to our question makes it *received* again. Each change is reported to the CRM, if there is one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import F, Q
from django.utils.translation import gettext as _

from channels import sweeps
from channels.models import Channel
from mentions.models import Application, EventKind, Message, Ticket
from mentions.people import access
from mentions.programs import crm
from mentions.tickets.transitions import OutcomeRefused, lock_open, record

State = Application.State
MOVES: Mapping[str, frozenset[str]] = {
    State.RECEIVED: frozenset({State.CHECKED, State.ASKED, State.APPROVED, State.DECLINED}),
    State.CHECKED: frozenset({State.RECEIVED, State.ASKED, State.APPROVED, State.DECLINED}),
    State.ASKED: frozenset({State.RECEIVED, State.CHECKED, State.APPROVED, State.DECLINED}),
    State.APPROVED: frozenset({State.CHECKED, State.DECLINED, State.DONE}),
    State.DECLINED: frozenset({State.RECEIVED, State.CHECKED}),
    State.DONE: frozenset({State.APPROVED}),
}
SWEEP_LIMIT = 200


def program_of(ticket: Ticket) -> str:
    """The program that the ticket's channel takes applications for, "" if none."""
    return str(ticket.channel.settings.get("program") or "").strip()[:60]


def receive(now: datetime, ticket_ids: Iterable[int] | None = None) -> int:
    """Turn open tickets in programs' channels into applications; returns how many. Idempotent."""
    taking = Channel.objects.filter(settings__has_key="program").exclude(settings__program="")
    channels = list(taking.values_list("pk", flat=True))
    if not channels:
        return 0
    new = Ticket.objects.filter(application=None, merged_into=None, status__in=["new", "open", "pending"])
    new = new.filter(channel__in=channels)
    if ticket_ids is not None:
        new = new.filter(pk__in=list(ticket_ids))
    ids = new.order_by("pk").values_list("pk", flat=True)[:SWEEP_LIMIT]
    return sweeps.each("applications", ids, lambda pk: _receive(pk, now))


@transaction.atomic
def _receive(ticket_id: int, now: datetime) -> bool:
    ticket = Ticket.objects.select_for_update(of=("self",)).select_related("channel").get(pk=ticket_id)
    program = program_of(ticket)
    if not program:
        return False
    made, is_new = Application.objects.get_or_create(
        ticket=ticket, defaults={"program": program, "state_at": ticket.posted_at, "created_at": ticket.posted_at}
    )
    if is_new:
        _tell(made, ticket, None, now)
    return is_new


def note_answers(now: datetime, ticket_ids: Iterable[int] | None = None) -> int:
    """Applicants who answered our question: received again. Returns how many."""
    asked = Application.objects.filter(state=State.ASKED)
    if ticket_ids is not None:
        asked = asked.filter(ticket__in=list(ticket_ids))
    said = Q(ticket__messages__direction=Message.Direction.INBOUND, ticket__messages__is_auto=False)
    answered = asked.filter(said, ticket__messages__posted_at__gt=F("state_at")).distinct()
    ids = list(answered.order_by("pk").values_list("ticket_id", flat=True)[:SWEEP_LIMIT])
    return sweeps.each("answers of applicants", ids, lambda pk: _answered(pk, now))


@transaction.atomic
def _answered(ticket_id: int, now: datetime) -> bool:
    ticket = Ticket.objects.select_for_update().get(pk=ticket_id)
    found = Application.objects.select_for_update().get(ticket=ticket)
    if found.state != State.ASKED:
        return False
    change(found, ticket, State.RECEIVED, None, now)
    return True


@transaction.atomic
def decide(ticket_id: int, actor: Any, token: Any, *, state: str, now: datetime) -> Application:
    """Record a person's decision on an application. Raises OutcomeRefused, ClaimLost, PermissionDenied (volunteers
    don't decide on applications)."""
    access.require(actor, access.DECIDE)
    ticket = lock_open(ticket_id, actor, token, now)
    return change(locked(ticket), ticket, state, actor, now)


def locked(ticket: Ticket) -> Application:
    """Raises OutcomeRefused if the (locked) ticket is not an application."""
    found = Application.objects.select_for_update().filter(ticket=ticket).first()
    if found is None:
        raise OutcomeRefused(_("This ticket is not an application to a program."))
    return found


def change(found: Application, ticket: Ticket, state: str, actor: Any, now: datetime) -> Application:
    """Change the state of an application, in the caller's transaction, with ticket and application locked. The same
    state again changes nothing. Raises OutcomeRefused."""
    if state == found.state:
        return found
    if state not in MOVES[found.state]:
        raise OutcomeRefused(
            _("An application that is “%(now)s” cannot become “%(then)s”.")
            % {"now": found.get_state_display(), "then": dict(State.choices).get(state, state)}
        )
    if state == State.DONE and not found.licence:
        raise OutcomeRefused(_("Record the licence first."))
    found.state, found.state_at = State(state), now
    found.decided_by = actor
    found.save(update_fields=["state", "state_at", "decided_by"])
    _tell(found, ticket, actor, now)
    return found


@transaction.atomic
def note_licence(ticket_id: int, actor: Any, token: Any, *, licence: str, now: datetime) -> Application:
    """The licence's number and terms; an approved application is done with it. Raises OutcomeRefused, ClaimLost,
    PermissionDenied."""
    access.require(actor, access.DECIDE)
    ticket = lock_open(ticket_id, actor, token, now)
    found = locked(ticket)
    licence = licence.replace("\0", "").strip()
    if not licence or len(licence) > 300:
        raise OutcomeRefused(_("Enter the licence in at most 300 characters."))
    if found.state not in (State.APPROVED, State.DONE):
        raise OutcomeRefused(_("Approve the application before you record its licence."))
    if licence == found.licence and found.state == State.DONE:
        return found
    found.licence, found.state, found.state_at, found.decided_by = licence, State.DONE, now, actor
    found.save(update_fields=["licence", "state", "state_at", "decided_by"])
    _tell(found, ticket, actor, now)
    return found


def _tell(found: Application, ticket: Ticket, actor: Any, now: datetime) -> None:
    record(ticket, actor, now, EventKind.APPLICATION, {"to": str(found.state)})
    crm.tell(found, ticket, now)
