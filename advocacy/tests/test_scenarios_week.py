"""A week of the team with an injected clock, against the sandbox's Slack: every announcement is posted once, to the
minute, even when the clocks change; nobody off shift is pinged unless on call; after hand-over every ticket has an
owner."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.core import mail

from advocacy.tests import scenario
from advocacy.tests.simulated_beat import Beat, Said
from advocacy.tests.simulated_parties import VOLUNTEER, Help, Outage, mailbox
from advocacy.tests.simulated_week import AMS, NYC, WEEKS, Team, Week
from mentions.models import Ticket
from mentions.queue import claims
from mentions.triage import outcomes
from sandbox import world
from team import roster, shifts
from team.handover import deciding
from team.handover.deciding import Choice
from team.models import UrgentCall
from team.urgent import calls

outside = scenario.outside
pytestmark = [pytest.mark.django_db, pytest.mark.timeout(900)]
TEAM = "community-advocates"
MINUTE = timedelta(minutes=1)
PAUSES = frozenset({"pauses"})
"""The clock stops only where something is due; the schedule would take the gaps for pauses."""
NAMES = {number: name for name, number in world.SLACK_CHANNELS.items()}
PEOPLE = {each.slack_id: each.key for each in world.TEAM}


@dataclass(frozen=True)
class Expected:
    """`to`: a Slack channel, or the name of somebody who gets a direct message. `may_ping`: it may ping anybody,
    because nobody took an urgent ticket, or everybody is called in coverage hours."""

    at: datetime
    to: str
    says: str
    may_ping: bool = False

    def is_it(self, said: Said) -> bool:
        return said.at == self.at and place(said) == self.to and re.search(self.says, said.text) is not None

    def __str__(self) -> str:
        return f"{self.at:%a %d %H:%M} {self.to}: {self.says}"


def place(said: Said) -> str:
    return NAMES.get(said.where) or PEOPLE[f"U{said.where[1:]}"]


def described(said: Said) -> str:
    return f"{said.at:%a %d %H:%M} {place(said)}: {said.text[:150]!r}"


@contextmanager
def a_desk(outside, week: Week, settings, leave_out: frozenset[str] = frozenset()) -> Iterator[tuple[Team, Beat]]:
    """Everything planned has been announced the day before."""
    settings.TEAM_SLACK_CHANNEL, settings.ADVOCATES_SLACK_GROUP = f"#{TEAM}", world.SLACK_GROUPS["advocates"]
    settings.INCIDENT_SLACK_CHANNEL = "#incident-management"
    with scenario.settings_for(outside):
        team, beat = Team(week), Beat(outside, leave_out)
        for planned in (week.at(-1, "07:00"), week.at(-1, "13:00")):
            beat.tick(planned)
        beat.forget()
        yield team, beat


# --- the script -------------------------------------------------------------------------------------------------------


@dataclass
class Script:
    """People's actions and their times. Each step is one line; a new party is another method with its lines."""

    team: Team
    tickets: dict[str, Ticket]

    def steps(self) -> dict[datetime, object]:
        at = self.team.week.at
        return {
            at(0, "06:10"): lambda now: self._keep("digest", self.team.mention("Nice forum", now, self.team.digest)),
            at(0, "08:00"): lambda now: self._keep("handed", self.team.assigned("sam", "How do I cache?", now)),
            at(0, "15:50", AMS): lambda now: self._hand_over("sam", "lee", now),
            at(0, "16:45", NYC): lambda now: self._hand_over("lee", None, now),
            at(1, "01:30"): lambda now: self._keep("night", self.team.mention("We have a data loss", now)),
            at(1, "01:34"): lambda now: self._take("night", "nadia", now),
            at(1, "01:50"): lambda now: self._solve("night", now),
            at(1, "11:30"): lambda now: [self.team.mention(f"Is it {number}?", now) for number in range(20)],
            at(1, "12:30"): lambda now: self._keep("due", self.team.mention("When?", now, due_at=at(1, "15:00"))),
            at(4, "23:00"): lambda now: self._keep("untaken", self.team.mention("Again a data loss", now)),
            at(4, "23:40"): lambda now: self._take("untaken", "lee", now),
            at(5, "00:10"): lambda now: self._solve("untaken", now),
            at(6, "09:00"): lambda now: self._keep("left", self.team.assigned("sam", "Where is my swag?", now)),
            at(6, "10:00"): lambda now: self._ask("marked", "sam", now),
            at(6, "10:06"): lambda now: self._take("marked", "maria", now),
            at(6, "10:20"): lambda now: self._solve("marked", now),
        }

    def _keep(self, name: str, ticket: Ticket) -> None:
        self.tickets[name] = ticket

    def _hand_over(self, name: str, to: str | None, now: datetime) -> None:
        user = self.team.people[name]
        ours = Ticket.objects.filter(assignee=user, status="open")
        receiver = self.team.people[to] if to else None
        _day, refused = deciding.hand_over(user, receiver, {t.pk: Choice("pass") for t in ours}, now=now)
        assert refused == []

    def _ask(self, name: str, by: str, now: datetime) -> None:
        self._keep(name, self.team.mention("It is on the front page", now))
        calls.ask(self.tickets[name].pk, self.team.people[by], now=now)

    def _take(self, name: str, by: str, now: datetime) -> None:
        call = UrgentCall.objects.get(ticket=self.tickets[name])
        assert calls.take(call.pk, self.team.people[by], now).taken_by == self.team.people[by]

    def _solve(self, name: str, now: datetime) -> None:
        ticket = Ticket.objects.get(pk=self.tickets[name].pk)
        assert ticket.assignee is not None
        token = claims.claim(ticket.assignee, ticket.pk, now).claim_token
        outcomes.no_reply_needed(ticket.pk, ticket.assignee, token, reason="answered_by_others", now=now)


