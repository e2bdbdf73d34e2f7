"""Slack messages about release days, each sent once: a week ahead, on the day, after it, and about swaps. After an
outage, only those that still make sense are sent.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.urls import reverse
from django.utils import formats
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from channels import sweeps
from channels.outbox import slack_posts
from team import coverage
from team.coverage import DAY, Span
from team.duties import rota, slack
from team.models import Release, ReleaseSwap, RoomMessage
from team.release import release_times, summary

AHEAD = timedelta(days=7)
STILL_NEWS = timedelta(days=3)
"""How late a summary is still worth a message."""


def announce(now: datetime) -> int:
    """Queue the messages that are due; returns how many."""
    if not slack.is_set_up():
        return 0
    near = Release.objects.filter(
        rule__is_active=True, day__gte=(now - STILL_NEWS - 2 * DAY).date(), day__lte=(now + AHEAD + 2 * DAY).date()
    )
    pending = near.exclude(told_ahead_at__isnull=False, told_day_at__isnull=False, told_summary_at__isnull=False)
    return sweeps.each("release days", pending.values_list("pk", flat=True), lambda pk: _announce(pk, now))


@transaction.atomic
def _announce(release_id: int, now: datetime) -> bool:
    rows = Release.objects.select_for_update(of=("self",)).select_related("rule", "owner")
    release = rows.get(pk=release_id)
    ahead, day, after = windows(release)
    if release.told_ahead_at is None and ahead.start <= now < ahead.end:
        return _mark(release, "told_ahead_at", now, _ahead(release, now), release.owner)
    if release.told_day_at is None and day.start <= now < day.end:
        _mark(release, "told_day_at", now, _today(release, now), release.owner)
        _to_the_room(release, now)
        return True
    if release.told_summary_at is None and after.start <= now < after.end:
        return _mark(release, "told_summary_at", now, _after(release))
    return False


def windows(release: Release) -> tuple[Span, Span, Span]:
    """When each of the three messages is sent: from its time until it is no longer news. Local times of the
    rule, so that a change to DST within the week moves nothing."""
    hours = release_times.hours_of(release)
    ahead = release_times.hours(release.rule, release.day - AHEAD).start
    after = release_times.hours(release.rule, release.day + DAY).start
    return Span(ahead, hours.start), hours, Span(max(after, hours.end), max(after, hours.end) + STILL_NEWS)


def _mark(release: Release, column: str, now: datetime, text: str, person: Any = None) -> bool:
    setattr(release, column, now)
    release.save(update_fields=[column])
    slack.tell_team_and(person, f"{release.pk} {column} {release.day}", f"{text}\n{address_of(release)}", now)
    return True


def _ahead(release: Release, now: datetime) -> str:
    words = {"what": named(release), "day": day_words(release), "hours": slack.times(release_times.hours_of(release))}
    lines = [_("%(what)s: release day is %(day)s, %(hours)s.") % words, _duty(release, now)]
    if release.owner is not None and release.owner_id in rota.away_on(release.day):
        lines.append(_("They are away that day: swap it, or ask a manager to assign somebody else."))
    if release_times.is_uncovered(release, coverage.together()):
        lines.append(_("Nobody else is on: the day is outside of coverage hours."))
    lines.append(_("Expecting a lot of traffic? Invite an advocate for a day in good time."))
    return "\n".join(lines)


def _duty(release: Release, now: datetime) -> str:
    if release.owner is None:
        return _("Nobody has the duty yet: everybody in the rota is away, or nobody is in it.")
    return _("Duty: %(who)s") % {"who": slack.ping(release.owner, now)}


def _today(release: Release, now: datetime) -> str:
    lines = [_("%(what)s: release day is today.") % {"what": named(release)}, _duty(release, now)]
    if release.rule.slack_channel:
        room = slack_posts.escaped(release.rule.slack_channel)
        lines.append(_("Watch %(room)s for the release post, then post its overview.") % {"room": room})
    names = [str(expert) for expert in release.experts.filter(is_active=True).select_related("person")]
    if names:
        lines.append(_("Experts on call: %(names)s") % {"names": slack_posts.escaped(", ".join(names))})
    return "\n".join(lines)


def _after(release: Release) -> str:
    """The summary, and how many messages in the release's channel nobody has looked at."""
    left = RoomMessage.objects.filter(room__release=release, done_at=None, is_deleted=False).count()
    words = ngettext(
        "%(count)d message in %(room)s is still open.", "%(count)d messages in %(room)s are still open.", left
    )
    room = slack_posts.escaped(release.rule.slack_channel)
    open_words = [words % {"count": left, "room": room}] if left else []
    return "\n".join([summary.sentence(summary.of(release)), *open_words])


def _to_the_room(release: Release, now: datetime) -> None:
    """Tells the people behind the release whom to notify when the post is out."""
    room = release.rule.slack_channel
    if release.owner is None or not room or room == settings.TEAM_SLACK_CHANNEL:
        return
    words = {"who": slack.ping(release.owner, now), "what": named(release)}
    text = (
        _("%(who)s is answering what people say about %(what)s today. Tell them here when the release post is out.")
        % words
    )
    slack.post(room, f"{release.pk} room {release.day}", text, now)


# --- swaps ------------------------------------------------------------------------------------------------------------


def asked(swap: ReleaseSwap, now: datetime) -> None:
    """Notify the owner who is asked to swap, or the team's channel if their member id is unknown."""
    words = {
        "who": slack.ping(swap.asked_by, now),
        "whom": slack.ping(swap.asked, now),
        "mine": day_words(swap.release),
        "yours": day_words(swap.other),
    }
    text = _("%(whom)s, %(who)s asks to swap release duty: you take %(mine)s, they take %(yours)s.") % words
    slack.tell(swap.asked, f"swap {swap.pk} asked", f"{text}\n{_list_address()}", now)


def decided(swap: ReleaseSwap, now: datetime) -> None:
    """Announce the decision on a swap: a refusal only to the asker, an agreed swap to everybody."""
    words = {
        "who": slack.ping(swap.asked, now),
        "whom": slack.ping(swap.asked_by, now),
        "theirs": day_words(swap.release),
        "mine": day_words(swap.other),
    }
    if swap.state == ReleaseSwap.State.DECLINED:
        text = _("%(whom)s, %(who)s can't swap release duty with you: %(theirs)s stays yours.") % words
        slack.tell(swap.asked_by, f"swap {swap.pk} decided", f"{text}\n{_list_address()}", now)
        return
    text = _("Release duty swapped: %(who)s takes %(theirs)s, %(whom)s takes %(mine)s.") % words
    slack.tell_team(f"swap {swap.pk} decided", f"{text}\n{_list_address()}", now)


# --- words ------------------------------------------------------------------------------------------------------------


def named(release: Release) -> str:
    """Escaped for Slack."""
    return slack_posts.escaped(release.name or str(release.rule))


def day_words(release: Release) -> str:
    return str(formats.date_format(release.day, "l, j F"))


def address_of(release: Release) -> str:
    return settings.BASE_URL + reverse("team:release", args=[release.pk])


def _list_address() -> str:
    return settings.BASE_URL + reverse("team:releases")
