"""Outcomes match a slow, simple walk over the messages, replies and events, whatever happened in which order."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from channels.clocks import desk_now
from mentions.clocks import clocks
from mentions.clocks.first_reply import IS_REPLY_SQL
from mentions.models import Event, Message, Reply, Ticket
from mentions.models.event import CAME_BACK, came_back_sql
from mentions.models.message import IS_REPLY
from mentions.tests.factories import (
    AuthorFactory,
    ChannelFactory,
    EventFactory,
    MessageFactory,
    TicketFactory,
    UserFactory,
)
from mentions.triage import merging, outcomes
from metrics import outcome_conditions as conditions
from metrics.definitions import Filters, figure
from metrics.outcomes import outcome_counts, rolled
from metrics.periods import Period
from metrics.rollups import keeping
from metrics.tests.test_rollups import CHANGES, ZONES, History, middle

NOISE = ("automatic", "own", "spam")
ACTS = (
    *("asks", "asks", "writes", "writes", "answers", "answers", "answers from the desk", "automatic"),
    *("automatic answer", "deleted", "author deletes", "bounced", "imported late", "at the same moment"),
    *("solved", "answers and solves", "reopened", "comes back", "undone", "reason", "handed over", "noise", "merged"),
    *("channel", "not delivered", "not delivered", "at the same moment", "at the same moment"),
    *("is quickly solved", "is quickly solved", "is quickly solved", "comes back"),
)

EVERYTHING = [
    *(("asks", 0, 30), ("answers", 0, 30), ("writes", 0, 30), ("answers", 0, 30), ("writes", 0, 30)),
    *(("not delivered", 0, 30), ("is quickly solved", 0, 30)),
    *(("asks", 2, 30), ("answers", 2, 30), ("solved", 2, 30), ("comes back", 2, 30)),
]
"""At least one of each outcome, so that every run has them."""


@st.composite
def histories(draw, acts=ACTS):
    acts = st.tuples(st.sampled_from(acts), st.integers(0, 5), st.integers(1, 700))
    return draw(st.sampled_from(CHANGES)), draw(st.lists(acts, min_size=14, max_size=30))


class LongerHistory(History):
    """With the acts that only outcomes need."""

    def writes(self, ticket, which):
        self.says(ticket)

    def answers_and_solves(self, ticket, which):
        self.says(ticket, direction="team", author=self.us)
        self.solved(ticket, which)

    def is_quickly_solved(self, ticket, which):
        """Adds another ticket."""
        self.opens(len(self.ids), which, 30)
        self.now += HOUR
        self.answers_and_solves(Ticket.objects.get(pk=self.ids[-1]), which)

    def at_the_same_moment(self, ticket, which):
        for direction, author in (("in", self.author), ("team", self.us))[:: 1 if which % 2 else -1]:
            self.says(ticket, direction=direction, author=author)

    def answers_from_the_desk(self, ticket, which):
        if not ticket.merged_into_id:
            message = MessageFactory(ticket=ticket, posted_at=self.now, direction="team", author=self.us)
            self.reply(ticket, "sent", message)
            clocks.recompute([ticket.pk])

    def not_delivered(self, ticket, which):
        state = ("failed", "uncertain", "blocked", "undone", "queued", "deleted")[which]
        if state != "deleted":
            self.reply(ticket, state, None)
        elif not ticket.merged_into_id:
            values = {"direction": "team", "author": self.us, "is_bounced": True}
            self.reply(ticket, state, MessageFactory(ticket=ticket, posted_at=self.now, **values))

    def reply(self, ticket, state, message):
        if not ticket.merged_into_id:
            values = {"author": self.manager, "channel": ticket.channel, "state": state, "message": message}
            times = {"created_at": self.now, "send_at": self.now}
            Reply.objects.create(ticket=ticket, key=uuid4(), guard_message_id=0, **times, **values)

    def author_deletes(self, ticket, which):
        asked = list(Message.objects.filter(ticket=ticket, direction="in").order_by("pk"))
        if asked:
            Message.objects.filter(pk=asked[which % len(asked)].pk).update(is_deleted=True)
            clocks.recompute([ticket.pk])

    def noise(self, ticket, which):
        self._set(ticket, status="solved", solved_at=self.now, no_reply_reason=NOISE[which % 3])

    def comes_back(self, ticket, which):
        """As ingest records it."""
        if ticket.status == "solved":
            self._set(ticket, status="open", solved_at=None)
            EventFactory(ticket=ticket, at=self.now, kind="status", data={"from": "solved", "to": "open"})

    def undone(self, ticket, which):
        if ticket.status == "solved":
            data = {"from": {"status": "solved"}, "to": {"status": "open"}}
            EventFactory(ticket=ticket, at=self.now, kind=("undone", "blocked")[which % 2], data=data)

    def merged(self, ticket, which):
        others = [pk for pk in Ticket.objects.filter(merged_into=None).values_list("pk", flat=True) if pk != ticket.pk]
        if others and not ticket.merged_into_id:
            merging.merge([others[which % len(others)]], ticket.pk, self.manager, self.now)


# --- the oracle -------------------------------------------------------------------------------------------------------


def waits(said, with_noise):
    """(asked, answered or None, whether any of its messages isn't deleted) for each wait in one conversation."""
    asked, is_live = None, False
    for message in sorted(said, key=lambda m: (m.posted_at, m.direction == "team")):
        if message.direction == "in" and (with_noise or not message.is_auto):
            asked = asked or message.posted_at
            is_live = is_live or not message.is_deleted
        elif is_reply(message) and asked:
            yield asked, message.posted_at, is_live
            asked, is_live = None, False
    if asked:
        yield asked, None, is_live


def is_reply(message):
    return message.direction == "team" and not (message.is_auto or message.is_deleted or message.is_bounced)


def everything():
    """All tickets, with what `oracle` walks over."""
    return list(Ticket.objects.prefetch_related("messages", "events", "replies__message"))


def reopenings(ticket, tickets):
    """The reopenings of the ticket and of everything merged into it."""
    for event in ticket.events.all():
        before, after = event.data.get("from"), event.data.get("to")
        if isinstance(before, dict):
            before, after = before.get("status"), after.get("status")
        if (before, after) == ("solved", "open") and event.kind not in ("undone", "blocked"):
            yield event.at
    for source in tickets:
        if source.merged_into_id == ticket.pk:
            yield from reopenings(source, tickets)


def oracle(tickets, period, with_noise):
    """figure → tickets (for waits: ticket → count), and all seconds: name → channel → list."""

    def is_then(at):
        return at is not None and period.first <= at.astimezone(period.tz).date() <= period.last

    found = {name: Counter() for name in (*conditions.NAMES, "mentions", "no_reply")}
    seconds = {"next_reply": {}, "resolution": {}}
    for ticket in tickets:
        if ticket.merged_into_id:
            continue
        said, is_noise = list(ticket.messages.all()), ticket.no_reply_reason in NOISE
        handed = ticket.no_reply_reason == "expert_response"
        answered = ticket.first_reply_at is not None
        needed = not ticket.no_reply_reason or (handed and answered)
        if is_then(ticket.posted_at):
            found["mentions"][ticket.pk] = 1
            if not needed and not (with_noise and is_noise and answered):
                found["no_reply"][ticket.pk] = 1
        is_in = needed or (with_noise and is_noise)
        for asked, ended, is_live in waits(said, with_noise):
            if is_in and is_then(asked) and ended:
                found["next_replies"][ticket.pk] += 1
                seconds["next_reply"].setdefault(ticket.channel_id, []).append((ended - asked).total_seconds())
            if is_in and is_then(asked) and not ended and is_live and ticket.status in ("new", "open"):
                found["next_waiting"][ticket.pk] = 1
        came_back = list(reopenings(ticket, tickets))
        if is_in and is_then(ticket.solved_at):
            found["resolved"][ticket.pk] = 1
            took = max((ticket.solved_at - ticket.posted_at).total_seconds(), 0)
            seconds["resolution"].setdefault(ticket.channel_id, []).append(took)
            if not came_back and sum(map(is_reply, said)) == 1:
                found["one_touch"][ticket.pk] = 1
        if is_noise and not with_noise:
            continue
        if any(map(is_then, came_back)):
            found["reopened"][ticket.pk] = 1
        sent = {reply.message_id for reply in ticket.replies.all()}
        late = [m for m in said if is_reply(m) and m.posted_at >= ticket.posted_at and m.pk not in sent]
        if any(is_then(m.posted_at) for m in late):
            found["answered_outside"][ticket.pk] = 1
        for reply in ticket.replies.all():
            is_lost = reply.state == "deleted" and reply.message.is_bounced
            if (reply.state in ("failed", "uncertain") or is_lost) and is_then(reply.created_at):
                found["undelivered"][ticket.pk] = 1
    return found, seconds


def assert_equals_the_oracle(tickets, period, now, with_noise, of_rollups=None):
    """Returns the number of tickets per figure."""
    found, seconds = oracle(tickets, period, with_noise)
    counted = of_rollups or outcome_counts.outcomes(Ticket.objects.all(), Filters(period, with_noise=with_noise), now)
    channel_of = {ticket.pk: ticket.channel_id for ticket in tickets}
    for name, expected in found.items():
        listed = Ticket.objects.filter(figure(name, period, now, with_noise=with_noise), merged_into=None)
        assert set(listed.values_list("pk", flat=True)) == set(expected), name
        by_channel = Counter()
        for pk, count in expected.items():
            by_channel[channel_of[pk]] += count
        assert counted.count(name) == by_channel.total(), name
        assert {key: counted.count(name, key) for key in counted.channels} | by_channel == {
            key: by_channel[key] for key in counted.channels
        }, name
    shares = conditions.waits_of_ticket(period, with_noise=with_noise)
    each = dict(Ticket.objects.filter(pk__in=found["next_replies"]).annotate(n=shares).values_list("pk", "n"))
    assert each == found["next_replies"]
    for which, by_channel in seconds.items():
        times = getattr(counted, which)
        every = [value for values in by_channel.values() for value in values]
        for key, values in {**by_channel, **({None: every} if every else {})}.items():
            for name, share in (("median", 0.5), ("p75", 0.75), ("p90", 0.9)):
                assert getattr(times[key], name).total_seconds() == pytest.approx(middle(values, share), abs=1e-3)
        assert set(times) == {*by_channel, *([None] if every else [])}
    return Counter({name: len(expected) for name, expected in found.items()})


class Outcomes(TestCase):
    seen = Counter()
    """Figure → how many tickets the histories had in it."""

    @classmethod
    def setUpTestData(cls):
        cls.channels = [ChannelFactory() for _ in range(3)]
        cls.author, cls.us = AuthorFactory(), AuthorFactory(is_us=True)
        cls.manager = UserFactory(role="manager")

    @classmethod
    def tearDownClass(cls):
        super().tearDownClass()
        assert all(cls.seen[name] for name in conditions.NAMES), f"no history had some of them: {cls.seen}"

    @settings(
        max_examples=50,
        deadline=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=[HealthCheck.too_slow],
    )
    @example((CHANGES[0], EVERYTHING), 5, ZONES[0])
    @given(histories(), st.integers(1, 5), st.sampled_from(ZONES))
    def test_outcomes_equal_the_slow_count(self, history, days, zone):
        begin, acts = history
        played = LongerHistory(begin, self.channels, self.author, self.us, self.manager)
        played.play(acts)
        first = (begin - timedelta(days=1)).astimezone(ZoneInfo(zone)).date()
        period = Period(first, first + timedelta(days=days), ZoneInfo(zone))
        tickets = everything()
        for with_noise in (False, True):
            self.seen.update(assert_equals_the_oracle(tickets, period, played.now, with_noise))

    @settings(
        max_examples=12,
        deadline=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=[HealthCheck.too_slow],
    )
    @example((CHANGES[0], EVERYTHING))
    @given(histories(acts=(*ACTS, "refresh", "refresh", "priority", "removed")))
    def test_rollups_of_outcomes_equal_the_slow_count(self, history):
        """Refreshed in between and at the end, over one day, over several, and rebuilt."""
        begin, acts = history
        for zone in ZONES:
            keeping.build(zone)
        played = LongerHistory(begin, self.channels, self.author, self.us, self.manager)
        played.play(acts)
        keeping.refresh(desk_now())
        tickets = everything()
        for zone in ZONES:
            assert keeping.differences(zone) == []
            first = (begin - timedelta(days=2)).astimezone(ZoneInfo(zone)).date()
            for skipped, days in ((0, 7), (1, 2), (2, 0), (3, 0), (3, 3)):
                start = first + timedelta(days=skipped)
                period = Period(start, start + timedelta(days=days), ZoneInfo(zone))
                said = outcome_counts.named(rolled.outcomes(Filters(period), is_before=False))
                self.seen.update(assert_equals_the_oracle(tickets, period, played.now, False, said))


# --- single cases -----------------------------------------------------------------------------------------------------

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 11, 18, 12, tzinfo=UTC)
WEEK = Period(NOON.date() - timedelta(days=2), NOON.date() + timedelta(days=4))
HOUR = timedelta(hours=1)


