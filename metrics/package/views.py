"""The page of monthly packages: request one, follow its progress, download it."""

from __future__ import annotations

import uuid
from datetime import date
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required, permission_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from audit import log
from audit.kinds import EntryKind
from channels.audience import seen_by
from channels.clocks import desk_now
from channels.dispatch import send_task
from mentions.notifications.reachable import why_not
from mentions.people import access
from metrics.models import Package, ReportMessage
from metrics.package import asking, building, months
from metrics.package.steps import STEPS
from metrics.package.zipped import stem, zipped
from metrics.pages import tabs

SHOWN = 30
WAY_LABELS = ((ReportMessage.Way.MAIL, _lazy("Email it to me")), (ReportMessage.Way.SLACK, _lazy("Tell me in Slack")))
STOP_POLLING = 286
"""https://htmx.org/docs/#polling"""
may_read_reports = permission_required(access.VIEW_REPORTS, raise_exception=True)


@require_GET
@login_required
@may_read_reports
def packages(request: HttpRequest) -> HttpResponse:
    found = seen_by(request.user, Package).select_related("user").order_by("-asked_at", "-pk")
    context = {
        "reports": tabs.tabs(),
        "title": tabs.PACKAGES_TITLE,
        "packages": [_shown(package) for package in found[:SHOWN]],
        "months": months.choices(desk_now(), timezone.get_current_timezone()),
        "ways": [(way, label, why_not(request.user, way)) for way, label in WAY_LABELS],
        "key": uuid.uuid4(),
        "zone": timezone.get_current_timezone_name(),
    }
    return render(request, "metrics/packages.html", context)


def _shown(package: Package) -> dict[str, Any]:
    return {"package": package, "steps": len(STEPS), "stem": stem(package)}


@require_POST
@login_required
@may_read_reports
def make(request: HttpRequest) -> HttpResponse:
    """`month` (YYYY-MM-01), `key`, any number of `way`."""
    tz, now = timezone.get_current_timezone(), desk_now()
    try:
        month, key = date.fromisoformat(request.POST.get("month", "")), uuid.UUID(request.POST.get("key", ""))
    except ValueError:
        month, key = date.min, uuid.UUID(int=0)
    if month not in months.choices(now, tz):
        messages.error(request, _("Choose a past month, then try again."))
        return redirect("metrics:packages")
    wanted = request.POST.getlist("way")
    ways = [way for way in ReportMessage.Way.values if way in wanted and not why_not(request.user, way)]
    try:
        asking.ask(request.user, month, str(tz), ways, key=key, now=now)
    except PermissionError:
        messages.error(request, _("Reload the page, then try again."))
    return redirect("metrics:packages")


@require_GET
@login_required
@may_read_reports
@never_cache
def package(request: HttpRequest, package_id: int) -> HttpResponse:
    """Its line on the page, for polling."""
    found = _found(request, package_id)
    status = 200 if found.state == Package.State.BUILDING else STOP_POLLING
    return render(request, "metrics/_package.html", {"each": _shown(found)}, status=status)


@require_POST
@login_required
@may_read_reports
def again(request: HttpRequest, package_id: int) -> HttpResponse:
    """Resume a failed package."""
    found = _found(request, package_id)
    if building.again(found.pk):
        send_task("metrics.build_package", found.pk)
    return redirect("metrics:packages")


@require_GET
@login_required
@may_read_reports
def download(request: HttpRequest, package_id: int) -> HttpResponse:
    """The ZIP file."""
    found = _found(request, package_id)
    if found.state != Package.State.READY:
        raise Http404(package_id)
    log.record(EntryKind.EXPORTED, now=desk_now(), subject=f"package {found}", details={"form": "zip"})
    headers = {"Content-Disposition": f'attachment; filename="{stem(found)}.zip"', "Cache-Control": "private"}
    return HttpResponse(zipped(found), content_type="application/zip", headers=headers)


def _found(request: HttpRequest, package_id: int) -> Package:
    return get_object_or_404(seen_by(request.user, Package), pk=package_id)
