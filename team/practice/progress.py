"""Everybody's progress on practice tickets: the draft, the last action, what is solved, and undo. Others see only what
is solved."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from mentions.undo import window
from team.models import PracticePass, PracticeTry
from team.practice.checking import PracticeStep
from team.practice.exercises import BY_SLUG, EXERCISES, Exercise

MAX_LENGTH = 5000


class TooLate(Exception):
    """It can't be taken back any more."""


def passed_by(user: Any) -> set[str]:
    """Slugs of the exercises they have solved."""
    return set(user.practice_passes.values_list("exercise", flat=True)) & BY_SLUG.keys()


def passed_by_each(users: Collection[int]) -> dict[int, set[str]]:
    """{id of the user: slugs of the exercises they have solved}."""
    found: dict[int, set[str]] = {}
    for user_id, slug in PracticePass.objects.filter(user__in=users).values_list("user_id", "exercise"):
        if slug in BY_SLUG:
            found.setdefault(user_id, set()).add(slug)
    return found


def next_open(user: Any, after: str = "") -> Exercise | None:
    """The next one to solve, in rotation; None: all are solved."""
    passed = passed_by(user)
    slugs = list(BY_SLUG)
    start = slugs.index(after) + 1 if after in BY_SLUG else 0
    return next((each for each in (*EXERCISES[start:], *EXERCISES[:start]) if each.slug not in passed), None)


def last_try(user: Any, exercise: Exercise) -> PracticeTry:
    """Somebody's latest attempt at a practice ticket; an unsaved one if they haven't begun."""
    found = PracticeTry.objects.filter(user=user, exercise=exercise.slug).first()
    return found or PracticeTry(user=user, exercise=exercise.slug)


def deed_of(row: PracticeTry) -> PracticeStep:
    return PracticeStep(row.deed, row.request or row.text, row.choice)


@transaction.atomic
def save_draft(user: Any, exercise: Exercise, text: str) -> PracticeTry:
    """Save the draft; the last writer wins. A solved one stays as it was sent."""
    row = _locked(user, exercise)
    if row.done_at is None and row.text != text[:MAX_LENGTH]:
        row.text, row.version = text[:MAX_LENGTH], row.version + 1
        row.save(update_fields=["text", "version"])
    return row


@transaction.atomic
def solve(user: Any, exercise: Exercise, deed: PracticeStep, now: datetime) -> PracticeTry:
    """Record that a practice ticket is solved. The caller has checked the answer."""
    row = _locked(user, exercise)
    if deed.kind == "reply":
        row.text = deed.text[:MAX_LENGTH]
    row.request = deed.text[:MAX_LENGTH] if deed.kind != "reply" else ""
    row.deed, row.choice, row.done_at, row.version = deed.kind, deed.choice, now, row.version + 1
    row.save()
    PracticePass.objects.get_or_create(user=user, exercise=exercise.slug, defaults={"passed_at": now})
    return row


@transaction.atomic
def take_back(row: PracticeTry, now: datetime) -> None:
    """Undo within the undo window: the text is a draft again, and the ticket is open."""
    row = PracticeTry.objects.select_for_update().get(pk=row.pk)
    if row.done_at is None or now > window.end_of_outcome(row.done_at):
        raise TooLate(_("Too late to undo. Use “Practise again” on the ticket."))
    PracticePass.objects.filter(user=row.user_id, exercise=row.exercise, passed_at=row.done_at).delete()
    _reopen(row)


@transaction.atomic
def begin_again(user: Any, exercise: Exercise) -> None:
    """Begin a practice ticket again, without the text; it stays solved."""
    row = _locked(user, exercise)
    row.text = row.request = ""
    _reopen(row)


def forget(user_id: int) -> None:
    """Delete what they wrote; what they solved stays."""
    PracticeTry.objects.filter(user=user_id).delete()


def _reopen(row: PracticeTry) -> None:
    row.deed, row.choice, row.done_at, row.version = "", "", None, row.version + 1
    row.save()


def _locked(user: Any, exercise: Exercise) -> PracticeTry:
    PracticeTry.objects.get_or_create(user=user, exercise=exercise.slug)
    return PracticeTry.objects.select_for_update().get(user=user, exercise=exercise.slug)
