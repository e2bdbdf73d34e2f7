"""Rotates expertises on their day, and tells the team once a week before and once on the day."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.db import transaction
from django.urls import reverse
from django.utils import formats
from django.utils.translation import gettext as _

from channels import sweeps
from channels.outbox import slack_posts
from mentions.people import roles
from team.duties import rota, slack
from team.models import Expertise, ExpertiseTurn

AHEAD = timedelta(days=7)
AT = time(8)
"""UTC: when the preset's coverage starts."""


def advocates() -> list[Any]:
    """Who can own an expertise, by name."""
    rows = get_user_model().objects.filter(is_active=True, groups__name=roles.ADVOCATE)
    return list(rows.order_by("username"))


def suggested(expertise: Expertise, people: Sequence[Any], day: date) -> Any:
    """Who should own it next: the person who has not owned it for the longest time, or never. None if there is nobody
    else."""
    others = {user.pk: user for user in people if user.pk != expertise.owner_id}
    turns = [(turn.user_id, turn.since) for turn in expertise.turns.all()]
    return others.get(rota.whose_turn(list(others), turns, (), day) or 0)


@transaction.atomic
def plan(expertise_id: int, next_owner: Any, day: date | None) -> Expertise:
    """Who takes over, and when; both empty for no rotation."""
    found = Expertise.objects.select_for_update().get(pk=expertise_id)
    found.next_owner, found.rotates_on = next_owner, day
    found.save(update_fields=["next_owner", "rotates_on"])
    return found


@transaction.atomic
def plan_round(day: date) -> int:
    """A round: on `day`, every owned expertise goes to somebody else, and nobody gets more than their share. Returns
    how many were planned."""
    people = advocates()
    share: dict[int, int] = dict.fromkeys((user.pk for user in people), 0)
    rows = list(Expertise.objects.select_for_update(of=("self",)).prefetch_related("turns"))
    planned = 0
    for each in rows:
        least = [user for user in people if user.pk != each.owner_id]
        fewest = min((share[user.pk] for user in least), default=0)
        chosen = suggested(each, [user for user in least if share[user.pk] == fewest], day)
        if chosen is not None:
            share[chosen.pk] += 1
            each.next_owner, each.rotates_on = chosen, day
            each.save(update_fields=["next_owner", "rotates_on"])
            planned += 1
    return planned


@transaction.atomic
def hand_over(expertise_id: int, owner: Any, day: date) -> Expertise:
    """Make `owner` (or nobody) the expertise's owner from `day` on."""
    found = Expertise.objects.select_for_update(of=("self",)).get(pk=expertise_id)
    _give(found, owner, day)
    return found


def _give(expertise: Expertise, owner: Any, day: date) -> None:
    expertise.owner = owner
    expertise.save(update_fields=["owner"])
    if owner is not None:
        ExpertiseTurn.objects.update_or_create(expertise=expertise, since=day, defaults={"user": owner})


def follow(now: datetime) -> int:
    """The sweep: returns how many expertises changed hands or were announced. A late one still rotates, without the
    announcement a week ahead."""
    near = Expertise.objects.filter(rotates_on__lte=(now + AHEAD).date())
    return sweeps.each("expertises", near.values_list("pk", flat=True), lambda pk: _follow(pk, now))


@transaction.atomic
def _follow(expertise_id: int, now: datetime) -> bool:
    rows = Expertise.objects.select_for_update(of=("self",)).select_related("owner", "next_owner")
    expertise = rows.get(pk=expertise_id)
    day = expertise.rotates_on
    if day is None:
        return False
    if now >= datetime.combine(day, AT, UTC):
        return _rotate(expertise, day, now)
    if expertise.told_for == day or now < datetime.combine(day - AHEAD, AT, UTC) or not slack.is_set_up():
        return False
    expertise.told_for = day
    expertise.save(update_fields=["told_for"])
    text = f"{_ahead(expertise, day, now)}\n{_address()}"
    slack.tell_team_and(expertise.next_owner, f"expertise {expertise.pk} ahead {day}", text, now)
    return True


def _rotate(expertise: Expertise, day: date, now: datetime) -> bool:
    """Hand an expertise to its next owner. With nobody to take over, the owner stays, and the page says so."""
    taker = expertise.next_owner
    if taker is None or not taker.is_active:
        return False
    words = {"what": _escaped(expertise), "who": slack.ping(taker, now), "before": _before(expertise, now)}
    _give(expertise, taker, day)
    expertise.rotates_on = _later(day, expertise.every_months) if expertise.every_months else None
    expertise.next_owner = suggested(expertise, advocates(), day) if expertise.every_months else None
    expertise.save(update_fields=["rotates_on", "next_owner"])
    text = _("%(what)s: %(who)s takes over from %(before)s today.") % words
    slack.tell_team_and(taker, f"expertise {expertise.pk} rotated {day}", f"{text}\n{_address()}", now)
    return True


def _ahead(expertise: Expertise, day: date, now: datetime) -> str:
    on = formats.date_format(day, "l, j F")
    words = {"what": _escaped(expertise), "day": on, "before": _before(expertise, now)}
    if expertise.next_owner is None or not expertise.next_owner.is_active:
        return _("%(what)s rotates on %(day)s, but nobody is chosen to take over from %(before)s.") % words
    text = _("%(what)s rotates on %(day)s: %(who)s takes over from %(before)s. Meet before then to hand over.")
    return text % {**words, "who": slack.ping(expertise.next_owner, now)}


def _before(expertise: Expertise, now: datetime) -> str:
    return slack.ping(expertise.owner, now) if expertise.owner is not None else _("nobody")


def _escaped(expertise: Expertise) -> str:
    return slack_posts.escaped(expertise.name)


def _later(day: date, months: int) -> date:
    """The same day that many months later; at most the 28th, so that every month has one."""
    number = day.year * 12 + day.month - 1 + months
    return date(number // 12, number % 12 + 1, min(day.day, 28))


def _address() -> str:
    return str(settings.BASE_URL) + reverse("team:expertises")
