"""The coverage page and its calendar feed."""

from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from icalendar import Calendar

from channels.models import Team
from mentions.models import Preference
from mentions.tests.factories import UserFactory
from team import calendar_feed, shifts
from team.models import Absence, Contact, CoverageHours, Shift
from team.models.coverage import FIRST_DAY, LAST_DAY

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 23, 10, tzinfo=UTC)
PAGE = "/coverage/"


@pytest.fixture(autouse=True)
def _monday(stop_clock):
    stop_clock(NOW)


@pytest.fixture
def hours():
    for weekday in range(5):
        CoverageHours.objects.create(weekday=weekday, starts=time(8), ends=time(22))


def post(client, name, *args, **data):
    return client.post(reverse(f"team:{name}", args=args), data, follow=True)


def test_page_without_anything_says_what_to_do(client, sam):
    html = client.get(PAGE).content.decode()
    assert "No coverage hours yet" in html
    assert "Add a shift" in html


def test_shift_is_added_in_the_readers_zone_shown_and_removed(client, sam, hours):
    Preference.objects.create(user=sam, time_zone="Europe/Amsterdam")
    html = post(client, "add_shift", day="2026-11-23", starts="09:00", ends="17:00", note="release").content.decode()
    shift = Shift.objects.get()
    assert (shift.user, shift.starts_at.hour, shift.note) == (sam, 8, "release")
    assert "09:00–17:00" in html
    assert "On now:" in html
    assert "Nobody from 17:00 to 23:00" in " ".join(html.split())
    html = post(client, "remove_shift", shift.pk).content.decode()
    assert "Shift removed." in html
    assert not Shift.objects.exists()
    assert "already removed" in post(client, "remove_shift", shift.pk).content.decode()


@pytest.mark.parametrize(
    ("name", "data", "said"),
    [
        ("add_shift", {"day": "2026-11-23", "starts": "09:00", "ends": "09:00"}, "end at the time it starts"),
        ("add_shift", {"day": "2026-11-23", "starts": "9", "ends": "10:00"}, "Enter a valid time"),
        (
            "add_shift",
            {"day": "2026-11-23", "starts": "09:00", "ends": "10:00", "until": "2026-11-22"},
            "before the first",
        ),
        ("add_absence", {"first_day": "2026-11-23", "last_day": "2026-11-22"}, "before the first"),
    ],
)
def test_wrong_entries_say_why_and_keep_what_was_typed(client, sam, name, data, said):
    response = client.post(reverse(f"team:{name}"), data)
    assert response.status_code == 422
    assert said in response.content.decode()
    assert "2026-11-23" in response.content.decode()
    assert not Shift.objects.exists()


@pytest.mark.parametrize("zone", ["UTC", "Asia/Tokyo", "America/New_York"])
@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("add_shift", {"day": "9999-12-31", "starts": "09:00", "ends": "08:00"}),
        ("add_shift", {"day": "9999-12-20", "starts": "09:00", "ends": "10:00", "until": "9999-12-31"}),
        ("add_shift", {"day": "0001-01-01", "starts": "00:00", "ends": "10:00"}),
        ("add_absence", {"first_day": "2026-11-01", "last_day": "9999-12-31"}),
        ("add_absence", {"first_day": "0001-01-01", "last_day": "2026-11-30"}),
    ],
)
def test_day_at_the_end_of_time_is_refused_and_breaks_nobodys_page(client, sam, hours, name, data, zone):
    Preference.objects.create(user=sam, time_zone=zone)
    shifts.add_shifts(sam, date(2026, 11, 23), time(8), time(20), ZoneInfo("UTC"))
    answer = client.post(reverse(f"team:{name}"), data)
    assert (answer.status_code, Absence.objects.count(), Shift.objects.count()) == (422, 0, 1)
    assert "between 2000 and 2099" in answer.content.decode()
    assert {client.get(page).status_code for page in (PAGE, f"{PAGE}?view=month", "/contacts/", feed_of(sam))} == {200}


