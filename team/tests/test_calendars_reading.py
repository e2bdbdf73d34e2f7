"""Reading calendars: times, zones, recurrences, moved and cancelled events, and malicious files."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from dateutil.rrule import rrulestr
from hypothesis import assume, example, given
from hypothesis import strategies as st
from icalendar import vRecur

from team.calendars import reading, recurring
from team.calendars.reading import BadCalendar

FIRST, LAST = date(2026, 10, 1), date(2027, 1, 31)
BEGINNING = datetime.combine(date(2026, 6, 1), datetime.min.time())
BERLIN = ZoneInfo("Europe/Berlin")


def calendar(*events, more=""):
    bodies = "".join(f"BEGIN:VEVENT\r\n{event.strip()}\r\nEND:VEVENT\r\n" for event in events)
    text = f"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\n{more}{bodies}END:VCALENDAR\r\n"
    return "\r\n".join(text.splitlines()).encode()


def read(*events, more=""):
    return reading.read(calendar(*events, more=more), FIRST, LAST, BERLIN)


def starts(*events):
    return [each.start for each in read(*events).occurrences]


# --- times ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("lines", "start", "end"),
    [
        ("DTSTART;VALUE=DATE:20261109\nDTEND;VALUE=DATE:20261112", date(2026, 11, 9), date(2026, 11, 12)),
        ("DTSTART;VALUE=DATE:20261109", date(2026, 11, 9), date(2026, 11, 10)),
        (
            "DTSTART:20261109T080000Z\nDURATION:PT8H",
            datetime(2026, 11, 9, 8, tzinfo=UTC),
            datetime(2026, 11, 9, 16, tzinfo=UTC),
        ),
        (
            "DTSTART:20261109T080000\nDTEND:20261109T160000",  # no zone: the calendar's applies
            datetime(2026, 11, 9, 7, tzinfo=UTC),
            datetime(2026, 11, 9, 15, tzinfo=UTC),
        ),
        (
            "DTSTART;TZID=America/New_York:20261109T090000\nDTEND;TZID=America/New_York:20261109T170000",
            datetime(2026, 11, 9, 14, tzinfo=UTC),
            datetime(2026, 11, 9, 22, tzinfo=UTC),
        ),
    ],
)
def test_event_is_read_with_its_times(lines, start, end):
    (found,) = read(f"UID:1\nSUMMARY:Ada off\n{lines}").occurrences
    assert (found.title, found.start, found.end) == ("Ada off", start, end)


def test_weekly_shift_keeps_its_local_time_across_a_change_of_the_clocks():
    weekly = "UID:1\nDTSTART;TZID=Europe/Berlin:20261019T080000\nDTEND;TZID=Europe/Berlin:20261019T160000\n"
    found = read(f"{weekly}RRULE:FREQ=WEEKLY;COUNT=3").occurrences
    assert [each.start.astimezone(UTC).hour for each in found] == [6, 7, 7]
    assert [each.end.astimezone(UTC).hour for each in found] == [14, 15, 15]


def test_moved_cancelled_left_out_and_added_days():
    weekly = "UID:1\nSUMMARY:Shift\nDTSTART:20261102T080000Z\nDTEND:20261102T160000Z\nRRULE:FREQ=WEEKLY;COUNT=5\n"
    weekly += "EXDATE:20261109T080000Z\nRDATE:20261112T080000Z"
    moved = "UID:1\nRECURRENCE-ID:20261116T080000Z\nSUMMARY:Shift\nDTSTART:20261117T100000Z\nDTEND:20261117T180000Z"
    cancelled = "UID:1\nRECURRENCE-ID:20261123T080000Z\nSTATUS:CANCELLED\nDTSTART:20261123T080000Z"
    found = read(weekly, moved, cancelled).occurrences
    assert sorted((each.start.day, each.start.hour) for each in found if each.start.month == 11) == [
        (2, 8), (12, 8), (17, 10), (30, 8)
    ]  # fmt: skip
    assert len({each.key for each in found}) == 4


def test_key_of_a_moved_occurrence_stays():
    weekly = "UID:1\nDTSTART:20261102T080000Z\nRRULE:FREQ=WEEKLY;COUNT=1\n"
    moved = "UID:1\nRECURRENCE-ID:20261102T080000Z\nDTSTART:20261103T100000Z"
    assert [each.key for each in read(weekly).occurrences] == [each.key for each in read(weekly, moved).occurrences]


def test_newest_version_of_an_event_counts():
    assert starts(
        "UID:1\nSEQUENCE:2\nDTSTART;VALUE=DATE:20261110", "UID:1\nSEQUENCE:1\nDTSTART;VALUE=DATE:20261109"
    ) == [date(2026, 11, 10)]


def test_nothing_outside_of_the_days_is_read():
    assert starts(*(f"UID:{year}\nDTSTART;VALUE=DATE:{year}1109" for year in (1900, 2020, 2026, 2099))) == [
        date(2026, 11, 9)
    ]


def test_people_who_have_declined_are_not_invited():
    event = "UID:1\nDTSTART;VALUE=DATE:20261109\nORGANIZER:mailto:Boss@acme.example\n"
    event += "ATTENDEE;PARTSTAT=DECLINED:mailto:no@acme.example\nATTENDEE;PARTSTAT=ACCEPTED:MAILTO:Ada@acme.example"
    (found,) = read(event).occurrences
    assert found.mails == ("ada@acme.example", "boss@acme.example")


# --- recurrences ------------------------------------------------------------------------------------------------------

WEEKDAYS = st.lists(st.sampled_from(recurring.MONDAY), max_size=3, unique=True)
NUMBERED = st.lists(st.tuples(st.sampled_from([1, 2, 4, -1, -2]), st.sampled_from(recurring.MONDAY)), max_size=2)


@st.composite
def rules(draw):
    frequency = draw(st.sampled_from(recurring.FREQUENCIES))
    parts = [f"FREQ={frequency}", f"INTERVAL={draw(st.integers(1, 4))}"]
    months = draw(st.lists(st.integers(1, 12), max_size=3, unique=True))
    days = draw(st.lists(st.sampled_from([1, 2, 15, 28, 30, 31, -1, -3]), max_size=2, unique=True))
    plain, numbered = draw(WEEKDAYS), draw(NUMBERED)
    parts += [f"BYMONTH={','.join(map(str, months))}"] if months else []
    parts += [f"BYMONTHDAY={','.join(map(str, days))}"] if days and frequency != "WEEKLY" else []
    if frequency in ("MONTHLY", "YEARLY"):
        # Not both: given a plain Monday and a second Monday, dateutil takes the intersection (RFC 5545: the union).
        named = plain or [f"{number}{day}" for number, day in numbered]
        named = named if frequency == "MONTHLY" or months else []
    else:
        named = plain
    parts += [f"BYDAY={','.join(named)}"] if named else []
    parts += draw(st.sampled_from([[], ["COUNT=7"], ["UNTIL=20270110"], ["WKST=SU"]]))
    return ";".join(parts)


@given(rule=rules(), first=st.dates(date(2026, 6, 1), date(2026, 12, 31)))
@example(rule="FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,SU;WKST=SU", first=date(2026, 10, 6))
@example(rule="FREQ=MONTHLY;BYMONTHDAY=31", first=date(2026, 8, 31))
@example(rule="FREQ=YEARLY;BYMONTH=11;BYDAY=-1TH", first=date(2026, 7, 1))
def test_days_are_those_of_a_second_reader_of_the_standard(rule, first):
    parsed = rrulestr(rule, dtstart=datetime.combine(first, datetime.min.time()))
    end = datetime.combine(LAST, datetime.min.time())
    theirs = [each.date() for each in parsed.between(BEGINNING, end, inc=True)]
    assume(theirs[:1] == [first])  # otherwise our rule counts the first day and dateutil's doesn't
    ours = list(recurring.days(recurring.rule_of(vRecur.from_ical(rule)), first, date(2026, 6, 1), LAST))
    assert ours == theirs


# --- malicious files --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "This is not an iCalendar file"),
        (b"<html><title>Log in</title></html>", "perhaps it is a login page"),
        ("BEGIN:VCALENDAR\r\nSUMMARY:Ünlesbar\r\nEND:VCALENDAR".encode("utf-16"), "not UTF-8"),
        (calendar("UID:1\nSUMMARY:Grün").decode().encode("latin-1"), "not UTF-8"),
        (b"BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nUID:1", "damaged"),
        (b"BEGIN:VCALENDAR\r\n" + b"BEGIN:VEVENT\r\n" * 500, "more than 20000 events"),
        (b"BEGIN:VCALENDAR\r\n" + b"BEGIN:VEVENT\r\nEND:VEVENT\r\n" * 20_001, "more than 20000 events"),
        (
            calendar(*(f"UID:{n}\nDTSTART:20261009T080000Z\nRRULE:FREQ=DAILY" for n in range(60))),
            "more than 5000 events within",
        ),
    ],
)
def test_calendar_that_cannot_be_read_says_what_to_do(content, says):
    with pytest.raises(BadCalendar, match=says):
        reading.read(content, FIRST, LAST, BERLIN)


@pytest.mark.parametrize(
    "rule",
    [
        "FREQ=SECONDLY", "FREQ=MINUTELY;COUNT=5", "FREQ=DAILY;BYSETPOS=1", "FREQ=YEARLY;BYWEEKNO=20",
        "FREQ=DAILY;INTERVAL=100000", "FREQ=YEARLY;BYDAY=1MO",
    ],
)  # fmt: skip
def test_recurrence_that_is_not_read_is_listed_and_the_rest_is_read(rule):
    found = read(
        f"UID:1\nSUMMARY:Ada off\nDTSTART:20261009T080000Z\nRRULE:{rule}", "UID:2\nDTSTART;VALUE=DATE:20261109"
    )
    assert [each.start for each in found.occurrences] == [date(2026, 11, 9)]
    (problem,) = found.problems
    says = ("It repeats more often", "The desk does not support the way it repeats")
    assert problem.removeprefix("Ada off: ").startswith(says)


@pytest.mark.parametrize(
    "rule", ["FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30", "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=31", "FREQ=DAILY;COUNT=999999999"]
)
def test_endless_recurrence_looks_at_each_day_once(rule, monkeypatch):
    looked, real = [], recurring.recurs
    monkeypatch.setattr(recurring, "recurs", lambda *args: looked.append(args[2]) or real(*args))
    found = read(f"UID:1\nDTSTART;VALUE=DATE:20200101\nRRULE:{rule}")
    assert len(looked) == len(set(looked)) < 3000
    assert len(found.occurrences) <= (LAST - FIRST + timedelta(days=2)).days


@pytest.mark.parametrize("lines", ["SUMMARY:Ada off", "DTSTART:tomorrow", "DTSTART:20269999T999999Z"])
def test_event_with_odd_times_stops_no_other(lines):
    found = read(f"UID:1\n{lines}", "UID:2\nDTSTART;VALUE=DATE:20261109")
    assert [each.start for each in found.occurrences] == [date(2026, 11, 9)]
