"""Invitations for a day: made, sent again, withdrawn, answered."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from mentions.people import role_terms, roles
from team import coverage, roster
from team.coverage import DAY
from team.models import VolunteerDay
from team.practice import progress
from team.volunteers import needs, telling

State = VolunteerDay.State
LINK_DAYS = timedelta(days=7)
AHEAD = timedelta(days=120)
MOST_DAYS = timedelta(days=13)
"""From the first to the last day of one invitation."""


class InvitationRefused(Exception):
    """Nothing was changed; the text tells the user why."""


def candidates(inviter: Any) -> QuerySet[Any]:
    """Colleagues with an account who aren't advocates."""
    people = get_user_model().objects.filter(is_active=True, is_superuser=False).exclude(pk=inviter.pk)
    return people.exclude(groups__name__in=[roles.ADVOCATE, roles.ADMIN]).order_by("first_name", "username")


def buddies() -> list[Any]:
    """Advocates who play the queue."""
    rows = get_user_model().objects.filter(is_active=True, groups__name=roles.ADVOCATE)
    return list(rows.order_by("first_name", "username"))


def invite(user: Any, day: date, buddy: Any, inviter: Any, now: datetime) -> VolunteerDay:
    """Ask a colleague through a link that works for one answer and for LINK_DAYS at most. Raises InvitationRefused."""
    return invite_days(user, day, day, buddy, inviter, now)[0]


@transaction.atomic
def invite_days(user: Any, first: date, last: date, buddy: Any, inviter: Any, now: datetime) -> list[VolunteerDay]:
    """For each working day from the first to the last, without those for which they are asked already: one message, and
    one link that answers for each. Raises InvitationRefused, and then nobody is asked for any day."""
    made = [_make(user, day, buddy, inviter, now) for day in _wanted(user, first, last)]
    made[0].link_until = min(now + LINK_DAYS, roster.day_span(made[-1].day, roster.zone_of(user)).end)
    made[0].save(update_fields=["link_until"])
    telling.invitation(made[0], now)
    return made


def _wanted(user: Any, first: date, last: date) -> list[date]:
    if not first <= last <= first + MOST_DAYS:
        raise InvitationRefused(_("The last day comes after the first, at most two weeks later."))
    if first == last:
        return [first]
    hours = coverage.together()
    known = VolunteerDay.objects.filter(user=user, state__in=VolunteerDay.LIVE, day__range=(first, last))
    asked = set(known.values_list("day", flat=True))
    days = [first + number * DAY for number in range((last - first).days + 1)]
    found = [day for day in days if day not in asked and needs.is_worked(hours, day)]
    if not found:
        raise InvitationRefused(_("They are asked for all of these days already, or nobody works then."))
    return found


def _make(user: Any, day: date, buddy: Any, inviter: Any, now: datetime) -> VolunteerDay:
    ends = roster.day_span(day, roster.zone_of(user)).end
    if ends <= now or day > (now + AHEAD).date():
        raise InvitationRefused(_("Choose today or a day within four months."))
    _refuse_people(user, day, buddy, inviter)
    made, is_new = VolunteerDay.objects.get_or_create(
        user=user, day=day, state__in=VolunteerDay.LIVE,
        defaults={"state": State.INVITED, "buddy": buddy, "invited_by": inviter, "invited_at": now,
                  "link_until": min(now + LINK_DAYS, ends)},
    )  # fmt: skip
    if not is_new:
        words = {"who": user.get_full_name() or user.username, "state": made.get_state_display()}
        raise InvitationRefused(_("%(who)s is already %(state)s for that day.") % words)
    return made


def asked_with(volunteer: VolunteerDay, now: datetime) -> list[VolunteerDay]:
    """The days of its message, answered or not, and what is open besides, by day."""
    together = Q(invited_at=volunteer.invited_at) & ~Q(state=State.WITHDRAWN)
    still_open = Q(pk__in=[each.pk for each in open_of(volunteer.user, now)])
    rows = VolunteerDay.objects.filter(together | still_open | Q(pk=volunteer.pk), user=volunteer.user_id)
    return list(rows.select_related("user", "buddy").order_by("day"))


def open_of(user: Any, now: datetime) -> list[VolunteerDay]:
    """What they have not answered and can still answer, by day."""
    rows = VolunteerDay.objects.filter(user=user, state=State.INVITED).select_related("user", "buddy").order_by("day")
    zone = roster.zone_of(user)
    return [each for each in rows if roster.day_span(each.day, zone).end > now]


