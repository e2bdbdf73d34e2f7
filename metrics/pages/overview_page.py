"""The overview as HTML, cached for seconds: shared by everybody who sees the same channels with the same filters, and
rendered again as soon as a roll-up changes."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.core.cache import cache
from django.http import HttpRequest
from django.utils import timezone
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language, ngettext

from channels.models import Channel
from metrics.figures import against
from metrics.meanings import MEANINGS
from metrics.overview.report import OverviewReport, Tile
from metrics.overview.spans import Span
from metrics.pages.words import STATE_WORDS, link
from metrics.rollups.access import version_for
from metrics.tables import Cell

CACHE_TTL_S = 20
"""Maximum age of the queue and the backlog. Their figures link to the moment that the page names."""
UNKNOWN = "—"
"""How a figure shows that there is none."""


def body(request: HttpRequest, render: Callable[[], str]) -> SafeString:
    """`render` returns the HTML, which must hold nothing personal beyond what the key names."""
    name = _key(request)
    kept: str | None = cache.get(name)
    if kept is None:
        kept = render()
        cache.set(name, kept, CACHE_TTL_S)
    return mark_safe(kept)  # noqa: S308  (rendered by a template of ours)


def _key(request: HttpRequest) -> str:
    user = request.user
    zone = timezone.get_current_timezone_name()
    version = version_for(user, zone)
    who = version if version is not None else f"user {user.pk}"
    parts = (who, zone, get_language(), sorted(request.GET.lists()))
    return "overview:" + hashlib.blake2b(repr(parts).encode(), digest_size=16).hexdigest()


def context(shown: OverviewReport, request: HttpRequest) -> dict[str, Any]:
    """For the template: every figure with its text, its meaning, and the link to its tickets."""
    slugs = dict(Channel.objects.values_list("pk", "slug"))

    def figure(cell: Cell, name: str) -> dict[str, Any]:
        return {
            "shown": cell.shown,
            "is_known": cell.shown != UNKNOWN,
            "meaning": MEANINGS[name],
            "link": link(cell, request.GET, slugs, shown.name) if cell.value else "",
            "state": cell.state,
            "state_word": STATE_WORDS.get(cell.state, ""),
        }

    def tile(each: Tile) -> dict[str, Any]:
        now, before = figure(each.cell, each.figure), figure(each.before, each.figure)
        return {**now, "before": before, "change": each.change}

    def span(of: Span, tiles: list[Tile]) -> dict[str, Any]:
        days = len(of.period.days)
        return {
            "span": of,
            "before_days": against.days_of(of.before),
            "tiles": [tile(each) for each in tiles],
            "days": ngettext("so far", "%(count)d days so far", days) % {"count": days},
        }

    return {
        "spans": [span(of, tiles) for of, tiles in shown.tiles],
        "queue": [figure(cell, cell.figure) for cell in shown.queue],
        "ages": [figure(cell, cell.figure) for cell in shown.ages],
        "now": shown.now,
        "zone": timezone.get_current_timezone_name(),
    }


FIRST_YEAR = 2000


def moment(text: str, now: datetime) -> datetime:
    """The moment in a figure's address, neither in the future nor before any desk. Raises ValueError."""
    at = datetime.fromisoformat(text) if text else now
    if at.tzinfo is None or at.year < FIRST_YEAR:
        raise ValueError(text)
    return min(at, now)
