"""A team of five in three time zones, and one of their weeks, Wednesday to Tuesday; on Sunday the clocks change.

Local times are converted to UTC with the offsets given for each week, not with the time zone code under test.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.contrib.auth.models import Group

from channels.models.connection import SlackMode
from mentions.models import Account, Person, Preference, Sighting, Ticket
from mentions.people import roles
from mentions.tests.factories import ChannelFactory, MessageFactory, TicketFactory, UserFactory
from sandbox import world
from team import shifts
from team.models import (
    CoverageHours,
    Expertise,
    Holiday,
    MeetingRule,
    ReleaseRule,
    RotaPlace,
    UrgentRule,
)

AMS, NYC, KOL = "Europe/Amsterdam", "America/New_York", "Asia/Kolkata"
HOMES = {"sam": AMS, "maria": AMS, "lee": NYC, "nadia": NYC, "raj": KOL}
SUNDAY = 4
WEEKDAYS = 5
HOLIDAY = 2


@dataclass(frozen=True)
class Week:
    """`first`: its Wednesday. `offsets`: zone → hours ahead of UTC before Sunday, and from Sunday's change on."""

    name: str
    first: date
    offsets: dict[str, tuple[float, float]]

    def day(self, number: int) -> date:
        return self.first + timedelta(days=number)

    def at(self, number: int, clock: str, zone: str = "") -> datetime:
        """Day 0 is Wednesday. Without a zone: UTC."""
        local = datetime.combine(self.day(number), time.fromisoformat(clock), UTC)
        ahead = self.offsets[zone][number >= SUNDAY] if zone else 0
        return local - timedelta(hours=ahead)


WEEKS = (
    Week("Europe goes back", date(2026, 10, 21), {AMS: (2, 1), NYC: (-4, -4), KOL: (5.5, 5.5)}),
    Week("New York goes forward", date(2026, 3, 4), {AMS: (1, 1), NYC: (-5, -4), KOL: (5.5, 5.5)}),
)
SHIFTS = {"sam": ("08:00", "16:00"), "maria": ("09:00", "17:00"), "lee": ("09:00", "17:00"), "raj": ("12:00", "20:00")}
"""Local, on all workdays but Monday, which has others."""
MONDAYS = {"maria": ("08:00", "12:00"), "sam": ("12:00", "16:00"), "lee": ("09:00", "17:00")}
ON_CALL = ("16:30", "03:00")


def member(name: str) -> world.Member:
    return next(each for each in world.TEAM if each.key == name)


class Team:
    """The people with their shifts, duties and channels. Friday is a holiday, Nadia is on call every night."""

    def __init__(self, week: Week) -> None:
        self.week = week
        self.people = {name: self._person(name, zone) for name, zone in HOMES.items()}
        self._roster()
        self._duties()
        self.channel = ChannelFactory(connection__platform="manual", name="Twitter", slug="twitter", slack_channels=[])
        digest = {"slack_mode": SlackMode.DAILY, "slack_channels": ["#questions"]}
        self.digest = ChannelFactory(
            connection__platform="manual", name="Forum", slug="forum", is_checked_weekly=True, **digest
        )

    def _person(self, name: str, zone: str) -> Any:
        who = member(name)
        first, last = who.name.split()
        user = UserFactory(username=name, first_name=first, last_name=last)
        user.groups.add(Group.objects.get(name=roles.ADVOCATE))
        Preference.objects.create(user=user, time_zone=zone)
        person = Person.objects.create(name=who.name, is_us=True, user=user)
        Account.objects.create(person=person, namespace="slack:T0ACME", handle=who.slack_id)
        return user

    def _roster(self) -> None:
        for weekday in range(WEEKDAYS):
            CoverageHours.objects.create(weekday=weekday, starts=time(8), ends=time(22), time_zone=AMS)
        Holiday.objects.create(day=self.week.day(HOLIDAY), name="Acme day")
        for number in (-1, 0, 1, 6, 7):
            self._shifts(number, SHIFTS)
        self._shifts(5, MONDAYS)
        for number in range(-1, 7):
            self._shifts(number, {"nadia": ON_CALL}, is_on_call=True)

    def _shifts(self, number: int, rows: dict[str, tuple[str, str]], **more: Any) -> None:
        for name, (starts, ends) in rows.items():
            span = (time.fromisoformat(starts), time.fromisoformat(ends), ZoneInfo(HOMES[name]))
            shifts.add_shifts(self.people[name], self.week.day(number), *span, **more)

    def _duties(self) -> None:
        """Release days are this Thursday and the next; the slides are due on Tuesday."""
        release = {"starts": time(8), "ends": time(22), "time_zone": AMS, "slack_channel": "#release-post"}
        ReleaseRule.objects.create(name="Acme", day_of_month=self.week.day(1).day, **release)
        ReleaseRule.objects.create(name="Runner", day_of_month=self.week.day(8).day, **release)
        meeting = {
            "due_at": time(9),
            "time_zone": NYC,
            "remind_days": 4,
            "slack_channel": "#keymonthlymarketingmeeting",
        }
        MeetingRule.objects.create(name="Key meeting", day_of_month=self.week.day(6).day, **meeting)
        for duty, names in (("release", ("sam", "lee")), ("meeting", ("maria", "raj"))):
            for position, name in enumerate(names):
                RotaPlace.objects.create(duty=duty, user=self.people[name], position=position)
        turns = (("Merch", "maria", "sam", 6), ("Forum", "raj", "lee", 8))
        for name, owner, following, number in turns:
            rows = {"owner": self.people[owner], "next_owner": self.people[following]}
            Expertise.objects.create(name=name, rotates_on=self.week.day(number), every_months=0, **rows)
        UrgentRule.objects.create(name="Outages", query='"data loss"')

    # --- mentions -----------------------------------------------------------------------------------------------------

    def mention(
        self, text: str, now: datetime, channel: Any = None, due_at: datetime | None = None, **more: Any
    ) -> Ticket:
        channel = channel or self.channel
        row = {"channel": channel, "posted_at": now, "created_at": now, "due_at": due_at, "subject": text, **more}
        ticket: Ticket = TicketFactory(status="new", **row)
        message = MessageFactory(ticket=ticket, text=text, posted_at=now, ingested_at=now)
        Sighting.objects.create(message=message, channel=channel, at=now)
        return ticket

    def assigned(self, name: str, text: str, now: datetime) -> Ticket:
        ticket = self.mention(text, now)
        Ticket.objects.filter(pk=ticket.pk).update(assignee=self.people[name], status="open")
        ticket.refresh_from_db()
        return ticket
