"""Shifts and absences follow the calendars; manual entries and unreadable events are left as they are."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.urls import reverse

from audit.models import Entry
from channels.models import Team
from channels.tests.loopback import Reply, serving
from mentions.models import Preference
from mentions.tests.factories import UserFactory
from team import calendar_feed, shifts
from team.calendars import following
from team.models import Absence, CalendarEntry, CalendarFeed, Shift
from team.tests.test_calendars_reading import calendar

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 2, 12, tzinfo=UTC)
SECRET = "https://calendar.example/private-0123456789abcdef/basic.ics"
VACATION = "UID:1\nSUMMARY:Ada: vacation\nDTSTART;VALUE=DATE:20261109\nDTEND;VALUE=DATE:20261114"
SHIFT = "UID:2\nSUMMARY:On duty\nATTENDEE:mailto:ben@acme.example\nDTSTART:20261109T080000Z\nDTEND:20261109T160000Z"
ON_CALL = "UID:3\nSUMMARY:On call: Ben Okoye\nDTSTART:20261109T200000Z\nDTEND:20261110T060000Z"


@pytest.fixture(autouse=True)
def people():
    named = {"ada": ("Ada", "Smith"), "ben": ("Ben", "Okoye")}
    return {
        name: UserFactory(username=name, role="advocate", first_name=first, last_name=last)
        for name, (first, last) in named.items()
    }


@pytest.fixture
def feed():
    return a_feed("Team")


def a_feed(name, **values):
    from channels.secrets.vault import seal

    return CalendarFeed.objects.create(name=name, secrets={"url": seal(SECRET)}, **values)


def read(feed, *events, now=NOW):
    feed.refresh_from_db()
    return following.read(feed, now, lambda url: calendar(*events))


def planned():
    return sorted(
        [(s.user.username, f"{s.starts_at:%d %H}–{s.ends_at:%d %H}", s.is_on_call) for s in Shift.objects.all()]
        + [(a.user.username, f"{a.first_day:%d}–{a.last_day:%d}", "away") for a in Absence.objects.all()],
        key=str,
    )


ALL = [("ada", "09–13", "away"), ("ben", "09 08–09 16", False), ("ben", "09 20–10 06", True)]


def test_events_become_absences_shifts_and_shifts_on_call_once(feed):
    for _twice in range(2):
        assert read(feed, VACATION, SHIFT, ON_CALL)
    assert planned() == ALL
    feed.refresh_from_db()
    assert (feed.error, feed.read_at, feed.problems) == ("", NOW, [])


def test_shifts_of_a_teams_calendar_cover_its_hours(feed):
    read(feed, SHIFT, VACATION)
    assert Shift.objects.get().team is None
    CalendarFeed.objects.update(team=Team.objects.create(name="Americas"))
    read(feed, SHIFT, VACATION)
    assert Shift.objects.get().team.name == "Americas"


def test_event_that_goes_is_gone_and_one_that_moves_moves(feed):
    read(feed, VACATION, SHIFT, ON_CALL)
    read(feed, VACATION.replace("1109", "1110"), ON_CALL)
    assert planned() == [("ada", "10–13", "away"), ("ben", "09 20–10 06", True)]
    read(feed)
    assert planned() == []
    assert not CalendarEntry.objects.exists()


@pytest.mark.parametrize("content", [b"<html>Log in</html>", b"\xff\xfe", b"BEGIN:VCALENDAR\r\nBEGIN:VEVENT"])
def test_broken_calendar_keeps_what_was_known_and_says_so(feed, content):
    read(feed, VACATION, SHIFT, ON_CALL)
    assert not following.read(feed, NOW + timedelta(hours=1), lambda url: content)
    assert planned() == ALL
    feed.refresh_from_db()
    assert feed.error
    assert feed.read_at == NOW
    assert SECRET not in feed.error
    assert read(feed, VACATION)
    feed.refresh_from_db()
    assert feed.error == ""


def test_what_was_entered_by_hand_is_not_touched(feed, people):
    shifts.add_absence(people["ada"], date(2026, 11, 9), date(2026, 11, 9))
    shifts.add_shifts(people["ben"], date(2026, 11, 9), time(8), time(12), ZoneInfo("UTC"), note="by hand")
    read(feed, VACATION, SHIFT)
    by_hand = [("ada", "09–09", "away"), ("ben", "09 08–09 12", False)]
    assert planned() == by_hand
    read(feed)
    assert planned() == by_hand


def test_event_that_moves_onto_an_entry_by_hand_gives_way(feed, people):
    read(feed, VACATION)
    shifts.add_absence(people["ada"], date(2026, 11, 10), date(2026, 11, 10))
    read(feed, VACATION.replace("1109", "1110"))
    assert planned() == [("ada", "10–10", "away")]


def test_two_calendars_with_the_same_event_make_one(feed):
    other = a_feed("Other")
    for each in (feed, other):
        read(each, VACATION)
    assert planned() == ALL[:1]


def test_past_stays_when_the_calendar_drops_it(feed):
    read(feed, VACATION, SHIFT)
    read(feed, now=NOW + timedelta(days=30))
    assert planned() == ALL[:2]


def test_what_cannot_be_mapped_is_listed_with_what_to_do(feed):
    read(
        feed,
        "UID:1\nSUMMARY:Zoe: vacation\nDTSTART;VALUE=DATE:20261109",
        "UID:2\nSUMMARY:Ada: dentist\nDTSTART:20261109T080000Z\nDTEND:20261109T090000Z",
        "UID:3\nSUMMARY:Ada: off\nDTSTART:20261109T080000Z\nDTEND:20261109T090000Z",
        "UID:4\nSUMMARY:Ada: shift\nDTSTART;VALUE=DATE:20261109",
        "UID:5\nSUMMARY:Team meeting\nDTSTART:20261109T080000Z\nDTEND:20261109T090000Z",
    )
    feed.refresh_from_db()
    assert planned() == []
    assert feed.problems == [
        "“Zoe: vacation” on 2026-11-09: The title names nobody from the team, and nobody from the team is invited.",
        "“Ada: dentist” on 2026-11-09: Add a word to the title that says what kind of event it is.",
        "“Ada: off” on 2026-11-09: Absences are whole days: make it an all-day event.",
        "“Ada: shift” on 2026-11-09: A shift needs times: make it an event with a beginning and an end.",
    ]


def test_own_calendar_is_its_persons_and_keeps_private_appointments_to_itself(people):
    feed = a_feed("Ada’s", user=people["ada"])
    read(feed, "UID:1\nSUMMARY:OOO\nDTSTART;VALUE=DATE:20261109", "UID:2\nSUMMARY:Dentist\nDTSTART:20261110T080000Z")
    assert planned() == [("ada", "09–09", "away")]
    feed.refresh_from_db()
    assert feed.problems == []


def test_words_are_whole_words_of_the_feed(people):
    feed = a_feed("Ada’s", user=people["ada"], away_words=["urlaub"])
    titles = ["Office hours", "Urlaub!", "PTO", "Beurlaubt"]
    read(feed, *(f"UID:{n}\nSUMMARY:{t}\nDTSTART;VALUE=DATE:2026111{n}" for n, t in enumerate(titles)))
    assert planned() == [("ada", "11–11", "away")]


def test_timed_absence_takes_the_days_that_it_fills_where_its_person_is(people):
    Preference.objects.create(user=people["ada"], time_zone="America/New_York")
    feed = a_feed("Ada’s", user=people["ada"])
    read(feed, "UID:1\nSUMMARY:PTO\nDTSTART:20261109T050000Z\nDTEND:20261111T050000Z")  # a full day in New York
    assert planned() == [("ada", "09–10", "away")]


def test_people_who_left_have_no_calendar(people):
    feed = a_feed("Ada’s", user=people["ada"])
    read(feed, "UID:1\nSUMMARY:PTO\nDTSTART;VALUE=DATE:20261109")
    people["ada"].is_active = False
    people["ada"].save()
    read(feed, "UID:1\nSUMMARY:PTO\nDTSTART;VALUE=DATE:20261109")
    assert planned() == []


def test_calendar_that_is_deleted_takes_with_it_what_is_to_come(feed):
    read(feed, VACATION, SHIFT)
    following.forget(feed, NOW + timedelta(days=10))
    assert planned() == [("ben", "09 08–09 16", False)]
    assert not CalendarFeed.objects.exists()


def test_what_the_release_before_deletes_comes_back(feed):
    read(feed, VACATION, SHIFT)
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM team_shift")
        cursor.execute("DELETE FROM team_absence")
    read(feed, VACATION, SHIFT)
    assert planned() == ALL[:2]


def test_own_feed_that_comes_back_makes_nothing(feed, people):
    shifts.add_shifts(people["ben"], date(2026, 11, 9), time(8), time(12), ZoneInfo("UTC"))
    shifts.add_absence(people["ada"], date(2026, 11, 9), date(2026, 11, 10))
    content = calendar_feed.calendar(NOW)
    Shift.objects.all().delete()
    Absence.objects.all().delete()
    assert following.read(feed, NOW, lambda url: content)
    assert planned() == []


# --- reading ----------------------------------------------------------------------------------------------------------


def test_calendars_are_read_each_quarter_of_an_hour_by_one_worker(feed):
    asked = []

    def fetch(url):
        asked.append(url)
        return calendar(VACATION)

    found = [following.read_due(NOW + timedelta(minutes=minute), fetch) for minute in range(31)]
    assert [minute for minute, count in enumerate(found) if count] == [0, 15, 30]
    assert asked == [SECRET] * 3
    CalendarFeed.objects.update(is_active=False)
    assert following.read_due(NOW + timedelta(days=1), fetch) == 0


def test_calendar_comes_over_the_wire(feed, settings):
    with serving(lambda seen: Reply(200, calendar(VACATION), {"Content-Type": "text/calendar"})) as server:
        from channels.secrets.vault import seal

        host = server.url.split("//")[1]
        settings.ALLOWED_PRIVATE_HOSTS = [host]
        feed.secrets = {"url": seal(f"{server.url}/secret-0123456789.ics")}
        feed.save()
        assert following.read(feed, NOW)
        settings.ALLOWED_PRIVATE_HOSTS = []
        assert not following.read(feed, NOW)
    assert planned() == ALL[:1]
    assert "https://" in feed.error


def test_addresses_inside_the_network_are_refused(feed, settings):
    from channels.secrets.vault import seal

    settings.ALLOWED_PRIVATE_HOSTS = []
    feed.secrets = {"url": seal("https://127.0.0.1/secret-0123456789.ics")}
    assert not following.read(feed, NOW)
    assert feed.error
    assert "secret-0123456789" not in feed.error


# --- the admin page ---------------------------------------------------------------------------------------------------


@pytest.fixture
def admin(client):
    user = UserFactory(username="root", role="admin", is_superuser=True, is_staff=True)
    client.force_login(user)
    return user


GIVEN = {
    "name": "Team", "away_words": '["off"]', "shift_words": '["shift"]', "on_call_words": '["on call"]',
    "time_zone": "UTC", "is_active": "on",
}  # fmt: skip


def test_coverage_page_tells_admins_of_a_calendar_that_cannot_be_read(client, admin, feed):
    page = reverse("team:coverage")
    words = "The calendar Team cannot be read"
    assert words not in client.get(page).content.decode()
    CalendarFeed.objects.update(error="It is gone.")
    assert words in client.get(page).content.decode()
    client.force_login(UserFactory(role="advocate"))
    assert words not in client.get(page).content.decode()


def test_address_is_entered_once_and_never_shown(client, admin):
    page = reverse("admin:team_calendarfeed_add")
    assert client.post(page, {**GIVEN, "address": "http://calendar.example/x.ics"}).status_code == 200
    assert not CalendarFeed.objects.exists()
    client.post(page, {**GIVEN, "address": SECRET.replace("https", "webcal")})
    feed = CalendarFeed.objects.get()
    assert feed.url == SECRET
    assert SECRET not in str(feed.secrets)
    assert Entry.objects.filter(kind="secret_changed").exists()
    page = reverse("admin:team_calendarfeed_change", args=[feed.pk])
    assert "private-0123456789abcdef" not in client.get(page).content.decode()
    client.post(page, {**GIVEN, "name": "Renamed", "address": ""})
    feed.refresh_from_db()
    assert (feed.name, feed.url, feed.due_at) == ("Renamed", SECRET, None)
