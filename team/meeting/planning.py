"""Keeps the next meetings planned with an owner by rota, prompts them, and reports that the slides are up to date."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.urls import reverse
from django.utils import formats
from django.utils.translation import gettext as _

from channels import sweeps
from channels.outbox import slack_posts
from team.coverage import DAY
from team.duties import months, rota, slack
from team.meeting import numbers
from team.models import Holiday, Meeting, MeetingCheck, MeetingRule, RotaPlace

DUTY = RotaPlace.Duty.MEETING
AHEAD = 3
"""Months."""
STILL_NEWS = timedelta(days=3)
LONGEST_BREAK = timedelta(days=15)


class NotUpToDate(Exception):
    """Nothing was reported; the text says what is missing."""


def day_of(meeting: Meeting) -> date:
    return months.working_day(months.day_in(meeting.month, meeting.rule.day_of_month))


def due(meeting: Meeting) -> datetime:
    """When the slides are due: the rule's local time."""
    return _at(meeting.rule, day_of(meeting))


def prompt_at(meeting: Meeting) -> datetime:
    """On a day when people are at work: not on a weekend or a holiday."""
    day = day_of(meeting) - meeting.rule.remind_days * DAY
    holidays = Holiday.objects.filter(team=None, day__lte=day, day__gt=day - LONGEST_BREAK).values_list(
        "day", flat=True
    )
    return _at(meeting.rule, months.working_day(day, frozenset(holidays)))


def _at(rule: MeetingRule, day: date) -> datetime:
    return datetime.combine(day, rule.due_at, rule.zone).astimezone(UTC)


def reported_month(meeting: Meeting) -> tuple[date, date]:
    """First and last day of the reported month: the one before the meeting's."""
    last = meeting.month - DAY
    return months.month_of(last), last


# --- planning ---------------------------------------------------------------------------------------------------------


def plan(now: datetime) -> int:
    rules = MeetingRule.objects.filter(is_active=True).values_list("pk", flat=True)
    return sweeps.each("meeting rules", list(rules), lambda pk: _plan_rule(pk, now))


@transaction.atomic
def _plan_rule(rule_id: int, now: datetime) -> int:
    rule = MeetingRule.objects.select_for_update().get(pk=rule_id)
    known = {each.month: each for each in rule.meetings.select_related("owner", "rule").order_by("-month")[:12]}
    changed = 0
    for month in months.months_from(now.astimezone(rule.zone).date(), AHEAD):
        meeting = known.get(month) or Meeting(rule=rule, month=month)
        if due(meeting) > now and (meeting.owner is None or not meeting.owner.is_active):
            owner = _next(meeting)
            if meeting.pk is None or owner != meeting.owner:
                meeting.owner = owner
                meeting.save()
                changed += 1
    return changed


def _next(meeting: Meeting) -> Any:
    others = Meeting.objects.exclude(pk=meeting.pk).exclude(owner=None).order_by("-month")[:60]
    turns = [(owner, month) for owner, month in others.values_list("owner_id", "month") if owner is not None]
    return rota.next_of(DUTY, turns, meeting.month, rota.away_on(day_of(meeting)))


@transaction.atomic
def take(meeting_id: int, user: Any) -> Meeting:
    """Make somebody else responsible for the slides."""
    meeting = Meeting.objects.select_for_update(of=("self",)).select_related("rule").get(pk=meeting_id)
    meeting.owner = user
    meeting.save(update_fields=["owner"])
    return meeting


# --- prompts ----------------------------------------------------------------------------------------------------------


def prompt(now: datetime) -> int:
    """Send the prompts that are due, each once; after an outage, only those that still make sense. Returns how many."""
    if not slack.is_set_up():
        return 0
    open_ones = Meeting.objects.filter(rule__is_active=True, reported_at=None, told_due_at=None)
    near = open_ones.filter(month__gte=now.date() - 62 * DAY, month__lte=now.date() + 62 * DAY)
    return sweeps.each("meetings", near.values_list("pk", flat=True), lambda pk: _prompt(pk, now))


