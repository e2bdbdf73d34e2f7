"""Ranks the people who could be asked about a ticket. Pure.

The author of the post comes first. Then those who speak the language and those not asked too often, by a score;
more work never raises anybody, more answers never lower anybody. Owners of an expertise and those on call come
before all of them (`suggestions`); the reasons in words are in `reasons`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

from experts.directory.workload import Load
from experts.models import Expert

MAX_OPEN = 3
MAX_A_WEEK = 5
"""People with this many open requests, or asked this often in a week, come after everybody else."""
HOUR = timedelta(hours=1)
_UNKNOWN_LATENCY = 8 * HOUR
_MAX_HOURS = 24
_NEVER_ASKED = Load()


@dataclass(frozen=True, slots=True)
class ExpertFacts:
    """What is known about an expert for one conversation."""

    expert: int
    name: str
    is_absent: bool = False
    is_author: bool = False
    is_default: bool = False
    words: tuple[str, ...] = ()
    """Keywords of the conversation that lead to them."""
    distance: int = 0
    """Levels between the matching topic and theirs; 0: the same."""
    answered_like: int = 0
    works_in: timedelta = timedelta(0)
    """Until their next working hour; zero: it is one now."""
    speaks: bool | None = None
    """Whether they speak the conversation's language; None if either is unknown."""
    role: str = ""
    load: Load = _NEVER_ASKED

    @property
    def is_asked_too_often(self) -> bool:
        return self.load.open >= MAX_OPEN or self.load.this_week >= MAX_A_WEEK


def ranked(candidates: Iterable[ExpertFacts]) -> list[ExpertFacts]:
    """Best first, independent of the given order; without absent people."""
    present = [facts for facts in candidates if not facts.is_absent]
    return sorted(present, key=_place)


def _place(facts: ExpertFacts) -> tuple[bool, bool, bool, float, str, int]:
    return (
        not facts.is_author,
        facts.speaks is False,
        facts.is_asked_too_often,
        -score(facts),
        facts.name.lower(),
        facts.expert,
    )


def score(facts: ExpertFacts) -> float:
    """A person's score: higher is better, and only the order means something."""
    return _knowledge(facts) + _reachability(facts) - _burden(facts.load)


def _knowledge(facts: ExpertFacts) -> float:
    """Points for knowing the subject. Only past answers weigh more than matching words; the handbook prefers
    engineering managers and technical writers to product managers."""
    manager = 30 if facts.role == Expert.Role.PRODUCT_MANAGER else 0
    default = 40 if facts.is_default else 0
    like = 6 * min(facts.answered_like, 5)
    return default + 10 * min(len(facts.words), 5) - 15 * facts.distance + like - manager


def _reachability(facts: ExpertFacts) -> float:
    hours = min(facts.works_in / HOUR, _MAX_HOURS)
    latency = min((facts.load.latency or _UNKNOWN_LATENCY) / HOUR, _MAX_HOURS)
    answers = 20 * (facts.load.answered + 1) / (facts.load.ended + 2)
    return (15 if hours <= 0 else -hours / 2) + answers - latency / 3 + (10 if facts.speaks else 0)


def _burden(load: Load) -> float:
    return 12 * load.open + 5 * load.this_week
