"""Presses every key in every field, menu and dialog of a page. A key may do only what the table of keys says and what
the browser itself does for the focused control.

`sweep` sends every key with every modifier, held, composing and with AltGr, as events only scripts hear, to every
control. `press_all` presses real ones, to include the browser's own actions (Enter submits a form, Space presses a
button): all keys on one control of each kind, and on every control the keys that depend on its position.
"""

from __future__ import annotations

import re
import string
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path
from typing import Any

from playwright.sync_api import BrowserContext, Page

from mentions.views.keymap import TABLE, Key

HARNESS = Path(__file__).with_name("every_key.js").read_text()
PRINTABLE = [chr(code) for code in range(32, 127)] + list("äßéлあ€")
NAMED = ["Enter", "Escape", "Tab", "Backspace", "Delete", "Home", "End", "PageUp", "PageDown", "Insert", "ContextMenu"]
NAMED += ["ArrowUp", "ArrowDown", "ArrowLeft", "ArrowRight"]
FUNCTION = [f"F{number}" for number in range(1, 13)]
DEAD = ["Dead", "Process", "Unidentified", "CapsLock", "Shift", "Control", "Alt", "Meta", "AltGraph"]
MODIFIERS = ["", "Control+", "Shift+", "Alt+", "Meta+", "Control+Shift+"]
FEW = [("", name) for name in ("Enter", "Escape", "Tab", "ArrowDown")] + [("Control+", "Enter"), ("Shift+", "Enter")]
"""What a browser answers by what the control belongs to: its form, its dialog, its menu."""
TEXT = string.ascii_letters + string.digits + string.punctuation + " ?/ gp"


@dataclass(frozen=True)
class Allowed:
    """The allowed effects of an action in one place. `changes`: parts of the page's state that may change."""

    effects: tuple[str, ...] = ()
    changes: tuple[str, ...] = ()


OWN = ("click its form", "submit its form")
ACTIONS = {
    "": Allowed(),
    "held": Allowed(),
    "send": Allowed(OWN),
    "send other": Allowed(OWN),
    "save": Allowed(OWN, ("focus",)),  # to the invalid field
    "ask send": Allowed(OWN),
    "expert down": Allowed(),
    "expert up": Allowed(),
    "expert choose": Allowed(),
    "hit down": Allowed((), ("focus",)),
    "hit up": Allowed((), ("focus",)),
    "hit insert": Allowed(),
    "palette": Allowed(("fetch GET /palette/",), ("dialogs", "focus", "open", "others")),
    "close": Allowed((), ("focus", "open", "frame")),
    "filter": Allowed((), ("focus",)),
    "filter less": Allowed(),
    "item down": Allowed((), ("focus",)),
    "item up": Allowed((), ("focus",)),
    "item first": Allowed((), ("focus",)),
    "item last": Allowed((), ("focus",)),
    "result down": Allowed(),
    "result up": Allowed(),
    "result open": Allowed(("fetch GET /palette/",)),
}


@dataclass
class Place:
    """A field, a menu item, or a dialog, by its number on the page."""

    number: int
    label: str
    kind: str
    scopes: list[str]
    type: str
    locked: bool
    """To read and copy only."""
    tag: str
    own: list[str]
    """Addresses that its form or link leads to."""
    filters: bool
    """A menu that typing filters."""

    @property
    def requests(self) -> list[str]:
        return [f"fetch {method} {address}" for address in self.own for method in ("GET", "POST")]

    @property
    def is_text(self) -> bool:
        """Any text may be typed into it."""
        return self.kind == "field" and not self.locked and self.type in ("textarea", "text", "search", "url", "email")

    @property
    def signature(self) -> str:
        """The same control on another page or in another row."""
        return re.sub(r"\d+", "#", f"{self.label} {self.scopes} {self.tag} {self.type}")

    @property
    def own_changes(self) -> tuple[str, ...]:
        """A day chosen by hand makes the period a custom one."""
        return ("others",) if self.type == "date" else ()

    @property
    def sort(self) -> str:
        """Equal for controls that a browser, and a script listening for a scope, can't tell apart."""
        return f"{self.kind} {self.scopes} {self.tag} {self.type} {self.locked} {self.filters} {bool(self.own)}"