def announcements(week: Week) -> list[Expected]:
    """Everything posted in Slack within the week; something is urgent in the nights before Thursday and Monday."""
    at = week.at
    return [
        # Wednesday: what is open at the end of the day goes to the next, and from her to the queue.
        Expected(at(0, "15:30", AMS), "sam", "Your day is ending, and 1 conversation"),
        Expected(at(0, "15:50", AMS), TEAM, "Sam Okafor is going offline.(?s:.*)for Lee Tanaka"),
        Expected(at(0, "16:30", NYC), "lee", "Your day is ending, and 1 conversation"),
        Expected(at(0, "16:45", NYC), TEAM, "Lee Tanaka is going offline.(?s:.*)for whoever plays the queue"),
        # Night: the person on call is reached, and takes it.
        Expected(at(1, "01:30"), TEAM, "🚨 Urgent: .*data loss"),
        Expected(at(1, "01:30"), "nadia", "🚨 Urgent: .*data loss"),
        Expected(at(1, "01:34"), TEAM, "✋ Nadia Petrova is on it"),
        Expected(at(1, "01:50"), TEAM, "✅ This is settled"),
        # Thursday: release day, and the next one a week ahead; a digest; a crowd.
        Expected(at(1, "08:00", AMS), TEAM, "Acme: release day is today.\nDuty: <@U00000001>"),
        Expected(at(1, "08:00", AMS), "release-post", "<@U00000001> is answering what people say about Acme today"),
        Expected(at(1, "08:00", AMS), TEAM, "Runner: release day is Thursday(?s:.*)Duty: Lee Tanaka"),
        Expected(at(1, "09:00", NYC), "lee", "Runner: release day is Thursday"),
        Expected(at(1, "08:00"), TEAM, "Forum rotates on Thursday, .*: Lee Tanaka takes over"),
        Expected(at(1, "09:00", NYC), "lee", "Forum rotates on Thursday"),
        Expected(at(0, "08:00"), "questions", "1 mention since the last digest"),
        Expected(at(1, "11:30"), TEAM, "The queue is growing fast"),
        Expected(at(1, "15:30"), TEAM, "The queue is no longer growing fast"),
        Expected(at(1, "14:00"), TEAM, "1 mention is due soon"),
        # Four days before the slides are due is a holiday: the day before it, while she is on shift.
        Expected(at(1, "09:00", NYC), "maria", "Key meeting: the slides are due on Tuesday"),
        Expected(at(2, "08:00", AMS), TEAM, "Release day is over: 21 mentions"),
        # Sunday: the clocks change, Monday's gap is announced, and nobody takes what is urgent.
        Expected(at(4, "12:00"), TEAM, "Nobody is on shift at these covered hours"),
        Expected(at(4, "23:00"), TEAM, "🚨 Urgent: .*Again a data loss"),
        Expected(at(4, "23:00"), "nadia", "🚨 Urgent: .*Again a data loss"),
        Expected(at(4, "23:15"), "sam", "🚨 Urgent: .*Again a data loss", may_ping=True),
        Expected(at(4, "23:30"), "lee", "🚨 Urgent: .*Again a data loss", may_ping=True),
        Expected(at(4, "23:30"), "raj", "🚨 Urgent: .*Again a data loss", may_ping=True),
        Expected(at(4, "23:30"), TEAM, "<!subteam.*> nobody has taken this yet", may_ping=True),
        Expected(at(4, "23:40"), TEAM, "✋ Lee Tanaka is on it"),
        Expected(at(5, "00:10"), TEAM, "✅ This is settled"),
        # Monday and Tuesday: an hour earlier or later in UTC than last week.
        Expected(at(5, "08:00"), TEAM, "1 channel to check this week"),
        Expected(at(6, "08:00"), TEAM, "Merch: <@U00000001> takes over from <@U00000002> today"),
        Expected(at(6, "10:01"), TEAM, "🚨 <!subteam.*front page", may_ping=True),
        Expected(at(6, "10:06"), TEAM, "✋ Maria Lindqvist is on it"),
        Expected(at(6, "10:20"), TEAM, "✅ This is settled"),
        Expected(
            at(6, "09:00", NYC),
            TEAM,
            "the slides were due, and nobody has reported that they are up to date. Duty: <@U00000002>",
        ),
        Expected(at(6, "15:30", AMS), "sam", "Your day is ending, and 1 conversation"),
        Expected(at(6, "17:00", AMS), TEAM, "Sam Okafor’s day ended without a hand-over"),
    ]


