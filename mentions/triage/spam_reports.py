"""Passes spam that people report to us on to Slack, with the link, their words and the time, and thanks the
reporter."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from django.db import transaction
from django.utils.translation import gettext as _

from channels.links.web_addresses import is_web_address
from channels.outbox import slack_posts
from channels.toolkit.text import text_links
from mentions.models import Event, EventKind, Message, Reply, Ticket
from mentions.replies import replies
from mentions.tickets.transitions import OutcomeRefused, handed_over, lock_open, move, record
from mentions.undo import window

ABUSE_CHANNEL = "#abuse"
MAX_TEXT = 500
_REPORTS = re.compile(r"\b(?:spam\w*|abuse|abusive|phishing|scam\w*|malware)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Thanks:
    """A reply sent along with the report: the composer's key, text, handle and guard."""

    key: UUID | str
    text: str
    channel_id: int
    guard_message_id: int


@transaction.atomic
def report_spam(
    ticket_id: int,
    actor: Any,
    token: UUID | str | None,
    *,
    slack_channel: str = ABUSE_CHANNEL,
    link: str = "",
    thanks: Thanks | None = None,
    now: datetime,
) -> Event:
    """The requester reports spam or abuse (not: this mention is spam). `link`: the board or page where it is. It goes
    to Slack with their text and the time after the undo window; the ticket is solved. Raises OutcomeRefused, ClaimLost
    and, with `thanks`, what sending a reply raises."""
    ticket = lock_open(ticket_id, actor, token, now)
    link = link.replace("\0", "").strip()
    if link and not is_web_address(link):
        raise OutcomeRefused(_("The link to the board must start with https://."))
    said = reported_in(ticket)
    data: dict[str, Any] = {"link": link or (said.url if said else "")}
    item = slack_posts.post_message(
        key=uuid4(),
        conversation=f"slack:{slack_channel}",
        channel=slack_channel,
        text=_words(ticket, said, link),
        not_before=window.end_of_outcome(now),
    )
    data["outbound"] = item.pk
    if thanks is not None:
        event = record(ticket, actor, now, EventKind.SPAM_REPORTED, data)
        event.data = {**event.data, "reply": _thank(ticket, actor, token, thanks, now).pk}
        event.save(update_fields=["data"])
        return event
    why = handed_over(ticket, Ticket.NoReply.SPAM_REPORTED)
    return move(ticket, actor, now, EventKind.SPAM_REPORTED, data=data, status=Ticket.Status.SOLVED, **why)


def reported_in(ticket: Ticket) -> Message | None:
    """The message with the report: the last one that came in."""
    inbound = ticket.messages.filter(direction=Message.Direction.INBOUND, is_deleted=False)
    return inbound.defer("search").order_by("-posted_at", "-id").first()


def looks_like_one(text: str) -> bool:
    """Whether the page offers the report unprompted."""
    return bool(_REPORTS.search(text))


def link_in(message: Message | None) -> str:
    """The link proposed in the form: the first one in the report."""
    links = text_links(message.text) if message is not None else ()
    return next((link for link in links if is_web_address(link)), "")


def _words(ticket: Ticket, said: Message | None, link: str) -> str:
    """Slack markup; what people wrote can ping nobody."""
    at = (said.posted_at if said else ticket.posted_at).strftime("%Y-%m-%d %H:%M UTC")
    where = link or (said.url if said else "") or f"#{ticket.pk}"
    lines = [_("Spam reported to us at %(at)s: %(link)s") % {"at": at, "link": slack_posts.escaped(where)}]
    text = " ".join(said.text.split())[:MAX_TEXT] if said else ""
    if text:
        lines.append(f"> {slack_posts.escaped(text)}")
    if said is not None and said.url and said.url != where:
        lines.append(_("The report: %(link)s") % {"link": slack_posts.escaped(said.url)})
    return "\n".join(lines)


def _thank(ticket: Ticket, actor: Any, token: UUID | str | None, thanks: Thanks, now: datetime) -> Reply:
    return replies.submit(
        ticket.pk,
        actor,
        token,
        key=thanks.key,
        text=thanks.text,
        channel_id=thanks.channel_id,
        guard_message_id=thanks.guard_message_id,
        status_after=Ticket.Status.SOLVED,
        now=now,
    )