@dataclass
class Keyboard:
    """Drives one page. `faults` are sentences."""

    page: Page
    faults: list[str] = field(default_factory=list)

    def places(self) -> list[Place]:
        found = self.page.evaluate("everyKey.find()")
        self.page.evaluate("everyKey.arm()")
        return [Place(number, **each) for number, each in enumerate(found)]

    def sweep(self, place: Place) -> bool:
        """False if the control can't have the focus at this width."""
        keys = [*PRINTABLE, *NAMED, *FUNCTION, *DEAD]
        found = self.page.evaluate(
            "([number, keys, map]) => everyKey.sweep(number, keys, map)", [place.number, keys, keymap()]
        )
        for each in found or []:
            self.judge(place, f"{each['way']} {each['key']!r}", ACTIONS[each["action"]], each)
            if each["prevented"] and not each["action"]:
                self.faults.append(f"{place.label}: {each['way']} {each['key']!r} was taken from the field")
        return found is not None

    def judge(self, place: Place, pressed: str, allowed: Allowed, seen: dict[str, Any]) -> None:
        effects = [e for e in seen["effects"] if e not in allowed.effects and not _is_by_itself(e)]
        changes = [c for c in seen["changed"] if c not in allowed.changes]
        if effects or changes:
            self.faults.append(f"{place.label}: {pressed}: {', '.join([*effects, *(f'{c} changed' for c in changes)])}")

    # -- real keys -------------------------------------------------------------------------------------------------

    def press_all(self, place: Place, combinations: list[tuple[str, str]] | None = None) -> None:
        self._type(place)
        combinations = combinations or _all_combinations()
        for is_quiet, presses in groupby(combinations, lambda each: _natively(place, *each) == Allowed()):
            if is_quiet:
                self._press_in_a_row(place, list(presses))
                continue
            for modifiers, name in presses:
                self._press(place, modifiers, name)

    def _enter(self, place: Place) -> bool:
        return bool(self.page.evaluate("(number) => everyKey.before(number)", place.number))

    def _type(self, place: Place) -> None:
        """Text lands in the field and does nothing else."""
        self._enter(place)
        self.page.evaluate("everyKey.clear()")
        # Space presses a button that belongs to no filter.
        self.page.keyboard.type(TEXT if place.kind == "field" or place.filters else TEXT.replace(" ", ""))
        seen = self.page.evaluate("everyKey.after()")
        free = Allowed((), ("focus",) if place.kind == "menu" else place.own_changes)
        if place.scopes == ["palette"]:
            free = Allowed(("fetch GET /palette/",))
        self.judge(place, "typed text", free, seen)
        if place.is_text and seen["value"] != TEXT[: seen["most"]]:
            self.faults.append(f"{place.label}: of what was typed came {seen['value']!r}")

    def _press(self, place: Place, modifiers: str, name: str) -> None:
        if not self._enter(place):
            self.faults.append(f"{place.label}: the focus could not come back before {modifiers}{name}")
            return
        self.page.keyboard.press(f"{modifiers}{name}")
        seen = self.page.evaluate("everyKey.after()")
        self.judge(place, f"real {modifiers}{name}", _natively(place, modifiers, name), seen)

    def _press_in_a_row(self, place: Place, presses: list[tuple[str, str]]) -> None:
        """Keys that do nothing. The page checks after each one; a key that had an effect blocks the others until it is
        reported. Keys that the page missed went to something the browser had opened, and are pressed again."""
        is_anew = False
        while presses:
            if not self.page.evaluate("([number, anew]) => everyKey.begin(number, anew)", [place.number, is_anew]):
                self.faults.append(f"{place.label}: the focus could not come back before {''.join(presses[0])}")
                return
            for modifiers, name in presses:
                self.page.keyboard.press(f"{modifiers}{name}")
            seen = self.page.evaluate("everyKey.end()")
            for (modifiers, name), each in zip(presses, seen, strict=False):
                self.judge(place, f"real {modifiers}{name}", Allowed(), each)
            if is_anew and not seen:
                self.faults.append(f"{place.label}: {''.join(presses[0])} was not heard")
                return
            is_anew = not seen
            presses = presses[len(seen) :]


def _all_combinations() -> list[tuple[str, str]]:
    letters = sorted({key.keys for key in TABLE if len(key.keys) == 1} - {"z"})  # Ctrl+Z is the browser's own undo
    named = [(modifiers, name) for name in NAMED for modifiers in MODIFIERS]
    return named + [("", name) for name in FUNCTION] + [("Control+", letter) for letter in letters]


def _is_by_itself(effect: str) -> bool:
    """Drafts are saved automatically; the list of exports polls a second after its form was sent: many keys later
    here."""
    return effect.startswith("fetch ") and effect.endswith(("/draft/", " /reports/export/"))


def keymap() -> dict[str, dict[str, tuple[str, bool]]]:
    made: dict[str, dict[str, tuple[str, bool]]] = {}
    for key in TABLE:
        made.setdefault(key.scope, {})[key.keys] = (key.action, key.repeats)
    return made


def _by_table(place: Place, modifiers: str, name: str) -> Key | None:
    combination = modifiers.replace("Control", "Ctrl").replace("Meta", "Ctrl") + (
        name.upper() if len(name) == 1 and modifiers in ("Control+", "Meta+", "Control+Shift+") else name
    )
    return next((key for key in TABLE if key.scope in place.scopes and key.keys == combination), None)


def _natively(place: Place, modifiers: str, name: str) -> Allowed:
    """The effects listed in the table of keys, and the browser's own for the focused control."""
    key = None if modifiers == "Alt+" else _by_table(place, modifiers, name)
    allowed = ACTIONS[key.action] if key else Allowed()
    effects, changes = list(allowed.effects), [*allowed.changes, *place.own_changes]
    if name == "Tab":
        changes += ["focus", "open"]
    if place.scopes == ["palette"]:
        effects += ["fetch GET /palette/"]  # its text may have been changed just before
    if name == "Escape" and (place.kind == "dialog" or place.scopes == ["palette"]):
        changes += ["dialogs", "focus", "open"]
    if place.tag == "select":
        effects += ["click itself"]  # it opens
    if name == "Enter" and place.kind == "field" and (place.tag == "input" or place.type == "select-multiple"):
        effects += [*OWN, *place.requests]
        changes += ["focus"]  # to the errors in the form
    if name == "Enter" and place.kind != "field":
        effects += ["click itself", *OWN, *place.requests]
        changes += ["focus", "open", *(["dialogs"] if place.kind == "dialog" else [])]
    if place.scopes == ["menu"] and len(name) == 1 and modifiers in ("", "Shift+"):
        changes += ["focus"]
    return Allowed(tuple(effects), tuple(changes))


def prepare(context: BrowserContext) -> None:
    context.add_init_script(HARNESS)