def moments(week: Week, expected: list[Expected], steps: dict) -> list[datetime]:
    """Every expected minute and the one before it, so that nothing comes early unnoticed; every minute when people act
    and the one after it, when replies go out; and every sixth hour."""
    around = {each.at + minutes * MINUTE for each in expected for minutes in (-1, 0)}
    hours = {week.at(day, f"{hour:02}:00") for day in range(7) for hour in range(0, 24, 6)}
    return sorted(around | hours | {each + minutes * MINUTE for each in steps for minutes in (0, 1)})


def check(said: list[Said], expected: list[Expected]) -> None:
    """Each expected message once, and nothing else."""
    unsaid = [each for each in expected if sum(each.is_it(one) for one in said) != 1]
    unexpected = [one for one in said if not any(each.is_it(one) for each in expected)]
    wrong = [
        *(f"not once at its minute: {each}" for each in unsaid),
        *(f"unexpected: {described(one)}" for one in unexpected),
    ]
    assert wrong == [], "\n".join(wrong)


def pinged(said: Said) -> set[str]:
    """The people whom a message notifies; everybody for the user group."""
    found = {PEOPLE[each] for each in re.findall(r"<@(U\w+)>", said.text)}
    if said.where.startswith("D"):
        found.add(place(said))
    return {*found, *("sam", "maria", "lee", "nadia", "raj")} if "<!subteam" in said.text else found


def off_shift(team: Team, name: str, now: datetime) -> bool:
    user = team.people[name]
    return user not in roster.on_now(now) and user not in roster.on_call_now(now)