def behind(name, **more):
    return set(Ticket.objects.filter(figure(name, WEEK, NOON + 50 * HOUR, **more)).values_list("pk", flat=True))


def conversation(*said, **values):
    """A ticket with messages, each (direction, hours after noon)."""
    ticket = TicketFactory(posted_at=NOON, **values)
    us = AuthorFactory(is_us=True)
    for direction, hours, *more in said:
        author = us if direction == "team" else ticket.requester
        MessageFactory(ticket=ticket, direction=direction, author=author, posted_at=NOON + hours * HOUR, **dict(*more))
    clocks.recompute([ticket.pk])
    ticket.refresh_from_db()
    return ticket


def times():
    return outcome_counts.outcomes(Ticket.objects.all(), Filters(WEEK), NOON + 50 * HOUR)


def test_each_wait_counts_once_from_the_oldest_unanswered_message():
    """Asked at 0 and 1, answered at 3; asked at 5 and 9, answered at 10 and 11."""
    conversation(("in", 0), ("in", 1), ("team", 3), ("in", 5), ("in", 9), ("team", 10), ("team", 11), ("in", 20))
    found = times().next_reply[None]
    assert (found.count, found.median, found.p90) == (2, 4 * HOUR, timedelta(hours=4.8))
    assert behind("next_waiting")


