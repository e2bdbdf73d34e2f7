"""The coverage page: a week or a month, one's own shifts and absences, and the calendar feed."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required, permission_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.dateparse import parse_date
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from channels.clocks import desk_now
from channels.models import Team
from mentions.clocks.covered import DESK
from team import calendar_feed, roster, shifts
from team import coverage as hours
from team.coverage import DAY
from team.forms import AbsenceForm, ShiftForm
from team.models import CalendarFeed
from team.standing_in import proposing
from team.standing_in.views import MAY_HAND_OVER
from team.volunteers import needs

WEEK = 7
may_see = permission_required("team.view_shift", raise_exception=True)
may_add = permission_required("team.add_shift", raise_exception=True)


@require_GET
@login_required
@may_see
def coverage(request: HttpRequest) -> HttpResponse:
    """`?day=` names the week or, with `?view=month`, the month; `?team=` a team by its id, otherwise the desk."""
    return _page(request, ShiftForm(initial={"team": _team(request)}), AbsenceForm())


def _page(request: HttpRequest, shift: ShiftForm, absence: AbsenceForm, status: int = 200) -> HttpResponse:
    now, zone = desk_now(), _zone()
    today = now.astimezone(zone).date()
    first, count, around = _shown(request, today)
    start, end = roster.day_span(first, zone).start, roster.day_span(first + (count - 1) * DAY, zone).end
    team, teams = _team(request), list(Team.objects.all())
    number = team.pk if team else DESK
    shown, covered = roster.between(start, end, now, number), hours.load(number)
    days = shown.days(first, count, zone)
    if team is None and request.user.has_perm("team.view_volunteerday"):
        needed = needs.of(day.day for day in days)
        for day in days:
            day.volunteers = needed[day.day]
    context = {
        "days": days,
        "weeks": _weeks(days),
        "wanted": needs.WANTED,
        "month": count > WEEK and around["month"],
        "around": around,
        "today": today,
        "zone": zone.key,
        "team": team,
        "of_team": f"&team={team.pk}" if team else "",
        "teams": teams,
        "on_now": roster.on_now(now, number),
        "is_covered": covered.covers(now),
        "next_start": covered.next_start(now),
        "has_hours": bool(covered.periods),
        "shift_form": shift,
        "absence_form": absence,
        "may_add": request.user.has_perm("team.add_shift"),
        "of_anybody": request.user.has_perm("team.change_shift"),
        "arrangements": proposing.arrangements(now) if _shows_stand_ins(request, team) else [],
        "may_hand_over": request.user.has_perm(MAY_HAND_OVER),
        "unread": _unread_calendars(request),
        "feed": settings.BASE_URL + reverse("team:feed", args=[calendar_feed.address_of(request.user)]),
        "of_one": f"?team={number}" if teams else "",
        "now": now,
    }
    return render(request, "team/coverage.html", context, status=status)


def _shows_stand_ins(request: HttpRequest, team: Team | None) -> bool:
    """For advocates and managers, on the desk's page."""
    return team is None and request.user.has_perm("team.add_shift")


def _unread_calendars(request: HttpRequest) -> list[CalendarFeed]:
    if not request.user.has_perm("team.change_calendarfeed"):
        return []
    return list(CalendarFeed.objects.filter(is_active=True).exclude(error=""))


def _shown(request: HttpRequest, today: date) -> tuple[date, int, dict[str, Any]]:
    """The first day, how many days, and where to go from there."""
    asked = _asked_day(request.GET.get("day", "")) or today
    if request.GET.get("view") == "month":
        month = asked.replace(day=1)
        following = (month + timedelta(days=32)).replace(day=1)
        first = month - month.weekday() * DAY
        count = ((following - first).days + WEEK - 1) // WEEK * WEEK
        before = (month - DAY).replace(day=1)
        around = {"before": before, "after": following, "view": "month", "month": month, "day": month}
        return first, count, around
    monday = asked - asked.weekday() * DAY
    return monday, WEEK, {"before": monday - WEEK * DAY, "after": monday + WEEK * DAY, "view": "week", "day": asked}


