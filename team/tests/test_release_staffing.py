"""Whether enough people are on for a release day, whom the desk proposes, and one click to ask them."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.urls import reverse

from channels.models import OutboundItem
from experts.tests.factories import ExpertFactory, OutreachFactory
from mentions.tests.factories import ChannelFactory, TicketFactory, UserFactory
from team import shifts
from team.duties import rota
from team.models import Absence, PracticePass, Release, ReleaseRule, VolunteerDay
from team.practice import exercises
from team.release import planning
from team.release_pages import staffing
from team.volunteers import inviting

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 7, 20, 12, tzinfo=UTC)
DAY = date(2026, 7, 22)


@pytest.fixture(autouse=True)
def _today(stop_clock, settings):
    settings.SLACK_TOKEN, settings.TEAM_SLACK_CHANNEL = "xoxb-1", "#community-advocates"
    stop_clock(NOW)


@pytest.fixture
def release(sam):
    """24 mentions on the last release, 1 handled per hour; sam is on duty, mo is on for four hours: 12 h short."""
    rule = ReleaseRule.objects.create(name="Monthly release", per_hour=1)
    rota.join("release", sam)
    planning.plan(NOW)
    channel = ChannelFactory()
    TicketFactory(channel=channel, posted_at=datetime(2026, 6, 1, tzinfo=UTC))
    for number in range(24):
        TicketFactory(channel=channel, posted_at=datetime(2026, 6, 22, 10, number, tzinfo=UTC))
    shifts.add_shifts(UserFactory(username="mo", role="advocate"), DAY, time(10), time(14), ZoneInfo("UTC"))
    return Release.objects.get(rule=rule, day=DAY)


@pytest.fixture
def vera():
    return UserFactory(username="vera", email="vera@acme.example")


def page(client, release):
    return " ".join(client.get(f"/releases/{release.pk}/").content.decode().split())


def press(client, release, name, **data):
    return client.post(reverse(f"team:release_{name}", args=[release.pk]), data, follow=True).content.decode()


def helped(user, sam):
    return VolunteerDay.objects.create(
        user=user, day=date(2026, 5, 4), buddy=sam, invited_by=sam, invited_at=NOW, link_until=NOW, state="accepted",
        thanked_at=NOW,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("hours", "on", "missing"), [(12, 12, 0), (12.9, 12, 0), (13, 12, 1), (20, 12, 1), (20.5, 12, 2), (0, 0, 0)]
)
def test_missing_people(hours, on, missing):
    assert staffing.lacking(hours, on) == missing


def test_page_says_how_many_are_missing_and_who_could_come(client, release, sam, vera):
    html = page(client, release)
    assert "24 mentions are expected; at 1 per hour that is 24 h of work. On shift: 12 h." in html
    assert "2 people are missing" in html
    assert f'name="user" value="{vera.pk}"' in html


def test_who_helped_or_trained_comes_first_and_who_cannot_is_not_proposed(client, release, sam, vera):
    new, trained, gone, no = (UserFactory(username=name) for name in ("anna", "till", "gone", "no"))
    UserFactory(username="boss", role="manager")
    helped(vera, sam)
    for exercise in exercises.EXERCISES:
        PracticePass.objects.create(user=trained, exercise=exercise.slug, passed_at=NOW)
    Absence.objects.create(user=gone, first_day=DAY, last_day=DAY)
    declined = inviting.invite(no, DAY, sam, sam, NOW)
    inviting.decline(declined.pk, NOW)
    names = [one.user.username for one in client.get(f"/releases/{release.pk}/").context["staffing"].people]
    assert names == [vera.username, trained.username, new.username]


def test_one_press_invites_with_the_owner_as_buddy_and_a_second_one_invites_nobody(client, release, sam, vera):
    client.force_login(UserFactory(username="ada", role="advocate"))
    assert "vera is invited." in press(client, release, "invite", user=vera.pk)
    assert "already invited for that day" in press(client, release, "invite", user=vera.pk)
    day = VolunteerDay.objects.get()
    assert (day.user, day.day, day.buddy, day.state) == (vera, DAY, sam, "invited")
    html = page(client, release)
    assert "has not answered" in html
    assert f'name="user" value="{vera.pk}"' not in html


def test_whoever_comes_counts(client, release, sam, vera):
    inviting.accept(inviting.invite(vera, DAY, sam, sam, NOW).pk, NOW)
    assert "1 person is missing" in page(client, release)
    other = UserFactory(username="till")
    inviting.accept(inviting.invite(other, DAY, sam, sam, NOW).pk, NOW)
    html = page(client, release)
    assert '<span class="badge">enough</span>' in html
    assert "Who could help" not in html


def test_an_absent_owner_counts_nothing_and_is_nobodys_buddy(client, release, sam, vera):
    Absence.objects.create(user=sam, first_day=DAY, last_day=DAY)
    assert "On shift: 4 h." in page(client, release)
    press(client, release, "invite", user=vera.pk)
    assert VolunteerDay.objects.get().buddy.username == "mo"


def test_a_team_without_shifts_is_told_that_the_desk_cannot_tell(client, release):
    Release.objects.update(shift=None)
    release.owner.shifts.all().delete()
    shifts.Shift.objects.all().delete()
    html = page(client, release)
    assert "can’t tell whether enough people are on" in html
    assert "missing" not in html


def test_nothing_is_proposed_after_the_day_or_before_the_first(client, release, stop_clock):
    stop_clock(NOW + timedelta(days=5))
    assert "Enough people?" not in page(client, release)
    stop_clock(datetime(2026, 6, 2, tzinfo=UTC))
    assert "Enough people?" not in page(client, release)


def test_only_who_may_invite_is_offered_it(client, release, vera):
    client.force_login(UserFactory(role="manager"))
    assert "2 people are missing" in page(client, release)
    assert 'name="user"' not in page(client, release)
    assert client.post(reverse("team:release_invite", args=[release.pk]), {"user": vera.pk}).status_code == 403


@pytest.mark.parametrize("user", ["", "x", "9" * 30, "0"])
def test_nonsense_invites_nobody(client, release, user):
    assert "not an advocate" in press(client, release, "invite", user=user)
    assert not VolunteerDay.objects.exists()


def test_experts_of_past_release_days_are_asked_once(client, release, sam):
    grace = ExpertFactory(person__name="Grace", slack_id="U000GRACE")
    OutreachFactory(expert=grace, asked_at=datetime(2026, 6, 22, 11, tzinfo=UTC))
    OutreachFactory(expert=ExpertFactory(person__name="Tom"), asked_at=datetime(2026, 6, 10, tzinfo=UTC))
    gone = ExpertFactory(person__name="Gone", absent_until=date(2026, 8, 1))
    OutreachFactory(expert=gone, asked_at=datetime(2026, 6, 22, 11, tzinfo=UTC))
    assert [(str(expert), number) for expert, number in staffing_of(client, release).experts] == [("Grace", 1)]
    assert "Grace is on call." in press(client, release, "expert", expert=grace.pk)
    assert "was already on call" in press(client, release, "expert", expert=grace.pk)
    assert list(release.experts.all()) == [grace]
    assert staffing_of(client, release).experts == []
    [said] = OutboundItem.objects.filter(payload__channel="U000GRACE")
    assert "sam has put you on call for Monthly release on Wednesday, 22 July" in said.payload["text"]
    assert "available that day" in press(client, release, "expert", expert=gone.pk)


def staffing_of(client, release):
    return client.get(f"/releases/{release.pk}/").context["staffing"]
