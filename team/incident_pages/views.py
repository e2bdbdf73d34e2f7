"""The pages of incidents: the list, and one incident with its mentions and bulk replies."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required, permission_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST

from channels.audience import seen_by
from channels.clocks import desk_now
from mentions.people import access
from mentions.tickets.transitions import OutcomeRefused
from mentions.views.ticket.acting import back_to, number_of
from team.incident_pages.forms import DetailsForm, OpenForm
from team.incidents import closing, grouping, opening, progressing, report
from team.models import Incident, IncidentMention

PAST = 20
may_see = permission_required("team.view_incident", raise_exception=True)
may_change = permission_required("team.change_incident", raise_exception=True)


@require_GET
@login_required
@may_see
def incidents(request: HttpRequest) -> HttpResponse:
    """Running and past incidents with their reports, and the form that opens one."""
    return _list(request)


def _list(request: HttpRequest, form: OpenForm | None = None) -> HttpResponse:
    now = desk_now()
    known = Incident.objects.select_related("opened_by")
    context = {
        "running": known.exclude(state=Incident.State.CLOSED),
        "past": known.filter(state=Incident.State.CLOSED)[:PAST],
        "form": form or OpenForm(now=now, initial={"started_at": now}, auto_id="incident-%s"),
        "may_change": request.user.has_perm("team.change_incident"),
    }
    return render(request, "team/incidents.html", context, status=422 if form is not None else 200)


@require_POST
@login_required
@may_change
def open_one(request: HttpRequest) -> HttpResponse:
    now = desk_now()
    form = OpenForm(request.POST, now=now, auto_id="incident-%s")
    if not form.is_valid():
        return _list(request, form)
    given = form.cleaned_data
    try:
        opened = opening.open_by_hand(request.user, words=[], now=now, **given)
    except OutcomeRefused as refused:
        messages.error(request, str(refused))
        return redirect("team:incidents")
    messages.success(request, _("Opened. Review the proposed mentions."))
    return redirect("team:incident", opened.pk)


@require_GET
@login_required
@may_see
def incident(request: HttpRequest, number: int) -> HttpResponse:
    return _page(request, found_or_404(number))


def found_or_404(number: int) -> Incident:
    return get_object_or_404(Incident.objects.select_related("opened_by", "closed_by"), pk=number)


def _page(request: HttpRequest, found: Incident, form: DetailsForm | None = None) -> HttpResponse:
    now, user = desk_now(), request.user
    is_closed = found.state == Incident.State.CLOSED
    may = user.has_perm("team.change_incident") and not is_closed
    context = {
        "incident": found,
        "today": now.date(),
        "mentions": _mentions(found, user),
        "proposed": [] if is_closed else grouping.proposed(found, user, now),
        "batches": progressing.batches(found, user, now),
        "report": report.shown(found.report) if is_closed and found.report else None,
        "untold": 0 if found.state != Incident.State.OVER else closing.count_unnotified(found),
        "may_change": may,
        "may_reopen": is_closed and user.has_perm("team.change_incident"),
        "may_send": not is_closed and user.has_perm(access.BULK),
        "form": (form or DetailsForm(instance=found, user=user, now=now, auto_id="incident-%s")) if may else None,
    }
    return render(request, "team/incident.html", context, status=422 if form is not None else 200)


def _mentions(found: Incident, user: Any) -> list[IncidentMention]:
    """Oldest first."""
    rows = seen_by(user, IncidentMention).filter(incident=found, is_part=True)
    related = ("ticket__channel__connection", "ticket__requester", "ticket__assignee", "by")
    return list(rows.select_related(*related).order_by("ticket__posted_at", "ticket_id"))


@require_POST
@login_required
@may_change
def details(request: HttpRequest, number: int) -> HttpResponse:
    found = found_or_404(number)
    form = DetailsForm(
        request.POST, instance=found_or_404(number), user=request.user, now=desk_now(), auto_id="incident-%s"
    )
    if not form.is_valid():
        return _page(request, found, form)
    form.save_for(number)
    messages.success(request, _("Saved."))
    return redirect("team:incident", number)


# --- mentions ---------------------------------------------------------------------------------------------------------


@require_POST
@login_required
@may_change
def decide(request: HttpRequest, number: int) -> HttpResponse:
    """`ticket` (repeated, each perhaps with `why-<id>`): about it, or not with `do` = "out". `back`: to the ticket."""
    found, now = found_or_404(number), desk_now()
    wanted = [each for each in (number_of(text.strip().lstrip("#")) for text in request.POST.getlist("ticket")) if each]
    seen = access.visible_tickets(request.user).filter(pk__in=wanted[: grouping.MAX_PROPOSED])
    whys = {pk: request.POST.get(f"why-{pk}", "").replace("\0", "") for pk in seen.values_list("pk", flat=True)}
    is_part = request.POST.get("do") != "out"
    changed, refused = grouping.decide(found.pk, whys, request.user, now, is_part=is_part)
    _tell_decided(request, changed, refused, is_part=is_part, has_any=bool(whys))
    if request.POST.get("back") and len(whys) == 1:
        return back_to(request, next(iter(whys)), now)
    return redirect("team:incident", number)


def _tell_decided(
    request: HttpRequest, changed: list[IncidentMention], refused: list[str], *, is_part: bool, has_any: bool
) -> None:
    for words in refused[:5]:
        messages.error(request, words)
    if not has_any:
        messages.error(request, _("Choose a ticket first."))
    count = len(changed)
    if not count:
        return
    if is_part:
        text = ngettext("%(count)d mention added.", "%(count)d mentions added.", count)
    else:
        text = ngettext("%(count)d mention marked as unrelated.", "%(count)d mentions marked as unrelated.", count)
    messages.success(request, text % {"count": count}, extra_tags=f"undo-incident-{changed[0].pk}")


@require_POST
@login_required
@may_change
def take_back(request: HttpRequest, mention_id: int) -> HttpResponse:
    """As if nobody had decided."""
    mention = get_object_or_404(seen_by(request.user, IncidentMention), pk=mention_id)
    try:
        if grouping.take_back(mention_id, request.user, desk_now()):
            messages.success(request, _("Removed. It may be proposed again."))
    except OutcomeRefused as refused:
        messages.error(request, str(refused))
    return redirect("team:incident", mention.incident_id)


@require_POST
@login_required
@may_change
def undo_step(request: HttpRequest, mention_id: int) -> HttpResponse:
    """Everything that was added, or declined, together with this one."""
    mention = get_object_or_404(seen_by(request.user, IncidentMention), pk=mention_id)
    count, refused = grouping.take_back_together(mention, request.user, desk_now())
    for words in refused[:5]:
        messages.error(request, words)
    if count:
        text = ngettext(
            "Taken back. It may be proposed again.", "%(count)d taken back. They may be proposed again.", count
        )
        messages.success(request, text % {"count": count})
    return redirect("team:incident", mention.incident_id)


# --- state ----------------------------------------------------------------------------------------------------------


def _over(number: int, user: Any, now: datetime) -> str:
    return _("It is over. Tell the people you answered.") if opening.end_by_hand(number, now) else ""


def _go_on(number: int, user: Any, now: datetime) -> str:
    return _("Marked as not over.") if opening.go_on_by_hand(number, now) else ""


def _close(number: int, user: Any, now: datetime) -> str:
    return (
        _("Closed. The report stays here and is posted to Slack in a moment.")
        if closing.close(number, user, now)
        else ""
    )


def _reopen(number: int, user: Any, now: datetime) -> str:
    return _("Reopened.") if closing.reopen(number) else ""


CHANGES: dict[str, Callable[[int, Any, datetime], str]] = {
    "over": _over, "go-on": _go_on, "close": _close, "reopen": _reopen
}  # fmt: skip


@require_POST
@login_required
@may_change
def change_state(request: HttpRequest, number: int) -> HttpResponse:
    """`do`: over, go-on, close or reopen. If it is pressed twice, or by two people, it happens once."""
    found = found_or_404(number)
    change = CHANGES.get(request.POST.get("do", ""))
    if change is None:
        messages.error(request, _("Choose what to do."))
    elif words := change(found.pk, request.user, desk_now()):
        messages.success(request, words)
    return redirect("team:incident", number)
