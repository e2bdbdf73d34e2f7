"""Coverage hours and reach match a slow, simple walk over tickets and messages, whatever happened in which order:
counted from the tickets and from roll-ups."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from channels.clocks import desk_now
from channels.models import Channel, Team
from mentions.clocks import covered
from mentions.models import Message, Ticket
from mentions.tests.factories import AuthorFactory, ChannelFactory, ConnectionFactory, UserFactory
from metrics.definitions import Filters
from metrics.hours import coverage_counts
from metrics.periods import Period
from metrics.reach import counts
from metrics.reach_keys import KEYS, LIMIT, NAMES
from metrics.reply_clock import CLOCKS
from metrics.rollups import keeping
from metrics.tests.test_rollups import ACTS, CHANGES, ZONES, History, middle, milliseconds

PAST = [night for night in CHANGES if night < datetime.now(UTC) - timedelta(days=30)]
"""Whoever changes coverage hours to come changes no figure, so the database notes only those that have begun. A history
and its hours last at most 26 days."""
REACH_NUMBERS = (
    {"views": 7},
    {"view_count": 9, "likes": 2},
    {"points": -3},
    {"views": "many", "reposts": 4},
    {"score": 10**14},
    {"comments": 3},
)
MORE = ("hours", "hours", "team", "reach", "reach", "reach", "asks", "answers")
SEEN = Counter()
EVERYTHING = (
    PAST[0],
    [*(act for n in range(len(REACH_NUMBERS)) for act in (("asks", n, 60), ("reach", n, 1))), ("hours", 2, 1)],
)
"""A history with all that is compared: random ones may miss some."""


@st.composite
def histories(draw):
    acts = st.tuples(st.sampled_from((*ACTS, *MORE)), st.integers(0, 5), st.integers(1, 900))
    return draw(st.sampled_from(PAST)), draw(st.lists(acts, min_size=12, max_size=28))


class CoveredHistory(History):
    """With the acts that only hours and reach need."""

    def hours(self, ticket, which):
        """Coverage hours of the desk or the team; sometimes none."""
        first = self.now - timedelta(days=3)
        days = [
            first.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=n) for n in range(which % 3 * 4)
        ]
        covered.publish(
            [(day.replace(hour=6 + which), day.replace(hour=17)) for day in days], (0, self.of_team.pk)[which % 2]
        )

    def team_changes(self, ticket, which):
        Channel.objects.filter(pk=ticket.channel_id).update(team=(None, self.of_team)[which % 2])

    def reach(self, ticket, which):
        said = Message.objects.filter(ticket=ticket).order_by("pk")
        if said:
            Message.objects.filter(pk=said[which % len(said)].pk).update(extra=REACH_NUMBERS[which])


class SidesAndReach(TestCase):
    @classmethod
    def setUpTestData(cls):
        connections = [ConnectionFactory(platform=name) for name in ("twitter", "twitter", "hackernews")]
        more = ({}, {"target_minutes": 60}, {"counts_coverage": True})
        cls.channels = [ChannelFactory(connection=feed, **each) for feed, each in zip(connections, more, strict=True)]
        cls.author, cls.us = AuthorFactory(), AuthorFactory(is_us=True)
        cls.manager, cls.team = UserFactory(role="manager"), Team.objects.create(name="Americas")

    @classmethod
    def tearDownClass(cls):
        super().tearDownClass()
        assert all(SEEN[name] for name in ("covered", "away", *NAMES)), SEEN

    @settings(
        max_examples=15,
        deadline=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=[HealthCheck.too_slow],
    )
    @given(histories())
    @example(EVERYTHING)
    def test_hours_and_reach_equal_the_slow_walk(self, history):
        begin, acts = history
        for zone in ZONES:
            keeping.build(zone)
        played = CoveredHistory(begin, self.channels, self.author, self.us, self.manager)
        played.of_team = self.team
        played.play([("team changes" if act == "team" else act, *rest) for act, *rest in acts])
        keeping.refresh(desk_now())
        walked = Ticket.objects.filter(merged_into=None).select_related("channel__connection")
        self.tickets = list(walked.prefetch_related("messages"))
        self.spans = {team: covered.load(team).spans for team in (covered.DESK, self.team.pk)}
        for zone in ZONES:
            assert keeping.differences(zone) == []
            first = (begin - timedelta(days=2)).astimezone(ZoneInfo(zone)).date()
            for skipped, days in ((0, 20), (1, 1), (2, 0)):
                start = first + timedelta(days=skipped)
                period = Period(start, start + timedelta(days=days), ZoneInfo(zone))
                for high in (False, True):
                    self.assert_sides(period, high)
                    self.assert_reach(period, high)

    def assert_sides(self, period, high):
        now = datetime(2027, 2, 1, tzinfo=UTC)
        for clock in CLOCKS:
            if clock.in_coverage:
                continue
            filters = Filters(period, high_only=high, clock=clock)
            tickets = Ticket.objects.all()
            slow = [shown(side) for side in coverage_counts.sides(tickets, filters, now)]
            assert [shown(side) for side in coverage_counts.rolled(tickets, filters, now)] == slow
            walked = self.walk_sides(period, high, clock.from_arrival)
            for number, side in enumerate(("covered", "away")):
                mentions, replied, seconds = walked[side]
                SEEN[side] += mentions
                median = middle(seconds, 0.5) if seconds else None
                said = slow[number]
                assert (said["mentions"], said["replied"], said["answered"]) == (mentions, replied, len(seconds))
                assert said["median"] == (None if median is None else round(median, 3))

    def walk_sides(self, period, high, from_arrival):
        """Side → mentions, first replies, reply times in seconds."""
        found = {side: [0, 0, []] for side in ("covered", "away")}
        for ticket in self.chosen(high):
            handed = ticket.no_reply_reason in ("expert_response", "community", "spam_reported")
            needed = not ticket.no_reply_reason or (handed and ticket.first_reply_at is not None)
            side = found[self.side_of(ticket.posted_at, ticket.channel.team_id)]
            if is_within(ticket.posted_at, period):
                side[0] += 1
                if needed and ticket.first_reply_at:
                    began = ticket.created_at if from_arrival else ticket.posted_at
                    side[2].append(max((ticket.first_reply_at - began).total_seconds(), 0))
            if needed and ticket.first_reply_at and is_within(ticket.first_reply_at, period):
                found[self.side_of(ticket.first_reply_at, ticket.channel.team_id)][1] += 1
        return found

    def assert_reach(self, period, high):
        filters = Filters(period, high_only=high)
        posted = filters.narrow(Ticket.objects.all()).filter(posted_at__gte=period.start, posted_at__lt=period.end)
        platforms = dict(Channel.objects.values_list("pk", "connection__platform"))
        slow = self.walk_reach(period, high)
        assert reported(counts.by_platform(posted)) == slow
        assert reported(counts.rolled_by_platform(filters, platforms)) == slow
        people = {}
        for ticket in self.chosen(high):
            if is_within(ticket.posted_at, period):
                people.setdefault(ticket.channel.connection.platform, []).append(ticket.requester_id)
        expected = {platform: (len(who), len(set(who))) for platform, who in people.items()}
        assert counts.people_by_platform(posted) == expected

    def walk_reach(self, period, high):
        """Platform → name → sum."""
        found = {}
        for ticket in self.chosen(high):
            if not is_within(ticket.posted_at, period):
                continue
            for name, keys in KEYS.items():
                said = []
                for message in ticket.messages.all():
                    if message.direction != "in" or message.is_deleted:
                        continue
                    values = [message.extra[key] for key in keys if isinstance(message.extra.get(key), int)]
                    said += [max(-LIMIT, min(LIMIT, value)) for value in values[:1]]
                if said:
                    SEEN[name] += 1
                    number = max(said) if name == "views" else sum(said)
                    of_platform = found.setdefault(ticket.channel.connection.platform, {})
                    of_platform[name] = of_platform.get(name, 0) + number
        return found

    def chosen(self, high):
        return [ticket for ticket in self.tickets if ticket.priority >= 30 or not high]

    def side_of(self, at, team):
        spans = self.spans[team or covered.DESK]
        is_in = not spans or at < spans[0][0] or any(start <= at < end for start, end in spans)
        return "covered" if is_in else "away"


def is_within(at, period):
    return period.first <= at.astimezone(period.tz).date() <= period.last


def reported(found):
    known = {platform: {n: value for n, value in each.items() if value is not None} for platform, each in found.items()}
    return {platform: each for platform, each in known.items() if each}


def shown(side):
    """The values that the table shows."""
    row = side.posted
    times = {name: milliseconds(getattr(row, name)) for name in ("median", "p75", "p90")}
    numbers = {name: getattr(row, name) for name in ("mentions", "answered", "within", "overdue")}
    return {**times, **numbers, "covered": side.covered, "replied": side.replied}