def _team(request: HttpRequest) -> Team | None:
    """The one that the page shows; None for the desk, and for a team that is gone."""
    text = request.GET.get("team", "")
    return Team.objects.filter(pk=int(text)).first() if text.isascii() and text.isdigit() and len(text) < 10 else None


def _asked_day(text: str) -> date | None:
    """None for no day, and for days without a neighbour."""
    try:
        day = parse_date(text)
    except ValueError:
        return None
    return day if day and 1970 < day.year < 9000 else None


def _weeks(days: list[roster.Day]) -> list[list[roster.Day]]:
    return [days[at : at + WEEK] for at in range(0, len(days), WEEK)]


def _zone() -> ZoneInfo:
    return ZoneInfo(timezone.get_current_timezone_name())


@require_POST
@login_required
@may_add
def add_shift(request: HttpRequest) -> HttpResponse:
    form = ShiftForm(request.POST)
    if not form.is_valid():
        return _page(request, form, AbsenceForm(), status=422)
    data = form.cleaned_data
    made = shifts.add_shifts(
        request.user,
        data["day"],
        data["starts"],
        data["ends"],
        _zone(),
        until=data["until"],
        note=data["note"],
        is_on_call=data["is_on_call"],
        team=data.get("team"),
    )
    message = ngettext("%(count)d shift added.", "%(count)d shifts added.", len(made)) % {"count": len(made)}
    messages.success(request, message if made else _("You already have a shift then."))
    return _back(data["day"], data.get("team"))


@require_POST
@login_required
@may_add
def add_absence(request: HttpRequest) -> HttpResponse:
    form = AbsenceForm(request.POST)
    if not form.is_valid():
        return _page(request, ShiftForm(), form, status=422)
    shifts.add_absence(request.user, form.cleaned_data["first_day"], form.cleaned_data["last_day"])
    messages.success(request, _("Saved. Your shifts on these days now show as open hours."))
    return _back(form.cleaned_data["first_day"])


@require_POST
@login_required
@may_add
def remove_shift(request: HttpRequest, number: int) -> HttpResponse:
    gone = shifts.remove_shift(number, request.user, of_anybody=request.user.has_perm("team.change_shift"))
    messages.info(request, _("Shift removed.") if gone else _("This shift was already removed."))
    return _back(gone.starts_at.astimezone(_zone()).date(), gone.team) if gone else _back(None)


@require_POST
@login_required
@may_add
def remove_absence(request: HttpRequest, number: int) -> HttpResponse:
    gone = shifts.remove_absence(number, request.user, of_anybody=request.user.has_perm("team.change_shift"))
    messages.info(request, _("Absence removed.") if gone else _("This absence was already removed."))
    return _back(gone.first_day if gone else None)


def _back(day: date | None, team: Team | None = None) -> HttpResponse:
    """To the week of this day."""
    query = {"day": day and day.isoformat(), "team": team and team.pk}
    query_string = urlencode({name: value for name, value in query.items() if value})
    return redirect(reverse("team:coverage") + (f"?{query_string}" if query_string else ""))


@require_POST
@login_required
@may_see
def renew_address(request: HttpRequest) -> HttpResponse:
    calendar_feed.renew(request.user)
    messages.success(request, _("The old address no longer works. Enter the new one in your calendar."))
    return redirect(reverse("team:coverage") + "#calendar")


@never_cache
@require_http_methods(["GET", "HEAD"])
def feed(request: HttpRequest, address: str) -> HttpResponse:
    """For calendar programs, which cannot log in: the address is the key. `?team=` chooses one (0: the desk's own)."""
    try:
        calendar_feed.owner_of(address)
    except calendar_feed.BadAddress as error:
        raise Http404 from error
    asked = request.GET.get("team")
    only = None if asked is None else _team(request)
    number = None if asked is None else only.pk if only else DESK
    return HttpResponse(calendar_feed.calendar(desk_now(), number), content_type="text/calendar; charset=utf-8")
