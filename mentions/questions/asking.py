"""Asks a question in Slack and parks the ticket for its answer, in one transaction."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import uuid4, uuid5

from django.conf import settings
from django.db import transaction
from django.urls import reverse
from django.utils.translation import gettext as _

from channels import sweeps
from channels.models import OutboundItem
from channels.outbox import outbox, slack_posts
from mentions.db import locks
from mentions.models import Event, EventKind, Question, Ticket
from mentions.tickets import parking
from mentions.tickets.transitions import OutcomeRefused, lock_open
from mentions.undo import window

State = Question.State
SETTLED = (OutboundItem.State.SENT, OutboundItem.State.FAILED, OutboundItem.State.CANCELLED)


@transaction.atomic
def ask(
    ticket_id: int, actor: Any, token: Any, *, room: str, text: str, until: datetime | None = None, now: datetime
) -> Event:
    """Post the question after the undo window, and park the ticket until it is answered. Raises ClaimLost, and
    OutcomeRefused, also while another question of the ticket is open."""
    ticket = lock_open(ticket_id, actor, token, now)
    room, text = room.strip(), text.replace("\0", "").strip()
    if not settings.SLACK_TOKEN:
        raise OutcomeRefused(_("Slack is not set up, so nobody can be asked there. Leave the Slack channel empty."))
    if not slack_posts.is_channel_name(room):
        raise OutcomeRefused(_("Enter a Slack channel, such as #product."))
    if not text:
        raise OutcomeRefused(_("Enter the question in the note: it is posted in Slack."))
    end_running(ticket, now)
    key = uuid4()
    posted = slack_posts.post_message(
        key=key,
        conversation=f"question:{ticket.pk}",
        channel=room,
        text=words_for(ticket, actor, text),
        not_before=window.end_of_outcome(now),
    )
    Question.objects.create(
        key=key, ticket=ticket, asked_by=actor, asked_at=now, text=text, slack_channel=room, outbound=posted
    )
    data = {"question": posted.pk, "channel": room}
    return parking.set_aside(
        ticket, actor, now, EventKind.PARKED, waiting_on=Ticket.WaitingOn.QUESTION, until=until, note=text, data=data
    )


def words_for(ticket: Ticket, actor: Any, text: str) -> str:
    """The text of the question's post: only what was typed and the ticket's address, which requires permission to
    open."""
    who = actor.get_full_name() or actor.get_username()
    address = settings.BASE_URL + reverse("mentions:ticket", args=[ticket.pk])
    asks = _("%(who)s asks: %(text)s") % {"who": who, "text": text}
    return slack_posts.escaped("\n".join([asks, address, _("Please answer in this thread.")]))


def end_running(ticket: Ticket, now: datetime) -> None:
    """A new question replaces an unanswered one. The caller has locked the ticket."""
    for old in Question.objects.filter(ticket=ticket, state=State.ASKED).select_related("outbound"):
        end(old, now)


def end(question: Question, now: datetime) -> None:
    """End a question whose answer is no longer needed: cancel the post, or tell the thread."""
    question.state, question.read_at = State.OVER, None
    question.save(update_fields=["state", "read_at"])
    if question.slack_ts:
        say(question, "over", _("Nothing more is needed here, thank you!"), now)
        return
    try:
        outbox.cancel(question.outbound_id, now)
    except outbox.WrongState:
        return  # it is posted at this moment; `apply_delivery` tells the thread


def say(question: Question, step: str, words: str, now: datetime) -> None:
    """Reply in the question's thread, once per step."""
    slack_posts.post_message(
        key=uuid5(question.key, step),
        conversation=f"question:{question.ticket_id}",
        channel=question.slack_room,
        thread_ts=question.slack_ts,
        text=slack_posts.escaped(words),
        not_before=now,
    )


def unsettled() -> list[int]:
    """Ids of settled outbox items whose outcome isn't recorded on their question."""
    waiting = Question.objects.filter(slack_ts="", error="", outbound__state__in=SETTLED)
    waiting = waiting.exclude(state=State.OVER, outbound__state=OutboundItem.State.CANCELLED)
    return list(waiting.values_list("outbound_id", flat=True)[:200])


@transaction.atomic
def apply_delivery(outbound_id: int, now: datetime) -> bool:
    """Record the outcome of the post; idempotent. A ticket with a question that was never posted comes back."""
    question_id = Question.objects.filter(outbound=outbound_id).values_list("pk", flat=True).first()
    if question_id is None:
        return False
    question = locks.with_ticket(Question.objects.select_related("outbound", "ticket"), question_id)
    posted = question.outbound
    if posted.state == OutboundItem.State.SENT and not question.slack_ts:
        return _posted(question, posted, now)
    if posted.state in SETTLED and posted.state != OutboundItem.State.SENT and question.state == State.ASKED:
        return _failed(question, posted, now)
    return False


def _posted(question: Question, posted: OutboundItem, now: datetime) -> bool:
    receipt = posted.receipt or {}
    question.slack_ts, question.slack_room = str(receipt.get("ts") or "?"), str(receipt.get("channel") or "")
    question.slack_url = str(receipt.get("permalink") or posted.url or "")
    question.read_at = now if question.state == State.ASKED else None
    question.save(update_fields=["slack_ts", "slack_room", "slack_url", "read_at"])
    if question.state == State.OVER:
        say(question, "over", _("Nothing more is needed here, thank you!"), now)
    return True


def _failed(question: Question, posted: OutboundItem, now: datetime) -> bool:
    """End a question that was undone by its advocate or refused by Slack."""
    is_undone = posted.state == OutboundItem.State.CANCELLED and not _waits(question)
    question.state = State.OVER if is_undone else State.FAILED
    question.error = "" if is_undone else posted.error or _("It was cancelled in the outbox.")
    question.save(update_fields=["state", "error"])
    if not is_undone and _waits(question):
        why = _("the question could not be posted: %(error)s") % {"error": question.error}
        parking.wake(question.ticket_id, None, now=now, why=why)
    return True


def _waits(question: Question) -> bool:
    return question.ticket.waiting_on == Ticket.WaitingOn.QUESTION


def end_needless(now: datetime) -> int:
    """End unanswered questions of tickets that are done; returns how many. After a ticket came back because time was
    up, its thread is still read: a late answer helps."""
    done = (Ticket.Status.PENDING, Ticket.Status.SOLVED, Ticket.Status.CLOSED)
    over = Question.objects.filter(state=State.ASKED, ticket__status__in=done)
    return sweeps.each("questions", list(over.values_list("pk", flat=True)[:200]), lambda pk: _end_needless(pk, now))


@transaction.atomic
def _end_needless(question_id: int, now: datetime) -> bool:
    question = locks.with_ticket(Question.objects.select_related("outbound", "ticket"), question_id)
    if question.state != State.ASKED or question.ticket.status in (Ticket.Status.NEW, Ticket.Status.OPEN):
        return False
    end(question, now)
    return True
