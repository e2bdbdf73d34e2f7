"""Time-based steps of a request: reminders in the expert's working hours, then *no answer*, and the ticket comes
back."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction
from django.utils.translation import gettext as _

from channels import sweeps
from channels.outbox import slack_posts
from experts.directory import working_hours
from experts.models import Outreach
from experts.outreach import ending
from experts.slack_text import pinging
from mentions.db import locks
from mentions.models import EventKind, Ticket
from mentions.tickets import parking
from mentions.tickets.transitions import record

FIRST = timedelta(hours=4)
NEXT = timedelta(hours=8)
"""In working hours, after the request, the last reminder, or *I'll answer*."""
MAX_REMINDERS = 2
MAX_A_RUN = 200


def hours_of(outreach: Outreach) -> working_hours.Hours:
    """The expert's hours; a team is assumed to work in UTC."""
    return working_hours.Hours() if outreach.expert is None else working_hours.hours_of(outreach.expert)


def schedule(outreach: Outreach, since: datetime, worked: timedelta) -> None:
    """Set the next reminder, unless all were sent or the request ends before. Changes only the instance."""
    at = working_hours.after(since, worked, hours_of(outreach))
    is_left = outreach.reminders < MAX_REMINDERS and (outreach.ends_at is None or at < outreach.ends_at)
    outreach.remind_at = at if is_left else None


def run(now: datetime) -> int:
    """Send due reminders and end requests whose time is up; returns how many requests changed."""
    running = Outreach.objects.filter(state__in=(Outreach.State.ASKED, Outreach.State.ACKNOWLEDGED))
    due = running.filter(remind_at__lte=now) | running.filter(ends_at__lte=now)
    ids = list(due.order_by("pk").values_list("pk", flat=True)[:MAX_A_RUN])
    return sweeps.each("reminders", ids, lambda pk: _run(pk, now))


@transaction.atomic
def _run(outreach_id: int, now: datetime) -> bool:
    related = ("ticket", "expert__person", "topic", "outbound")
    outreach = locks.with_ticket(Outreach.objects.select_related(*related), outreach_id)
    if outreach.state not in (Outreach.State.ASKED, Outreach.State.ACKNOWLEDGED):
        return False
    if outreach.ends_at is not None and outreach.ends_at <= now:
        _end(outreach, now)
        return True
    if outreach.remind_at is None or outreach.remind_at > now:
        return False
    if not working_hours.is_working(now, hours_of(outreach)):  # the sweep was late, or they have been absent since
        schedule(outreach, now, timedelta(0))
    else:
        _remind(outreach, now)
    outreach.save(update_fields=["remind_at", "reminders"])
    return True


def _remind(outreach: Outreach, now: datetime) -> None:
    asked = outreach.expert or outreach.topic
    ping = pinging.ping_of(asked) or slack_posts.escaped(pinging.address(asked)) if asked else ""
    outreach.reminders += 1
    words = slack_posts.escaped(_("a friendly reminder: this is still waiting for an answer."))
    ending.say(outreach, f"reminder {outreach.reminders}", f"{ping} {words}".strip(), now)
    schedule(outreach, now, NEXT)


def _end(outreach: Outreach, now: datetime) -> None:
    outreach.state, outreach.remind_at = Outreach.State.NO_ANSWER, None
    outreach.save(update_fields=["state", "remind_at"])
    data = {"outreach": outreach.pk, "who": outreach.asked, "to": "no_answer"}
    record(outreach.ticket, None, now, EventKind.OUTREACH, data)
    words = _("We will ask somebody else. If you can answer after all, please do: it still counts.")
    ending.tell(outreach, "no answer", words, now)
    others = outreach.ticket.outreaches.filter(state__in=Outreach.RUNNING)
    if outreach.ticket.waiting_on == Ticket.WaitingOn.EXPERT and not others.exists():
        why = _("%(who)s did not answer") % {"who": outreach.asked}
        parking.wake(outreach.ticket_id, None, now=now, why=why)