def test_the_first_wait_is_the_first_reply_time_even_if_the_question_is_deleted_later():
    ticket = conversation(("in", 0, {"is_deleted": True}), ("in", 2), ("team", 3))
    assert ticket.first_reply_at - ticket.posted_at == times().next_reply[None].median == 3 * HOUR


@pytest.mark.parametrize("order", [1, -1])
def test_a_reply_of_the_same_moment_answers_whichever_came_in_first(order):
    conversation(("in", 0), *[("in", 3), ("team", 3)][::order])
    assert (times().next_reply[None].count, times().next_reply[None].median) == (1, 3 * HOUR)
    assert not behind("next_waiting")


def test_what_was_merged_twice_keeps_its_reopening():
    mo = UserFactory(role="admin")
    first, second, third = (conversation(("in", 0), ("team", 1)) for _ in range(3))
    EventFactory(ticket=first, at=NOON + HOUR, kind="status", data={"from": "solved", "to": "open", "why": "message"})
    merging.merge([first.pk], second.pk, mo, NOON + 2 * HOUR)
    merging.merge([second.pk], third.pk, mo, NOON + 3 * HOUR)
    Ticket.objects.filter(pk=third.pk).update(status="solved", solved_at=NOON + 4 * HOUR)
    assert third.pk in behind("reopened")
    assert third.pk in behind("resolved") - behind("one_touch")


