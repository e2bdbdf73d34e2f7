"""Formats times: relative in words, with the exact time on hover. Pure except for the active time zone."""

from __future__ import annotations

from datetime import date, datetime, timedelta, tzinfo
from functools import lru_cache
from html import escape

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language
from django.utils.translation import gettext as _


def span(length: timedelta) -> str:
    """Such as "12 min", "2 h 10 min", "9 h", "3 d": no more precise than useful; negative is 0."""
    return _span(max(0, int(length.total_seconds())) // 60, get_language())


@lru_cache(maxsize=8192)
def _span(minutes: int, _language: str | None) -> str:
    """Cached: a list shows a hundred of these, and the translation lookup costs more than the rest."""
    hours, rest = divmod(minutes, 60)
    if hours == 0:
        return _("%(minutes)d min") % {"minutes": minutes}
    if hours < 6 and rest:
        return _("%(hours)d h %(minutes)d min") % {"hours": hours, "minutes": rest}
    if hours < 48:
        return _("%(hours)d h") % {"hours": hours}
    return _("%(days)d d") % {"days": hours // 24}


def exact(at: datetime) -> str:
    """The full time in the viewer's zone, for titles: "Sat 21 Nov 2026, 09:30 CET"."""
    return _exact(at.replace(second=0, microsecond=0), timezone.get_current_timezone(), get_language())


@lru_cache(maxsize=4096)
def _exact(at: datetime, zone: tzinfo, _language: str | None) -> str:
    """Cached per minute: formatting dates would otherwise be a third of a list's cost."""
    local = at.astimezone(zone)
    # Django's own `T` is empty in the repeated hour of a DST change, which is when it matters.
    return f"{date_format(local, _('D j M Y, H:i'))} {local.tzname()}"


def ago(at: datetime, now: datetime) -> str:
    if now - at < timedelta(minutes=1):
        return _("just now")
    if now - at > timedelta(days=14):
        day, today = timezone.localtime(at).date(), timezone.localtime(now).date()
        return _day(day, day.year == today.year, get_language())
    return _past(max(0, int((now - at).total_seconds())) // 60, get_language())


@lru_cache(maxsize=8192)
def _past(minutes: int, language: str | None) -> str:
    return _("%(span)s ago") % {"span": _span(minutes, language)}


@lru_cache(maxsize=4096)
def _day(day: date, is_this_year: bool, _language: str | None) -> str:
    return date_format(day, _("j M") if is_this_year else _("j M Y"))


def ahead(at: datetime, now: datetime) -> str:
    """Time until something: "in 3 h", "now"."""
    if at <= now:
        return _("now")
    return _("in %(span)s") % {"span": span(timedelta(minutes=-((now - at) // timedelta(minutes=1))))}


def due(at: datetime, now: datetime, soon_at: datetime | None = None) -> str:
    """The due time in words. Overdue after the due time, not at it (`mentions.clocks.overdue`); due soon from `soon_at`
    on (`mentions.clocks.due_soon`), never if that is None."""
    return _due(due_state(at, now, soon_at), int(abs((at - now).total_seconds())) // 60, get_language())


@lru_cache(maxsize=8192)
def _due(state: str, minutes: int, language: str | None) -> str:
    span = {"span": _span(minutes, language)}
    if state == "overdue":
        return _("overdue by %(span)s") % span
    return _("due soon, in %(span)s") % span if state == "soon" else _("due in %(span)s") % span


def due_state(at: datetime, now: datetime, soon_at: datetime | None = None) -> str:
    """The CSS class of a clock: overdue, soon or none."""
    if at < now:
        return "overdue"
    return "soon" if soon_at is not None and soon_at <= now else ""


def time_tag(at: datetime, words: str, kind: str = "", css: str = "", soon_at: datetime | None = None) -> SafeString:
    """`<time>` with the exact time as title; `kind` (ago, due, ahead) lets the page keep the text current, `soon_at`
    when it is due soon."""
    # Not format_html, which costs three times as much: a list shows a hundred of these.
    html = f'<time datetime="{at.isoformat()}" title="{escape(exact(at))}"'
    html += f' data-time="{kind}"' if kind else ""
    html += f' data-soon="{soon_at.isoformat()}"' if soon_at else ""
    html += f' class="{css}"' if css else ""
    return mark_safe(f"{html}>{escape(words)}</time>")  # noqa: S308 (kind and css are our own words)


def ago_tag(at: datetime, now: datetime) -> SafeString:
    return time_tag(at, ago(at, now), "ago")


def due_tag(at: datetime, now: datetime, soon_at: datetime | None = None) -> SafeString:
    css = f"clock {due_state(at, now, soon_at)}".strip()
    return time_tag(at, due(at, now, soon_at), "due", css, soon_at)
