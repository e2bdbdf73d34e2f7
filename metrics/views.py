"""The report pages: charts on the page and as files, tables as CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from typing import Any, cast

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_GET

from audit import log
from audit.csv_cells import spreadsheet_safe
from audit.kinds import EntryKind
from channels.clocks import desk_now
from mentions.people.access import visible_tickets
from metrics.drawing import pictures
from metrics.figures import against
from metrics.first_reply.report import FirstReplyReport
from metrics.overview.report import OverviewReport
from metrics.pages import overview_page, query_params, tabs
from metrics.pages.behind import may_read_reports
from metrics.pages.words import COMPARE_WORDS, PERIOD_WORDS, channel_slugs, figure_links, rising_tags, total_figures
from metrics.reports import REPORTS, Report
from metrics.tables import Chart, tables_of, zone_in_names


@require_GET
@login_required
@may_read_reports
def index(request: HttpRequest) -> HttpResponse:
    return redirect("metrics:report", name=OverviewReport.name)


def _report(request: HttpRequest, name: str) -> tuple[Report, query_params.Asked]:
    if name not in REPORTS:
        raise Http404(name)
    now = desk_now()
    question = query_params.read(request, now)
    return REPORTS[name](visible_tickets(request.user), question.filters, now, request.user), question


@require_GET
@login_required
@may_read_reports
def report(request: HttpRequest, name: str) -> HttpResponse:
    around = {
        "reports": tabs.tabs(),
        "query": request.GET.urlencode(),
        "bundle_version": pictures.bundle_version(),
    }
    if name == OverviewReport.name:
        body = overview_page.body(request, lambda: _overview(request, around))
        title = {"name": name, "title": OverviewReport.title}
        return render(request, "metrics/overview.html", {**around, "report": title, "body": body})
    shown, question = _report(request, name)
    context = {**around, **_shown(request, shown, question), "totals": total_figures(shown, request.GET)}
    context["rising"] = rising_tags(shown, request.GET)
    return render(request, "metrics/report.html", {**context, "periods": PERIOD_WORDS})


def _overview(request: HttpRequest, around: Mapping[str, Any]) -> str:
    shown, question = _report(request, OverviewReport.name)
    figures = overview_page.context(cast("OverviewReport", shown), request)
    return render_to_string("metrics/_overview_sheet.html", {**around, **_shown(request, shown, question), **figures})


def _shown(request: HttpRequest, shown: Report, question: query_params.Asked) -> dict[str, Any]:
    """The context that all reports share."""
    back = "" if shown.name == FirstReplyReport.name else shown.name
    slugs = channel_slugs()
    return {
        "report": shown,
        "question": question,
        "query": request.GET.urlencode(),
        "charts": [_chart_context(shown.name, chart) for chart in shown.charts],
        "tables": [figure_links(table, request.GET, slugs, back) for table in tables_of(shown)],
        "zone": timezone.get_current_timezone_name(),
        **_comparing(shown, question),
    }


def _comparing(shown: Report, question: query_params.Asked) -> dict[str, Any]:
    """What the page compares with, and the choices. The overview has its own periods, so no days can be chosen."""
    if not getattr(shown, "compares", False):
        return {}
    if getattr(shown, "has_own_periods", False):
        return {"compare_words": COMPARE_WORDS[:2]}
    return {"compare_words": COMPARE_WORDS, **_compared(question)}


def _compared(question: query_params.Asked) -> dict[str, str]:
    filters = question.filters
    return {"compared": against.sentence(filters), "compared_with": against.period_in_words(filters.earlier)}


def _chart_context(name: str, chart: Chart) -> dict[str, Any]:
    url = reverse("metrics:chart", args=[name, chart.slug, "svg"]).removesuffix(".svg")
    return {"title": chart.title, "is_empty": chart.is_empty, "is_wide": chart.is_wide, "url": url}


@require_GET
@login_required
@may_read_reports
def chart(request: HttpRequest, name: str, slug: str, form: str) -> HttpResponse:
    """One chart as `json` (the Vega-Lite spec), `svg` or `png`; `theme=dark` for dark pages."""
    shown, _question = _report(request, name)
    spec = _chart(shown, slug).spec("dark" if request.GET.get("theme") == "dark" else "light")
    is_inline = "inline" in request.GET
    if form != "json" and not is_inline:  # pages show a chart inline; a file leaves the desk
        log.record(EntryKind.EXPORTED, now=desk_now(), subject=f"chart {slug} of report {name}", details={"form": form})
    if form == "json":
        return JsonResponse(spec)
    spec = spec if is_inline else pictures.with_zone(spec, timezone.get_current_timezone_name())
    if form == "svg":
        return _file(pictures.svg(spec).encode(), "image/svg+xml", f"{slug}.svg", inline=is_inline)
    return _file(pictures.png(spec), "image/png", f"{slug}.png", inline=is_inline)


def _chart(shown: Report, slug: str) -> Chart:
    for found in shown.charts:
        if found.slug == slug:
            return found
    raise Http404(slug)


@require_GET
@login_required
@may_read_reports
def table_csv(request: HttpRequest, name: str) -> HttpResponse:
    shown, question = _report(request, name)
    out = io.StringIO()
    writer = csv.writer(out)
    tables = {table.slug: table for table in tables_of(shown)}
    table = tables.get(request.GET.get("table", ""), next(iter(tables.values())))
    writer.writerow(table.heads)
    writer.writerows([spreadsheet_safe(cell.value) for cell in row] for row in table.rows)
    period = question.filters.period
    log.record(EntryKind.EXPORTED, now=desk_now(), subject=f"report {name}", details={"rows": len(table.rows)})
    which = name if len(tables) == 1 else f"{name}-{table.slug}"
    spans = [period, table.against] if table.against else [period]
    days = "-vs-".join(f"{span.first.isoformat()}-{span.last.isoformat()}" for span in spans)
    zone = zone_in_names(timezone.get_current_timezone_name())
    filename = f"{which}-{zone}-{days}.csv"
    return _file(out.getvalue().encode("utf-8-sig"), "text/csv; charset=utf-8", filename)


def _file(content: bytes, content_type: str, filename: str, inline: bool = False) -> HttpResponse:
    disposition = "inline" if inline else "attachment"
    headers = {"Content-Disposition": f'{disposition}; filename="{filename}"', "Cache-Control": "private, max-age=60"}
    return HttpResponse(content, content_type=content_type, headers=headers)


@require_GET
@cache_control(public=True, max_age=31_536_000, immutable=True)
def bundle(request: HttpRequest, version: str) -> HttpResponse:
    """The chart library of the installed vl-convert; the URL contains its version."""
    return HttpResponse(pictures.browser_bundle(), content_type="text/javascript; charset=utf-8")
