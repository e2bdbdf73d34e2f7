"""Settles a request with its answer, and leaves the ticket in the state that the handbook requires.

The ticket gets the tags `expert-responded` and `expert-response` (the answer is in the same ticket), loses
`reached-out-to-expert`, a note names who answered, and it is solved; unless its requester has written again since, or
an advocate holds it: then it stays with them, no longer parked. An answer that came in as a separate ticket is solved
as *Expert Response* and linked.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import transaction
from django.urls import reverse
from django.utils.translation import gettext as _

from experts.models import Outreach
from experts.outreach import ending
from experts.recognising import drafting
from mentions.db import locks
from mentions.ingest.placing.placing_by_hand import attach
from mentions.models import EventKind, Message, Person, Ticket
from mentions.queue import claims
from mentions.tickets.transitions import UNPARKED, handed_over, move, record
from mentions.triage import notes, tagging

RESPONDED_TAG = "expert-responded"
RESPONSE_TAG = "expert-response"
RESPONDED_MACRO = "Involving Experts::Expert Responded"
RESPONSE_MACRO = "Involving Experts::Expert Response"
RELATED = ("ticket", "expert__person", "topic", "outbound")


@transaction.atomic
def answered(outreach_id: int, message_id: int, person: Person, now: datetime) -> bool:
    """End the request with this message as its answer, credited to `person`; False if either is settled already."""
    locks.lock_conversations(messages=[message_id])
    outreach = locks.with_ticket(Outreach.objects.select_related(*RELATED), outreach_id)
    message = Message.objects.select_related("channel", "ticket").defer("search", "html").get(pk=message_id)
    ticket = outreach.ticket
    is_open = outreach.is_running or outreach.state == Outreach.State.NO_ANSWER
    if not is_open or Outreach.objects.filter(answer=message).exists():
        return False
    is_draft = bool(outreach.draft) and drafting.is_same_text(message.text, outreach.draft)
    outreach.state = Outreach.State.SENT if is_draft else Outreach.State.ANSWERED
    outreach.answer, outreach.answered_by, outreach.remind_at = message, person, None
    outreach.answered_at = max(message.posted_at, outreach.asked_at)
    outreach.save(update_fields=["state", "answer", "answered_by", "answered_at", "remind_at"])
    if message.ticket_id is None:
        attach(message.pk, ticket)
    own = message.ticket if message.ticket is not None and message.ticket.requester_id == message.author_id else None
    tagging.change(ticket, [RESPONDED_TAG] if own else [RESPONDED_TAG, RESPONSE_TAG], [ending.REACHED_OUT_TAG])
    where = {"who": person, "channel": message.channel, "url": message.url}
    notes.write(ticket, None, _("%(who)s answered on %(channel)s: %(url)s") % where, now)
    leave(ticket, outreach.answered_at, {"outreach": outreach.pk, "who": str(person), "macro": RESPONDED_MACRO}, now)
    if own is not None:
        _solve_response(own, ticket, person, now)
    ending.tell(outreach, "answered", _("%(who)s has answered. Thank you!") % {"who": person}, now)
    ending.withdraw_others(outreach, str(person), now)
    return True


def leave(ticket: Ticket, answered_at: datetime, data: dict[str, Any], now: datetime) -> None:
    """End the locked ticket's wait: solved, unless somebody is working on it or the requester has asked again."""
    if ticket.status == Ticket.Status.CLOSED or ticket.merged_into_id:
        record(ticket, None, now, EventKind.EXPERT_RESPONDED, data)
    elif claims.is_live(ticket, now) or _asked_again(ticket, answered_at):
        move(ticket, None, now, EventKind.EXPERT_RESPONDED, data=data, keeps_claim=True, **UNPARKED)
    else:
        changes = {"status": Ticket.Status.SOLVED, **handed_over(ticket, Ticket.NoReply.EXPERT_RESPONSE)}
        move(ticket, None, now, EventKind.EXPERT_RESPONDED, data=data, keeps_claim=True, **changes)


def _asked_again(ticket: Ticket, answered_at: datetime) -> bool:
    inbound = ticket.messages.filter(direction=Message.Direction.INBOUND, is_auto=False, is_deleted=False)
    return inbound.filter(posted_at__gt=answered_at).exists()


def _solve_response(response: Ticket, original: Ticket, person: Person, now: datetime) -> None:
    """Solve a ticket that is itself the answer: *Expert Response*, with a link to the original."""
    response = Ticket.objects.select_for_update().get(pk=response.pk)
    if response.status == Ticket.Status.CLOSED or response.merged_into_id or claims.is_live(response, now):
        return
    if response.status == Ticket.Status.SOLVED and response.tags.filter(name=RESPONSE_TAG).exists():
        return  # an advocate has applied the macro
    tagging.change(response, [RESPONSE_TAG], [])
    url = settings.BASE_URL + reverse("mentions:ticket", args=[original.pk])
    words = {"who": person, "number": original.pk, "url": url}
    notes.write(response, None, _("%(who)s answers #%(number)s here: %(url)s") % words, now)
    changes = {"status": Ticket.Status.SOLVED, **handed_over(response, Ticket.NoReply.EXPERT_RESPONSE)}
    data = {"who": str(person), "macro": RESPONSE_MACRO, "original": original.pk}
    move(response, None, now, EventKind.EXPERT_RESPONDED, data=data, keeps_claim=True, **changes)
