"""The summary of a hand-over in Slack: what goes to whom, with links. Restricted tickets appear only as links."""

from __future__ import annotations

from datetime import datetime

from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext as _

from channels.models import OutboundItem
from channels.outbox import slack_posts
from mentions.people import audience
from mentions.text.rendering import excerpt
from team.duties.slack import name_of
from team.models import HandOver, HandOverItem

MAX_LINES = 40
SUBJECT = 100


def post(found: HandOver, now: datetime) -> OutboundItem | None:
    """Queue the summary, once for a person's day; None if there is nothing to say, or no Slack."""
    room = settings.TEAM_SLACK_CHANNEL
    text = text_of(found)
    if not text or not room or not settings.SLACK_TOKEN:
        return None
    return slack_posts.post_message(
        key=found.key, conversation=f"slack:{room}", channel=room, text=slack_posts.escaped(text), not_before=now
    )


def text_of(found: HandOver) -> str:
    """The summary's text; "" if there is nothing to say: no ticket and no note."""
    related = ("ticket__channel", "ticket__requester", "to")
    items = list(found.items.select_related(*related).order_by("decision", "pk"))
    lines = [_line(item) for item in items[:MAX_LINES]]
    if len(items) > MAX_LINES:
        lines.append(_("… and %(count)d more, in the desk.") % {"count": len(items) - MAX_LINES})
    if not lines and not found.note:
        return ""
    first = _("%(who)s is going offline.") % {"who": name_of(found.user)}
    return "\n".join([f"{first} {found.note}".strip(), *lines])


def _line(item: HandOverItem) -> str:
    address = settings.BASE_URL + reverse("mentions:ticket", args=[item.ticket_id])
    parts = [f"• #{item.ticket_id} {address}", _fate(item)]
    if not audience.circle_of([item.ticket]).channels:
        parts.insert(1, excerpt(item.ticket.subject or str(item.ticket.requester), SUBJECT).replace("\n", " "))
        parts += [item.note] if item.note else []
    return " · ".join(parts)


def _fate(item: HandOverItem) -> str:
    match item.decision:
        case HandOverItem.Decision.PASS if item.to is not None:
            return _("for %(who)s") % {"who": name_of(item.to)}
        case HandOverItem.Decision.PASS:
            return _("for whoever plays the queue")
        case HandOverItem.Decision.EXPERT:
            return _("the expert watches it")
    return _("stays with %(who)s") % {"who": name_of(item.hand_over.user)}
