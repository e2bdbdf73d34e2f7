"""The directory: experts found by typing, the tree of topics, and the page of one expert."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required, permission_required
from django.core.paginator import Page, Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.cache import patch_vary_headers
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from channels.clocks import desk_now
from experts.directory import reasons, searching, tree, usual_account, working_hours, workload
from experts.models import Expert, Outreach, TeamPage
from experts.people_lists import leaving
from mentions.people import access
from mentions.views.ticket.acting import number_of

PER_PAGE = 25
may_see = permission_required("experts.view_expert", raise_exception=True)
may_change = permission_required("experts.change_expert", raise_exception=True)


@require_GET
@login_required
@may_see
def directory(request: HttpRequest) -> HttpResponse:
    """`q=`: search text; `topic=`: of this topic and below; `page=`. htmx asks for the list alone."""
    now, topics = desk_now(), tree.load()
    typed, topic = request.GET.get("q", "").strip(), topics.get(number_of(request.GET.get("topic")) or 0)
    found = searching.people(typed, topics, topic.pk if topic else None)
    found = found.select_related("person").prefetch_related("topics")
    page = Paginator(found, PER_PAGE).get_page(request.GET.get("page"))
    context = {"page": page, "lines": _lines(page, now), "typed": typed, "topic": topic, "now": now}
    if request.headers.get("HX-Request"):
        response = render(request, "experts/_found.html", context)
    else:
        response = render(request, "experts/directory.html", context | _around(request, topics, now))
    patch_vary_headers(response, ["HX-Request"])
    return response


def _lines(page: Page[Expert], now: datetime) -> list[dict[str, Any]]:
    loads = workload.of_experts([expert.pk for expert in page], now)
    return [
        {"expert": expert, "state": _state(expert, now), "load": reasons.of_load(loads[expert.pk])} for expert in page
    ]


def _state(expert: Expert, now: datetime) -> dict[str, Any]:
    """Whether they can be asked now: `absent_until`, or whether they are working."""
    hours = working_hours.hours_of(expert)
    day = now.astimezone(hours.zone()).date()
    is_coming = expert.absent_from is not None and expert.absent_from > day
    return {
        "is_absent": hours.is_absent(day),
        "is_leaving": is_coming and expert.absent_until is not None,
        "is_working": working_hours.is_working(now, hours),
        "time": now.astimezone(hours.zone()),
    }


def _around(request: HttpRequest, topics: dict[int, Any], now: datetime) -> dict[str, Any]:
    defaults: dict[int, list[Expert]] = {}
    leads = Expert.objects.filter(default_for__isnull=False).select_related("person").prefetch_related("default_for")
    for expert in leads.distinct():
        for topic in expert.default_for.all():
            defaults.setdefault(topic.pk, []).append(expert)
    return {
        "branches": [
            {"topic": b.topic, "depth": min(b.depth, 3), "people": defaults.get(b.topic.pk, [])}
            | {"fallback": topics.get(b.topic.fallback_id or 0)}
            for b in tree.in_order(topics.values())
        ],
        "running": _requests(request).filter(state__in=Outreach.RUNNING).order_by("asked_at"),
        "pages": TeamPage.objects.all() if request.user.has_perm("experts.change_expert") else [],
    }


def _requests(request: HttpRequest) -> Any:
    related = ("expert__person", "topic", "ticket__channel", "asked_by", "outbound")
    return access.seen_by(request.user, Outreach).select_related(*related)


@require_GET
@login_required
@may_see
def expert(request: HttpRequest, expert_id: int) -> HttpResponse:
    """One expert: how to reach them, what they know, how much they are asked, and their open requests."""
    now = desk_now()
    related = ("topics", "default_for", "person__accounts")
    found = get_object_or_404(Expert.objects.select_related("person").prefetch_related(*related), pk=expert_id)
    load = workload.of_experts([found.pk], now)[found.pk]
    accounts = [(account.namespace, account.handle) for account in found.person.accounts.all()]
    context = {
        "expert": found,
        "usual": usual_account.of(accounts, found.slack_handle),
        "load": load,
        "latency": reasons.span(load.latency) if load.latency is not None else "",
        "state": _state(found, now),
        "languages": [reasons.language_name(code) for code in found.language_codes],
        "running": _requests(request).filter(state__in=Outreach.RUNNING, expert=found).order_by("asked_at"),
        "now": now,
    }
    return render(request, "experts/expert.html", context)


@require_POST
@login_required
@may_change
def active(request: HttpRequest, expert_id: int) -> HttpResponse:
    """`is_active=1` or `0`: nobody is asked who isn't active. Either undoes the other."""
    found = get_object_or_404(Expert.objects.select_related("person"), pk=expert_id)
    is_active = request.POST.get("is_active") == "1"
    leaving.set_active(found, request.user, desk_now(), is_active=is_active)
    message = _("%(who)s can be asked again.") if is_active else _("%(who)s will not be asked any more.")
    messages.success(request, message % {"who": found})
    return redirect("experts:expert", found.pk)
