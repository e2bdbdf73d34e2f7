"""The team's requests at a glance, and what an advocate can do with one there: remind, withdraw."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import uuid5

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from channels.audience import seen_by
from channels.models import OutboundItem
from channels.outbox import slack_posts
from experts.directory import working_hours
from experts.models import Outreach
from experts.outreach import ending, reminders
from experts.slack_text import pinging
from mentions.db import locks
from mentions.models import Ticket
from mentions.tickets import parking
from mentions.tickets.transitions import OutcomeRefused

MAX_ROWS = 200
State = Outreach.State
RELATED = ("expert__person", "topic", "ticket__channel__connection", "asked_by", "outbound", "answered_by")


@dataclass(frozen=True, slots=True)
class Board:
    """`late`: no answer within the working time that a reminder allows. `drafts`: it is our turn. Oldest first."""

    late: list[Outreach]
    drafts: list[Outreach]
    waiting: list[Outreach]
    answered: list[Outreach]

    @property
    def open_count(self) -> int:
        return len(self.late) + len(self.drafts) + len(self.waiting)


def board(user: Any, now: datetime, *, is_mine: bool) -> Board:
    """The requests on tickets that this person may see; `is_mine`: only those they asked. Two queries."""
    seen = seen_by(user, Outreach).select_related(*RELATED)
    seen = seen.filter(asked_by=user) if is_mine else seen
    running = list(seen.filter(state__in=Outreach.RUNNING).order_by("asked_at", "pk")[:MAX_ROWS])
    drafts = [o for o in running if o.state == State.DRAFT]
    late = [o for o in running if o.state != State.DRAFT and late_since(o) <= now]
    waiting = [o for o in running if o not in drafts and o not in late]
    return Board(late, drafts, waiting, list(_answered_today(seen, now)[:MAX_ROWS]))


def _answered_today(seen: QuerySet[Outreach], now: datetime) -> QuerySet[Outreach]:
    """Requests answered since midnight in the viewer's time zone."""
    midnight = timezone.localtime(now).replace(hour=0, minute=0, second=0, microsecond=0)
    done = (State.ANSWERED, State.SENT)
    return seen.filter(state__in=done, answered_at__gte=midnight).order_by("-answered_at", "-pk")


def late_since(outreach: Outreach) -> datetime:
    """When the first reminder is due, in the expert's working hours: after the request, or after they took it."""
    since, worked = (outreach.asked_at, reminders.FIRST)
    if outreach.state == State.ACKNOWLEDGED and outreach.acknowledged_at:
        since, worked = outreach.acknowledged_at, reminders.NEXT
    return working_hours.after(since, worked, reminders.hours_of(outreach))


@transaction.atomic
def remind(outreach_id: int, now: datetime) -> None:
    """Remind the expert in the Slack thread, at most once an hour. Raises OutcomeRefused."""
    outreach = _locked(outreach_id)
    if outreach.slack_ts in ("", "?"):
        raise OutcomeRefused(_("The desk does not know the Slack thread. Remind them in Slack."))
    step = f"reminded by hand {now:%Y%m%d%H}"
    if OutboundItem.objects.filter(key=uuid5(outreach.key, step)).exists():
        raise OutcomeRefused(_("They were already reminded in the last hour."))
    asked = outreach.expert or outreach.topic
    ping = pinging.ping_of(asked) or slack_posts.escaped(pinging.address(asked)) if asked else ""
    words = slack_posts.escaped(_("a friendly reminder: this is still waiting for an answer."))
    ending.say(outreach, step, f"{ping} {words}".strip(), now)
    outreach.reminders += 1
    reminders.schedule(outreach, now, reminders.NEXT)
    outreach.save(update_fields=["reminders", "remind_at"])


@transaction.atomic
def withdraw(outreach_id: int, actor: Any, now: datetime) -> None:
    """End a request that is no longer needed; its thread is notified, and the ticket returns if it waits for nobody
    else.
    Raises OutcomeRefused."""
    outreach = _locked(outreach_id)
    ending.withdraw(outreach, "", now)
    others = outreach.ticket.outreaches.filter(state__in=Outreach.RUNNING)
    if outreach.ticket.waiting_on == Ticket.WaitingOn.EXPERT and not others.exists():
        by = actor.get_full_name() or actor.get_username()
        why = _("%(by)s withdrew the request to %(who)s") % {"by": by, "who": outreach.asked}
        parking.wake(outreach.ticket_id, None, now=now, why=why)


def _locked(outreach_id: int) -> Outreach:
    related = ("ticket", "expert__person", "topic", "outbound")
    outreach = locks.with_ticket(Outreach.objects.select_related(*related), outreach_id)
    if not outreach.is_running:
        raise OutcomeRefused(_("This request has already ended: %(state)s.") % {"state": outreach.get_state_display()})
    return outreach
