"""Keeps the expert informed in the Slack thread of a request: an answer by the advocate, news from the requester."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import F
from django.utils.translation import gettext as _

from channels import sweeps
from experts.models import Outreach
from experts.outreach import ending, responding
from mentions.db import locks
from mentions.models import EventKind, Message, Ticket
from mentions.people import audience
from mentions.queue import claims
from mentions.text.rendering import excerpt
from mentions.tickets import parking
from mentions.tickets.transitions import OutcomeRefused, record

MAX_LENGTH = 3000
SAID = 300
NEWS = timedelta(hours=6)
"""How far the sweep looks back for messages whose signal was lost."""


@transaction.atomic
def say(outreach_id: int, actor: Any, text: str, key: str, now: datetime) -> None:
    """Post the text in the thread, once per `key` (the page's); the ticket keeps waiting for the expert, unless
    somebody else has it. Raises OutcomeRefused."""
    outreach = locks.with_ticket(Outreach.objects.select_related(*responding.RELATED), outreach_id)
    text = text.replace("\0", "").strip()
    if not text or len(text) > MAX_LENGTH or not key:
        raise OutcomeRefused(_("Enter a message of at most %(most)s characters.") % {"most": MAX_LENGTH})
    if outreach.slack_ts in ("", "?"):
        raise OutcomeRefused(_("The desk does not know the Slack thread. Answer in Slack."))
    ending.tell(outreach, f"said {key[:40]}", text, now)
    ticket, until = outreach.ticket, outreach.ends_at
    is_free = not claims.is_live(ticket, now) or ticket.claimed_by_id == actor.pk
    is_open = ticket.status in (Ticket.Status.NEW, Ticket.Status.OPEN) and not ticket.waiting_on
    data = {"outreach": outreach.pk, "who": outreach.asked, "said": "told"}
    if outreach.is_running and not outreach.draft and until and until > now and is_free and is_open:
        expert = Ticket.WaitingOn.EXPERT
        parking.set_aside(
            ticket, actor, now, EventKind.OUTREACH, waiting_on=expert, until=until, note=ticket.wait_note, data=data
        )
    else:
        record(ticket, actor, now, EventKind.OUTREACH, data)


def tell_news(message_ids: Iterable[int] | None, now: datetime) -> int:
    """Tell experts with running requests that the requester has written again (None: everything recent); returns how
    many messages. Each is announced once."""
    asked = Message.objects.filter(
        direction=Message.Direction.INBOUND,
        is_auto=False,
        is_deleted=False,
        ticket__outreaches__state__in=Outreach.RUNNING,
        posted_at__gt=F("ticket__outreaches__asked_at"),
        author=F("ticket__requester"),
    )
    asked = asked.filter(ingested_at__gt=now - NEWS) if message_ids is None else asked.filter(pk__in=list(message_ids))
    found = asked.select_related("ticket__channel").defer("search", "html").distinct().order_by("pk")[:200]
    return sweeps.each("news for experts", found, lambda message: _tell_news(message, now))


def _tell_news(message: Message, now: datetime) -> bool:
    ticket = message.ticket
    if ticket is None:
        return False
    quote = "" if audience.circle_of([ticket]).channels else excerpt(message.text, SAID)
    words = "\n".join(part for part in (_("They have written again:"), quote, message.url) if part)
    running = ticket.outreaches.filter(state__in=Outreach.RUNNING, asked_at__lt=message.posted_at)
    for outreach in running:
        ending.tell(outreach, f"news {message.pk}", words, now)
    return True
