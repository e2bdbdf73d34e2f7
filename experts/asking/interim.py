"""The interim reply: what we tell the requester while an expert is asked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

from django.db.models import Max
from django.utils.translation import gettext as _

from experts.models import Outreach
from mentions.models import Message
from mentions.replies import drafts, handles


@dataclass(frozen=True, slots=True)
class Proposal:
    """The reply's form, filled in. `channels`: [(id, label)]; `guard`: the newest message that the text has seen."""

    key: UUID
    text: str
    channels: list[tuple[int, str]]
    chosen: int
    guard: int


def proposal(outreach: Outreach, user: Any, seen: int | None = None) -> Proposal | None:
    """For the ticket of a request; None if this person cannot reply from the desk. If they have begun to write, their
    text is proposed instead. `seen`: the newest message they have read, if it isn't the newest there is."""
    ticket = outreach.ticket
    asked = ticket.messages.filter(direction=Message.Direction.INBOUND, is_auto=False, is_deleted=False)
    last = asked.select_related("channel__connection").order_by("posted_at", "pk").last()
    options = handles.fitting(handles.reply_options(ticket, user), last)
    chosen = handles.suggest(ticket, last, options.channels)
    if last is None or chosen is None or last.is_unreadable:
        return None
    begun = drafts.text_of(ticket.pk, user)
    newest = seen or ticket.messages.aggregate(newest=Max("pk"))["newest"] or 0
    labels = [(channel.pk, options.label(channel)) for channel in options.channels]
    return Proposal(uuid4(), begun or proposed_text(), labels, chosen.pk, newest)


def proposed_text() -> str:
    return _("Thanks for asking! I’ve asked a colleague who knows this well. We’ll get back to you here.")
