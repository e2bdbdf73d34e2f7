"""Keyboard shortcuts, defined once: which key does what, and where. The list under `?` is built from this table, and so
is the keymap of static/js/key_actions.js, which implements the actions and derives the scopes from the focus.

| scope | the focus is |
| --- | --- |
| `reply` | in a field of the composer |
| `asking` | in a field of the panel that asks an expert |
| `writing` | in a text area of any other form |
| `field` | in any field: typed text is only text |
| `lookup` | in the field that searches other systems |
| `results` | on a result of that search |
| `chart` | on a chart of a report |
| `menu` | in an open menu: typed text filters it |
| `palette`, `dialog` | in an open dialog |
| `list`, `ticket`, `page` | in none of these: single keys act |
| `off` | in none of these, and this person has turned single keys off |
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from itertools import groupby

from django.utils.functional import Promise
from django.utils.html import json_script
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy


@dataclass(frozen=True, slots=True)
class Key:
    """`keys`: one combination (`Ctrl+Shift+Enter`), two keys in sequence (`g p`), or LETTERS. `repeats`: repeats while
    the key is held down. Without `words` it is not listed."""

    scope: str
    keys: str
    action: str
    words: str | Promise = ""
    repeats: bool = False


LETTERS = "letters"
"""Matches any typed text."""

TABLE: tuple[Key, ...] = (
    Key("page", "g p", "go play", gettext_lazy("play")),
    Key("page", "g q", "go queue", gettext_lazy("queue")),
    Key("page", "g s", "go search", gettext_lazy("search")),
    Key("page", "g r", "go reports", gettext_lazy("reports")),
    Key("page", "g a", "go add", gettext_lazy("add a mention")),
    Key("page", "g c", "go contacts", gettext_lazy("contacts for emergencies")),
    Key("page", "g i", "go incidents", gettext_lazy("incidents of our service")),
    Key("page", "g h", "go handover", gettext_lazy("hand over at the end of the day")),
    Key("page", "/", "find", gettext_lazy("search box")),
    Key("page", "?", "help", gettext_lazy("keyboard shortcuts")),
    Key("page", "z", "undo", gettext_lazy("undo the last step")),
    Key("page", "Escape", "close"),
    Key("list", "j", "next", gettext_lazy("next"), repeats=True),
    Key("list", "k", "previous", gettext_lazy("previous"), repeats=True),
    Key("list", "Space", "preview", gettext_lazy("preview")),
    Key("list", "x", "select", gettext_lazy("select")),
    Key("list", "Enter", "open", gettext_lazy("open")),
    Key("ticket", "r", "reply", gettext_lazy("write a reply")),
    Key("ticket", "n", "note", gettext_lazy("note")),
    Key("ticket", "m", "macro", gettext_lazy("macro")),
    Key("ticket", "t", "tag", gettext_lazy("tag")),
    Key("ticket", "e", "expert", gettext_lazy("involve an expert")),
    Key("ticket", "b", "feedback", gettext_lazy("feedback to product")),
    Key("ticket", "l", "look up", gettext_lazy("find an answer")),
    Key("ticket", "o", "answered", gettext_lazy("answered outside")),
    Key("ticket", "x", "no reply", gettext_lazy("no reply needed")),
    Key("ticket", "p", "park", gettext_lazy("park")),
    Key("ticket", "h", "hand back", gettext_lazy("hand back")),
    Key("ticket", "f", "like", gettext_lazy("like praise")),
    Key("ticket", "s", "report spam", gettext_lazy("pass on a spam report")),
    Key("ticket", "!", "urgent", gettext_lazy("mark as urgent, or take it")),
    Key("ticket", "i", "incident", gettext_lazy("add to the ongoing incident")),
    Key("ticket", "u", "up", gettext_lazy("up to the queue")),
    Key("lookup", "ArrowDown", "hit down", gettext_lazy("in the search beside a ticket: first result")),
    Key("results", "ArrowDown", "hit down", repeats=True),
    Key("results", "ArrowUp", "hit up", repeats=True),
    Key("results", "i", "hit insert", gettext_lazy("on a result: insert its link into the reply")),
    Key("chart", "ArrowRight", "point on", gettext_lazy("on a chart: next point"), repeats=True),
    Key("chart", "ArrowLeft", "point back", gettext_lazy("on a chart: previous point"), repeats=True),
    Key("chart", "ArrowDown", "point on", repeats=True),
    Key("chart", "ArrowUp", "point back", repeats=True),
    Key("chart", "Home", "point first"),
    Key("chart", "End", "point last"),
    Key("chart", "Escape", "point leave", gettext_lazy("leave the chart")),
    Key("reply", "Ctrl+Enter", "send", gettext_lazy("in the reply: send with the first button")),
    Key("reply", "Ctrl+Shift+Enter", "send other", gettext_lazy("in the reply: send with the second button")),
    Key("writing", "Ctrl+Enter", "save", gettext_lazy("in a note or another text: save it")),
    Key("asking", "Ctrl+Enter", "ask send", gettext_lazy("in a request to an expert, or an interim reply: send it")),
    Key("asking", "ArrowDown", "expert down", repeats=True),
    Key("asking", "ArrowUp", "expert up", repeats=True),
    Key("asking", "Enter", "expert choose"),
    Key("field", "Ctrl+K", "palette", gettext_lazy("go to anything")),
    Key("field", "Escape", "close", gettext_lazy("leave the field, close the menu or dialog")),
    Key("menu", LETTERS, "filter", gettext_lazy("in a menu: filter by what you type")),
    Key("menu", "Backspace", "filter less", repeats=True),
    Key("menu", "ArrowDown", "item down", gettext_lazy("in a menu: next"), repeats=True),
    Key("menu", "ArrowUp", "item up", gettext_lazy("in a menu: previous"), repeats=True),
    Key("menu", "Home", "item first"),
    Key("menu", "End", "item last"),
    Key("menu", "Ctrl+K", "palette"),
    Key("menu", "Escape", "close"),
    Key("page", "Ctrl+K", "palette"),
    Key("off", "Ctrl+K", "palette"),
    Key("off", "Escape", "close"),
    Key("palette", "ArrowDown", "result down", repeats=True),
    Key("palette", "ArrowUp", "result up", repeats=True),
    Key("palette", "Enter", "result open"),
)

_WRITING = ("lookup", "results", "chart", "reply", "writing", "asking", "field", "menu")
_GROUPS = {"page": 0, "list": 1, "ticket": 2, **dict.fromkeys(_WRITING, 3)}
_NAMES = {
    "Escape": "Esc",
    "ArrowDown": "↓",
    "ArrowUp": "↑",
    "ArrowRight": "→",
    "ArrowLeft": "←",
    LETTERS: gettext_lazy("letters"),
}


def groups() -> list[tuple[str, list[tuple[str, str]]]]:
    """[(heading, [(keys, action)])]; alternative keys are separated by a space."""
    headings = [_("Anywhere"), _("In a list"), _("On a ticket"), _("While you write or choose")]
    listed = sorted((key for key in TABLE if key.words), key=lambda key: _GROUPS[key.scope])
    return [
        (headings[number], [(str(_NAMES.get(key.keys, key.keys)), str(key.words)) for key in keys])
        for number, keys in groupby(listed, key=lambda key: _GROUPS[key.scope])
    ]


@cache
def keymap() -> SafeString:
    """{scope: {keys: [action, repeats]}} for the script, included in every page."""
    found: dict[str, dict[str, tuple[str, bool]]] = {}
    for key in TABLE:
        found.setdefault(key.scope, {})[key.keys] = (key.action, key.repeats)
    return json_script(found, "keymap")