def _refuse_people(user: Any, day: date, buddy: Any, inviter: Any) -> None:
    if not candidates(inviter).filter(pk=user.pk).exists():
        raise InvitationRefused(_("Choose a colleague who is not an advocate."))
    if buddy.pk == user.pk or not buddy.is_active or buddy.pk not in {each.pk for each in buddies()}:
        raise InvitationRefused(_("Choose an advocate as buddy."))
    if buddy.absences.filter(first_day__lte=day, last_day__gte=day).exists():
        words = {"day": date_format(day, "l, j F")}
        raise InvitationRefused(_("The buddy is away on %(day)s. Choose somebody else.") % words)
    if not may_give(inviter):
        raise InvitationRefused(_("Volunteers get permissions that you don’t have. Ask an advocate to invite them."))


def may_give(inviter: Any) -> bool:
    """Nobody can give rights they don't have."""
    wanted = Permission.objects.filter(group__name=roles.VOLUNTEER).values_list("content_type__app_label", "codename")
    return all(inviter.has_perm(f"{app}.{codename}") for app, codename in wanted)


@transaction.atomic
def send_again(volunteer_id: int, now: datetime) -> VolunteerDay:
    """With a new link; the old one stops working. Raises InvitationRefused."""
    found = _locked(volunteer_id)
    ends = roster.day_span(found.day, roster.zone_of(found.user)).end
    if found.state != State.INVITED or ends <= now:
        raise InvitationRefused(_("This invitation was answered, or its day is over. Invite them for another day."))
    found.link_version += 1
    found.link_until = min(now + LINK_DAYS, ends)
    found.save(update_fields=["link_version", "link_until"])
    telling.invitation(found, now)
    return found


@transaction.atomic
def accept(volunteer_id: int, now: datetime) -> VolunteerDay:
    """Plan their rights for the day, and tell them and the buddy; a second answer changes nothing."""
    found = _locked(volunteer_id)
    span = roster.day_span(found.day, roster.zone_of(found.user))
    if found.state != State.INVITED or span.end <= now:
        return found
    found.term = role_terms.plan(found.user, roles.VOLUNTEER, *span, given_by=found.invited_by)
    found.state, found.answered_at = State.ACCEPTED, now
    found.save(update_fields=["term", "state", "answered_at"])
    telling.tell(found, found.buddy, "accepted", now)
    telling.tell(found, found.user, "prepare", now)
    role_terms.run(now)
    return found


@transaction.atomic
def decline(volunteer_id: int, now: datetime) -> VolunteerDay:
    """Through the link, or later if something comes up: then their rights end, and the buddy is told."""
    return _stop(_locked(volunteer_id), State.DECLINED, now)


@transaction.atomic
def withdraw(volunteer_id: int, now: datetime) -> VolunteerDay:
    """By the team: the link stops working, the rights end, and a volunteer who has accepted is told."""
    return _stop(_locked(volunteer_id), State.WITHDRAWN, now)


def _stop(found: VolunteerDay, state: str, now: datetime) -> VolunteerDay:
    is_over = found.term is not None and found.term.ended_at is not None
    if found.state not in VolunteerDay.LIVE or is_over:
        return found
    was_accepted = found.state == State.ACCEPTED
    found.state, found.answered_at = State(state), now
    found.save(update_fields=["state", "answered_at"])
    if found.term_id is not None:
        role_terms.end(found.term_id, now)
    progress.forget(found.user_id)
    if was_accepted:
        telling.tell(found, found.buddy, "cancelled", now)
    if was_accepted and state == State.WITHDRAWN:
        telling.tell(found, found.user, "cancelled", now)
    return found


def _locked(volunteer_id: int) -> VolunteerDay:
    rows = VolunteerDay.objects.select_for_update(of=("self",)).select_related("user", "buddy", "invited_by")
    return rows.get(pk=volunteer_id)


def day_of(user: Any, now: datetime) -> VolunteerDay | None:
    """Their current or next accepted day; else the one just over."""
    own_days = VolunteerDay.objects.filter(user=user, state=State.ACCEPTED).select_related("buddy", "term")
    upcoming = own_days.filter(term__ends_at__gt=now).order_by("day").first()
    return upcoming or own_days.filter(Q(term__ends_at__gt=now - timedelta(days=1))).order_by("-day").first()


def listed(now: datetime) -> list[VolunteerDay]:
    """Invitations from the last month on, by day; declined and withdrawn ones only until their day is over."""
    today = now.astimezone(UTC).date()
    rows = VolunteerDay.objects.filter(day__gte=today - timedelta(days=31))
    over = Q(state__in=[State.DECLINED, State.WITHDRAWN], day__lt=today)
    return list(rows.exclude(over).select_related("user", "buddy", "invited_by").order_by("day", "user__username"))
