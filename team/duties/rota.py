"""Decides whose turn it is: the person whose other turns are furthest away, so that turns rotate whatever was
swapped."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import date
from typing import Any

from team.models import Absence, RotaPlace

NEVER = 10**6
"""Days to the nearest turn of somebody without one."""


def whose_turn(
    people: Sequence[int], turns: Iterable[tuple[int, date]], away: Collection[int], day: date
) -> int | None:
    """The id of who has the duty on `day`: the one whose nearest turn, before or after, is furthest away; of several,
    the first in `people`. `turns`: (person, day) of all other duties. None if all are away. Pure."""
    nearest: dict[int, int] = {}
    for person, other in turns:
        nearest[person] = min(nearest.get(person, NEVER), abs((other - day).days))
    available = [person for person in people if person not in away]
    return max(available, key=lambda person: nearest.get(person, NEVER), default=None)


def people(duty: str) -> list[Any]:
    """Users of this rota, in order; those who have left are skipped."""
    places = RotaPlace.objects.filter(duty=duty, user__is_active=True).select_related("user__preference")
    return [place.user for place in places]


def next_of(duty: str, turns: Iterable[tuple[int, date]], day: date, away: Collection[int]) -> Any:
    """The user whose turn it is; None if nobody in the rota is available."""
    known = {user.pk: user for user in people(duty)}
    return known.get(whose_turn(list(known), turns, away, day) or 0)


def away_on(day: date) -> set[int]:
    """Ids of those who are away on this day."""
    return set(Absence.objects.filter(first_day__lte=day, last_day__gte=day).values_list("user_id", flat=True))


def away_in_turn(duties: Iterable[tuple[int, int | None, date]]) -> list[int]:
    """Of these (key, person, day), the keys of duties whose person is away that day. One query."""
    wanted = list(duties)
    if not wanted:
        return []
    days = [day for _key, _person, day in wanted]
    absences = list(Absence.objects.filter(first_day__lte=max(days), last_day__gte=min(days)))
    return [
        key
        for key, person, day in wanted
        if any(each.user_id == person and each.first_day <= day <= each.last_day for each in absences)
    ]


def join(duty: str, user: Any) -> bool:
    """Add somebody at the end of the rota. False if they are in it already."""
    last = RotaPlace.objects.filter(duty=duty).order_by("-position").values_list("position", flat=True).first()
    position = min((last or 0) + 10, 32_000)
    _place, is_new = RotaPlace.objects.get_or_create(duty=duty, user=user, defaults={"position": position})
    return is_new


def leave(duty: str, user: Any) -> bool:
    """Remove somebody from the rota. Duties already assigned to them stay theirs."""
    count, _by_model = RotaPlace.objects.filter(duty=duty, user=user).delete()
    return count > 0
