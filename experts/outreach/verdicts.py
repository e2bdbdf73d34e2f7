"""Asks the advocate whether a message was the answer, and carries out their yes or no."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from experts.models import Outreach, PossibleAnswer
from experts.outreach import crediting
from experts.recognising import matching
from mentions.db import locks
from mentions.models import EventKind, Message, Person, Ticket
from mentions.people import access
from mentions.people.accounts import know_account, new_team_member
from mentions.queue import claims
from mentions.tickets import parking


@transaction.atomic
def wonder(match: matching.Match, message: Message, now: datetime) -> bool:
    """Ask on the ticket whether this was the answer, once; a parked ticket returns to the queue for it."""
    outreach = locks.with_ticket(Outreach.objects.select_related(*crediting.RELATED), match.outreach.pk)
    if not outreach.is_running:
        return False
    possible, is_new = PossibleAnswer.objects.get_or_create(
        outreach=outreach,
        message=message,
        defaults={"person": match.person, "why": match.why, "found_at": now},
    )
    ticket = outreach.ticket
    if is_new and ticket.waiting_on == Ticket.WaitingOn.EXPERT:
        possible.returns_at = ticket.wake_at
        possible.save(update_fields=["returns_at"])
        parking.wake(ticket.pk, None, now=now, why=_("this may be the expert’s answer"))
    return is_new


def decide(possible_id: int, actor: Any, *, is_answer: bool, now: datetime) -> bool:
    """An advocate's yes or no; False if it was decided before. After a yes the request is answered, credited to the
    message's author (and their account is linked, if the advocate has the right to do so), else to the person asked.
    After a no the ticket continues to wait, if the question had woken it."""
    found = PossibleAnswer.objects.select_related("outreach__expert__person", "message__author").get(pk=possible_id)
    if is_answer and not found.verdict and actor.has_perm(access.CHANGE_AUTHOR):
        _link(found)
    return _decided(found, actor, is_answer, now)


def _link(found: PossibleAnswer) -> None:
    """Link their account: this message and later ones count as ours. Somebody unknown who says that they work here
    becomes a team member under the name shown there."""
    author, expert = found.message.author, found.outreach.expert
    if found.why == matching.UNKNOWN and expert is not None:
        know_account(expert.person, author)
    elif found.why == matching.DISCLOSED and author.person_id is None:
        found.person = new_team_member(author)
        found.save(update_fields=["person"])


@transaction.atomic
def _decided(found: PossibleAnswer, actor: Any, is_answer: bool, now: datetime) -> bool:
    locks.lock_conversations(messages=[found.message_id])
    outreach = locks.with_ticket(Outreach.objects.select_related(*crediting.RELATED), found.outreach_id)
    row = PossibleAnswer.objects.select_related("person").select_for_update(of=("self",)).get(pk=found.pk)
    if row.verdict:
        return False
    row.verdict = PossibleAnswer.Verdict.YES if is_answer else PossibleAnswer.Verdict.NO
    row.decided_by, row.decided_at = actor, now
    row.save(update_fields=["verdict", "decided_by", "decided_at"])
    if not is_answer:
        _wait_on(outreach, row.returns_at, actor, now)
        return True
    person = row.person or _speaker(outreach, actor)
    return person is not None and crediting.answered(outreach.pk, row.message_id, person, now)


def _speaker(outreach: Outreach, actor: Any) -> Person | None:
    """The person who spoke through our own handle: the expert who was asked, else the advocate who confirms it."""
    if outreach.expert is not None:
        return outreach.expert.person
    person: Person | None = Person.objects.filter(user=actor).first()
    return person


def _wait_on(outreach: Outreach, until: datetime | None, actor: Any, now: datetime) -> None:
    ticket = Ticket.objects.get(pk=outreach.ticket_id)
    is_free = not claims.is_live(ticket, now) or ticket.claimed_by_id == actor.pk
    is_waiting = ticket.waiting_on or ticket.status not in (Ticket.Status.NEW, Ticket.Status.OPEN)
    others = PossibleAnswer.objects.filter(outreach=outreach, verdict="")
    if not outreach.is_running or not until or until <= now or is_waiting or not is_free or others.exists():
        return
    data = {"outreach": outreach.pk, "who": outreach.asked, "said": "waiting"}
    how: dict[str, Any] = {"waiting_on": Ticket.WaitingOn.EXPERT, "until": until, "note": ticket.wait_note}
    parking.set_aside(ticket, actor, now, EventKind.OUTREACH, data=data, **how)
