"""An expert's response to a request: they will answer, can't, suggest somebody else, or send a draft."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from experts.directory import directory
from experts.models import Expert, Outreach
from experts.outreach import ending, reminders
from mentions.db import locks
from mentions.models import EventKind, Ticket
from mentions.replies import drafts
from mentions.tickets import parking
from mentions.tickets.transitions import OutcomeRefused, record
from mentions.triage import notes

MAX_WORDS = 5000
State = Outreach.State
RELATED = ("ticket", "expert__person", "topic", "outbound", "asked_by")


@transaction.atomic
def respond(
    outreach_id: int,
    state: str,
    words: str,
    *,
    now: datetime,
    actor: Any = None,
    by: str = "",
    suggested: Expert | None = None,
) -> Outreach:
    """Record the response of the expert, or of an advocate on their behalf: acknowledged, redirected, declined,
    no_answer, or `draft` with text that an advocate may post. `by`: who responds, if not the person asked. A
    redirect proposes `suggested`, else the expert named in the words. Raises OutcomeRefused."""
    words = words.replace("\0", "").strip()[:MAX_WORDS]
    outreach = locks.with_ticket(Outreach.objects.select_related(*RELATED), outreach_id)
    if not outreach.is_running:
        raise OutcomeRefused(_("This request has already ended: %(state)s.") % {"state": outreach.get_state_display()})
    if state == State.DRAFT:
        _take_draft(outreach, words, by, now)
    elif state == outreach.state and not words:
        return outreach  # repeated
    _say(outreach, state, words, by, actor, now)
    _set(outreach, state, words, suggested, now)
    record(outreach.ticket, actor, now, EventKind.OUTREACH, _data(outreach, state, by))
    _wake(outreach, state, by, now)
    return outreach


def _set(outreach: Outreach, state: str, words: str, suggested: Expert | None, now: datetime) -> None:
    outreach.state = State(state)
    outreach.acknowledged_at = outreach.acknowledged_at or now
    outreach.remind_at = None
    if state == State.ACKNOWLEDGED:
        reminders.schedule(outreach, now, reminders.NEXT)
    if state == State.REDIRECTED:
        outreach.suggested = suggested or directory.named_in(words, exclude=outreach.expert_id)
    outreach.save(update_fields=["state", "acknowledged_at", "remind_at", "suggested", "draft", "draft_by"])


def _data(outreach: Outreach, state: str, by: str) -> dict[str, Any]:
    data: dict[str, Any] = {"outreach": outreach.pk, "who": by or outreach.asked, "to": state}
    return data | ({"suggested": str(outreach.suggested)} if outreach.suggested else {})


def _take_draft(outreach: Outreach, words: str, by: str, now: datetime) -> None:
    """Put the draft into the composer of the advocate who asked, marked as the expert's; a newer version replaces an
    older one."""
    if not words:
        raise OutcomeRefused(_("The draft is empty. Write it below, then send it."))
    before, outreach.draft, outreach.draft_by = outreach.draft, words, (by or outreach.asked)[:120]
    put_in_composer(outreach, outreach.asked_by, now, replaces=before)
    thanks = _("Thank you for the draft! We will tell you here when it is sent.")
    ending.tell(outreach, "draft", thanks, now)


def put_in_composer(outreach: Outreach, user: Any, now: datetime, *, replaces: str = "") -> None:
    """The draft, marked as theirs; sending it ends the request."""
    credit, origin = outreach.draft_by, origin_of(outreach)
    drafts.give_back(outreach.ticket_id, user, outreach.draft, now, credit=credit, origin=origin, replaces=replaces)


def origin_of(outreach: Outreach) -> str:
    """The `origin` by which a reply says that it carries this request's draft."""
    return f"outreach:{outreach.pk}"


def _wake(outreach: Outreach, state: str, by: str, now: datetime) -> None:
    if state == State.ACKNOWLEDGED or outreach.ticket.waiting_on != Ticket.WaitingOn.EXPERT:
        return
    if state != State.DRAFT and outreach.ticket.outreaches.filter(state__in=Outreach.RUNNING).exists():
        return  # somebody else was asked as well
    why = _("%(who)s: %(state)s") % {"who": by or outreach.asked, "state": State(state).label}
    parking.wake(outreach.ticket_id, None, now=now, why=why)


def _say(outreach: Outreach, state: str, words: str, by: str, actor: Any, now: datetime) -> None:
    if words:
        notes.write(outreach.ticket, actor, f"{by or outreach.asked} ({State(state).label}):\n{words}", now)
