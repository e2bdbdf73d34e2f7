"""The steps of a package, each of which makes some of its files."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from datetime import datetime

from django.utils.translation import gettext as _

from audit.csv_cells import spreadsheet_safe
from metrics.drawing import pictures
from metrics.models import Package
from metrics.overview.report import OverviewReport
from metrics.package import scope, slides
from metrics.reports import REPORTS as ALL_REPORTS
from metrics.reports import Report
from metrics.summary import comparing, wording
from metrics.tables import Chart, Table, tables_of, zone_in_names

REPORTS: tuple[type[Report], ...] = tuple(kind for kind in ALL_REPORTS.values() if kind is not OverviewReport)
"""All but the overview, which shows the present, not a month."""
SUMMARY = "summary.txt"
Files = dict[str, bytes]
"""Name → content."""


def _report(package: Package, kind: type[Report], now: datetime) -> Report:
    return kind(scope.tickets_of(package.channel_ids), scope.filters_of(package), now)


def _files_of(kind: type[Report]) -> Callable[[Package, datetime], Files]:
    """Its tables, and the pictures of its charts that aren't empty."""

    def files(package: Package, now: datetime) -> Files:
        report = _report(package, kind, now)
        drawn = {
            picture_name(report, chart): pictures.png(pictures.with_zone(chart.spec("light"), package.zone))
            for chart in report.charts
            if not chart.is_empty
        }
        return drawn | _tables(report, package.zone)

    return files


def picture_name(report: Report, chart: Chart) -> str:
    """The picture's file name, which includes the report's: two reports may have charts with the same name."""
    return f"{report.name}-{chart.slug}.png"


def _tables(report: Report, zone: str) -> Files:
    """Each names the time zone of its days, like those downloaded from a page."""
    tables, of = tables_of(report), zone_in_names(zone)
    if len(tables) == 1:
        return {f"{report.name}-{of}.csv": as_csv(tables[0])}
    return {f"{report.name}-{table.slug}-{of}.csv": as_csv(table) for table in tables}


def as_csv(table: Table) -> bytes:
    """With a byte order mark, so that spreadsheets recognise UTF-8; no cell is a formula."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(table.heads)
    writer.writerows([spreadsheet_safe(cell.value) for cell in row] for row in table.rows)
    return out.getvalue().encode("utf-8-sig")


def summed_up(package: Package, now: datetime) -> list[str]:
    filters = scope.filters_of(package)
    tickets = scope.tickets_of(package.channel_ids)
    return wording.sentences(comparing.compare(tickets, filters, filters.earlier, now, package.channel_ids))


def _summary(package: Package, now: datetime) -> Files:
    package.summary = summed_up(package, now)
    return {SUMMARY: "\n".join([*package.summary, ""]).encode()}


def _slides(package: Package, now: datetime) -> Files:
    """From the files made so far: the summary, then one slide per picture."""
    stored = {file.name: bytes(file.content) for file in package.files.filter(name__endswith=".png")}
    reports = [_report(package, kind, now) for kind in REPORTS]
    titles = [(picture_name(each, chart), chart.title) for each in reports for chart in each.charts]
    drawn = [(str(title), stored[name]) for name, title in titles if name in stored]
    period = wording.name_of(scope.filters_of(package).period)
    title = _("Mentions in %(period)s") % {"period": period}
    return {"slides.pptx": slides.presentation(title, package.summary, drawn, package.asked_at)}


STEPS: tuple[Callable[[Package, datetime], Files], ...] = (*map(_files_of, REPORTS), _summary, _slides)
