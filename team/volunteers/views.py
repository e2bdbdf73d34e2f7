"""The pages of advocates for a day: days and invitations, the answer behind a link, training."""

from __future__ import annotations

from datetime import UTC, date

from django.contrib import messages
from django.contrib.auth.decorators import login_required, permission_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.dateparse import parse_date
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from channels.clocks import desk_now
from mentions.views.ticket.acting import number_of
from team.models import Contact, VolunteerDay
from team.practice import progress
from team.practice.exercises import EXERCISES
from team.volunteers import inviting, links, needs
from team.volunteers.inviting import InvitationRefused

may_see = permission_required("team.view_volunteerday", raise_exception=True)
may_invite = permission_required("team.add_volunteerday", raise_exception=True)


@require_GET
@login_required
@may_see
def volunteers(request: HttpRequest) -> HttpResponse:
    """Days that need volunteers, and who is invited. `?day=` fills in the form."""
    return _page(request, {"day": request.GET.get("day", "")})


def _page(request: HttpRequest, form: dict[str, str], status: int = 200) -> HttpResponse:
    now = desk_now()
    rows = inviting.listed(now)
    passed = progress.passed_by_each({each.user_id for each in rows})
    may_add = request.user.has_perm("team.add_volunteerday")
    context = {
        "rows": [(each, len(passed.get(each.user_id, ()))) for each in rows],
        "exercises": len(EXERCISES),
        "lacking": needs.lacking(now),
        "wanted": needs.WANTED,
        "may_invite": may_add,
        "people": inviting.candidates(request.user) if may_add else [],
        "buddies": inviting.buddies() if may_add else [],
        "form": {
            "problem": "",
            "user": "",
            "buddy": str(request.user.pk),
            **form,
            "day": _day_text(form["day"]),
            "until": _day_text(form.get("until", "")),
        },
        "now": now,
        "today": now.astimezone(UTC).date(),
    }
    return render(request, "team/volunteers.html", context, status=status)


def _day_text(text: str) -> str:
    day = _day(text)
    return day.isoformat() if day else ""


def _day(text: str) -> date | None:
    """None for no valid day, and for days at the edge of the calendar."""
    try:
        day = parse_date(text)
    except ValueError:
        return None
    return day if day and 2000 <= day.year < 2100 else None


@require_POST
@login_required
@may_invite
def invite(request: HttpRequest) -> HttpResponse:
    """`user`, `day`, `buddy`; with `until`, each working day to that one."""
    form = {name: request.POST.get(name, "") for name in ("user", "day", "until", "buddy")}
    day = _day(form["day"])
    last = _day(form["until"]) if form["until"] else day
    user = inviting.candidates(request.user).filter(pk=number_of(form["user"]) or 0).first()
    buddy = next((each for each in inviting.buddies() if str(each.pk) == form["buddy"]), None)
    try:
        if day is None or last is None or user is None or buddy is None:
            raise InvitationRefused(_("Choose a colleague, a day and a buddy."))
        made = inviting.invite_days(user, day, last, buddy, request.user, desk_now())
    except InvitationRefused as refused:
        return _page(request, {**form, "problem": str(refused)}, status=422)
    said = ngettext("Invited for %(count)d day.", "Invited for %(count)d days.", len(made)) % {"count": len(made)}
    messages.success(request, said + " " + _("The link works for one answer to each."))
    return redirect("team:volunteers")


@require_POST
@login_required
@may_invite
def change(request: HttpRequest, volunteer_id: int) -> HttpResponse:
    """`do`: `again` or `withdraw`."""
    found = get_object_or_404(VolunteerDay, pk=volunteer_id)
    try:
        if request.POST.get("do") == "again":
            inviting.send_again(found.pk, desk_now())
            messages.success(request, _("Sent again. Only the new link works."))
        elif request.POST.get("do") == "withdraw":
            inviting.withdraw(found.pk, desk_now())
            messages.success(request, _("Withdrawn."))
    except InvitationRefused as refused:
        messages.error(request, str(refused))
    return redirect("team:volunteers")


@never_cache
@require_http_methods(["GET", "POST"])
def answer(request: HttpRequest, invitation: str) -> HttpResponse:
    """Behind the invitation's link, for people who aren't logged in. `do`: `accept` or `decline`; only a POST
    answers, since mail programs open links by themselves. `of`: another day for which they are asked, or `all`."""
    now = desk_now()
    try:
        found = links.read(invitation, now)
    except links.BadLink:
        return render(request, "team/volunteer_answer.html", {"volunteer": None}, status=410)
    act = {"accept": inviting.accept, "decline": inviting.decline}.get(request.POST.get("do", ""))
    if act is not None:
        wanted = request.POST.get("of", str(found.pk))
        for each in inviting.open_of(found.user, now):
            if wanted in ("all", str(each.pk)):
                act(each.pk, now)
        found.refresh_from_db()
    context = {
        "volunteer": found,
        "days": inviting.asked_with(found, now),
        "open": len(inviting.open_of(found.user, now)),
    }
    return render(request, "team/volunteer_answer.html", context)


def trainee(request: HttpRequest) -> VolunteerDay | None:
    """The volunteer's day; None for those who may see volunteers. Raises Http404 for anybody else."""
    day = inviting.day_of(request.user, desk_now())
    if day is None and not request.user.has_perm("team.view_volunteerday"):
        raise Http404("nobody has invited them")
    return day


@require_GET
@login_required
def training(request: HttpRequest) -> HttpResponse:
    """For volunteers, and for those who may see volunteers."""
    day, now = trainee(request), desk_now()
    passed = progress.passed_by(request.user)
    context = {
        "volunteer": day,
        "is_running": day is not None and day.term is not None and day.term.starts_at <= now < day.term.ends_at,
        "is_over": day is not None and day.term is not None and day.term.ends_at <= now,
        "exercises": [(each, each.slug in passed) for each in EXERCISES],
        "learning": Contact.objects.filter(kind=Contact.Kind.LEARNING).exclude(url=""),
        "solved": len(passed),
        "count": len(EXERCISES),
    }
    return render(request, "team/training.html", context)


@require_POST
@login_required
def leave(request: HttpRequest) -> HttpResponse:
    """A volunteer who can't come after all."""
    day = inviting.day_of(request.user, desk_now())
    if day is None:
        raise Http404("no day")
    inviting.decline(day.pk, desk_now())
    messages.info(request, _("Thanks for letting us know. Your buddy has been told."))
    return redirect("mentions:me")