@transaction.atomic
def _prompt(meeting_id: int, now: datetime) -> bool:
    rows = Meeting.objects.select_for_update(of=("self",)).select_related("rule", "owner")
    meeting = rows.get(pk=meeting_id)
    if meeting.reported_at is not None:
        return False
    if meeting.told_ahead_at is None and prompt_at(meeting) <= now < due(meeting):
        meeting.told_ahead_at = now
        meeting.save(update_fields=["told_ahead_at"])
        _tell_owner(meeting, now)
        return True
    if meeting.told_due_at is None and due(meeting) <= now < due(meeting) + STILL_NEWS:
        meeting.told_due_at = now
        meeting.save(update_fields=["told_due_at"])
        text = _("%(name)s: the slides were due, and nobody has reported that they are up to date. Duty: %(who)s")
        text = f"{text % _words(meeting, now)}\n{address_of(meeting)}"
        slack.tell_team_and(meeting.owner, f"meeting {meeting.pk} due", text, now)
        return True
    return False


def _tell_owner(meeting: Meeting, now: datetime) -> None:
    words = {**_words(meeting, now), "day": formats.date_format(day_of(meeting), "l, j F")}
    text = _("%(name)s: the slides are due on %(day)s. %(who)s, the numbers and the checklist are here:") % words
    text = f"{text}\n{address_of(meeting)}"
    if meeting.owner is None:
        slack.tell_team(f"meeting {meeting.pk} ahead", text, now)
    else:
        slack.tell(meeting.owner, f"meeting {meeting.pk} ahead", text, now)


def _words(meeting: Meeting, now: datetime) -> dict[str, str]:
    who = slack.ping(meeting.owner, now) if meeting.owner is not None else _("nobody")
    return {"name": slack_posts.escaped(meeting.rule.name), "who": who}


def address_of(meeting: Meeting) -> str:
    return settings.BASE_URL + reverse("team:meeting", args=[meeting.pk])


# --- checklist and report ---------------------------------------------------------------------------------------------


@transaction.atomic
def tick(meeting_id: int, item: str, user: Any, now: datetime, *, is_done: bool) -> None:
    """Tick an item of the checklist. Raises NotUpToDate for an item that is not on the list, or after the report."""
    meeting = Meeting.objects.select_for_update(of=("self",)).select_related("rule").get(pk=meeting_id)
    if meeting.reported_at is not None:
        raise NotUpToDate(_("It was already reported."))
    if item not in meeting.rule.checklist:
        raise NotUpToDate(_("This item is no longer on the checklist. Reload the page."))
    if is_done:
        MeetingCheck.objects.get_or_create(meeting=meeting, item=item, defaults={"done_by": user, "done_at": now})
    else:
        MeetingCheck.objects.filter(meeting=meeting, item=item).delete()


def missing(meeting: Meeting) -> list[str]:
    done = set(meeting.checks.values_list("item", flat=True))
    return [item for item in meeting.rule.checklist if item not in done]


@transaction.atomic
def report(meeting_id: int, user: Any, now: datetime) -> Meeting:
    """Tell the meeting's channel, once, that the slides are up to date, with their numbers. Raises NotUpToDate."""
    rows = Meeting.objects.select_for_update(of=("self",)).select_related("rule", "owner")
    meeting = rows.get(pk=meeting_id)
    if meeting.reported_at is not None:
        return meeting
    if left := missing(meeting):
        raise NotUpToDate(_("Not done yet: %(items)s") % {"items": "; ".join(left)})
    meeting.reported_at, meeting.reported_by = now, user
    meeting.save(update_fields=["reported_at", "reported_by"])
    lines = [_("%(name)s: the slides are up to date.") % _words(meeting, now)]
    lines += [f"• {slack_posts.escaped(number.line)}" for number in numbers.of(*reported_month(meeting), now).numbers]
    lines += [slack_posts.escaped(meeting.rule.url)] if meeting.rule.url else []
    room = meeting.rule.slack_channel or settings.TEAM_SLACK_CHANNEL
    slack.post(room, f"meeting {meeting.pk} reported", "\n".join(lines), now)
    return meeting
