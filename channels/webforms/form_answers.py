"""Reads and validates the answers to a web form, with error messages for the submitter."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from django.utils.translation import gettext as _

from channels.adapters.form.language import CONTROLS, Question, key_of
from channels.adapters.form.parsing import is_address
from channels.contract import Json
from channels.links.web_addresses import is_web_address
from channels.toolkit.text import clean

MAX_LENGTH = {"textarea": 10_000, "email": 254, "url": 2_000, "number": 40}
MAX_LINE = 500
MAX_FURTHER = 30
"""Maximum number of undeclared fields that are kept (a campaign's hidden ones)."""
MAX_FURTHER_LENGTH = 1_000


@dataclass(frozen=True, slots=True)
class Choice:
    label: str
    is_chosen: bool


@dataclass(slots=True)
class ShownQuestion:
    """A question for display, with its input and its error."""

    question: Question
    value: str = ""
    problem: str = ""
    choices: list[Choice] = field(default_factory=list)

    @property
    def name(self) -> str:
        return self.question.name

    @property
    def longest(self) -> int:
        return longest(self.question)


def longest(question: Question) -> int:
    return MAX_LENGTH.get(question.kind, MAX_LINE)


@dataclass(slots=True)
class Filled:
    """A submitted form. `answers` is what gets stored, but only if there are no `problems`."""

    shown: list[ShownQuestion]
    answers: dict[str, Json]

    @property
    def problems(self) -> list[ShownQuestion]:
        return [each for each in self.shown if each.problem]


def empty(questions: Sequence[Question]) -> list[ShownQuestion]:
    return [_shown(question, []) for question in questions]


def read(questions: Sequence[Question], given: Mapping[str, Sequence[str]]) -> Filled:
    """Read a submission. `given`: name → all values submitted under it."""
    by_key: dict[str, list[str]] = {}
    for name, values in given.items():
        by_key.setdefault(key_of(name), []).extend(clean(value) for value in values)
    shown, answers = [], {}
    for question in questions:
        values = [v for value in by_key.get(question.name, []) if (v := _tidy(question, value))]
        each = _shown(question, values)
        each.problem = _problem(question, values)
        shown.append(each)
        if values:
            answers[question.name] = _answer(question, values)
    return Filled(shown, {**answers, **_further(questions, given)})


def _tidy(question: Question, value: str) -> str:
    value = value.replace("\r\n", "\n").replace("\r", "\n").strip()
    return value if question.kind == "textarea" else " ".join(value.split())


def _shown(question: Question, values: list[str]) -> ShownQuestion:
    chosen = [Choice(choice, choice in values) for choice in question.choices]
    if question.kind == "checkbox" and not question.choices:
        chosen = [Choice(question.label, bool(values))]
    return ShownQuestion(question, values[0] if values else "", choices=chosen)


def _answer(question: Question, values: list[str]) -> Json:
    if question.kind != "checkbox":
        return values[0]
    return values if question.choices else True


def _problem(question: Question, values: list[str]) -> str:
    """An error message for the submitter; empty if the input is valid."""
    if not values:
        return _missing(question) if question.required else ""
    value, most = values[0], longest(question)
    if len(value) > most:
        counts = {"most": most, "over": len(value) - most}
        return _("This is too long: the limit is %(most)s characters. Please remove %(over)s.") % counts
    match question.kind:
        case "email" if not is_address(value):
            return _("This is not an email address we can reply to. It should look like name@example.com.")
        case "url" if not is_web_address(value):
            return _("This is not a web address. It should start with https://.")
        case "number" if not _is_number(value):
            return _("Enter a number.")
        case "select" | "checkbox" if question.choices and any(each not in question.choices for each in values):
            return _("Choose one from the list.")
    return ""


def _missing(question: Question) -> str:
    if question.kind == "select":
        return _("Choose one from the list.")
    if question.kind == "checkbox":
        return _("Please tick this box.")
    return _("Please fill this in.")


def _is_number(value: str) -> bool:
    try:
        return len(value) <= MAX_LENGTH["number"] and float(value.replace(",", "").replace(" ", "")) is not None
    except ValueError:
        return False


def _further(questions: Sequence[Question], given: Mapping[str, Sequence[str]]) -> dict[str, Json]:
    asked = {question.name for question in questions}
    kept: dict[str, Json] = {}
    for name, values in given.items():
        if key_of(name) in asked or name.lower().startswith(CONTROLS) or len(kept) >= MAX_FURTHER:
            continue
        if words := "; ".join(v for value in values[:20] if (v := clean(value).strip()))[:MAX_FURTHER_LENGTH]:
            kept[clean(name)[:100]] = words
    return kept
