"""Entries of the top menu. Upper floors register theirs in `AppConfig.ready`; the desk names none of them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils.functional import Promise
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _


@dataclass(frozen=True, slots=True)
class MenuEntry:
    """`permission` ("app.codename", or empty for everybody) decides who sees it; `position` orders them."""

    label: str | Promise
    url_name: str
    permission: str = ""
    position: int = 100
    starts_day: bool = False
    """The start page of somebody who does not play the queue."""
    attribute: str = ""
    """Attribute of the logged-in user (`mentions.people.current`): shown only if true."""
    is_seldom: bool = False
    """Not needed every hour: always under *Menu*. The bar holds ten entries at most."""


@dataclass(frozen=True, slots=True)
class ShownEntry:
    """An entry on the page of one reader. `is_rest`: under *Menu* on narrow screens, `is_seldom`: on all, unless it is
    the current one."""

    label: str
    url: str
    is_current: bool
    starts_day: bool
    is_rest: bool
    is_seldom: bool


_entries: dict[str, MenuEntry] = {}
ALWAYS_SHOWN = 3
"""This many fit next to the current one at 360 px."""


def register(entry: MenuEntry) -> None:
    """Add an entry, or replace the one with this URL name."""
    _entries[entry.url_name] = entry
    _in_order.cache_clear()


def entries_for(request: HttpRequest) -> tuple[ShownEntry, ...]:
    """What the viewer sees; nothing before the login."""
    user = request.user
    if not user.is_authenticated:
        return ()
    shown: list[ShownEntry] = []
    for entry, label, url in _in_order(get_language() or "en"):
        if entry.attribute and not getattr(user, entry.attribute, False):
            continue
        if not entry.permission or user.has_perm(entry.permission):
            is_current, is_rest = request.path.startswith(url), len(shown) >= ALWAYS_SHOWN
            shown.append(ShownEntry(label, url, is_current, entry.starts_day, is_rest, entry.is_seldom))
    return tuple(shown)


@cache
def _in_order(language: str) -> list[tuple[MenuEntry, str, str]]:
    """(entry, label in this language, URL) of all pages that exist."""
    entries = sorted(_entries.values(), key=lambda entry: entry.position)
    return [(entry, str(entry.label), url) for entry in entries if (url := _url(entry.url_name))]


def _url(name: str) -> str:
    """Empty if the page does not exist: an entry must never break every other page."""
    try:
        return reverse(name)
    except NoReverseMatch:
        return ""


register(MenuEntry(_("Play"), "mentions:play", "mentions.play_ticket", 10))
register(MenuEntry(_("Queue"), "mentions:queue", "mentions.view_ticket", 20))
register(MenuEntry(_("Search"), "mentions:search", "mentions.view_ticket", 30))
register(MenuEntry(_("Post"), "mentions:posts", position=40, attribute="may_post"))
register(MenuEntry(_("Add"), "mentions:add", "mentions.play_ticket", 40))
register(MenuEntry(_("Checklist"), "mentions:checklist", "mentions.play_ticket", 60, is_seldom=True))
register(MenuEntry(_("Channels"), "channels:health", "channels.view_connection", 70))
