"""Template context for every page."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, lru_cache
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.utils.safestring import SafeString
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from channels.clocks import desk_now
from mentions.notifications import delivery_problems
from mentions.views.keymap import keymap
from mentions.views.menu import ShownEntry, entries_for
from mentions.views.viewer import preference_of

STYLES = (
    *("tokens", "base", "form", "bar", "menu", "row", "message", "composer", "chip", "badge", "clock", "panel", "icon"),
    *("ask", "dialog", "toast", "table", "figure", "chart", "empty", "kept_out"),
)


def desk(request: HttpRequest) -> dict[str, Any]:
    return {
        "company": settings.COMPANY_NAME,
        "guidelines_url": settings.GUIDELINES_URL,
        "styles": styles(),
        "page_end": page_end(get_language() or "en"),
        **menus(request),
        "problems": delivery_problems.count_for(request.user, desk_now()) if hasattr(request, "user") else 0,
        "preference": preference_of(request) if hasattr(request, "user") else None,
    }


@cache
def styles() -> SafeString:
    """One link per component; built once, since resolving each URL on every page would cost more than the page."""
    sheets = [f"css/{name}.css" for name in STYLES]
    return SafeString(render_to_string("mentions/_styles.html", {"sheets": sheets}).strip())


def menus(request: HttpRequest) -> dict[str, Callable[[], SafeString]]:
    """The two menus; only the base template calls them, so fragments cost nothing."""
    entries = cache(lambda: entries_for(request) if hasattr(request, "user") else ())
    return {"menu_bar": lambda: _menu("bar", entries()), "menu_rest": lambda: _menu("rest", entries())}


@lru_cache(maxsize=512)
def _menu(which: str, entries: tuple[ShownEntry, ...]) -> SafeString:
    return SafeString(render_to_string(f"mentions/_menu_{which}.html", {"entries": entries}).strip())


@cache
def page_end(language: str) -> SafeString:
    """Dialogs, and what scripts read: the same on every page, and built once: it costs as much as a small page."""
    context = {"words": script_strings(language), "keymap": keymap()}
    return SafeString(render_to_string("mentions/_page_end.html", context).strip())


@cache
def script_strings(language: str) -> dict[str, str]:
    """Strings used by scripts, in the reader's language."""
    return {
        "now": _("just now"),
        "minutes": _("%(minutes)d min"),
        "hours": _("%(hours)d h"),
        "hours_minutes": _("%(hours)d h %(minutes)d min"),
        "days": _("%(days)d d"),
        "ago": _("%(span)s ago"),
        "ahead": _("in %(span)s"),
        "due": _("due in %(span)s"),
        "due_soon": _("due soon, in %(span)s"),
        "overdue": _("overdue by %(span)s"),
        "sends": _("sent in %(seconds)d s"),
        "sending": _("being sent"),
        "left": _("%(count)d left"),
        "over": _("%(count)d too many"),
        "saved": _("Draft saved."),
        "unsaved": _("The draft could not be saved; your text is still here."),
        "restored": _("Your unsaved text is back."),
        "sent_elsewhere": _("This reply was sent or cleared in another window."),
        "newer": _("Updated with your text from another window."),
        "two_drafts": _("Your draft in another window is different."),
        "use_other": _("Use that text"),
        "keep_this": _("Keep this text"),
        "filtered": _("%(text)s: %(count)d left"),
        "copied": _("Copied. Paste it on the platform, post it, then press “I answered”."),
        "uncopied": _("Could not copy. Select the text and copy it yourself."),
        "lost": _("This ticket is no longer yours: your claim expired or somebody else claimed it. Your text is kept."),
        "offline": _("Cannot reach the desk. Trying again."),
        "moved": _("New messages in this conversation. Read them before you send."),
        "changed": _("The list has changed."),
        "selected": _("%(count)d selected"),
        "none": _("Nothing found."),
        "whom": _("Who to ask"),
        "nothing_own": _("That answer is empty without its greeting, quoted text and signature."),
    }
