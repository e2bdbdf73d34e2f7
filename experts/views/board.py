"""The board of the team's requests to experts, and the month's thanks."""

from __future__ import annotations

from datetime import date

from django.contrib import messages
from django.contrib.auth.decorators import login_required, permission_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from channels.clocks import desk_now
from experts.models import Outreach
from experts.overview import board as requests_board
from experts.overview import thanks as month_thanks
from experts.views.asking import may_ask
from mentions.people import access
from mentions.tickets.transitions import OutcomeRefused

may_see = permission_required("experts.view_outreach", raise_exception=True)
may_thank = permission_required("experts.view_thanks", raise_exception=True)


@require_GET
@login_required
@may_see
def board(request: HttpRequest) -> HttpResponse:
    """`of=mine`: only what this person has asked."""
    now, is_mine = desk_now(), request.GET.get("of") == "mine"
    shown = requests_board.board(request.user, now, is_mine=is_mine)
    sections = (
        ("late", _("Late"), shown.late, _("Nobody is late.")),
        ("drafts", _("Your turn: a draft waits"), shown.drafts, ""),
        ("waiting", _("Waiting"), shown.waiting, _("No request is open. Press e on a ticket to ask an expert.")),
        ("answered", _("Answered today"), shown.answered, _("None yet today.")),
    )
    context = {"sections": sections, "is_mine": is_mine, "now": now, "open_count": shown.open_count}
    return render(request, "experts/board.html", context)


@require_POST
@login_required
@may_ask
def remind(request: HttpRequest, outreach_id: int) -> HttpResponse:
    """Remind the expert in the Slack thread now."""
    found = get_object_or_404(access.seen_by(request.user, Outreach), pk=outreach_id)
    try:
        requests_board.remind(found.pk, desk_now())
    except OutcomeRefused as error:
        messages.error(request, str(error))
    else:
        messages.success(request, _("Reminded %(who)s in Slack.") % {"who": found.asked})
    return _back(request)


@require_POST
@login_required
@may_ask
def withdraw(request: HttpRequest, outreach_id: int) -> HttpResponse:
    """End the request; the ticket returns to the queue."""
    found = get_object_or_404(access.seen_by(request.user, Outreach), pk=outreach_id)
    try:
        requests_board.withdraw(found.pk, request.user, desk_now())
    except OutcomeRefused as error:
        messages.error(request, str(error))
    else:
        messages.success(request, _("Withdrew the request to %(who)s.") % {"who": found.asked})
    return _back(request)


def _back(request: HttpRequest) -> HttpResponse:
    return redirect(reverse("experts:board") + ("?of=mine" if request.POST.get("of") == "mine" else ""))


@require_http_methods(["GET", "POST"])
@login_required
@may_thank
def thanks(request: HttpRequest) -> HttpResponse:
    """Who answered what in `month` (YYYY-MM; default: the last with answers). POST `channel`: post it in Slack."""
    months = month_thanks.months(request.user)
    month = _month(request.POST.get("month") or request.GET.get("month"), months)
    if request.method == "POST" and month is not None:
        access.require(request.user, "experts.add_outreach")
        try:
            month_thanks.post(request.user, month, request.POST.get("channel", ""), desk_now())
        except OutcomeRefused as error:
            messages.error(request, str(error))
        else:
            messages.success(request, _("The thanks are being posted in Slack."))
        return redirect(f"{reverse('experts:thanks')}?month={month:%Y-%m}")
    helpers = month_thanks.of_month(request.user, month) if month else []
    public = month_thanks.of_month(request.user, month, for_slack=True) if month else []
    context = {
        "months": months,
        "month": month,
        "helpers": helpers,
        "text": month_thanks.text(public, month) if month and public else "",
    }
    return render(request, "experts/thanks.html", context)


def _month(text: str | None, months: list[date]) -> date | None:
    """One of the months; the newest by default."""
    if not text:
        return months[0] if months else None
    found = next((month for month in months if f"{month:%Y-%m}" == text), None)
    if found is None:
        raise Http404(text)
    return found
