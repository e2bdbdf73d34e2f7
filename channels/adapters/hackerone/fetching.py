"""Reads each program's reports with new activity, oldest first, each as a whole.

https://api.hackerone.com/customer-resources/#reports-get-all-reports (filters, `sort`, `links.next`) and
#reports-get-report. 600 reads a minute: https://api.hackerone.com/getting-started/#rate-limits

The list contains no activities, so each report is fetched. Pages advance by time: a report with activity while we read
moves to the end of the list, so the ones behind it would shift across a page boundary. `links.next` says whether there
is more, and pages within one instant.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from channels.adapters.hackerone import wire
from channels.adapters.hackerone.client import api
from channels.contract import Config, Item, Json, Page
from channels.errors import RETRIED, NotFound, Transient
from channels.http.api_client import segment
from channels.http.next_page import parameters_of
from channels.toolkit.changes import Changes, iso, oldest_by_time
from channels.toolkit.list_sources import ListSource, backfill_start, chosen, read_lists
from channels.toolkit.values import objects_in, time_of, value_at

PER_PAGE = 25
PAGES_A_POLL = 20
INSTANT = timedelta(milliseconds=1)
"""Their filter excludes the given instant."""


def fetch(config: Config, cursor: Json) -> Iterator[Page]:
    return read_lists(sources(config), cursor, under="programs")


def sources(config: Config) -> list[ListSource]:
    start = backfill_start(config)
    return [
        oldest_by_time(program, partial(_changes, config, program), start, pages=PAGES_A_POLL, step=INSTANT)
        for program in programs_of(config)
    ]


def programs_of(config: Config) -> list[str]:
    programs = dict.fromkeys(program.lower() for program in config.entries("programs"))
    return chosen(programs, "This connection has no programs. Enter at least one handle.")


def _changes(config: Config, program: str, since: datetime, place: Json, floor: datetime) -> Changes:
    body = api.get(config, "reports", _question(program, since) | (place or {})).body
    reports, following = _reports(body), _next(body)
    times = [at for report in reports if (at := time_of(wire.attributes(report).get("last_activity_at")))]
    below = {k: v for k, v in (following or {}).items() if k == "page[number]"}
    items = [item for report in reports for item in _whole(config, report)]
    return Changes(items, times, following is not None and bool(reports), below)


def _question(program: str, since: datetime) -> dict[str, str | int]:
    return {
        "filter[program][]": program,
        "filter[last_activity_at__gt]": iso(since, "milliseconds"),
        "sort": "reports.last_activity_at",
        "page[size]": PER_PAGE,
    }


def _reports(body: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    data = objects_in(body.get("data"), Transient(f"HackerOne did not return a list of reports. {RETRIED}"))
    return [report for report in data if report.get("type") == "report"]


def _next(body: Mapping[str, Any]) -> dict[str, str | int] | None:
    return parameters_of(value_at(body, "links", "next"))


def _whole(config: Config, report: Mapping[str, Any]) -> list[Item]:
    """The report with its activities; the list's version if it can't be read on its own any more."""
    number = wire.identity(report.get("id"))
    if number is None:
        return []
    try:
        return thread(config, number)
    except NotFound:
        return wire.report_items(report)


def thread(config: Config, number: str) -> list[Item]:
    body = api.get(config, f"reports/{segment(number)}").body
    report = body.get("data")
    if not isinstance(report, dict) or report.get("type") != "report":
        raise Transient("HackerOne did not return a report. The desk retries automatically.")
    return wire.report_items(report)


def check(config: Config) -> str:
    counted = []
    for program in programs_of(config):
        found = _reports(api.get(config, "reports", {"filter[program][]": program, "page[size]": 1}).body)
        counted.append(f"{program} ({'has' if found else 'no'} reports)")
    return f"Connected: {', '.join(counted)}."
