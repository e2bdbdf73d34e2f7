from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from mentions.clocks.clocks import Clocks, compute, recompute
from mentions.clocks.first_reply import TimedMessage
from mentions.clocks.targets import first_reply_due
from mentions.models import Ticket
from mentions.tests.factories import NOON, AuthorFactory, ChannelFactory, MessageFactory, TicketFactory


def hours(n: float) -> datetime:
    return NOON + timedelta(hours=n)


def clocks(*said: TimedMessage, **kwargs) -> Clocks:
    return compute(said, **{"posted_at": NOON, "channel_minutes": 420, "priority": 20, **kwargs})


def test_first_reply_is_the_first_team_message_after_the_question():
    result = clocks(
        TimedMessage(1, "team", hours(-1)),
        TimedMessage(2, "in", hours(0)),
        TimedMessage(4, "team", hours(3)),
        TimedMessage(3, "team", hours(2)),
    )
    assert (result.first_reply_at, result.first_reply_message_id) == (hours(2), 3)
    assert result.due_at is None


def test_automatic_and_deleted_replies_do_not_count():
    result = clocks(
        TimedMessage(1, "in", hours(0)),
        TimedMessage(2, "team", hours(1), is_auto=True),
        TimedMessage(3, "team", hours(2), is_deleted=True),
    )
    assert result.first_reply_at is None
    assert result.due_at == hours(7)


def test_a_reply_that_bounced_is_no_first_reply():
    result = clocks(
        TimedMessage(1, "in", hours(0)),
        TimedMessage(2, "team", hours(1), is_bounced=True),
        TimedMessage(3, "team", hours(9)),
    )
    assert result.first_reply_at == hours(9)
    waiting = clocks(TimedMessage(1, "in", hours(0)), TimedMessage(2, "team", hours(1), is_bounced=True))
    assert (waiting.due_at, waiting.queued_at) == (hours(7), hours(0))


def test_automatic_mail_does_not_start_a_clock():
    result = clocks(TimedMessage(1, "in", hours(-5), is_auto=True), TimedMessage(2, "in", hours(0)))
    assert result.posted_at == hours(0)
    assert clocks(TimedMessage(1, "in", hours(-5), is_auto=True)).due_at is None


def test_question_deleted_by_its_author_is_not_due_but_keeps_its_time():
    result = clocks(TimedMessage(1, "in", hours(0), is_deleted=True), TimedMessage(2, "team", hours(1)))
    assert result.first_reply_at == hours(1)
    assert clocks(TimedMessage(1, "in", hours(0), is_deleted=True)).due_at is None


def test_place_in_the_queue_is_the_oldest_message_after_our_last():
    result = clocks(
        TimedMessage(1, "in", hours(0)),
        TimedMessage(2, "team", hours(1)),
        TimedMessage(3, "in", hours(2)),
        TimedMessage(4, "in", hours(3)),
    )
    assert result.queued_at == hours(2)
    assert result.last_message_at == hours(3)


def test_reason_for_no_reply_ends_the_clock():
    assert clocks(TimedMessage(1, "in", hours(0)), no_reply_reason="praise").due_at is None


@pytest.mark.parametrize(
    ("priority", "minutes", "due"),
    [
        (20, None, 7),
        (30, None, 5),
        (40, None, 5),
        (10, None, 7),
        (20, 420, 7),
        (30, 420, 7),
        (40, 60, 1),
        (30, 1440, 24),
    ],
)
def test_due_is_the_channels_own_target_else_the_goal_of_the_priority(priority, minutes, due):
    assert first_reply_due(NOON, ChannelFactory.build(target_minutes=minutes), priority) == hours(due)


def test_due_counts_elapsed_time_over_a_change_of_the_clocks():
    """In Europe, 29 March 2026 has 23 hours and 25 October has 25; seven hours are always seven elapsed hours."""
    for at in (datetime(2026, 3, 29, 0, 30, tzinfo=UTC), datetime(2026, 10, 25, 0, 30, tzinfo=UTC)):
        assert first_reply_due(at, ChannelFactory.build(), 20) - at == timedelta(hours=7)


said = st.lists(
    st.tuples(
        st.sampled_from(["in", "team", "by"]),
        st.integers(-6, 6),
        st.booleans(),
        st.booleans(),
        st.booleans(),
    ),
    max_size=7,
)


class StatementAndFunction(TestCase):
    @classmethod
    def setUpTestData(cls):
        cls.channels = {
            (skips, minutes): ChannelFactory(target_minutes=minutes, skips_weekends=skips, name=f"{skips} {minutes}")
            for skips in (False, True)
            for minutes in (None, 400)
        }
        cls.author = AuthorFactory()

    @settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(
        rows=said,
        priority=st.sampled_from([20, 30]),
        reason=st.sampled_from(["", "praise"]),
        skips=st.booleans(),
        minutes=st.sampled_from([None, 400]),
        shift=st.integers(0, 7 * 24),
    )
    def test_statement_gives_what_the_function_gives(self, rows, priority, reason, skips, minutes, shift):
        rows = [(direction, at + shift, *flags) for direction, at, *flags in rows]
        ticket = TicketFactory(
            channel=self.channels[skips, minutes],
            requester=self.author,
            priority=priority,
            no_reply_reason=reason,
            posted_at=hours(-9),
        )
        messages = [
            MessageFactory(
                ticket=ticket,
                direction=direction,
                posted_at=hours(at),
                is_auto=auto,
                is_deleted=deleted,
                is_bounced=bounced and direction == "team",
                author=self.author,
            )
            for direction, at, auto, deleted, bounced in rows
        ]
        recompute([ticket.pk])
        expected = compute(
            [TimedMessage(m.pk, m.direction, m.posted_at, m.is_auto, m.is_deleted, m.is_bounced) for m in messages],
            posted_at=hours(-9),
            channel_minutes=minutes,
            priority=priority,
            no_reply_reason=reason,
            skips_weekends=skips,
        )
        row = Ticket.objects.values(*Clocks.__slots__).get(pk=ticket.pk)
        assert Clocks(**row) == expected
        assert recompute([ticket.pk]) == 0
