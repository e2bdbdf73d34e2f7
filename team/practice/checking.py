"""Checks what somebody did on a practice ticket: the right action, and the links, words and length of a text. Whether
it is right and kind is for the buddy to judge."""

from __future__ import annotations

from dataclasses import dataclass, field

from django.utils.translation import gettext as _

from channels.registry.finding_adapters import adapter_for
from team.practice.exercises import ASK, NO_REPLY, REPLY, TEAMS, Exercise, Words


@dataclass(frozen=True, slots=True)
class PracticeStep:
    """`kind`: reply, ask, park or no-reply; `text`: the reply, or the request to an expert; `choice`: the team that is
    asked, or the reason for no reply."""

    kind: str
    text: str = ""
    choice: str = ""


@dataclass(frozen=True, slots=True)
class Feedback:
    good: list[Words] = field(default_factory=list)
    problems: list[Words] = field(default_factory=list)

    @property
    def is_right(self) -> bool:
        return not self.problems


def judge(exercise: Exercise, deed: PracticeStep) -> Feedback:
    """What is good, and everything to improve, in the order of the checks."""
    if deed.kind != exercise.deed:
        return Feedback(problems=[exercise.wrong.get(deed.kind, _("That isn’t the right step for this one."))])
    if deed.kind == NO_REPLY:
        return _of_reason(exercise, deed)
    if not deed.text.strip():
        return Feedback(problems=[_("Write an answer.") if deed.kind == REPLY else _("Write your request.")])
    found = _of_asking(exercise, deed) if deed.kind == ASK else _of_length(exercise, deed.text)
    failing = [check for check in exercise.checks if check.fails(deed.text)]
    passing = [check.praise for check in exercise.checks if check.praise and check not in failing]
    return Feedback([*found.good, *passing], [*found.problems, *(check.problem for check in failing)])


def _of_reason(exercise: Exercise, deed: PracticeStep) -> Feedback:
    right = _("Right: it needs no reply.")
    if deed.choice == exercise.choice:
        return Feedback([right, _("The reason is right: reports count it.")])
    return Feedback([right], [_("Choose the reason that fits: reports count it.")])


def _of_asking(exercise: Exercise, deed: PracticeStep) -> Feedback:
    right = _("Right: you asked before answering.")
    if deed.choice == exercise.choice:
        return Feedback([right, _("You asked the team that can help: %(team)s.") % {"team": TEAMS[exercise.choice]}])
    return Feedback([right], [_("Ask the team that can look into it at once.")])


def _of_length(exercise: Exercise, text: str) -> Feedback:
    """Whether the text has the right length, as the platform counts."""
    limit = limit_of(exercise)
    if limit is None:
        return Feedback()
    if adapter_for(exercise.platform).reply_length(text) > limit:
        return Feedback(problems=[_("Shorten it to %(limit)d characters.") % {"limit": limit}])
    return Feedback([_("It fits within %(limit)d characters.") % {"limit": limit}])


def limit_of(exercise: Exercise) -> int | None:
    return adapter_for(exercise.platform).max_reply_length