# --- the week ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("week", WEEKS, ids=lambda week: week.name)
def test_week_is_announced_once_at_its_minutes_and_reaches_only_who_is_there(outside, week, settings):
    with a_desk(outside, week, settings, PAUSES) as (team, beat):
        mail_channel = mailbox(outside)
        outage, helped = Outage(team, mail_channel), Help(team, mail_channel, beat)
        steps = {**Script(team, {}).steps(), **outage.steps(), **helped.steps()}
        parties = [*outage.announcements(), *helped.announcements()]
        expected = [*announcements(week), *(Expected(*each) for each in parties)]
        assert len(steps) == sum(len(each.steps()) for each in (Script(team, {}), outage, helped))
        beat.play(moments(week, expected, steps), steps)
        check(beat.said, expected)
        assert helped.is_settled()
        wrong = [
            f"{described(one)}: {name}"
            for one in beat.said
            for name in pinged(one)
            if (not helped.is_awake(one.at) if name == VOLUNTEER else off_shift(team, name, one.at))
            and not any(each.may_ping and each.is_it(one) for each in expected)
        ]
        assert wrong == []
        mailed = Counter(each.to[0].split("@")[0] for each in mail.outbox)
        assert mailed == {"lee": 1, "nadia": 2, "raj": 1, "sam": 2, VOLUNTEER: 4}
        assert unowned(team, week.at(7, "08:00", AMS)) == []


def unowned(team: Team, now: datetime) -> list[str]:
    """Open tickets outside the queue that nobody on shift holds. What is left on Tuesday is Sam's, who is back."""
    with time_machine.travel(now, tick=False):
        here = {user.pk for user in roster.on_now(now)}
        tickets = Ticket.objects.filter(status__in=("new", "open"))
        return [str(t) for t in tickets if not t.is_queued and t.assignee_id not in here and t.wake_at is None]


# --- six hours without a schedule -------------------------------------------------------------------------------------


def test_six_hours_without_a_schedule_say_what_was_missed_and_flood_nobody(outside, settings):
    """Both releases, an expertise, the digest, the end of Nadia's day and fifteen urgent mentions fall into Thursday's
    pause; what Slack hears after it comes once, and is short."""
    week = WEEKS[0]
    with a_desk(outside, week, settings) as (team, beat):
        down, back = week.at(1, "05:55"), week.at(1, "11:55")
        shifts.add_shifts(team.people["nadia"], week.day(1), time(2), time(9), ZoneInfo("UTC"))
        with time_machine.travel(down, tick=False):
            team.mention("Nice forum", down, team.digest)
        beat.tick(down)
        beat.forget()
        with time_machine.travel(down, tick=False):
            team.assigned("nadia", "How do I cache?", down)
            for number in range(15):
                team.mention(f"A data loss, says number {number}", down + 20 * (number + 1) * MINUTE)
        beat.play([back + minutes * MINUTE for minutes in (0, 1, 2, 5, 10, 14)], {})
        check(beat.said, after_the_pause(back))


def after_the_pause(back: datetime) -> list[Expected]:
    """The announcements that still make sense, at once; the team is called for five of fifteen urgent mentions."""
    missed = "was down for 6 h(?s:.*)Skipped:\n• the end-of-day reminder for 1 person$"
    return [
        Expected(back, TEAM, missed),
        Expected(back, TEAM, "Acme: release day is today.\nDuty: <@U00000001>"),
        Expected(back, "release-post", "is answering what people say about Acme today"),
        Expected(back, TEAM, "Runner: release day is Thursday"),
        Expected(back, TEAM, "Forum rotates on Thursday"),
        Expected(back, "questions", "1 mention since the last digest"),
        Expected(back, TEAM, "Nadia Petrova’s day ended without a hand-over"),
        Expected(back, TEAM, "4 mentions are due soon"),
        Expected(back, TEAM, "Many conversations match the rule “Outages” at once"),
        *(
            Expected(back, TEAM, f"🚨 <!subteam.*says number {number}\n(?s:.*)could not call")
            for number in range(10, 15)
        ),
    ]
