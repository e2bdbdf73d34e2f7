from datetime import UTC, date, datetime, timedelta

import pytest

from experts.directory.working_hours import Hours, after, is_working

PRAGUE = Hours("Europe/Prague", 9, 17)


def at(text):
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("start", "worked", "hours", "expected"),
    [
        ("2026-11-23T10:00", 4, PRAGUE, "2026-11-23T14:00"),
        ("2026-11-23T14:00", 4, PRAGUE, "2026-11-24T10:00"),
        ("2026-11-23T03:00", 0, PRAGUE, "2026-11-23T08:00"),
        ("2026-11-20T15:30", 4, PRAGUE, "2026-11-23T11:30"),
        ("2026-11-21T12:00", 1, PRAGUE, "2026-11-23T09:00"),
        ("2026-11-23T10:00", 8, Hours("Asia/Kolkata", 9, 17), "2026-11-24T10:00"),
        ("2026-11-23T10:00", 4, Hours("Europe/Prague", absent_until=date(2026, 11, 25)), "2026-11-26T12:00"),
        # The clocks change on Sunday 29 March: Monday's nine o'clock is an hour earlier in UTC.
        ("2026-03-27T15:00", 2, PRAGUE, "2026-03-30T08:00"),
        (
            "2026-11-23T10:00",
            4,
            Hours("Europe/Prague", absent_from=date(2026, 11, 25), absent_until=date(2026, 11, 27)),
            "2026-11-23T14:00",
        ),
        (
            "2026-11-24T15:00",
            4,
            Hours("Europe/Prague", absent_from=date(2026, 11, 25), absent_until=date(2026, 11, 27)),
            "2026-11-30T11:00",
        ),
        ("2026-11-23T10:00", 1, Hours("No/Where"), "2026-11-23T11:00"),
    ],
)
def test_after(start, worked, hours, expected):
    assert after(at(start), timedelta(hours=worked), hours) == at(expected)


def test_absence_without_an_end_is_bounded():
    start = at("2026-11-23T10:00")
    assert after(start, timedelta(hours=1), Hours(absent_until=date(2099, 1, 1))) == start + timedelta(days=60)


@pytest.mark.parametrize(
    ("moment", "works"),
    [("2026-11-23T08:00", True), ("2026-11-23T07:59", False), ("2026-11-23T16:00", False), ("2026-11-21T10:00", False)],
)
def test_is_working(moment, works):
    assert is_working(at(moment), PRAGUE) is works
