"""Practice tickets from made-up people, and what the desk checks in an answer: links, words and length. Whether the
answer is right and kind is up to the buddy."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

LINK = r"https?://[^\s/]*\.\w"
Words = str | Promise


def _words(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Check:
    """`pattern` must occur, or, with `forbidden`, must not."""

    pattern: re.Pattern[str]
    problem: Words
    forbidden: bool = False

    def fails(self, text: str) -> bool:
        return bool(self.pattern.search(text)) is self.forbidden


@dataclass(frozen=True, slots=True)
class Exercise:
    """`asks_first`: whether an expert or the buddy should be asked before it is answered."""

    slug: str
    platform: str
    where: Words
    who: str
    text: Words
    asks_first: bool
    why: Words
    checks: Sequence[Check]
    limit: int = 2000


_PROMISE = Check(
    _words(
        r"\b(promise|guarantee|definitely|for sure|will be (fixed|released|shipped|done)|"
        r"next (release|week|month)|soon)\b"
    ),
    gettext_lazy("Promise nothing: no date, no release, no “soon”."),
    forbidden=True,
)
_BLAME = Check(
    _words(r"\b(obviously|just read|rtfm|you should have|your (own )?fault|as i said|clearly)\b"),
    gettext_lazy("Don’t blame them: no “obviously”, no “you should have”."),
    forbidden=True,
)
_SECRETS = Check(
    _words(r"\b(password|passphrase|api key|access token|credit card)\b"),
    gettext_lazy("Never ask for secrets in public."),
    forbidden=True,
)
_THANKS = Check(
    _words(r"\b(thanks?|thank you|appreciate|glad|great (question|to hear))\b"),
    gettext_lazy("Start on a positive note, such as a thank-you."),
)
_ASKING = Check(
    _words(r"\b(ask(ing|ed)?|check(ing)?|find out|look(ing)? into|get back|team|colleague)\b"),
    gettext_lazy("Say what happens next: you’ll ask a colleague and get back to them."),
)
_EVERYWHERE = (_PROMISE, _BLAME, _SECRETS)

EXERCISES = (
    Exercise(
        "question", "twitter", gettext_lazy("Twitter"), "Rosa",
        gettext_lazy("Love the new runners! But how do I keep my cache between two jobs? The docs are a maze."),
        asks_first=False,
        why=gettext_lazy("The documentation answers it, so you can."),
        checks=(
            _THANKS,
            Check(_words(r"\bcach"), gettext_lazy("Answer the question: it is about the cache.")),
            Check(_words(LINK), gettext_lazy("Add a link to the page that answers it.")),
            *_EVERYWHERE,
        ),
        limit=280,
    ),
    Exercise(
        "criticism", "hackernews", gettext_lazy("Hacker News"), "throwaway42",
        gettext_lazy("So the price doubles and nobody tells us why. When do the old plans come back?"),
        asks_first=True,
        why=gettext_lazy("Prices and plans are for the people who decide on them: ask before you answer."),
        checks=(
            Check(_words(r"\b(understand|sorry|hear you|frustrat|fair|thanks?|thank you)\b"),
                  gettext_lazy("Acknowledge the criticism first.")),
            _ASKING,
            Check(_words(r"[$€£]\s?\d|\d\s?%"),
                  gettext_lazy("No prices or percentages until somebody has confirmed them."), forbidden=True),
            *_EVERYWHERE,
        ),
    ),
    Exercise(
        "trouble", "discourse", gettext_lazy("Forum"), "Imre",
        gettext_lazy("Half of my repositories are empty since this morning. I may lose my job. Anybody there?"),
        asks_first=True,
        why=gettext_lazy("It may be an outage or data loss: tell support and an expert before you answer."),
        checks=(
            Check(_words(r"\b(sorry|apolog|terrible|awful)"),
                  gettext_lazy("Take it seriously: say you’re sorry.")),
            Check(_words(rf"\bsupport\b|{LINK}"), gettext_lazy("Point them to support, by name or link.")),
            _ASKING,
            *_EVERYWHERE,
        ),
    ),
)  # fmt: skip
_BY_SLUG = {exercise.slug: exercise for exercise in EXERCISES}


def find(slug: str) -> Exercise | None:
    return _BY_SLUG.get(slug)


def problems_of(exercise: Exercise, text: str, *, asks_first: bool | None) -> list[Words]:
    """Everything to change, in the order of the checks; empty: solved."""
    if not text.strip():
        return [_("Write an answer.")]
    found: list[Words] = []
    if asks_first is None:
        found.append(_("Choose whether you would ask somebody first."))
    elif asks_first != exercise.asks_first:
        found.append(_("Think again about who to ask first."))
    if len(text) > exercise.limit:
        found.append(_("Shorten it to %(limit)d characters.") % {"limit": exercise.limit})
    return found + [check.problem for check in exercise.checks if check.fails(text)]


def passed_by(user: Any) -> set[str]:
    """Slugs of the exercises they have solved."""
    return set(user.practice_passes.values_list("exercise", flat=True)) & _BY_SLUG.keys()
