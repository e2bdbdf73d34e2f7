"""Carries out somebody's decisions about their open tickets, one transaction each; repeating them changes nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import uuid5

from django.db import transaction
from django.utils.translation import gettext as _

from experts.outreach import handing_on, talking
from mentions.models import EventKind, Ticket
from mentions.notifications import sharing
from mentions.people import audience
from mentions.queue import claims
from mentions.replies import drafts
from mentions.tickets.transitions import OutcomeRefused, record
from mentions.triage import assigning, notes
from team import roster
from team.duties.slack import name_of
from team.handover import summary, work
from team.handover.work import Work
from team.models import HandOver, HandOverItem
from team.urgent import calls, oncall

Decision = HandOverItem.Decision
MAX_NOTE = 500


@dataclass(frozen=True, slots=True)
class Choice:
    decision: str = Decision.KEEP
    note: str = ""
    to: Any | None = None
    """Who gets this one, if not the person who gets the rest."""
    room: str = ""
    """A Slack channel, such as that of its topic, where it is posted as well."""


def today_of(user: Any, now: datetime) -> date:
    return now.astimezone(roster.zone_of(user)).date()


def next_people(user: Any, now: datetime) -> list[Any]:
    """Colleagues to hand over to: on shift first, then by whose shift begins next."""
    return [each for each in oncall.everybody(now) if each.pk != user.pk]


def propose_owners(found: Sequence[Work], people: Sequence[Any], now: datetime) -> None:
    """Fill in who of `people` owns an expertise that a ticket touches."""
    available, on_shift = {each.pk for each in people}, {each.pk for each in roster.on_now(now)}
    for each in found:
        for expertise in each.touched:
            if expertise.owner_id in available and each.owner is None:
                each.owner, each.is_owner_here = expertise.owner, expertise.owner_id in on_shift


def hand_over(
    user: Any, to: Any | None, choices: Mapping[int, Choice], *, note: str = "", now: datetime
) -> tuple[HandOver, list[str]]:
    """Carry out the choices (ticket id → choice; what has none is kept), and post the summary once a day. `to` None:
    the queue. Returns what could not be done, in words; those tickets stay as they are, and the rest is done."""
    found, _is_new = HandOver.objects.get_or_create(user=user, day=today_of(user, now))
    refused = []
    for each in sorted(work.of(user, now), key=lambda each: each.ticket.pk):
        choice = choices.get(each.ticket.pk, Choice())
        try:
            _decide(found, each, choice, choice.to or to, now)
        except (OutcomeRefused, claims.AlreadyClaimed) as error:
            refused.append(str(error))
    if not refused:
        _finish(found, note, now)
    return found, refused


@transaction.atomic
def _finish(found: HandOver, note: str, now: datetime) -> None:
    found = HandOver.objects.select_for_update().get(pk=found.pk)
    if found.done_at is None:
        found.done_at, found.note = now, note.replace("\0", "").strip()[:1000]
        found.save(update_fields=["done_at", "note"])
        found.outbound = summary.post(found, now)
        found.save(update_fields=["outbound"])


@transaction.atomic
def _decide(found: HandOver, each: Work, choice: Choice, to: Any | None, now: datetime) -> None:
    ticket = Ticket.objects.select_for_update().get(pk=each.ticket.pk)
    note = choice.note.replace("\0", "").strip()[:MAX_NOTE]
    decision = choice.decision if choice.decision in Decision.values else Decision.KEEP
    receiver = to if decision == Decision.PASS and to is not None and oncall.may_take(to, ticket) else None
    values = {"decision": decision, "note": note, "to": receiver, "at": now, "begun_at": None}
    item, is_new = HandOverItem.objects.get_or_create(hand_over=found, ticket=ticket, defaults=values)
    if not is_new and _stands(item, decision, ticket, found.user):
        return
    if decision == Decision.PASS:
        _pass(ticket, each, found.user, receiver, note, now)
    elif decision == Decision.EXPERT:
        _tell_experts(each, found, note, now)
    if not is_new:
        HandOverItem.objects.filter(pk=item.pk).update(**values)
    if choice.room.strip():
        _share(ticket, found, choice.room.strip(), note, now)


def _share(ticket: Ticket, found: HandOver, room: str, note: str, now: datetime) -> None:
    """Post a ticket in a Slack channel, once per channel and day; of a restricted one only the address. Raises
    OutcomeRefused."""
    words = sharing.words_for(ticket)
    text = f"{words}\n{note}" if note and not audience.circle_of([ticket]).channels else words
    sharing.share(ticket.pk, found.user, key=uuid5(found.key, f"{ticket.pk} {room}"), channel=room, text=text, now=now)


def _stands(item: HandOverItem, decision: str, ticket: Ticket, user: Any) -> bool:
    """Whether an earlier decision from today stands: the button was pressed twice, or the ticket is no longer
    theirs."""
    if item.decision == Decision.KEEP:
        return False
    is_theirs = user.pk in (ticket.assignee_id, ticket.claimed_by_id)
    return item.decision == decision == Decision.EXPERT or not is_theirs


def _pass(ticket: Ticket, each: Work, user: Any, to: Any | None, note: str, now: datetime) -> None:
    """Pass the ticket, its draft, its requests and its urgent call to `to`; if that is None, to the queue."""
    if ticket.assignee_id == user.pk or ticket.claimed_by_id == user.pk or ticket.assignee_id is None:
        assigning.assign(ticket.pk, user, to, now)
        ticket.refresh_from_db()
    if each.draft:
        _pass_draft(ticket, each.draft, user, to, now)
    handing_on.hand_on(ticket.pk, user, to)
    for call in each.calls:
        calls.pass_on(call.pk, to, now)
    if note:
        notes.write(ticket, user, _("Hand-over: %(note)s") % {"note": note}, now)
    data = {"who": name_of(to) if to is not None else "", "note": note}
    record(ticket, user, now, EventKind.HANDED_OVER, data)


def _pass_draft(ticket: Ticket, text: str, user: Any, to: Any | None, now: datetime) -> None:
    """Move the draft into the new owner's composer; without a new owner, into a note."""
    if to is not None:
        drafts.give_back(ticket.pk, to, text, now, credit=name_of(user))
    else:
        notes.write(ticket, user, _("Unsent draft: %(text)s") % {"text": text}, now)
    drafts.save(ticket.pk, user, "", now)


def _tell_experts(each: Work, found: HandOver, note: str, now: datetime) -> None:
    """Raises OutcomeRefused if nobody was asked about the ticket."""
    if not each.outreaches:
        raise OutcomeRefused(
            _("No expert was asked about #%(id)s. Involve one first, hand it over or keep it.") % {"id": each.ticket.pk}
        )
    words = _("I’m going offline. Please keep an eye on this, or ask somebody on your team to.")
    for outreach in each.outreaches:
        text = f"{words}\n{note}" if note else words
        talking.say(outreach.pk, found.user, text, f"hand-over {found.pk}", now)


def begin(item_id: int, user: Any, now: datetime) -> bool:
    """Record that the new owner has taken note of a ticket. Returns whether it was theirs and new."""
    mine = HandOverItem.objects.filter(pk=item_id, to=user, begun_at=None)
    return bool(mine.update(begun_at=now))
