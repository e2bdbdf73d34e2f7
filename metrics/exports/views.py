"""The export page, and running exports."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required, permission_required
from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from channels.audience import seen_by
from channels.clocks import desk_now
from metrics.exports import running, streaming
from metrics.exports.kinds import KINDS
from metrics.models import ExportRun
from metrics.pages import tabs
from metrics.periods import read_day

SHOWN = 10
may_export = permission_required("metrics.add_exportrun", raise_exception=True)


@require_GET
@login_required
@may_export
@never_cache
def exports(request: HttpRequest) -> HttpResponse:
    """`only=runs`: the list of exports alone, for polling."""
    now = desk_now()
    found = seen_by(request.user, ExportRun).order_by("-begun_at", "-pk")[:SHOWN]
    runs = [_shown(run, running.is_running(run, now)) for run in found]
    context = {
        "reports": tabs.tabs(),
        "runs": runs,
        "is_running": any(run["is_running"] for run in runs),
        "kinds": [(kind.name, kind.label) for kind in KINDS.values()],
        "most": f"{running.MAX_ROWS:,}",
        "zone": timezone.get_current_timezone_name(),
    }
    name = "metrics/_export_runs.html" if request.GET.get("only") == "runs" else "metrics/exports.html"
    return render(request, name, context)


def _shown(run: ExportRun, is_running: bool) -> dict[str, Any]:
    counts = {"done": f"{run.rows_done:,}", "total": f"{run.rows_total:,}"}
    return {"run": run, "is_running": is_running, "label": KINDS[run.kind].label if run.kind in KINDS else "", **counts}


@require_POST
@login_required
@may_export
def export(request: HttpRequest) -> HttpResponseBase:
    """`kind`, `form`, `from` and `to` (ISO dates, empty: all)."""
    kind, form = request.POST.get("kind", ""), request.POST.get("form", "")
    try:
        days = _day(request.POST.get("from", "")), _day(request.POST.get("to", ""))
        tz = timezone.get_current_timezone()
        run, pieces = running.begin(request.user, kind, form, days, tz, desk_now(), most=running.MAX_ROWS)
    except (ValueError, KeyError):
        messages.error(request, _("Choose what to export, and enter dates as YYYY-MM-DD. Nothing was exported."))
        return redirect("metrics:exports")
    except running.TooMany as refused:
        text = _("That is %(rows)s rows; the limit is %(most)s. Choose fewer days, or ask an admin to run the command.")
        messages.error(request, text % {"rows": f"{refused.rows:,}", "most": f"{running.MAX_ROWS:,}"})
        return redirect("metrics:exports")
    headers = {"Content-Disposition": f'attachment; filename="{kind}-{run.begun_at:%Y-%m-%d}.{form}"'}
    return StreamingHttpResponse(pieces, content_type=streaming.FORMS[form], headers=headers)


def _day(text: str) -> date | None:
    return read_day(text) if text else None
