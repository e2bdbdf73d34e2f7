"""The mini-language for defining a form: one question per line. Pure.

    name*                                  a line of text that must be filled in, called “Name”
    email* email | Your email address     kinds: text, email, url, number, textarea, select, checkbox
    students number | How many students? | A rough figure is enough
    plan* select | Which plan? | Teaching; Research; I do not know yet
    topics checkbox | What interests you? | CI; Security; Planning
    terms* checkbox | I have read the terms

The parts are `name`, `*` if an answer is required, and the kind; after the first `|` the label; after the second the
choices, separated by `;` (select, checkbox), or a help text (all others). The kind may also stand alone in the last
part: `email* | Your email address | email`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from channels.contract import Json

KINDS = ("text", "email", "url", "number", "textarea", "select", "checkbox")
CONTROLS = "desk_"
"""Name prefix of the page's own controls, reserved: no question may use it."""
MAX_QUESTIONS = 60
_HEAD = re.compile(r"([A-Za-z][A-Za-z0-9_-]{0,59})\s*(\*?)(?:\s+([A-Za-z]+))?\s*(\*?)\Z")


@dataclass(frozen=True, slots=True)
class Question:
    """One field of a form. `name` is lower case with underscores; answers are looked up by it."""

    name: str
    label: str
    kind: str = "text"
    required: bool = False
    choices: tuple[str, ...] = ()
    help: str = ""


class Unclear(ValueError):
    """An unreadable line; the text explains why, for the admin."""


EMAIL = Question("email", "Your email address", "email", required=True)
USUAL = (Question("name", "Your name"), EMAIL, Question("message", "Your message", "textarea", required=True))
"""The default questions, if the admin hasn't defined any."""


def key_of(name: str) -> str:
    """Normalises a name: `Your-Name` and `your_name` are the same question."""
    return "_".join(name.strip().lower().replace("-", "_").split())


def read_line(line: str) -> Question:
    """Raises Unclear."""
    head, *rest = (part.strip() for part in line.split("|", 2))
    match = _HEAD.match(head)
    if match is None:
        raise Unclear(f"“{line[:80]}”: start with a name (letters, digits, _), a * if it is required, and a kind.")
    if match[3] is None and len(rest) > 1 and rest[1].lower() in KINDS:
        rest, kind = rest[:1], rest[1].lower()
    else:
        kind = (match[3] or "text").lower()
    name = key_of(match[1])
    if kind not in KINDS:
        raise Unclear(f"“{line[:80]}”: {kind} is not a kind; use one of {', '.join(KINDS)}.")
    if name.startswith(CONTROLS):
        raise Unclear(f"“{line[:80]}”: a name must not start with {CONTROLS}.")
    label = rest[0] if rest and rest[0] else match[1].replace("_", " ").replace("-", " ").capitalize()
    last = rest[1] if len(rest) > 1 else ""
    choices: tuple[str, ...] = ()
    if kind in ("select", "checkbox"):
        choices, last = tuple(dict.fromkeys(c for each in last.split(";") if (c := each.strip()))), ""
    if kind == "select" and not choices:
        raise Unclear(f"“{line[:80]}”: write the choices after a second |, separated by semicolons.")
    return Question(name, label, kind, bool(match[2] or match[4]), choices, last)


def read_lines(lines: Json) -> tuple[tuple[Question, ...], tuple[str, ...]]:
    """(questions, problems). Unreadable lines are left out; of two with the same name, the first counts."""
    found: dict[str, Question] = {}
    unclear: list[str] = []
    for line in _lines(lines):
        try:
            question = read_line(line)
        except Unclear as error:
            unclear.append(str(error))
            continue
        if question.name in found:
            unclear.append(f"“{line[:80]}”: the name {question.name} is already used.")
        elif len(found) == MAX_QUESTIONS:
            unclear.append(f"More than {MAX_QUESTIONS} questions; the rest are ignored.")
            break
        else:
            found[question.name] = question
    return tuple(found.values()), tuple(unclear)


def questions_of(lines: Json) -> tuple[Question, ...]:
    """A form's questions; always includes an email address, as replies go there."""
    asked = read_lines(lines)[0]
    if not asked:
        return USUAL
    if any(question.kind == "email" for question in asked):
        return asked
    return (EMAIL, *(question for question in asked if question.name != EMAIL.name))


def _lines(lines: Json) -> Iterable[str]:
    entries = lines.splitlines() if isinstance(lines, str) else lines if isinstance(lines, list | tuple) else ()
    return (line for each in entries if (line := str(each).strip()) and not line.startswith("#"))
