"""Hands the roles of somebody who is away to a stand-in, and back when the absence ends, moves or is deleted."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.urls import reverse
from django.utils import formats
from django.utils.translation import gettext as _

from channels import sweeps
from channels.outbox import slack_posts
from team.duties import slack
from team.models import Absence, StandIn
from team.standing_in import changing, proposing
from team.standing_in.vacancies import Role, Vacancy, vacancies


class NotHanded(Exception):
    """Nothing was changed; the text tells the user why."""


@transaction.atomic
def hand(absence_id: int, role: str, number: int, to: Any, by: Any, now: datetime) -> StandIn:
    """`to` has the role until they are back: an expertise from their first day away; at once anything with a day, and
    what they had only as a stand-in. The same again changes nothing. Raises NotHanded."""
    absence = Absence.objects.select_for_update(of=("self",)).select_related("user__preference").get(pk=absence_id)
    row = _rows().filter(role=role, number=number, ended_at=None).first()
    if row is not None and row.to_id == to.pk:
        return row
    if row is not None and row.to_id != absence.user_id:
        raise NotHanded(_("%(who)s already stands in.") % {"who": slack.name_of(row.to)})
    found = _role_of(absence, role, number, now)
    if not proposing.is_able(found, to):
        raise NotHanded(_("%(who)s can’t stand in then. See below who can.") % {"who": slack.name_of(to)})
    is_passed_on = row is not None
    row = row or StandIn(role=role, number=number, absence=absence, user=absence.user)
    row.what, row.to, row.by, row.at = found.what[:200], to, by, now
    row.save()
    if not _begin(row, absence.user, now, at_once=is_passed_on) and row.role != Role.EXPERTISE:
        raise NotHanded(_("This has ended or changed. The current state is below."))
    _tell(row, now)
    return row


def _role_of(absence: Absence, role: str, number: int, now: datetime) -> Vacancy:
    mine = vacancies([absence], now.astimezone(UTC).date())[absence.pk]
    found = next((each for each in mine if (each.role, each.number) == (role, number)), None)
    if found is None:
        raise NotHanded(_("%(who)s no longer has this role then.") % {"who": slack.name_of(absence.user)})
    return found


@transaction.atomic
def take_back(stand_in_id: int, now: datetime) -> StandIn:
    """The role returns to the person who is away; the same again changes nothing."""
    row = _rows().get(pk=stand_in_id)
    if row.ended_at is None:
        _end(row, now)
    return row


def follow(now: datetime) -> int:
    """The sweep: begins and ends what is due; returns how many changed."""
    live = StandIn.objects.filter(ended_at=None).order_by("pk")
    return sweeps.each("stand-ins", list(live.values_list("pk", flat=True)), lambda pk: _follow(pk, now))


@transaction.atomic
def _follow(stand_in_id: int, now: datetime) -> bool:
    row = _rows().get(pk=stand_in_id)
    if row.ended_at is not None:
        return False
    when = changing.times(row, _absence_of(row))
    if when is None or now >= when.end or changing.is_settled(row, now):
        return _end(row, now)
    if row.begun_at is None:
        return _begin(row, row.user, now)
    if row.role == Role.EXPERTISE and now < when.start:
        return _put_off(row, now)
    return row.shift is not None and changing.fit(row.shift, when)


def _begin(row: StandIn, holder: Any, now: datetime, *, at_once: bool = False) -> bool:
    """True if the role changed hands."""
    when = changing.times(row, _absence_of(row))
    if when is None or (row.role == Role.EXPERTISE and now < when.start and not at_once):
        return False
    is_on_call = row.role == Role.ON_CALL
    changed = changing.put_on_call(row, when) if is_on_call else changing.give(row, holder, row.to, now)
    if changed:
        row.begun_at = row.begun_at or now
        row.save(update_fields=["begun_at"])
    return changed


def _put_off(row: StandIn, now: datetime) -> bool:
    """The absence begins later than it did."""
    changing.give(row, row.to, row.user, now)
    row.begun_at = None
    row.save(update_fields=["begun_at"])
    return True


def _end(row: StandIn, now: datetime) -> bool:
    """Said only if the role goes back. Nobody who has left gets anything back."""
    if row.role == Role.ON_CALL:
        returned = changing.take_off_call(row, now)
    else:
        is_theirs = row.user.is_active and not changing.is_for_good(row)
        returned = is_theirs and changing.give(row, row.to, row.user, now)
    row.ended_at = now
    row.save(update_fields=["ended_at"])
    if returned:
        text = _("%(what)s is with %(who)s again. Thank you for standing in, %(to)s!") % _words(row, now)
        slack.tell_team_and(row.user, f"stand-in {row.pk} over", text, now)
    return True


def _rows() -> QuerySet[StandIn]:
    """Locked."""
    rows = StandIn.objects.select_for_update(of=("self",))
    return rows.select_related("user__preference", "to", "shift")


def _absence_of(row: StandIn) -> Absence | None:
    """None if it is gone, also if the release before, which knows no stand-ins, deleted it."""
    return Absence.objects.filter(pk=row.absence_id or 0).select_related("user__preference").first()


def _tell(row: StandIn, now: datetime) -> None:
    absence = _absence_of(row)
    if absence is None:
        return
    text = _("%(to)s, you stand in for %(who)s, who is away %(days)s. %(what)s") % {
        **_words(row, now), "days": days_of(absence)
    }  # fmt: skip
    slack.tell(row.to, f"stand-in {row.pk} {row.to_id}", f"{text}\n{address()}", now)


def days_of(absence: Absence) -> str:
    first, last = (formats.date_format(day, "l, j F") for day in (absence.first_day, absence.last_day))
    return _("on %(day)s") % {"day": first} if first == last else _("%(first)s to %(last)s") % {
        "first": first, "last": last
    }  # fmt: skip


def address() -> str:
    return str(settings.BASE_URL) + reverse("team:coverage") + "#stand-ins"


def _words(row: StandIn, now: datetime) -> dict[str, str]:
    """Escaped for Slack."""
    what = slack_posts.escaped(f"{row.get_role_display()}: {row.what}")
    return {"what": what, "who": slack_posts.escaped(slack.name_of(row.user)), "to": slack.ping(row.to, now)}
