"""The page of a practice ticket, for the templates of play mode: the same parts, filled with the exercise instead of
rows of the desk."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any

from django.http import HttpRequest
from django.middleware.csrf import get_token
from django.template.loader import get_template
from django.urls import reverse
from django.utils.safestring import SafeString

from mentions.tickets.conversation import ConversationEntry, Thread
from mentions.views import choices
from mentions.views.ticket import ticket_page
from team.models import PracticeTry
from team.practice import checking, progress
from team.practice.checking import Feedback, PracticeStep
from team.practice.exercises import ASK, EXERCISES, MACROS, REPLY, TEAMS, Exercise, Macro


def context(
    request: HttpRequest, exercise: Exercise, row: PracticeTry, now: datetime, tried: PracticeStep | None = None
) -> dict[str, Any]:
    """For templates/team/practice.html. `tried`: what was just done and isn't right."""
    is_done = row.done_at is not None
    deed = progress.deed_of(row) if is_done else tried
    passed = progress.passed_by(request.user)
    following = progress.next_open(request.user, exercise.slug)
    return {
        "exercise": exercise,
        "is_done": is_done,
        "feedback": checking.judge(exercise, deed) if deed else Feedback(),
        "asked": deed if deed and deed.kind == ASK else None,
        "deed": deed,
        "team": TEAMS.get(deed.choice, "") if deed else "",
        "following": following if following != exercise else None,
        "steps": [(each, each.slug in passed) for each in EXERCISES],
        "left": len(EXERCISES) - len(passed),
        "teams": list(TEAMS.items()),
        **_as_play_mode(request, exercise, row, now, tried),
    }


def _as_play_mode(
    request: HttpRequest, exercise: Exercise, row: PracticeTry, now: datetime, tried: PracticeStep | None
) -> dict[str, Any]:
    """What the shared templates read."""
    is_done = row.done_at is not None
    return {
        "ticket": _ticket(exercise),
        "base": reverse("team:practice", args=[exercise.slug]),
        "state": _state(request),
        "thread": _thread(exercise, row, now),
        "composer": None if is_done else _composer(exercise, row, tried),
        "macros": [] if is_done else MACROS,
        "park_reasons": choices.park_reasons(),
        "park_times": choices.park_times(now),
        "no_reply_reasons": choices.no_reply_reasons(can_like=False),
    }


def _ticket(exercise: Exercise) -> SimpleNamespace:
    connection = SimpleNamespace(platform=exercise.platform)
    return SimpleNamespace(pk=f"practice-{exercise.slug}", channel=SimpleNamespace(connection=connection))


def _state(request: HttpRequest) -> SafeString:
    fields = {"csrfmiddlewaretoken": get_token(request)}
    return SafeString(get_template("mentions/_state.html").render({"fields": fields}).strip())


def _thread(exercise: Exercise, row: PracticeTry, now: datetime) -> Thread:
    """The mention, and the reply once it is sent."""
    posted_at = now - timedelta(minutes=exercise.minutes_old)
    asked = _message(exercise, "in", exercise.who, str(exercise.text), posted_at)
    asked.author = SimpleNamespace(name=exercise.who, handle=exercise.handle)
    entries = [ConversationEntry("message", posted_at, asked)]
    if row.done_at is not None and row.deed == REPLY:
        entries.append(
            ConversationEntry(
                "message", row.done_at, _message(exercise, "team", exercise.account, row.text, row.done_at)
            )
        )
    return Thread(entries)


def _message(exercise: Exercise, direction: str, who: str, text: str, at: datetime) -> SimpleNamespace:
    return SimpleNamespace(
        pk=f"practice-{direction}", direction=direction, platform=exercise.platform, who=who, text=text, posted_at=at
    )


def _composer(exercise: Exercise, row: PracticeTry, tried: PracticeStep | None) -> dict[str, Any]:
    return {
        "key": uuid.uuid4(),
        "channels": [("practice", exercise.account, None)],
        "chosen": "practice",
        "text": tried.text if tried and tried.kind == REPLY else row.text,
        "draft": SimpleNamespace(version=row.version, writer="", sequence=0, credit=""),
        "sends": ticket_page.sends(""),
        "limit": checking.limit_of(exercise),
    }


def macro_text(macro: Macro, exercise: Exercise) -> str:
    return str(macro.text).format(name=exercise.who)
