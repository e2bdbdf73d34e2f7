"""Ends requests that are no longer needed, and tells their Slack threads, each thing once."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import uuid5

from django.db import transaction
from django.utils.translation import gettext as _

from channels import sweeps
from channels.outbox import outbox, slack_posts
from experts.models import Outreach
from mentions.db import locks
from mentions.models import EventKind, Reply, Ticket
from mentions.tickets.transitions import record
from mentions.triage import tagging

REACHED_OUT_TAG = "reached-out-to-expert"
SETTLING = timedelta(minutes=2)
"""A ticket solved by an answer just now: the answer is recognised first."""
MAX_A_RUN = 200


def tell(outreach: Outreach, step: str, words: str, now: datetime) -> None:
    """Reply in the request's Slack thread, once per `step`. `words` are plain text. Does nothing while the request
    itself isn't posted."""
    say(outreach, step, slack_posts.escaped(words), now)


def say(outreach: Outreach, step: str, text: str, now: datetime) -> None:
    """As `tell`, with Slack markup."""
    if outreach.slack_ts in ("", "?"):
        return
    slack_posts.post_message(
        key=uuid5(outreach.key, step),
        conversation=f"outreach:{outreach.ticket_id}",
        # The id: a channel may be renamed while the request runs.
        channel=outreach.slack_room or outreach.slack_channel,
        thread_ts=outreach.slack_ts,
        text=text,
        not_before=now,
    )


def withdraw(outreach: Outreach, who: str, now: datetime) -> None:
    """End a running request whose ticket no longer needs an answer; the caller holds its locks. `who` answered instead;
    "" if nobody did."""
    outreach.state, outreach.remind_at = Outreach.State.WITHDRAWN, None
    outreach.save(update_fields=["state", "remind_at"])
    if outreach.outbound is not None and not outreach.slack_ts:
        _unsay(outreach, now)
    thanks = _("%(who)s has answered. Nothing more is needed here, thank you!") % {"who": who}
    tell(outreach, "ended", thanks if who else _("This is settled. Nothing more is needed here, thank you!"), now)
    record(
        outreach.ticket,
        None,
        now,
        EventKind.OUTREACH,
        {"outreach": outreach.pk, "who": outreach.asked, "to": "withdrawn"},
    )


def _unsay(outreach: Outreach, now: datetime) -> None:
    """Cancel the request's Slack post if it hasn't been sent yet."""
    try:
        outbox.cancel(outreach.outbound_id or 0, now)
    except outbox.WrongState:
        return


def withdraw_others(outreach: Outreach, who: str, now: datetime) -> None:
    """Withdraw the ticket's other requests, since one was answered. The caller has locked the ticket."""
    others = Outreach.objects.filter(ticket=outreach.ticket_id, state__in=Outreach.RUNNING).exclude(pk=outreach.pk)
    for other in others.select_related("ticket", "expert__person", "topic", "outbound").select_for_update(of=("self",)):
        withdraw(other, who, now)


def withdraw_needless(now: datetime) -> int:
    """End the requests of tickets that an advocate solved without them; returns how many."""
    over = Outreach.objects.filter(
        state__in=Outreach.RUNNING,
        ticket__status__in=(Ticket.Status.SOLVED, Ticket.Status.CLOSED),
        ticket__solved_at__lt=now - SETTLING,
    )
    ids = list(over.order_by("pk").values_list("pk", flat=True)[:MAX_A_RUN])
    return sweeps.each("requests no longer needed", ids, lambda pk: _withdraw_needless(pk, now))


@transaction.atomic
def _withdraw_needless(outreach_id: int, now: datetime) -> bool:
    outreach = locks.with_ticket(
        Outreach.objects.select_related("ticket", "expert__person", "topic", "outbound"), outreach_id
    )
    ticket = outreach.ticket
    done = (Ticket.Status.SOLVED, Ticket.Status.CLOSED)
    on_its_way = (Reply.State.SCHEDULED, Reply.State.QUEUED, Reply.State.UNCERTAIN)
    if not outreach.is_running or ticket.status not in done or ticket.replies.filter(state__in=on_its_way).exists():
        return False
    withdraw(outreach, "", now)
    tagging.change(ticket, [], [REACHED_OUT_TAG])
    return True
