"""Labels of the figures, and links to the tickets behind them."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.http import QueryDict
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from channels.models import Channel
from metrics.figures.parts import PART_KEYS
from metrics.meanings import MEANINGS
from metrics.periods import BEFORE, YEAR
from metrics.reports import Report
from metrics.tables import Cell, Table, duration
from metrics.tags.report import TagsReport

STATE_WORDS = {"good": _("meets the goal"), "bad": _("needs attention"), "away": _("outside coverage hours")}

PERIOD_WORDS = [
    ("7d", _("Last 7 days")),
    ("30d", _("Last 30 days")),
    ("90d", _("Last 90 days")),
    ("this-month", _("This month")),
    ("last-month", _("Last month")),
    ("custom", _("Custom period")),
]
COMPARE_WORDS = [
    (BEFORE, _("The period before")),
    (YEAR, _("The same period last year")),
    ("custom", _("Chosen days")),
]


def total_figures(shown: Report, query: QueryDict) -> list[dict[str, Any]]:
    """The large figures above the charts; empty for reports without totals."""
    totals = getattr(shown, "totals", [])
    meanings = {"median_means": MEANINGS["median"], "overdue_means": MEANINGS["overdue"]}
    return [
        meanings
        | {
            "row": row,
            "median": duration(row.median),
            "goal": duration(row.goal),
            "overdue_link": link(Cell("", row.overdue, "overdue", high=row.high), query, {}) if row.overdue else "",
        }
        for row in totals
    ]


def rising_tags(shown: Report, query: QueryDict) -> list[dict[str, Any]] | None:
    """The rising tags, with links; None for reports without."""
    if not isinstance(shown, TagsReport):
        return None
    return [
        {
            "name": each.tag.name,
            "now": _cell(each.cell, query, {}, shown.name),
            "before": _cell(each.before, query, {}, shown.name),
            "samples": each.samples,
        }
        for each in shown.rising
    ]


def channel_slugs() -> dict[int, str]:
    """Channel id → slug, for addresses."""
    return dict(Channel.objects.values_list("pk", "slug"))


def figure_links(table: Table, query: QueryDict, slugs: dict[int, str], report: str = "") -> dict[str, Any]:
    """The table for the template: each cell with its text, link (or ""), state and the state's word."""
    rows = [[_cell(cell, query, slugs, report) for cell in row] for row in table.rows]
    return {
        "first": table.first,
        "slug": table.slug,
        "heading": table.heading,
        "labels": table.labels,
        "sorts": table.sorts,
        "figures": [(table.head(name), MEANINGS[name]) for name in table.figures],
        "rows": rows,
        "csv": urlencode([("table", table.slug)]) + "&" if table.title else "",
    }


def _cell(cell: Cell, query: QueryDict, slugs: dict[int, str], report: str) -> dict[str, Any]:
    return {
        "shown": cell.shown,
        "value": "" if cell.value is None else cell.value,
        "pinned": cell.pinned,
        "platform": cell.platform,
        "level": cell.level,
        "link": link(cell, query, slugs, report) if cell.figure and cell.value else "",
        "state": cell.state,
        "state_word": STATE_WORDS.get(cell.state, ""),
    }


def link(cell: Cell, query: QueryDict, slugs: dict[int, str], report: str = "") -> str:
    """The address of the tickets that the cell's figure counted, with the page's filters. `slugs`: of channels, by id;
    `report`: where the list leads back to."""
    own = {"figure", "day", "high", "at", "of", "was", "tagged", *PART_KEYS} | (
        {"period", "from", "to"} if cell.period else set()
    )
    pairs = [(key, value) for key, values in query.lists() for value in values if key not in own]
    if cell.period:
        pairs += [("from", cell.period.first.isoformat()), ("to", cell.period.last.isoformat())]
        pairs += [("was", was)] if (was := _period_of(query)) else []
    if cell.channel_id:
        pairs = [pair for pair in pairs if pair[0] != "channel"] + [("channel", slugs[cell.channel_id])]
    pairs.append(("figure", cell.figure))
    if report:
        pairs.append(("of", report))
    if cell.day:
        pairs.append(("day", cell.day.isoformat()))
    if cell.at:
        pairs.append(("at", cell.at.isoformat()))
    if cell.tag:
        is_of_page = ("tag", cell.tag) in pairs
        pairs = [pair for pair in pairs if pair[0] != "tag"] + [("tag", cell.tag)]
        pairs += [] if is_of_page else [("tagged", "1")]  # the way back drops the tag
    if cell.high:
        pairs.append(("high", "1"))
    pairs += cell.part.pairs
    return f"{reverse('metrics:tickets')}?{urlencode(pairs)}"


def _period_of(query: QueryDict) -> str:
    """The page's own period, for the way back from a figure of another one: its name, or its days."""
    days = [query.get(key, "") for key in ("from", "to")]
    if query.get("period", "custom") == "custom":
        return "_".join(days) if any(days) else ""
    return query.get("period", "")


def period_pairs(was: str) -> list[tuple[str, str]]:
    """The opposite of `_period_of`."""
    first, is_custom, last = was.partition("_")
    if not is_custom:
        return [("period", was)]
    return [("period", "custom"), ("from", first), ("to", last)]
