"""Each release day announcement is made once, at its local time, even if the scheduler was down."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from channels.models import OutboundItem
from mentions.models import AudienceLimit, Ticket
from mentions.people.audience import for_everybody
from mentions.tests.factories import AccountFactory, ChannelFactory, PersonFactory, TicketFactory, UserFactory
from team import shifts
from team.duties import rota
from team.models import CoverageHours, Release, ReleaseRule
from team.release import planning, summary, telling

pytestmark = pytest.mark.django_db
TEAM, ROOM = "#community-advocates", "#release-post"


def at(month, day, hour, minute=0):
    return datetime(2026, month, day, hour, minute, tzinfo=UTC)


@pytest.fixture(autouse=True)
def ada(settings):
    """A release on Sunday, 29 March 2026, when Amsterdam changes to summer time; 08:00 is 06:00 UTC."""
    settings.SLACK_TOKEN, settings.TEAM_SLACK_CHANNEL = "xoxb-1", TEAM
    for weekday in range(5):
        CoverageHours.objects.create(weekday=weekday, starts=time(8), ends=time(22))
    ReleaseRule.objects.create(
        name="Monthly release", day_of_month=29, time_zone="Europe/Amsterdam", slack_channel=ROOM
    )
    user = UserFactory(role="advocate", username="ada")
    rota.join("release", user)
    planning.plan(at(3, 2, 0))
    return user


def said():
    return [(i.payload["channel"], i.payload["text"]) for i in OutboundItem.objects.order_by("pk")]


def through(start, end, step=timedelta(minutes=1)):
    """The minutes in which something was announced, with a scheduler that runs every `step`."""
    found, now = [], start
    while now <= end:
        before = OutboundItem.objects.count()
        telling.announce(now)
        if OutboundItem.objects.count() > before:
            found.append(now)
        now += step
    return found


def test_owner_who_is_not_at_work_yet_is_named_and_hears_of_it_when_their_shift_begins(ada):
    AccountFactory(person=PersonFactory(user=ada), namespace="slack:T1", handle="U00000ADA")
    ada.shifts.update(starts_at=at(3, 29, 12))
    through(at(3, 29, 6), at(3, 29, 6))
    assert not any("<@U00000ADA>" in text for _room, text in said())
    (direct,) = OutboundItem.objects.filter(payload__channel="U00000ADA")
    assert direct.not_before == at(3, 29, 12)
    assert "release day is today" in direct.payload["text"]


def test_three_announcements_once_each_at_the_local_minute_across_the_change():
    quarter = timedelta(minutes=15)
    moments = through(at(3, 20, 0), at(4, 3, 0), quarter)
    assert moments == [at(3, 22, 7), at(3, 29, 6), at(3, 30, 6)]
    ahead, today, room, after = said()
    assert ahead[0] == today[0] == after[0] == TEAM
    assert room[0] == ROOM
    assert "Sunday, 29 March" in ahead[1]
    assert "Duty: ada" in ahead[1]
    assert "outside of coverage hours" in ahead[1]
    assert ROOM in today[1]
    assert "Release day is over: 0 mentions" in after[1]
    assert all("/releases/" in text for _room, text in (ahead, today, after))


def test_scheduler_that_was_away_says_what_still_makes_sense():
    assert telling.announce(at(3, 29, 12)) == 1, "six hours late: today, and not that it is in a week"
    assert telling.announce(at(3, 29, 12, 1)) == 0
    assert telling.announce(at(4, 9, 0)) == 0, "nobody waits for a summary of last week"
    assert [room for room, _text in said()] == [TEAM, ROOM]


def test_late_within_the_week_is_announced_once():
    assert [telling.announce(at(3, day, 9)) for day in (25, 26)] == [1, 0]


def test_moved_day_is_announced_again():
    telling.announce(at(3, 22, 8))
    planning.move(Release.objects.get(month=date(2026, 3, 1)).pk, date(2026, 3, 31))
    assert telling.announce(at(3, 24, 8)) == 1
    assert "Tuesday, 31 March" in said()[-1][1]


def test_owner_who_is_away_and_a_day_without_owner_are_said(ada):
    shifts.add_absence(ada, date(2026, 3, 28), date(2026, 3, 30))
    telling.announce(at(3, 22, 8))
    assert "away that day" in said()[0][1]
    planning.assign(Release.objects.get(month=date(2026, 3, 1)).pk, None)
    telling.announce(at(3, 29, 8))
    assert "Nobody has the duty" in said()[1][1]
    assert len(said()) == 2, "the room hears a name or nothing"


@pytest.mark.parametrize("missing", ["SLACK_TOKEN", "TEAM_SLACK_CHANNEL"])
def test_without_slack_nothing_is_marked_as_announced(settings, missing):
    setattr(settings, missing, "")
    assert telling.announce(at(3, 22, 8)) == 0
    assert not Release.objects.exclude(told_ahead_at=None).exists()


def test_rule_that_is_off_says_nothing():
    ReleaseRule.objects.update(is_active=False)
    assert telling.announce(at(3, 22, 8)) == 0


# --- the summary ------------------------------------------------------------------------------------------------------


def test_summary_counts_what_everybody_may_know():
    blog = ChannelFactory(name="Blog")
    hidden = ChannelFactory(name="Reports", visible_to=["admin"])
    noon = at(3, 29, 12)
    TicketFactory(channel=blog, posted_at=noon, first_reply_at=noon + timedelta(minutes=80), status="solved")
    TicketFactory(channel=blog, posted_at=noon, status="new")
    TicketFactory(channel=blog, posted_at=noon, status="solved", no_reply_reason="praise")
    TicketFactory(channel=hidden, posted_at=noon)
    AudienceLimit.objects.create(ticket=TicketFactory(channel=blog, posted_at=noon), channel=hidden)
    AudienceLimit.objects.create(ticket=Ticket.objects.order_by("pk").first(), channel=blog)
    found = summary.of(Release.objects.select_related("rule").get(month=date(2026, 3, 1)))
    assert (found.total, found.answered, found.waiting, found.channels) == (3, 1, 1, [("Blog", 3)])
    assert found.median_reply == timedelta(minutes=80)
    assert summary.sentence(found) == (
        "Release day is over: 3 mentions, 1 answered, 1 still waiting. Median first reply: 1 h 20 min. Busiest: Blog 3."
    )
    assert for_everybody(Ticket.objects.all()).count() == 3


def test_names_of_channels_trigger_nothing_in_slack():
    TicketFactory(channel=ChannelFactory(name="<!channel>"), posted_at=at(3, 29, 12))
    found = summary.of(Release.objects.select_related("rule").get(month=date(2026, 3, 1)))
    assert "<!channel>" not in summary.sentence(found)


def test_shift_of_the_weekend_is_on_the_roster(ada):
    shift = Release.objects.get(month=date(2026, 3, 1)).shift
    assert (shift.user, shift.starts_at.astimezone(ZoneInfo("Europe/Amsterdam")).hour) == (ada, 8)
