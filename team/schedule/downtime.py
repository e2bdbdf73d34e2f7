"""Reports once how long scheduled work was down, and what was skipped. Anything that still makes sense is caught up by
its own sweep."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from django.core.cache import cache
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from mentions.text import times
from team.coverage import DAY, Span
from team.duties import slack
from team.handover import reminding
from team.models import Release
from team.release import telling
from team.schedule.announcing import ANNOUNCE_AT_HOUR

LONG = timedelta(minutes=30)
"""A shorter pause is just a restart."""
LOOKED_BACK = timedelta(days=31)
_SEEN = "team.schedule-seen"


def note(now: datetime) -> bool:
    """Every minute: record that the scheduler is alive. After a pause, queue one message; return whether it did."""
    last = cache.get(_SEEN)
    cache.set(_SEEN, now.isoformat(), None)
    if last is None or now - datetime.fromisoformat(last) < LONG or not slack.is_set_up():
        return False
    since = max(datetime.fromisoformat(last), now - LOOKED_BACK)
    slack.tell_team(f"pause {last}", text_of(since, now), now)
    return True


def text_of(since: datetime, now: datetime) -> str:
    """Slack markup."""
    words = {"span": times.span(now - since), "when": slack.times(Span(since, now), with_day=True)}
    first = _("The desk’s scheduler was down for %(span)s: %(when)s. Whatever still matters is being sent now.") % words
    left_out = list(missed(since, now))
    return "\n".join([first, _("Skipped:"), *(f"• {line}" for line in left_out)] if left_out else [first])


def missed(since: datetime, now: datetime) -> Iterator[str]:
    """What was due during the pause and is now too late, in words."""
    people = {user.pk for user, _day in reminding.by_shift(since + reminding.BEFORE, now - reminding.LATE)}
    if people:
        words = ngettext(
            "the end-of-day reminder for %(count)d person",
            "the end-of-day reminders for %(count)d people",
            len(people),
        )
        yield words % {"count": len(people)}
    for noon in _noons(since, now):
        yield _("the open hours after %(day)s") % {"day": date_format(noon, "l, j F")}
    yield from _releases(since, now)


def _noons(since: datetime, now: datetime) -> Iterator[datetime]:
    """Noons of past days; today's post is made up for."""
    noon = since.astimezone(UTC).replace(hour=ANNOUNCE_AT_HOUR, minute=0, second=0, microsecond=0)
    while noon.date() < now.astimezone(UTC).date():
        if noon > since:
            yield noon
        noon += DAY


def _releases(since: datetime, now: datetime) -> Iterator[str]:
    """Messages whose time window lies within the pause."""
    near = Release.objects.filter(
        rule__is_active=True, day__gte=(since - 2 * DAY).date(), day__lte=(now + telling.AHEAD + 2 * DAY).date()
    )
    for release in near.select_related("rule"):
        ahead, day, _after = telling.windows(release)
        spans = [(ahead, release.told_ahead_at), (day, release.told_day_at)]
        if any(announced_at is None and since < span.start and span.end <= now for span, announced_at in spans):
            yield _("the announcements of %(what)s on %(day)s") % {
                "what": telling.named(release), "day": telling.day_words(release)
            }  # fmt: skip