@pytest.mark.parametrize("flag", ["is_deleted", "is_bounced", "is_auto"])
def test_a_reply_that_is_none_ends_no_wait_and_touches_nothing(flag):
    conversation(("in", 0), ("team", 1, {flag: True}), ("team", 6), status="solved", solved_at=NOON + 7 * HOUR)
    assert times().next_reply[None].median == 6 * HOUR
    assert behind("one_touch") == behind("resolved") != set()


def test_a_real_reopening_ends_one_touch_and_an_undone_solve_does_not():
    mo = UserFactory(role="admin")
    first, second = (conversation(("in", 0), ("team", 1)) for _ in range(2))
    for ticket in (first, second):
        event = outcomes.solve(ticket.pk, mo, None, now=NOON + 2 * HOUR)
    outcomes.undo(event.pk, mo, NOON + 2 * HOUR + timedelta(seconds=5))
    Ticket.objects.filter(pk=second.pk).update(claimed_by=None, claim_token=None, claim_expires_at=None)
    outcomes.solve(second.pk, mo, None, now=NOON + 3 * HOUR)
    assert behind("one_touch") == {first.pk, second.pk}
    outcomes.reopen(first.pk, mo, now=NOON + 4 * HOUR)
    outcomes.solve(first.pk, mo, None, now=NOON + 5 * HOUR)
    assert behind("one_touch") == {second.pk}
    assert behind("reopened") == {first.pk}


