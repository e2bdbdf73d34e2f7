"""The desk's template filters: times, and text from outside."""

from __future__ import annotations

from collections.abc import Hashable
from datetime import datetime

from django import template
from django.contrib.messages.storage.base import Message
from django.template import Context
from django.template.defaultfilters import filesizeformat
from django.urls import reverse
from django.utils.safestring import SafeString

from channels.clocks import desk_now
from channels.links.web_addresses import web_address
from channels.models import Channel
from channels.registry.icons import icon_of, platform_of
from mentions.clocks import due_soon
from mentions.clocks.overdue import OPEN
from mentions.incidents.incidents import Incident
from mentions.models import Message as TicketMessage
from mentions.models import Ticket
from mentions.people import own_side
from mentions.text import fragments, platform_icons, rendering, times
from mentions.undo import window
from mentions.views import playing

register = template.Library()


@register.simple_tag(takes_context=True)
def back_to_ticket(context: Context, ticket: Ticket) -> str:
    """The URL of the page's ticket as it was on screen before: play mode, or its own page."""
    request = context["request"]
    return playing.back_address(request, ticket.pk, is_claimed=ticket.claimed_by_id == request.user.pk)


@register.simple_tag
def fragment(template: str, **values: Hashable) -> SafeString:
    """`{% fragment "mentions/_options.html" choices=… %}`: an include, rendered once; see `fragments.fragment`."""
    return fragments.fragment(template, **values)


@register.simple_tag
def icon(namespace: str, beside: str = "") -> SafeString:
    """`{% icon connection.platform beside=channel.name %}`: see `platform_icons.icon`."""
    return platform_icons.icon(namespace or "", beside or "")


@register.simple_tag
def undo_seconds() -> int:
    """How long a page offers *Undo*: a second less than it works."""
    return max(1, int((window.length() + window.GRACE).total_seconds()) - 1)


@register.filter
def ours(channel: Channel) -> str:
    """The channel as our own side: `Acme · @acme on Twitter`."""
    return own_side.of_channel(channel)


@register.filter
def who(message: TicketMessage) -> str:
    """Who wrote it; our own side as `Acme · @acme on Twitter`."""
    return own_side.of_message(message)


@register.filter
def apart_from(incidents: list[Incident], sources: set[str]) -> list[Incident]:
    """The status page's incidents except those from these sources, which are already shown."""
    return [each for each in incidents if each.source not in sources]


@register.filter
def ago(at: datetime | None) -> SafeString | str:
    """`2 h 10 min ago`, exact on hover."""
    return times.ago_tag(at, desk_now()) if at else ""


@register.filter
def ahead(at: datetime | None) -> SafeString | str:
    """`in 3 h`, exact on hover."""
    return times.time_tag(at, times.ahead(at, desk_now()), "ahead") if at else ""


@register.filter
def due(ticket: Ticket) -> SafeString | str:
    """`due in 4 h 50 min`, `due soon, in 20 min` or `overdue by 20 min`."""
    if ticket.due_at is None:
        return ""
    soon_at = due_soon.begins_for(ticket) if ticket.status in OPEN else None
    return times.due_tag(ticket.due_at, desk_now(), soon_at)


@register.filter
def exact(at: datetime | None) -> str:
    return times.exact(at) if at else ""


@register.filter
def linked(text: str) -> SafeString:
    """Escaped, with URLs as links."""
    return rendering.linked(text)


@register.filter
def markdown(text: str) -> SafeString:
    """Our own Markdown (guidelines), sanitised."""
    return rendering.markdown(text)


@register.filter
def capped(count: int) -> str:
    """`1,000+` where counts are capped."""
    return rendering.capped(count)


@register.filter
def body(text: str) -> SafeString:
    """A message for reading: linked, with quotes and signature folded."""
    return rendering.body(text)


@register.filter
def parts(keys: str) -> list[str]:
    """`g p` → its keys, one by one."""
    return keys.split()


UNDO_URLS = {"reply": "mentions:undo", "event": "mentions:undo_outcome"}
"""What a toast can undo → the URL name; upper floors add theirs at app start."""


@register.filter
def undo_url(message: Message) -> str:
    """The undo URL for this message's toast; "" if there is none."""
    tags = (message.extra_tags or "").split("-")
    if len(tags) != 3 or tags[0] != "undo":
        return ""
    return reverse(UNDO_URLS[tags[1]], args=[int(tags[2])])


@register.filter
def ticket_url(message: Message) -> str:
    """URL of the ticket this message's toast is about; "" if it is the one on screen."""
    kind, _, number = (message.extra_tags or "").partition("-")
    return reverse("mentions:ticket", args=[int(number)]) if kind == "ticket" else ""


@register.filter
def web(url: str) -> str:
    """The URL if it is http(s), else "": a link from outside is never a script."""
    return web_address(url or "")


@register.filter
def size(count: int) -> str:
    """Bytes in human-readable units."""
    return filesizeformat(count)


@register.filter
def site_name(namespace: str) -> str:
    """Of a namespace: the platform's name, and the site's if there are several."""
    site = namespace.partition(":")[2]
    label = icon_of(platform_of(namespace)).label
    return f"{label} ({site})" if "." in site and not site.startswith("127.") else label