@pytest.mark.parametrize(
    "row",
    [
        Absence(first_day=date(2026, 11, 1), last_day=date(9999, 12, 31)),
        Shift(starts_at=datetime(1, 1, 1, tzinfo=UTC), ends_at=datetime(2026, 11, 23, tzinfo=UTC)),
    ],
)
def test_admin_refuses_days_at_the_end_of_time(row):
    with pytest.raises(ValidationError, match="between 2000 and 2099"):
        row.clean()


@pytest.mark.parametrize("zone", ["UTC", "Pacific/Kiritimati", "Pacific/Pago_Pago"])
def test_first_and_last_day_that_may_be_entered_are_shown(client, sam, hours, zone):
    Preference.objects.create(user=sam, time_zone=zone)
    shifts.add_shifts(sam, date(2026, 11, 23), time(8), time(20), ZoneInfo("UTC"))
    for data in ({"day": FIRST_DAY}, {"day": LAST_DAY, "until": LAST_DAY}):
        post(client, "add_shift", starts="23:00", ends="22:00", **data)
    post(client, "add_absence", first_day=FIRST_DAY, last_day=LAST_DAY)
    assert (Absence.objects.count(), Shift.objects.count()) == (1, 3)
    pages = (PAGE, f"{PAGE}?day=2099-12-31", f"{PAGE}?view=month&day=2000-01-01", "/contacts/", feed_of(sam))
    assert {client.get(page).status_code for page in pages} == {200}


def test_a_team_has_its_own_page_shifts_and_calendar(client, sam, hours):
    assert "Americas" not in client.get(PAGE).content.decode()
    team = Team.objects.create(name="Americas")
    CoverageHours.objects.create(weekday=0, starts=time(14), ends=time(0), team=team)
    shifts.add_shifts(UserFactory(username="ada"), date(2026, 11, 23), time(8), time(20), ZoneInfo("UTC"))
    post(client, "add_shift", day="2026-11-23", starts="15:00", ends="20:00", team=team.pk)
    assert Shift.objects.get(user=sam).team == team
    desk, theirs = (" ".join(client.get(PAGE + query).content.decode().split()) for query in ("", f"?team={team.pk}"))
    assert "Nobody from 20:00 to 22:00" in desk
    assert "08:00–22:00" in desk
    assert "Coverage: Americas" in theirs
    assert all(text in theirs for text in ("Nobody from 14:00 to 15:00", "Nobody from 20:00 to 00:00", "14:00–00:00"))
    assert "ada" in desk
    assert "ada" not in theirs
    assert client.get(PAGE + "?team=999999").context["team"] is None
    for view in ("week", "month"):  # switching teams keeps the days shown
        shown = client.get(f"{PAGE}?view={view}&day=2026-12-09")
        tab = shown.content.decode().split(f'&amp;team={team.pk}"')[0].rpartition('"')[2].replace("&amp;", "&")
        there = client.get(f"{PAGE}{tab}&team={team.pk}")
        assert [day.day for day in there.context["days"]] == [day.day for day in shown.context["days"]]
    titles = {}
    for query in ("", "?team=0", f"?team={team.pk}"):
        calendar = Calendar.from_ical(client.get(feed_of(sam) + query).content)
        titles[query] = sorted({str(event["summary"]) for event in calendar.walk("VEVENT")})
    own, other = ["Nobody on shift", "ada on shift"], ["Americas: Nobody on shift", "Americas: sam on shift"]
    assert titles == {"": sorted(own + other), "?team=0": own, f"?team={team.pk}": other}


def test_absence_is_added_and_removed(client, sam, hours):
    assert "away" in post(client, "add_absence", first_day="2026-11-23", last_day="2026-11-24").content.decode()
    absence = Absence.objects.get()
    assert "Absence removed." in post(client, "remove_absence", absence.pk).content.decode()


def test_month_shows_whole_weeks(client, sam, hours):
    html = client.get(PAGE, {"view": "month", "day": "2026-11-09"}).content.decode()
    assert html.count("<td") == 42
    assert "November 2026" in html


