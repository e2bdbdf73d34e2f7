"""The texts of the messages. Slack messages sit in the outbox, so they hold only figures that everybody may see."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext as _

from channels.outbox.slack_posts import escaped
from metrics.definitions import Filters
from metrics.models import Package, ReportMessage
from metrics.package import scope
from metrics.periods import Period
from metrics.summary import comparing, wording
from team import roster

WEEK = timedelta(weeks=1)
DAY = timedelta(days=1)


def mail_of(message: ReportMessage, now: datetime) -> tuple[str, str]:
    """The email's subject and text."""
    if message.package is not None:
        return _of_package(message.package)
    period = _week_of(message)
    subject = _("Mentions: %(period)s") % {"period": wording.name_of(period)}
    return subject, "\n".join([*_bullets(_digest(message, message.user, now)), "", _report(period), "", _settings()])


def slack_text(message: ReportMessage, now: datetime) -> str:
    """The direct message, in Slack markup."""
    if message.package is None:
        period = _week_of(message)
        lines = [_("*Mentions: %(period)s*") % {"period": escaped(wording.name_of(period))}]
        lines += map(escaped, _bullets(_digest(message, None, now)))
        return "\n".join([*lines, _without_restricted(), _report(period), _settings()])
    head = _("*The package for %(month)s is ready*") % {"month": escaped(_month(message.package))}
    shown = message.package.summary if message.package.user_id is None else []
    return "\n".join([head, *map(escaped, _bullets(shown)), _address(), _settings()])


ROOM_LINES = 4
"""Of the summary; the rest is behind the link."""


def room_text(package: Package) -> str:
    """The announcement of the team's package, in Slack markup."""
    head = _("*The package for %(month)s is ready*") % {"month": escaped(_month(package))}
    lines = map(escaped, _bullets(package.summary[:ROOM_LINES]))
    return "\n".join([f"📦 {head}", *lines, _without_restricted(), _address()])


def _of_package(package: Package) -> tuple[str, str]:
    subject = _("Mentions: the package for %(month)s") % {"month": _month(package)}
    attached = _("Slides, pictures and tables are attached, and also here: %(address)s") % {"address": _address()}
    notes = [_without_restricted()] if package.user_id is None else []
    return subject, "\n".join([*_bullets(package.summary), "", *notes, attached, "", _settings()])


def _digest(message: ReportMessage, user: Any, now: datetime) -> list[str]:
    """Over what this person may see; with None, over what everybody may see."""
    period = _week_of(message)
    before = Period(period.first - WEEK, period.last - WEEK, period.tz)
    channels = scope.channels_in_sight(user)
    filters = Filters(period, channels or [scope.NO_CHANNEL])
    return wording.sentences(comparing.compare(scope.tickets_of(channels), filters, before, now, channels))


def _week_of(message: ReportMessage) -> Period:
    monday = message.week or date.min
    return Period(monday, monday + 6 * DAY, roster.zone_of(message.user))


def _bullets(lines: list[str]) -> list[str]:
    return [f"• {line}" for line in lines]


def _month(package: Package) -> str:
    return wording.name_of(scope.filters_of(package).period)


def _without_restricted() -> str:
    return _("Restricted channels are not counted here.")


def _report(period: Period) -> str:
    query = urlencode({"from": period.first.isoformat(), "to": period.last.isoformat(), "period": "custom"})
    return settings.BASE_URL + reverse("metrics:report", args=["first-reply"]) + f"?{query}"


def _address() -> str:
    return settings.BASE_URL + reverse("metrics:packages")


def _settings() -> str:
    address = settings.BASE_URL + reverse("mentions:me")
    return _("You chose this on your settings page: %(address)s") % {"address": address}
