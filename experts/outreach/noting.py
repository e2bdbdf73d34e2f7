"""Records, from a macro, that an expert has answered, or that a ticket is such an answer."""

from __future__ import annotations

import re
from datetime import datetime
from functools import partial
from typing import Any

from django.conf import settings
from django.db import transaction
from django.urls import reverse
from django.utils.translation import gettext as _

from experts.models import Outreach, PossibleAnswer
from experts.outreach import crediting, ending, verdicts
from experts.recognising import matching
from mentions.models import Message, Person, Ticket
from mentions.people import access
from mentions.tickets.transitions import OutcomeRefused
from mentions.triage import notes, tagging

_NUMBER = re.compile(r"(?:.*/tickets/|#)?(\d{1,9})/?")


def answered_by(ticket: Ticket, name: str, now: datetime) -> Outreach | None:
    """End the running request of a ticket locked by the caller: that of the person named, else the oldest. None without
    one. The answer's time is that of the team's last message there, if it came after the request."""
    running = Outreach.objects.filter(ticket=ticket, state__in=Outreach.RUNNING).order_by("asked_at", "pk")
    found = list(
        running.select_related("ticket", "expert__person", "topic", "outbound").select_for_update(of=("self",))
    )
    if not found:
        return None
    wanted = name.strip().casefold()
    outreach = next((o for o in found if o.expert and str(o.expert).casefold() == wanted), found[0])
    outreach.answered_by = Person.objects.filter(is_us=True, name__iexact=name.strip()).first()
    if outreach.answered_by is None and outreach.expert is not None and not wanted:
        outreach.answered_by = outreach.expert.person
    outreach.answer = _answer_of(outreach)
    outreach.answered_at = outreach.answer.posted_at if outreach.answer else now
    outreach.state, outreach.remind_at = Outreach.State.ANSWERED, None
    outreach.save(update_fields=["state", "answer", "answered_by", "answered_at", "remind_at"])
    if outreach.answer is not None:  # the answer is in this ticket, so it needs no separate *Expert Response*
        tagging.change(ticket, [crediting.RESPONSE_TAG], [])
    ending.tell(outreach, "answered", _("%(who)s has answered. Thank you!") % {"who": name or outreach.asked}, now)
    ending.withdraw_others(outreach, name or outreach.asked, now)
    return outreach


def _answer_of(outreach: Outreach) -> Message | None:
    used = Outreach.objects.filter(answer__isnull=False).values("answer")
    messages = outreach.ticket.messages.filter(
        direction=Message.Direction.TEAM, posted_at__gte=outreach.asked_at, reply__isnull=True, is_deleted=False
    )
    return messages.exclude(pk__in=used).defer("search", "html").order_by("-posted_at", "-pk").first()


def response_to(named: str, response: Ticket, actor: Any, now: datetime) -> Ticket:
    """Note on a ticket locked by the caller which one it answers (its number or address), and end the request there
    once the caller's transaction is committed: only then may the other ticket be locked. Raises OutcomeRefused."""
    number = _NUMBER.fullmatch(named)
    visible = access.visible_tickets(actor).exclude(pk=response.pk)
    original: Ticket | None = visible.filter(pk=int(number[1])).first() if number else None
    if original is None:
        raise OutcomeRefused(
            _("“%(named)s” is not a ticket. Enter the number or the address of the ticket that it answers.")
            % {"named": named[:80]}
        )
    url = settings.BASE_URL + reverse("mentions:ticket", args=[original.pk])
    notes.write(response, actor, _("Answers #%(number)s: %(url)s") % {"number": original.pk, "url": url}, now)
    transaction.on_commit(partial(_credit, original.pk, response.pk, actor, now))
    return original


def _credit(original_id: int, response_id: int, actor: Any, now: datetime) -> bool:
    """The response's first message is the answer to the request on the other ticket: its author's, else the oldest."""
    message = (
        Message.objects.filter(ticket=response_id, is_deleted=False).select_related("author").order_by("id").first()
    )
    running = Outreach.objects.filter(ticket=original_id, state__in=Outreach.RUNNING).order_by("asked_at", "pk")
    if message is None or not (found := list(running)):
        return False
    person = message.author.person_id
    outreach = next((o for o in found if o.expert and o.expert.person_id == person), found[0])
    values = {"person_id": person, "why": matching.ELSEWHERE if person else matching.UNKNOWN, "found_at": now}
    possible, _new = PossibleAnswer.objects.get_or_create(outreach=outreach, message=message, defaults=values)
    return verdicts.decide(possible.pk, actor, is_answer=True, now=now)