@pytest.mark.parametrize("day", ["", "x", "2026-02-30", "0001-01-01", "9999-12-31", "2026-11-23"])
@pytest.mark.parametrize("view", ["week", "month", "x"])
def test_any_day_in_the_address_shows_a_page(client, sam, day, view):
    assert client.get(PAGE, {"view": view, "day": day}).status_code == 200


def test_constant_number_of_queries(client, sam, hours):
    shifts.add_shifts(sam, date(2026, 11, 23), time(8), time(22), ZoneInfo("UTC"))
    client.get(PAGE, {"view": "month"})
    with CaptureQueriesContext(connection) as few:
        client.get(PAGE, {"view": "month"})
    for number in range(8):
        user = UserFactory(username=f"u{number}")
        shifts.add_shifts(user, date(2026, 11, 23), time(8), time(22), ZoneInfo("UTC"), until=date(2026, 12, 23))
        shifts.add_absence(user, date(2026, 11, 24), date(2026, 11, 25))
    with CaptureQueriesContext(connection) as many:
        client.get(PAGE, {"view": "month"})
    assert len(many) == len(few)


def test_others_shifts_are_not_removed_by_an_advocate(client, sam):
    (shift,) = shifts.add_shifts(UserFactory(), date(2026, 11, 23), time(8), time(9), ZoneInfo("UTC"))
    post(client, "remove_shift", shift.pk)
    assert Shift.objects.exists()


# --- the feed ---------------------------------------------------------------------------------------------------------


def feed_of(user):
    return reverse("team:feed", args=[calendar_feed.address_of(user)])


def test_feed_needs_no_login_and_has_shifts_absences_and_gaps(client, sam, hours):
    shifts.add_shifts(sam, date(2026, 11, 23), time(8), time(20), ZoneInfo("UTC"), note="ask; me, first")
    shifts.add_absence(sam, date(2026, 11, 26), date(2026, 11, 27))
    client.logout()
    response = client.get(feed_of(sam))
    assert response["Content-Type"].startswith("text/calendar")
    events = Calendar.from_ical(response.content).walk("VEVENT")
    said = {str(event["summary"]): event for event in events}
    assert said["sam on shift"].decoded("dtend") == datetime(2026, 11, 23, 20, tzinfo=UTC)
    assert str(said["sam on shift"]["description"]) == "ask; me, first"
    assert said["sam away"].decoded("dtend") == date(2026, 11, 28)
    assert "Nobody on shift" in said
    assert len({str(event["uid"]) for event in events}) == len(events)


def test_old_address_ends_when_a_new_one_is_made(client, sam):
    old = feed_of(sam)
    assert client.get(old).status_code == 200
    post(client, "renew_address")
    assert client.get(old).status_code == 404
    assert client.get(feed_of(sam)).status_code == 200


@pytest.mark.parametrize("change", [{"is_active": False}, {"groups": []}])
def test_address_ends_with_its_owner(client, sam, change):
    address = feed_of(sam)
    if "groups" in change:
        sam.groups.clear()
    else:
        type(sam).objects.filter(pk=sam.pk).update(**change)
    client.logout()
    assert client.get(address).status_code == 404


@pytest.mark.parametrize("address", ["x", "WzEsMV0:1abc:xyz"])
def test_forged_address_is_not_found(client, address):
    assert client.get(reverse("team:feed", args=[address])).status_code == 404


# --- contacts ---------------------------------------------------------------------------------------------------------


def test_contacts_by_kind_and_who_is_on(client, sam, hours, stop_clock):
    stop_clock(NOW)
    Contact.objects.create(kind="room", name="#incident-management", position=1)
    Contact.objects.create(
        kind="advocates", name="Maria", how="+49 30 1234", url="https://acme.example/rota", position=2
    )
    shifts.add_shifts(sam, date(2026, 11, 23), time(8), time(20), ZoneInfo("UTC"))
    html = client.get("/contacts/").content.decode()
    assert html.index("Maria") < html.index("#incident-management")
    assert "+49 30 1234" in html
    assert "On now:" in html


def test_empty_contacts_say_who_enters_them(client, sam):
    assert "No contacts yet" in client.get("/contacts/").content.decode()
