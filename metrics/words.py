"""Labels of the figures, and links to the tickets behind them."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.http import QueryDict
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from channels.models import Channel
from metrics.reports import Cell, Report, Table, duration

FIGURE_WORDS = {
    "mentions": _("Mentions posted"),
    "answered": _("Answered"),
    "within": _("Answered within target"),
    "late": _("Answered after target"),
    "overdue": _("Overdue, unanswered"),
    "in_time": _("Unanswered, within target"),
    "unsettled": _("Solved without a reply or a reason"),
    "no_reply": _("No reply needed"),
    "replied": _("First replies"),
    "solved": _("Solved"),
}
STATE_WORDS = {"good": _("meets the goal"), "bad": _("needs attention")}

PERIOD_WORDS = [
    ("7d", _("Last 7 days")),
    ("30d", _("Last 30 days")),
    ("90d", _("Last 90 days")),
    ("this-month", _("This month")),
    ("last-month", _("Last month")),
    ("custom", _("Custom period")),
]


def total_figures(shown: Report, query: QueryDict) -> list[dict[str, Any]]:
    """The large figures above the charts; empty for reports without totals."""
    totals = getattr(shown, "totals", [])
    return [
        {
            "row": row,
            "median": duration(row.median),
            "goal": duration(row.goal),
            "overdue_link": _link(Cell("", row.overdue, "overdue", high=row.high), query, {}) if row.overdue else "",
        }
        for row in totals
    ]


def figure_links(table: Table, query: QueryDict) -> dict[str, Any]:
    """The table for the template: each cell with its text, link (or ""), state and the state's word."""
    slugs = dict(Channel.objects.values_list("pk", "slug"))
    rows = [[_cell(cell, query, slugs) for cell in row] for row in table.rows]
    return {"heads": table.heads, "rows": rows}


def _cell(cell: Cell, query: QueryDict, slugs: dict[int, str]) -> dict[str, Any]:
    return {
        "shown": cell.shown,
        "platform": cell.platform,
        "link": _link(cell, query, slugs) if cell.figure and cell.value else "",
        "state": cell.state,
        "state_word": STATE_WORDS.get(cell.state, ""),
    }


def _link(cell: Cell, query: QueryDict, slugs: dict[int, str]) -> str:
    pairs = [(key, value) for key, values in query.lists() for value in values if key not in ("figure", "day", "high")]
    if cell.channel_id:
        pairs = [pair for pair in pairs if pair[0] != "channel"] + [("channel", slugs[cell.channel_id])]
    pairs.append(("figure", cell.figure))
    if cell.day:
        pairs.append(("day", cell.day.isoformat()))
    if cell.high:
        pairs.append(("high", "1"))
    return f"{reverse('metrics:tickets')}?{urlencode(pairs)}"
