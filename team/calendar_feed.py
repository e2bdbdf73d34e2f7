"""The roster as an iCalendar feed (RFC 5545), served at a signed address."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.core import signing
from django.utils.translation import gettext as _
from icalendar import Calendar, Event

from channels.models import Team
from mentions.clocks.covered import DESK
from team import roster
from team.coverage import DAY
from team.models import Absence, CalendarAddress, Release

_SALT = "team.calendar"
BEHIND, AHEAD = timedelta(days=30), timedelta(days=120)


class BadAddress(LookupError):
    """Not signed by this desk, or revoked, or its owner has left."""


def address_of(user: Any) -> str:
    """The signed part of the feed's address."""
    row, _is_new = CalendarAddress.objects.get_or_create(user=user)
    return signing.dumps([user.pk, row.version], salt=_SALT)


def renew(user: Any) -> None:
    """Revoke the address; the next one is new."""
    row, _is_new = CalendarAddress.objects.get_or_create(user=user)
    row.version += 1
    row.save(update_fields=["version"])


def owner_of(address: str) -> Any:
    """The owner of a signed feed address. Raises BadAddress."""
    try:
        user_id, version = signing.loads(address, salt=_SALT)
    except (signing.BadSignature, ValueError, TypeError) as error:
        raise BadAddress from error
    user = get_user_model().objects.filter(pk=user_id, is_active=True, calendar_address__version=version).first()
    if user is None or not user.has_perm("team.view_shift"):
        raise BadAddress
    return user


def calendar(now: datetime, only: int | None = None) -> bytes:
    """Shifts and gaps of the desk and of every team, or of one (`only`; 0: the desk's own), from BEHIND to AHEAD;
    absences and release days."""
    teams = {DESK: "", **dict(Team.objects.values_list("pk", "name"))}
    only = only if only in (None, *teams) else DESK
    feed = _headed(teams[only or DESK])
    for team, name in teams.items():
        if only in (None, team):
            shown = roster.between(now - BEHIND, now + AHEAD, now, team)
            for event in [*_shifts(shown, name, now), *_gaps(shown, team, name, now)]:
                feed.add_component(event)
    for absence in shown.absences:
        feed.add_component(_away(absence, now))
    for release in shown.releases:
        feed.add_component(_release(release, now))
    written: bytes = feed.to_ical()
    return written


def _headed(team: str) -> Calendar:
    feed = Calendar()
    feed.add("prodid", "-//mention desk//coverage//EN")
    feed.add("version", "2.0")
    feed.add("x-wr-calname", _of(team, _("%(company)s coverage") % {"company": settings.COMPANY_NAME}))
    feed.add("refresh-interval", timedelta(hours=1), parameters={"VALUE": "DURATION"})
    return feed


def _shifts(shown: roster.Roster, team: str, now: datetime) -> Iterator[Event]:
    for presence in shown.present:
        shift, span = presence.shift, presence.span
        title = (_("%(who)s on call") if shift.is_on_call else _("%(who)s on shift")) % {"who": named(shift.user)}
        uid = f"shift-{shift.pk}-{span.start:%Y%m%dT%H%M}"
        yield _event(uid, _of(team, title), span.start, span.end, now, shift.note)


def _gaps(shown: roster.Roster, team: int, name: str, now: datetime) -> Iterator[Event]:
    for gap in shown.gaps:
        uid = f"gap-{f'{team}-' if team else ''}{gap.start:%Y%m%dT%H%M}"
        yield _event(uid, _of(name, _("Nobody on shift")), gap.start, gap.end, now)


def _of(team: str, title: str) -> str:
    """The desk's own needs no name."""
    return f"{team}: {title}" if team else title


def is_of_this_desk(uid: str) -> bool:
    """An imported calendar may contain this very feed."""
    return f"@{_host()}" in uid


def _host() -> str:
    return str(settings.BASE_URL).split("//")[-1]


def named(user: Any) -> str:
    return str(user.get_full_name() or user.username)


def _away(absence: Absence, now: datetime) -> Event:
    title = _("%(who)s away") % {"who": named(absence.user)}
    return _event(f"away-{absence.pk}", title, absence.first_day, absence.last_day + DAY, now)


def _release(release: Release, now: datetime) -> Event:
    words = {"what": release.name or release.rule.name, "who": named(release.owner) if release.owner else "–"}
    title = _("Release day %(what)s: %(who)s") % words
    return _event(f"release-{release.pk}", title, release.day, release.day + DAY, now)


def _event(uid: str, title: str, start: Any, end: Any, now: datetime, note: str = "") -> Event:
    event = Event()
    event.add("uid", f"{uid}@{_host()}")
    event.add("summary", title)
    event.add("dtstart", start.astimezone(UTC) if isinstance(start, datetime) else start)
    event.add("dtend", end.astimezone(UTC) if isinstance(end, datetime) else end)
    event.add("dtstamp", now.astimezone(UTC))
    if note:
        event.add("description", note)
    return event
