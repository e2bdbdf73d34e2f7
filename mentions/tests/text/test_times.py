"""Relative times in words."""

from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from mentions.text import times

NOW = datetime(2026, 11, 2, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("minutes", "words"),
    [(0, "0 min"), (59, "59 min"), (60, "1 h"), (130, "2 h 10 min"), (361, "6 h"), (47 * 60, "47 h"), (72 * 60, "3 d")],
)
def test_span_is_no_more_exact_than_needed(minutes, words):
    assert times.span(timedelta(minutes=minutes)) == words


def test_span_below_zero_is_zero():
    assert times.span(timedelta(minutes=-5)) == "0 min"


def test_due_says_overdue_in_words():
    assert times.due(NOW + timedelta(hours=4, minutes=50), NOW) == "due in 4 h 50 min"
    assert times.due(NOW - timedelta(minutes=20), NOW) == "overdue by 20 min"
    assert times.due_state(NOW - timedelta(minutes=20), NOW) == "overdue"
    assert times.due_state(NOW + timedelta(minutes=20), NOW, NOW) == "soon"
    assert times.due(NOW + timedelta(minutes=20), NOW, NOW) == "due soon, in 20 min"
    assert times.due_state(NOW + timedelta(minutes=20), NOW, NOW + timedelta(minutes=1)) == ""
    assert times.due_state(NOW + timedelta(hours=2), NOW) == ""


def test_old_times_are_dates():
    assert times.ago(NOW - timedelta(seconds=10), NOW) == "just now"
    assert times.ago(NOW - timedelta(days=3), NOW) == "3 d ago"
    assert times.ago(NOW - timedelta(days=30), NOW) == "3 Oct"
    assert times.ago(NOW - timedelta(days=400), NOW) == "28 Sep 2025"


@pytest.mark.parametrize(
    ("at", "words"),
    [
        (datetime(2026, 10, 25, 0, 30, tzinfo=UTC), "Sun 25 Oct 2026, 02:30 CEST"),
        (datetime(2026, 10, 25, 1, 30, tzinfo=UTC), "Sun 25 Oct 2026, 02:30 CET"),
    ],
)
def test_exact_times_name_the_zone_on_the_day_the_clocks_go_back(at, words):
    with timezone.override("Europe/Berlin"):
        assert times.exact(at) == words
