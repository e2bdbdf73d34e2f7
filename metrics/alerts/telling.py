"""Posts alerts in Slack. The team's room gets what everybody may see; an alert about a restricted channel goes to that
channel's own rooms."""

from __future__ import annotations

from datetime import datetime
from urllib.parse import urlencode
from uuid import UUID, uuid5

from django.conf import settings
from django.db.models import QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _

from channels.models import Channel, OutboundItem
from channels.outbox import slack_posts
from channels.outbox.slack_posts import escaped
from channels.registry.icons import with_platform
from mentions.models import Ticket
from mentions.notifications import sharing
from mentions.notifications.slack_messages import MAX_LINE, link
from mentions.people.audience import for_everybody, for_one_channel, restricted_channels
from mentions.text.rendering import excerpt
from metrics.alerts.growth import Growth
from metrics.alerts.spikes import Hour
from metrics.definitions import Filters, figure
from metrics.models import Alert
from metrics.periods import Period

SAMPLES = 3
_KEYS = UUID("0f5f3f53-0a3c-4c0e-8f5c-3b7d1d0a6e21")


def grows(found: Growth, now: datetime) -> None:
    words = {"arrived": found.arrived, "worked": found.worked, "hours": settings.GROWTH_HOURS, "more": found.excess}
    head = _("The queue is growing fast")
    said = _("Within the last %(hours)d h, %(arrived)d mentions came in and %(worked)d were worked: %(more)d more.")
    _post(settings.TEAM_SLACK_CHANNEL, f"growth {now}", f"📈 *{head}*\n{said % words}\n{_queue()} · {_alerts()}", now)


def grows_no_more(alert: Alert, found: Growth, now: datetime) -> None:
    words = {"arrived": found.arrived, "worked": found.worked, "hours": settings.GROWTH_HOURS}
    head = _("The queue is no longer growing fast")
    said = _("Within the last %(hours)d h, %(arrived)d mentions came in and %(worked)d were worked.") % words
    _post(settings.TEAM_SLACK_CHANNEL, f"growth over {alert.pk}", f"✅ *{head}*\n{said}", now)


def spike(channel: Channel, hour: Hour, now: datetime) -> None:
    """Post to Slack about a spike, with its newest mentions."""
    where = escaped(with_platform(channel.name, channel.connection.platform))
    head = _("Unusually many mentions: %(channel)s") % {"channel": where}
    words = {"count": hour.count, "usual": f"{hour.usual:g}"}
    said = _("%(count)d within an hour; usually %(usual)s at this hour.") % words
    restricted = restricted_channels().filter(pk=channel.pk).exists()
    tickets = Ticket.objects.filter(channel=channel)
    shown = samples(for_one_channel(tickets) if restricted else for_everybody(tickets), now)
    lines = [
        f"📊 *{head}*",
        said,
        *map(_sample, shown),
        f"{link(_list_of(channel, now), _('All of them'))} · {_alerts()}",
    ]
    rooms = channel.slack_channels if restricted else [settings.TEAM_SLACK_CHANNEL]
    for room in dict.fromkeys(rooms):
        sent = _post(room, f"spike {channel.pk} {now} {room}", "\n".join(lines), now)
        if sent is not None:
            sharing.record_posted(shown, room, sent, now)


def samples(tickets: QuerySet[Ticket], at: datetime) -> list[Ticket]:
    """The newest mentions of the hour before `at`."""
    day = Period(at.date(), at.date())
    found = Filters(day, with_internal=True).narrow(tickets).filter(figure("last_hour", day, at))
    return list(found.select_related("requester", "channel__connection").order_by("-posted_at", "-pk")[:SAMPLES])


def _sample(ticket: Ticket) -> str:
    address = settings.BASE_URL + reverse("mentions:ticket", args=[ticket.pk])
    what = escaped(excerpt(ticket.subject, MAX_LINE).replace("\n", " "))
    return f"• *{escaped(str(ticket.requester))}* · {link(address, f'#{ticket.pk}')}: {what}"


def _list_of(channel: Channel, at: datetime) -> str:
    query = urlencode({"figure": "last_hour", "at": at.isoformat(), "channel": channel.slug, "of": "alerts"})
    return f"{settings.BASE_URL}{reverse('metrics:tickets')}?{query}"


def _queue() -> str:
    return link(settings.BASE_URL + reverse("mentions:queue"), _("Queue"))


def _alerts() -> str:
    return link(settings.BASE_URL + reverse("metrics:alerts"), _("Alerts"))


def _post(room: str, key: str, text: str, now: datetime) -> OutboundItem | None:
    """None without Slack."""
    if not room or not settings.SLACK_TOKEN:
        return None
    return slack_posts.post_message(
        key=uuid5(_KEYS, key), conversation=f"slack:{room}", channel=room, text=text, not_before=now
    )
