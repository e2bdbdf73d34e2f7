"""The monthly meeting: planned, prompted on time, with numbers to paste, and reported once when everything is done."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.urls import reverse

from channels.models import OutboundItem
from mentions.tests.factories import AccountFactory, ChannelFactory, PersonFactory, TicketFactory, UserFactory
from team import shifts
from team.duties import months, rota
from team.meeting import numbers, planning
from team.models import Holiday, Meeting, MeetingRule

pytestmark = pytest.mark.django_db
TEAM, ROOM = "#community-advocates", "#keymonthlymarketingmeeting"
ITEMS = ["The median is on the slide", "The activity is on the slide"]
NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _slack(settings, stop_clock):
    settings.SLACK_TOKEN, settings.TEAM_SLACK_CHANNEL = "xoxb-1", TEAM
    stop_clock(NOW)


@pytest.fixture
def meeting(sam):
    """Slides are due on Sunday, 5 April 2026, hence on Friday, 3 April, 09:00 in Amsterdam, five days after the change
    to summer time. The prompt is six days earlier, on a weekend, hence on the Friday before that, in winter time."""
    MeetingRule.objects.create(
        name="Key meeting", slack_channel=ROOM, time_zone="Europe/Amsterdam", remind_days=6, checklist=ITEMS
    )
    rota.join("meeting", sam)
    planning.plan(NOW)
    return Meeting.objects.select_related("rule", "owner").get(month=date(2026, 4, 1))


def said():
    return [(i.payload["channel"], i.payload["text"]) for i in OutboundItem.objects.order_by("pk")]


def post(client, name, /, *args, **data):
    return client.post(reverse(f"team:{name}", args=args), data, follow=True)


def done(meeting, user):
    for item in ITEMS:
        planning.tick(meeting.pk, item, user, NOW, is_done=True)


def test_prompt_comes_before_a_holiday(meeting):
    Holiday.objects.create(day=date(2026, 3, 27), name="Company day")
    assert planning.prompt_at(meeting) == datetime(2026, 3, 26, 8, tzinfo=UTC)


def test_prompt_waits_until_the_owner_is_at_work(meeting, sam):
    AccountFactory(person=PersonFactory(user=sam), namespace="slack:T1", handle="U00000SAM")
    shifts.add_shifts(sam, date(2026, 3, 27), time(13), time(21), ZoneInfo("UTC"))
    assert planning.prompt(planning.prompt_at(meeting)) == 1
    (item,) = OutboundItem.objects.all()
    assert (item.payload["channel"], item.not_before) == ("U00000SAM", datetime(2026, 3, 27, 13, tzinfo=UTC))


def test_months_are_planned_in_turn_and_leavers_replaced(meeting, sam):
    ada = UserFactory(role="advocate", username="ada")
    rota.join("meeting", ada)
    planning.plan(NOW + timedelta(days=92))
    owners = list(Meeting.objects.values_list("owner__username", flat=True))
    assert owners == ["sam", "sam", "sam", "ada", "sam", "ada"]
    type(sam).objects.filter(pk=sam.pk).update(is_active=False)
    planning.plan(NOW)
    assert set(Meeting.objects.values_list("owner__username", flat=True)[:3]) == {"ada"}
    assert planning.plan(NOW) == 0


def test_prompts_come_once_each_at_the_local_minute_across_the_change(meeting):
    assert planning.due(meeting) == datetime(2026, 4, 3, 7, tzinfo=UTC)
    assert planning.prompt_at(meeting) == datetime(2026, 3, 27, 8, tzinfo=UTC)
    now, moments = datetime(2026, 3, 25, tzinfo=UTC), []
    while now < datetime(2026, 4, 10, tzinfo=UTC):
        moments += [now] if planning.prompt(now) else []
        now += timedelta(minutes=30)
    assert moments == [planning.prompt_at(meeting), planning.due(meeting)]
    (first_room, first), (second_room, second) = said()
    assert first_room == second_room == TEAM
    assert "the slides are due on Friday, 3 April. sam" in first
    assert "nobody has reported that they are up to date" in second


def test_scheduler_that_was_away_sends_what_makes_sense(meeting):
    late = planning.due(meeting) + timedelta(hours=6)
    assert [planning.prompt(late), planning.prompt(late)] == [1, 0]
    assert "nobody has reported that they are up to date" in said()[0][1]


def test_long_after_nobody_is_prompted(meeting):
    assert planning.prompt(planning.due(meeting) + timedelta(days=4)) == 0


def test_done_before_is_not_prompted(meeting, sam):
    done(meeting, sam)
    planning.report(meeting.pk, sam, NOW)
    assert planning.prompt(planning.prompt_at(meeting)) == planning.prompt(planning.due(meeting)) == 0
    assert len(said()) == 1


def test_report_waits_for_the_checklist_and_is_posted_once_with_the_numbers(meeting, sam):
    blog, hidden = ChannelFactory(name="Blog"), ChannelFactory(visible_to=["admin"])
    at = datetime(2026, 3, 31, 23, tzinfo=UTC)
    TicketFactory(channel=blog, posted_at=at, first_reply_at=at + timedelta(minutes=80), status="solved")
    TicketFactory(channel=blog, posted_at=at + timedelta(hours=1))
    TicketFactory(channel=hidden, posted_at=at)
    planning.tick(meeting.pk, ITEMS[0], sam, NOW, is_done=True)
    with pytest.raises(planning.NotUpToDate, match="The activity is on the slide"):
        planning.report(meeting.pk, sam, NOW)
    done(meeting, sam)
    planning.report(meeting.pk, sam, NOW)
    planning.report(meeting.pk, sam, NOW)
    ((room, text),) = said()
    assert room == ROOM
    assert "Key meeting: the slides are up to date." in text
    assert "• Median First Reply Time: 1 h 20 min (goal 7 h)" in text
    assert "• Mentions: 1\n" in f"{text}\n", "neither another month nor a restricted channel"


def test_items_are_undone_until_the_report(meeting, sam):
    done(meeting, sam)
    planning.tick(meeting.pk, ITEMS[0], sam, NOW, is_done=False)
    assert planning.missing(meeting) == [ITEMS[0]]
    done(meeting, sam)
    planning.report(meeting.pk, sam, NOW)
    for item in (ITEMS[0], "something else"):
        with pytest.raises(planning.NotUpToDate):
            planning.tick(meeting.pk, item, sam, NOW, is_done=False)


def test_offers_of_upper_floors_are_registered():
    found = numbers.of(date(2026, 3, 1), date(2026, 3, 31), NOW)
    assert found.numbers[0].label == "Median First Reply Time"
    files = [address.partition("?")[0].rpartition("/")[2] for _title, address in found.pictures]
    assert files == ["median-by-day.png", "daily-activity.png"]


@pytest.mark.parametrize(
    ("day", "working"), [("2026-04-03", "2026-04-03"), ("2026-04-04", "2026-04-03"), ("2026-04-05", "2026-04-03")]
)
def test_weekends_give_way_to_friday(day, working):
    assert months.working_day(date.fromisoformat(day)) == date.fromisoformat(working)


# --- the pages --------------------------------------------------------------------------------------------------------


def test_pages_lead_from_the_prompt_to_the_report(client, meeting, sam):
    assert "April 2026" in client.get("/meetings/").content.decode()
    page = f"/meetings/{meeting.pk}/"
    html = " ".join(client.get(page).content.decode().split())
    for words in ("Numbers of March 2026", "Median First Reply Time: — (goal 7 h)", ITEMS[0], ROOM, "(PNG)"):
        assert words in html
    assert "Not done yet" in post(client, "meeting_report", meeting.pk).content.decode()
    for item in ITEMS:
        post(client, "meeting_tick", meeting.pk, item=item)
    post(client, "meeting_tick", meeting.pk, item=ITEMS[0], undo="yes")
    post(client, "meeting_tick", meeting.pk, item=ITEMS[0])
    assert "Reported." in post(client, "meeting_report", meeting.pk).content.decode()
    html = " ".join(client.get(page).content.decode().split())
    assert "sam reported that the slides are up to date" in html
    assert "Report: slides" not in html


def test_the_next_meeting_comes_first_and_the_last_one_follows_the_planned(client, meeting, sam):
    for month in (date(2026, 2, 1), date(2026, 3, 1), date(2026, 5, 1)):
        Meeting.objects.get_or_create(rule=meeting.rule, month=month)
    html = client.get("/meetings/").content.decode()
    named = [html.index(f">{name} 2026</a>") for name in ("March", "April", "May", "February")]
    assert named == sorted(named)


def test_pictures_are_files_that_open(client, meeting):
    for _title, address in numbers.of(date(2026, 3, 1), date(2026, 3, 31), NOW).pictures:
        assert client.get(address.replace(".png", ".json")).status_code == 200


def test_somebody_else_takes_it_and_the_rota_is_left(client, meeting, sam):
    ada = UserFactory(role="advocate", username="ada")
    client.force_login(ada)
    assert "are yours this month" in post(client, "meeting_take", meeting.pk).content.decode()
    meeting.refresh_from_db()
    assert meeting.owner == ada
    post(client, "meeting_rota")
    assert [user.username for user in rota.people("meeting")] == ["sam", "ada"]
    post(client, "meeting_rota", leave="yes")
    assert [user.username for user in rota.people("meeting")] == ["sam"]


def test_without_a_rule_the_page_says_who_enters_it(client, sam):
    assert "No monthly meeting yet" in client.get("/meetings/").content.decode()


def test_without_people_the_team_is_prompted(settings):
    MeetingRule.objects.create(name="Key meeting", day_of_month=6, due_at=time(9), checklist=[])
    planning.plan(NOW)
    assert planning.prompt(datetime(2026, 3, 3, 9, tzinfo=UTC)) == 1
    assert "nobody" in said()[0][1]
