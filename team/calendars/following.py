"""Syncs shifts and absences with the calendars. The network is read outside of any transaction; an unreadable calendar
changes nothing, and entries made by hand are never touched."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.auth import get_user_model
from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from channels import sweeps
from channels.errors import ChannelError
from channels.http import client
from channels.registry.configs import network
from channels.secrets.vault import SecretUnreadable, without_secrets
from mentions.people import access
from team import calendar_feed, roster
from team.calendars import mapping, reading
from team.calendars.mapping import AWAY, ON_CALL, SHIFT, CalendarPlan, Member, Planned, Reader
from team.calendars.reading import BadCalendar
from team.models import Absence, CalendarEntry, CalendarFeed, Shift

EVERY = timedelta(minutes=15)
BEHIND, AHEAD = timedelta(days=1), timedelta(days=120)
MAX_PROBLEMS = 50
Fetch = Callable[[str], bytes]


def read_due(now: datetime, fetch: Fetch | None = None) -> int:
    """Sync the calendars that are due; return how many could be read."""
    due = CalendarFeed.objects.filter(Q(due_at__lte=now) | Q(due_at=None), is_active=True).order_by("pk")
    return sweeps.each("calendars", due, lambda feed: _claim(feed, now) and read(feed, now, fetch))


def _claim(feed: CalendarFeed, now: datetime) -> bool:
    """Reserve a calendar for this worker. If the worker is killed, the calendar is due again later."""
    return CalendarFeed.objects.filter(pk=feed.pk, due_at=feed.due_at).update(due_at=now + EVERY) > 0


def read(feed: CalendarFeed, now: datetime, fetch: Fetch | None = None) -> bool:
    """Sync one calendar. False if it can't be read: `error` says why, and nothing has changed."""
    first, last = (now - BEHIND).date(), (now + AHEAD).date()
    try:
        contents = reading.read((fetch or _fetched)(checked(feed.url)), first, last, feed.zone)
    except (ChannelError, BadCalendar, SecretUnreadable) as error:
        feed.error = without_secrets(str(error))[:1000]
        feed.save(update_fields=["error"])
        return False
    plan = _reader(feed).plan(each for each in contents.occurrences if not calendar_feed.is_of_this_desk(each.key))
    carry_out(feed, plan, now)
    feed.problems = [*contents.problems, *plan.problems][:MAX_PROBLEMS]
    feed.error, feed.read_at = "", now
    feed.save(update_fields=["problems", "error", "read_at"])
    return True


def checked(url: str) -> str:
    """The address to fetch. Raises BadCalendar unless it uses https or the operator allows the host."""
    parts = urlsplit(url)
    if parts.scheme in ("webcal", "webcals"):
        url, parts = url.replace(parts.scheme, "https", 1), parts._replace(scheme="https")
    if parts.scheme == "https" or (parts.scheme == "http" and parts.netloc in settings.ALLOWED_PRIVATE_HOSTS):
        return url
    raise BadCalendar(_("Enter the calendar’s secret address; it begins with https://."))


def _fetched(url: str) -> bytes:
    bounded = replace(network(), max_bytes=reading.MAX_BYTES)
    return client.get_bytes(bounded, url, headers={"Accept": "text/calendar"}, secrets=(url,)).content


def _reader(feed: CalendarFeed) -> Reader:
    users = get_user_model().objects.filter(is_active=True).select_related("preference").order_by("pk")
    team = [
        Member(user.pk, user.email.lower(), names, roster.zone_of(user))
        for user, names in mapping.names_of(user for user in users if user.has_perm(access.PLAY))
    ]
    words = {ON_CALL: feed.on_call_words, AWAY: feed.away_words, SHIFT: feed.shift_words}
    owner = next((member for member in team if member.id == feed.user_id), None)
    return Reader(team if feed.user_id is None or owner is not None else [], words, owner)


@transaction.atomic
def carry_out(feed: CalendarFeed, plan: CalendarPlan, now: datetime) -> None:
    """Add, update and remove this calendar's entries; past ones stay."""
    CalendarFeed.objects.select_for_update().get(pk=feed.pk)
    known = _known(feed)
    wanted = {row.key: row for row in plan.rows}
    for key, entry in known.items():
        if key not in wanted and not _is_over(entry, now):
            _remove(entry)
    for key, row in wanted.items():
        if key in known:
            _change(feed, known[key], row)
        else:
            _add(feed, row)


@transaction.atomic
def forget(feed: CalendarFeed, now: datetime) -> None:
    """Delete the calendar and its entries that aren't over yet."""
    carry_out(feed, CalendarPlan(), now)
    feed.delete()


def _known(feed: CalendarFeed) -> dict[str, CalendarEntry]:
    """Entries by key. Removes those whose shift or absence was deleted by the previous release, which can't cascade."""
    entries = list(feed.entries.select_related("shift", "absence"))
    lost = [entry.pk for entry in entries if entry.shift is None and entry.absence is None]
    if lost:
        CalendarEntry.objects.filter(pk__in=lost).delete()
    return {entry.key: entry for entry in entries if entry.pk not in lost}


def _is_over(entry: CalendarEntry, now: datetime) -> bool:
    if entry.shift is not None:
        return entry.shift.ends_at <= now - BEHIND
    return entry.absence is not None and entry.absence.last_day < (now - BEHIND).date()


def _remove(entry: CalendarEntry) -> None:
    (entry.shift or entry.absence).delete()  # type: ignore[union-attr]


def _values(feed: CalendarFeed, row: Planned) -> dict[str, Any]:
    if row.kind == AWAY:
        return {"first_day": row.start, "last_day": row.end}
    kind = {"is_on_call": row.kind == ON_CALL, "team_id": feed.team_id}
    return {"starts_at": _utc(row.start), "ends_at": _utc(row.end), **kind}


def _utc(value: Any) -> datetime:
    at: datetime = value.astimezone(UTC)
    return at


def _change(feed: CalendarFeed, entry: CalendarEntry, row: Planned) -> None:
    """Update what differs, unless the same time was entered by hand."""
    target: Any = entry.absence if row.kind == AWAY else entry.shift
    values = _values(feed, row)
    if all(getattr(target, name) == value for name, value in values.items()):
        return
    if _is_taken(type(target), row, values, besides=target.pk):
        _remove(entry)
        return
    for name, value in values.items():
        setattr(target, name, value)
    target.save(update_fields=list(values))


def _add(feed: CalendarFeed, row: Planned) -> None:
    """Add an entry, unless it was entered by hand or came from another calendar."""
    model: Any = Absence if row.kind == AWAY else Shift
    values = _values(feed, row)
    if not _is_taken(model, row, values):
        made = model.objects.create(user_id=row.user_id, **values)
        column = "absence" if row.kind == AWAY else "shift"
        CalendarEntry.objects.create(feed=feed, key=row.key, **{column: made})


def _is_taken(model: Any, row: Planned, values: dict[str, Any], besides: int = 0) -> bool:
    begins = "first_day" if row.kind == AWAY else "starts_at"
    same = model.objects.filter(user=row.user_id, **{begins: values[begins]})
    return bool(same.exclude(pk=besides).exists())