@pytest.mark.parametrize("reason", NOISE)
def test_what_is_left_out_is_counted_where_it_is_asked_for(reason):
    values = {"status": "solved", "solved_at": NOON + 2 * HOUR, "no_reply_reason": reason, "due_at": None}
    ticket = conversation(("in", 0), ("team", 1), **values)
    for name in ("answered", "within", "replied", "next_replies", "resolved", "one_touch", "answered_outside"):
        assert (behind(name), behind(name, with_noise=True)) == (set(), {ticket.pk}), name
    assert (behind("no_reply"), behind("no_reply", with_noise=True)) == ({ticket.pk}, set())


BACK_SQL = came_back_sql("mentions_event")


@pytest.mark.parametrize(
    ("index", "rows"),
    [
        ("event_came_back", lambda: Event.objects.filter(CAME_BACK).order_by("at").values("ticket", "kind")),
        ("event_reopening", lambda: Event.objects.filter(CAME_BACK, ticket=1).order_by().values("at", "kind")),
        ("event_reopening", lambda: Event.objects.order_by().extra(where=[BACK_SQL, "ticket_id = 1"]).values("at")),
        ("message_times", lambda: Message.objects.filter(posted_at__gt=NOON).values("ticket", "direction")),
        ("message_answers", lambda: Message.objects.filter(IS_REPLY, posted_at__gt=NOON).values("ticket")),
        ("message_answers", lambda: Message.objects.extra(where=[IS_REPLY_SQL, "posted_at > now()"]).values("ticket")),
        ("message_said", lambda: Message.objects.extra(where=[conditions.said(with_noise=False)]).values("ticket")),
    ],
)
def test_an_index_holds_what_is_counted(index, rows):
    """The index matches the query's condition and columns, so no table row is read."""
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off")
    assert f"Index Only Scan using {index}" in rows().explain()


def test_the_page_says_what_is_left_out_and_the_choice_stays():
    cache.clear()
    client = Client()
    client.force_login(UserFactory(role="manager"))
    TicketFactory(posted_at=timezone.now() - HOUR)
    for name in ("outcomes", "first-reply", "channels", "activity", "overview", "hours", "release-day"):
        address = reverse("metrics:report", args=[name])
        plain, chosen = (client.get(address, query).content.decode() for query in ({}, {"noise": "1"}))
        assert "spam are left out of reply times" in plain, name
        assert "spam count in reply times" in chosen, name
        assert '<option value="1" selected>Include' in chosen, name
    assert 'id="noise"' not in client.get("/reports/tags/").content.decode()
