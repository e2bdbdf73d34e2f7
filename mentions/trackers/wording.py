"""The template of an issue opened from a ticket, and what is proposed to tell the requester."""

from __future__ import annotations

import re

from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext as _

from mentions.models import Issue, Ticket
from mentions.people import audience

MAX_QUOTE = 4000
_FENCE = re.compile(r"`{3,}")


def title_of(ticket: Ticket) -> str:
    """The issue's title; empty for a restricted ticket, since many more people read a tracker."""
    return "" if audience.circle_of([ticket]).channels else ticket.subject.strip()[:255]


def text_of(ticket: Ticket) -> str:
    """The requester's words in a code block, where nothing pings anybody or runs as a command, and links back. For a
    restricted ticket only the link to it, which needs permission."""
    address: str = settings.BASE_URL + reverse("mentions:ticket", args=[ticket.pk])
    back = _("Ticket: %(url)s") % {"url": address}
    if audience.circle_of([ticket]).channels:
        return back
    said = ticket.messages.filter(direction="in", is_deleted=False).order_by("posted_at", "id")
    text, url = said.values_list("text", "url").first() or ("", "")
    where = _("Reported on %(channel)s") % {"channel": ticket.channel.name}
    return "\n\n".join(part for part in (_block(text[:MAX_QUOTE]), f"{where}: {url}" if url else where, back) if part)


def _block(text: str) -> str:
    if not text.strip():
        return ""
    longest = max((len(fence) for fence in _FENCE.findall(text)), default=2)
    fence = "`" * max(3, longest + 1)
    return f"{fence}text\n{text.strip()}\n{fence}"


def news_of(issue: Issue) -> str:
    """The message to the requester when it is closed. A confidential issue is not linked, since they could not read
    it."""
    if issue.is_confidential or not issue.url:
        return _("Good news: what you reported has been resolved. Could you check whether it works for you now?")
    return _(
        "Good news: the issue about this has been resolved: %(url)s Could you check whether it works for you now?"
    ) % {"url": issue.url}
