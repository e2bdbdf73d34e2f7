"""The pages of release days: which are planned and who owns them; one day with everything its owner needs."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required, permission_required
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from channels.clocks import desk_now
from mentions.replies import posts as post_verbs
from mentions.views.composing.posts import TAKEN_BACK
from team import roster
from team.coverage import DAY
from team.duties import rota
from team.models import Release, ReleaseRule, ReleaseSwap, RotaPlace
from team.release import grouping, overview, planning, release_times, summary, swaps, volume
from team.release_pages import room_views, staffing
from team.release_pages.forms import OwnerForm, ReleaseForm

PAST = 12
may_see = permission_required("team.view_release", raise_exception=True)
may_change = permission_required("team.change_release", raise_exception=True)
may_assign = permission_required("team.change_shift", raise_exception=True)
DUTY = RotaPlace.Duty.RELEASE


@require_GET
@login_required
@may_see
def releases(request: HttpRequest) -> HttpResponse:
    """Planned release days with their owners, requests to swap, the rota, and past ones."""
    now = desk_now()
    known = Release.objects.select_related("rule", "owner").filter(rule__is_active=True)
    today = now.date()
    ahead = [each for each in known.filter(day__gte=today - DAY) if release_times.hours_of(each).end > now]
    past = [each for each in known.filter(day__lte=today).order_by("-day")[:PAST] if each not in ahead]
    people = rota.people(DUTY)
    context = {
        "ahead": ahead,
        "past": past,
        "away_owners": rota.away_in_turn((each.pk, each.owner_id, each.day) for each in ahead),
        "has_rule": ReleaseRule.objects.filter(is_active=True).exists(),
        "people": people,
        "is_in": any(user.pk == request.user.pk for user in people),
        "may_change": request.user.has_perm("team.change_release"),
        **_swaps(request, ahead),
    }
    return render(request, "team/releases.html", context)


def _swaps(request: HttpRequest, ahead: list[Release]) -> dict[str, Any]:
    """Open requests to and by the viewer, and for each of their days the days they could swap it for."""
    mine = Q(asked=request.user.pk) | Q(asked_by=request.user.pk)
    rows = ReleaseSwap.objects.filter(mine, state=ReleaseSwap.State.OPEN)
    rows = rows.select_related("release", "other", "asked", "asked_by").order_by("asked_at")
    now = desk_now()
    asked = {swap.release_id: swap for swap in rows if swap.asked_by_id == request.user.pk}
    for each in ahead:
        each.asked_swap = asked.get(each.pk)  # type: ignore[attr-defined]
    waiting = [each for each in ahead if release_times.hours_of(each).start > now]
    return {
        "to_me": [swap for swap in rows if swap.asked_id == request.user.pk],
        "others": [each for each in waiting if each.owner_id not in (None, request.user.pk)],
        "mine": [each.pk for each in waiting if each.owner_id == request.user.pk],
    }


@require_GET
@login_required
@may_see
def release(request: HttpRequest, number: int) -> HttpResponse:
    return _page(request, _found(number))


def _found(number: int) -> Release:
    return get_object_or_404(Release.objects.select_related("rule", "owner", "overview_by"), pk=number)


def _page(
    request: HttpRequest, found: Release, *, form: ReleaseForm | None = None, draft: dict[str, Any] | None = None
) -> HttpResponse:
    now, user = desk_now(), request.user
    shown = release_times.shown(found.rule, found.day)
    expected = volume.of(found, user, now)
    shifts = roster.between(shown.start, shown.end, now, None)
    _who_is_on(expected, shifts)
    may_change = user.has_perm("team.change_release")
    has_problem = bool(draft) or (form is not None and bool(form.errors))
    context = {
        "release": found,
        "hours": release_times.hours_of(found),
        "now": now,
        "state": _state(found, now),
        "is_away": found.owner_id in rota.away_on(found.day),
        "volume": expected,
        "staffing": staffing.of(found, expected, shifts, user, now),
        "groups": grouping.of(found, user),
        "room": room_views.shown(found, user, now),
        "experts": found.experts.filter(is_active=True).select_related("person"),
        "summary": summary.of(found) if release_times.hours_of(found).start <= now else None,
        "form": form or ReleaseForm(instance=found, auto_id="release-%s"),
        "owner_form": OwnerForm(initial={"owner": found.owner_id}) if user.has_perm("team.change_shift") else None,
        "may_change": may_change,
        "may_post": may_change and bool(post_verbs.channels_for(user)),
        "hacker_news": overview.for_hacker_news(found.overview),
        "submit_address": overview.submit_address(found),
        "draft": draft or {"text": found.overview or overview.template(found), "version": found.overview_version},
    }
    return render(request, "team/release.html", context, status=422 if has_problem else 200)


def _who_is_on(expected: volume.Volume, shifts: roster.Roster) -> None:
    for line in expected.hours:
        at = line.at
        line.on = [] if at is None else sorted(
            {p.shift.user.get_short_name() or p.shift.user.username for p in shifts.present
             if p.span.start < at + volume.HOUR and p.span.end > at}
        )  # fmt: skip


def _state(found: Release, now: datetime) -> str:
    """ "ahead", "today" or "over"."""
    span = release_times.hours_of(found)
    return "ahead" if now < span.start else "today" if now < span.end else "over"


@require_POST
@login_required
@may_change
def details(request: HttpRequest, number: int) -> HttpResponse:
    """Name, link, day, experts on call."""
    found = _found(number)
    form = ReleaseForm(request.POST, instance=_found(number), auto_id="release-%s")
    if not form.is_valid():
        return _page(request, found, form=form)
    chosen = form.cleaned_data
    planning.move(number, chosen["day"])
    Release.objects.filter(pk=number).update(name=chosen["name"], url=chosen["url"])
    found.experts.set(chosen["experts"])
    messages.success(request, _("Saved."))
    return redirect("team:release", number)


@require_POST
@login_required
@may_change
def save_overview(request: HttpRequest, number: int) -> HttpResponse:
    """With `post`: go on to the page that posts it as one of our handles."""
    found = _found(number)
    text, version = request.POST.get("text", ""), request.POST.get("version", "")
    try:
        saved = overview.save(number, text, int(version) if version.isdecimal() else -1, request.user)
    except overview.OverviewRefused as refused:
        draft = {"text": text, "version": found.overview_version, "problem": str(refused), "theirs": found.overview}
        return _page(request, found, draft=draft)
    if request.POST.get("post") and post_verbs.channels_for(request.user):
        request.session[TAKEN_BACK] = saved.overview
        return redirect("mentions:posts")
    messages.success(request, _("Overview saved."))
    return redirect("team:release", number)


@require_POST
@login_required
@may_assign
def assign(request: HttpRequest, number: int) -> HttpResponse:
    found = _found(number)
    form = OwnerForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("Choose somebody from the list."))
        return redirect("team:release", found.pk)
    planning.assign(found.pk, form.cleaned_data["owner"])
    messages.success(request, _("Saved."))
    return redirect("team:release", found.pk)


# --- rota and swaps ---------------------------------------------------------------------------------------------------


@require_POST
@login_required
@may_change
def join_rota(request: HttpRequest) -> HttpResponse:
    """Join; with `leave`, leave."""
    if request.POST.get("leave"):
        rota.leave(DUTY, request.user)
        messages.info(request, _("You have left the rota. Days already assigned to you stay yours: swap them."))
    else:
        rota.join(DUTY, request.user)
        planning.plan(desk_now())
        messages.success(request, _("You are in the rota for release days now."))
    return redirect("team:releases")


@require_POST
@login_required
@may_change
def ask_swap(request: HttpRequest, number: int) -> HttpResponse:
    """`other`: the release day to take instead."""
    other = request.POST.get("other", "")
    try:
        swap = swaps.ask(number, int(other) if other.isdecimal() and len(other) < 10 else 0, request.user, desk_now())
    except swaps.SwapRefused as refused:
        messages.error(request, str(refused))
    else:
        words = {"who": swap.asked.get_full_name() or swap.asked.username}
        messages.success(request, _("Asked %(who)s. Nothing changes until they agree.") % words)
    return redirect("team:releases")


DECISIONS = {"agree": swaps.agree, "decline": swaps.decline, "withdraw": swaps.withdraw}


@require_POST
@login_required
@may_change
def decide_swap(request: HttpRequest, number: int) -> HttpResponse:
    """`decision`: agree, decline or withdraw."""
    decide = DECISIONS.get(request.POST.get("decision", ""))
    if decide is None:
        messages.error(request, _("Choose whether you agree."))
        return redirect("team:releases")
    try:
        swap = decide(number, request.user, desk_now())
    except swaps.SwapRefused as refused:
        messages.error(request, str(refused))
    else:
        is_late = swap.state == ReleaseSwap.State.LAPSED
        messages.success(request, _("Too late: the days have changed since.") if is_late else _("Saved."))
    return redirect("team:releases")
