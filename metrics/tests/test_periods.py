from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from metrics.periods import BadPeriod, Period, asked, named

TODAY = date(2026, 11, 21)


def test_named_periods_include_today():
    assert named("7d", TODAY).days == [TODAY - timedelta(days=n) for n in range(6, -1, -1)]
    assert len(named("30d", TODAY).days) == 30
    assert named("this-month", TODAY).first == date(2026, 11, 1)
    last = named("last-month", TODAY)
    assert (last.first, last.last) == (date(2026, 10, 1), date(2026, 10, 31))


def test_last_month_of_january_is_december():
    assert named("last-month", date(2026, 1, 5)).first == date(2025, 12, 1)


def test_a_day_with_a_clock_change_has_25_hours():
    day = date(2026, 10, 25)
    period = Period(day, day, ZoneInfo("Europe/Berlin"))
    assert period.start == datetime(2026, 10, 24, 22, tzinfo=UTC)
    assert period.end - period.start == timedelta(hours=25)


def test_asked_takes_own_days():
    period = asked({"period": "custom", "from": "2026-11-01", "to": "2026-11-03"}, TODAY)
    assert period.days == [date(2026, 11, 1), date(2026, 11, 2), date(2026, 11, 3)]


def test_asked_without_a_period_is_thirty_days():
    assert asked({}, TODAY).name == "30d"


@pytest.mark.parametrize(
    "query",
    [
        {"period": "forever"},
        {"period": "custom", "from": "yesterday"},
        {"from": "2026-11-03", "to": "2026-11-01"},
        {"from": "1999-01-01", "to": "2026-11-01"},
        {"period": "custom"},
    ],
)
def test_asked_for_nonsense_says_so(query):
    with pytest.raises(BadPeriod):
        asked(query, TODAY)
