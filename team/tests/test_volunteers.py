"""Advocates for a day: invited, accepted by link, with rights that begin and end by themselves, trained and thanked."""

import re
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.contrib.auth.models import User
from django.core import mail

from audit.models import Entry
from channels.models import InboundItem, OutboundItem, Team
from mentions.models import Event, Message, Preference, Reply, RoleTerm, Ticket
from mentions.people import access, role_terms
from mentions.queue import claims
from mentions.tests.factories import AccountFactory, MessageFactory, PersonFactory, UserFactory
from team import shifts
from team.models import (
    Contact,
    CoverageHours,
    Holiday,
    PracticePass,
    PracticeTry,
    VolunteerDay,
    VolunteerMail,
    VolunteerNeed,
)
from team.practice import exercises
from team.volunteers import calling, days, inviting, links, needs, telling

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)
DAY = date(2026, 11, 25)
BEGINS, ENDS = datetime(2026, 11, 25, tzinfo=UTC), datetime(2026, 11, 26, tzinfo=UTC)
TEAM = "#community-advocates"


@pytest.fixture(autouse=True)
def _desk(settings, monkeypatch):
    settings.SLACK_TOKEN, settings.TEAM_SLACK_CHANNEL = "xoxb-1", TEAM


@pytest.fixture(autouse=True)
def clock(stop_clock):
    stop_clock(NOW)
    return stop_clock


@pytest.fixture
def ada():
    return UserFactory(username="ada", role="advocate", email="ada@acme.example")


@pytest.fixture
def vera():
    """A colleague with an account, a known Slack member id and no role."""
    user = UserFactory(username="vera", email="vera@acme.example")
    AccountFactory(person=PersonFactory(name="Vera", user=user), namespace="slack:T1", handle="U0000VERA")
    return user


@pytest.fixture
def invited(vera, ada):
    return inviting.invite(vera, DAY, ada, ada, NOW)


def path_of(volunteer):
    return "/" + links.link_of(volunteer).split("/", 3)[3]


def rights(user):
    return User.objects.get(pk=user.pk).has_perm(access.PLAY)


def posted_to(channel):
    return [text for text in OutboundItem.objects.order_by("pk").values_list("payload__text", flat=True)
            if OutboundItem.objects.filter(payload__channel=channel, payload__text=text).exists()]  # fmt: skip


def subjects():
    return [(message.to[0], message.subject) for message in mail.outbox]


# --- from the invitation to the thanks --------------------------------------------------------------------------------


def test_only_the_schedule_runs_between_the_answer_and_the_thanks(client, clock, invited, vera, ada):
    days.run(NOW)
    [message] = mail.outbox
    assert message.to == ["vera@acme.example"]
    link = re.search(r"http\S+", message.body)[0]
    assert posted_to("U0000VERA")[0].count("/volunteers/answer/") == 1
    page = client.get(link)
    assert page.status_code == 200
    assert VolunteerDay.objects.get().state == "invited"
    assert client.post(link, {"do": "accept"}).status_code == 200
    for minutes in range(0, 4 * 24 * 60, 30):
        now = NOW + timedelta(minutes=minutes)
        days.run(now)
        assert rights(vera) is (BEGINS <= now < ENDS), now
    assert [text for text in posted_to(TEAM) if "Thank you" in text] == [
        "Thank you, <@U0000VERA>, for being an advocate for a day!"
    ]
    kinds = list(VolunteerMail.objects.order_by("pk").values_list("to__username", "kind"))
    assert kinds == [("vera", "invitation 1"), ("ada", "accepted"), ("vera", "prepare"), ("vera", "welcome"),
                     ("vera", "thanks")]  # fmt: skip
    assert len(mail.outbox) == 5
    changes = Entry.objects.filter(kind="roles_changed").order_by("pk").values_list("actor_id", "subject_id", "details")
    assert [(who, whom) for who, whom, _what in changes] == [(ada.pk, str(vera.pk))] * 2
    assert [sorted(what) for _who, _whom, what in changes] == [["role added", "until"], ["role removed"]]


def test_the_day_is_the_volunteers_own(vera, ada):
    Preference.objects.create(user=vera, time_zone="Asia/Tokyo")
    made = inviting.accept(inviting.invite(vera, DAY, ada, ada, NOW).pk, NOW)
    assert made.term.starts_at == datetime(2026, 11, 24, 15, tzinfo=UTC)
    assert made.term.ends_at == datetime(2026, 11, 25, 15, tzinfo=UTC)


def test_welcome_and_thanks_come_on_their_mornings_and_the_buddy_hears_at_work(vera, ada):
    """Midnight in Tokyo is 15:00 UTC, 08:00 is 23:00."""
    Preference.objects.create(user=vera, time_zone="Asia/Tokyo")
    AccountFactory(person=PersonFactory(name="Ada", user=ada), namespace="slack:T1", handle="U00000ADA")
    shifts.add_shifts(ada, date(2026, 11, 24), time(8), time(16), ZoneInfo("UTC"))
    inviting.accept(inviting.invite(vera, DAY, ada, ada, NOW).pk, NOW)
    for minutes in range(0, 4 * 24 * 60, 60):
        days.run(NOW + timedelta(minutes=minutes))
    heard = {room: [] for room in ("U0000VERA", "U00000ADA", TEAM)}
    for row in OutboundItem.objects.order_by("pk"):
        heard[row.payload["channel"]].append((row.not_before.day, row.not_before.hour, row.payload["text"][:9]))
    assert heard["U00000ADA"] == [(24, 8, "vera is a")]
    assert heard["U0000VERA"][2:] == [(24, 23, "Today you"), (25, 23, "Thank you")]
    assert heard[TEAM] == [(25, 23, "Thank you")]


def test_a_day_that_is_over_is_not_declined_any_more(invited, vera):
    inviting.accept(invited.pk, NOW)
    days.run(BEGINS)
    days.run(ENDS)
    assert inviting.decline(invited.pk, ENDS + timedelta(hours=1)).state == "accepted"
    days.run(ENDS + timedelta(hours=8))
    assert len([text for text in posted_to(TEAM) if "Thank you" in text]) == 1


# --- rights -----------------------------------------------------------------------------------------------------------


def test_past_the_end_nothing_is_seen_at_once_though_no_sweep_ran(client, clock, invited, vera):
    inviting.accept(invited.pk, NOW)
    ticket = MessageFactory(text="in the open").ticket
    days.run(BEGINS)
    clock(ENDS - timedelta(seconds=1))
    client.force_login(vera)
    assert "in the open" in client.get(f"/tickets/{ticket.pk}/").content.decode()
    clock(ENDS)
    assert vera.groups.filter(name="volunteer").exists()
    assert client.get(f"/tickets/{ticket.pk}/").status_code in (403, 404)
    assert client.get("/play/").status_code == 403
    assert "in the open" not in client.get("/search/?q=open").content.decode()


def test_before_the_day_nothing_is_seen(client, clock, invited, vera):
    inviting.accept(invited.pk, NOW)
    days.run(NOW)
    client.force_login(vera)
    assert client.get("/play/").status_code == 403
    assert client.get("/volunteers/training/").status_code == 200


def test_what_they_held_returns_to_the_queue_at_the_end(invited, vera):
    inviting.accept(invited.pk, NOW)
    ticket = MessageFactory(ticket__posted_at=NOW).ticket
    days.run(BEGINS)
    claims.claim(vera, ticket.pk, ENDS - timedelta(minutes=1))
    days.run(ENDS)
    assert Ticket.objects.get(pk=ticket.pk).claimed_by is None


def test_two_days_in_a_row_are_one_without_a_gap(vera, ada):
    for day in (DAY, DAY + timedelta(days=1)):
        inviting.accept(inviting.invite(vera, day, ada, ada, NOW).pk, NOW)
    for hours in range(60):
        now = BEGINS + timedelta(hours=hours)
        if hours != 24:  # this sweep is late
            days.run(now)
        names = set(role_terms.in_force(vera, now).values_list("name", flat=True))
        assert ("volunteer" in names) is (hours < 48), hours
    assert not vera.groups.exists()


def test_who_is_a_volunteer_anyway_stays_one(ada):
    wim = UserFactory(username="wim", role="volunteer")
    inviting.accept(inviting.invite(wim, DAY, ada, ada, NOW).pk, NOW)
    days.run(BEGINS)
    days.run(ENDS)
    assert rights(wim)
    assert RoleTerm.objects.get().is_added is False


def test_an_admin_who_takes_the_role_away_on_the_day_is_obeyed(invited, vera):
    inviting.accept(invited.pk, NOW)
    days.run(BEGINS)
    vera.groups.clear()
    days.run(BEGINS + timedelta(hours=1))
    assert not rights(vera)


def test_a_scheduler_that_was_down_gives_no_late_rights_and_no_thanks_for_a_day_that_never_began(invited, vera):
    inviting.accept(invited.pk, NOW)
    days.run(ENDS + timedelta(hours=1))
    assert not rights(vera)
    assert not [text for text in posted_to(TEAM) if "Thank you" in text]
    assert VolunteerDay.objects.get().thanked_at is not None


# --- invitations ------------------------------------------------------------------------------------------------------


def test_a_link_is_good_for_one_answer(client, clock, invited):
    for _twice in range(2):
        client.post(path_of(invited), {"do": "decline"})
    page = client.post(path_of(invited), {"do": "accept"})
    assert "Declined" in page.content.decode()
    assert not RoleTerm.objects.exists()
    assert VolunteerDay.objects.get().state == "declined"


def test_a_link_ends_by_time_by_a_newer_one_and_when_it_is_withdrawn(client, clock, vera, ada):
    later = inviting.invite(vera, date(2026, 12, 20), ada, ada, NOW)
    old = path_of(later)
    inviting.send_again(later.pk, NOW + timedelta(days=1))
    assert client.get(old).status_code == 410
    later.refresh_from_db()
    clock(NOW + timedelta(days=7, hours=23))
    assert client.get(path_of(later)).status_code == 200
    clock(NOW + timedelta(days=8))
    assert client.post(path_of(later), {"do": "accept"}).status_code == 410
    clock(NOW)
    inviting.withdraw(later.pk, NOW)
    assert client.get(path_of(later)).status_code == 410
    assert client.get("/volunteers/answer/nonsense/").status_code == 410
    assert not RoleTerm.objects.exists()


def test_only_the_newest_invitation_is_mailed(vera, ada):
    made = inviting.invite(vera, DAY, ada, ada, NOW)
    inviting.send_again(made.pk, NOW)
    days.run(NOW)
    assert len(mail.outbox) == 1
    made.refresh_from_db()
    [link] = re.findall(r"/volunteers/answer/(\S+)/", mail.outbox[0].body)
    assert links.read(link, NOW) == made


def test_a_mail_that_fails_is_tried_again_and_given_up(invited, monkeypatch):
    tries = []

    def fail(*_args, **_kwargs):
        tries.append(1)
        raise OSError("no server")

    monkeypatch.setattr(telling, "send_mail", fail)
    for minute in range(6):
        days.run(NOW + timedelta(minutes=minute))
    assert len(tries) == telling.MAX_TRIES


@pytest.mark.parametrize("stop", [inviting.decline, inviting.withdraw])
def test_who_stops_after_accepting_loses_the_rights_at_once_and_the_buddy_hears_once(invited, vera, stop):
    inviting.accept(invited.pk, NOW)
    days.run(BEGINS)
    assert rights(vera)
    for _twice in range(2):
        stop(invited.pk, BEGINS)
    assert not rights(vera)
    days.run(ENDS)
    assert VolunteerMail.objects.filter(to__username="ada", kind="cancelled").count() == 1
    assert not [text for text in posted_to(TEAM) if "Thank you" in text]


def test_who_may_be_invited_by_whom(vera, ada):
    other = UserFactory(username="ben", role="advocate")
    manager = UserFactory(username="mo", role="manager")
    away = UserFactory(username="cy", role="advocate")
    shifts.add_absence(away, DAY, DAY)
    for user, day, buddy, inviter in (
        (other, DAY, ada, ada), (ada, DAY, other, ada), (vera, DAY, vera, ada), (vera, DAY, away, ada),
        (vera, NOW.date() - timedelta(days=1), other, ada), (vera, NOW.date() + timedelta(days=200), other, ada),
        (vera, DAY, ada, manager),
    ):  # fmt: skip
        with pytest.raises(inviting.InvitationRefused):
            inviting.invite(user, day, buddy, inviter, NOW)
    inviting.invite(vera, DAY, other, ada, NOW)
    with pytest.raises(inviting.InvitationRefused, match="already invited for that day"):
        inviting.invite(vera, DAY, other, ada, NOW)


def test_inviting_on_the_page(client, clock, vera, ada):
    client.force_login(ada)
    assert "Nobody invited yet" in client.get("/volunteers/").content.decode()
    form = {"user": vera.pk, "day": "2026-11-25", "buddy": ada.pk}
    assert client.post("/volunteers/invite/", form).status_code == 302
    assert client.post("/volunteers/invite/", form).status_code == 422
    found = VolunteerDay.objects.get()
    assert "invited" in client.get("/volunteers/").content.decode()
    client.post(f"/volunteers/{found.pk}/", {"do": "again"})
    client.post(f"/volunteers/{found.pk}/", {"do": "withdraw"})
    found.refresh_from_db()
    assert (found.link_version, found.state) == (2, "withdrawn")


def test_several_days_are_one_message_and_each_is_answered(client, clock, weekdays, vera, ada):
    """Thursday to Tuesday, without the weekend and the holiday; Monday has been asked for before."""
    Holiday.objects.create(day=date(2026, 11, 27), name="Acme day")
    monday = inviting.invite(vera, date(2026, 11, 30), ada, ada, NOW - timedelta(hours=1))
    client.force_login(ada)
    form = {"user": vera.pk, "day": "2026-11-26", "until": "2026-12-01", "buddy": ada.pk}
    page = client.post("/volunteers/invite/", form, follow=True)
    assert "Invited for 2 days." in page.content.decode()
    thursday, _monday, tuesday = VolunteerDay.objects.order_by("day")
    assert [each.day.day for each in (thursday, tuesday)] == [26, 1]
    days.run(NOW)
    assert [subject.partition("on ")[2] for _to, subject in subjects()] == [
        "Monday, 30 November", "Thursday, 26 November"
    ]  # fmt: skip
    assert "Also: Monday, 30 November, Tuesday, 1 December" in mail.outbox[1].body
    client.logout()
    link = path_of(thursday)
    html = client.get(link).content.decode()
    assert html.count('value="decline"') == 3
    assert "Accept all days" in html
    client.post(link, {"do": "decline", "of": monday.pk})
    inviting.withdraw(thursday.pk, NOW)
    assert client.get(link).content.decode().count('value="decline"') == 1, "Tuesday is still open"
    other = inviting.invite(UserFactory(username="wes"), DAY, ada, ada, NOW)
    client.post(link, {"do": "accept", "of": other.pk})
    clock(NOW + timedelta(days=6))
    html = client.post(link, {"do": "accept", "of": "all"}).content.decode()
    assert (html.count("Accepted"), html.count("Declined"), "26 November" in html) == (1, 0, False)
    states = dict(VolunteerDay.objects.values_list("pk", "state"))
    assert states == {
        thursday.pk: "withdrawn", monday.pk: "declined", tuesday.pk: "accepted", other.pk: "invited"
    }  # fmt: skip


@pytest.mark.parametrize(
    ("day", "until"),
    [("2026-11-27", "2026-11-26"), ("2026-11-23", "2026-12-20"), ("2026-11-28", "2026-11-29"), ("2026-11-25", "x")],
)
def test_days_that_make_no_sense_invite_nobody(client, clock, weekdays, vera, ada, day, until):
    client.force_login(ada)
    form = {"user": vera.pk, "day": day, "until": until, "buddy": ada.pk}
    page = client.post("/volunteers/invite/", form)
    assert page.status_code == 422
    assert f'value="{day}"' in page.content.decode()
    assert not VolunteerDay.objects.exists()


def test_one_day_on_which_the_buddy_is_away_invites_for_none(weekdays, vera, ada):
    other = UserFactory(username="ben", role="advocate")
    shifts.add_absence(other, date(2026, 11, 26), date(2026, 11, 26))
    with pytest.raises(inviting.InvitationRefused, match="away on Thursday, 26 November"):
        inviting.invite_days(vera, date(2026, 11, 25), date(2026, 11, 27), other, ada, NOW)
    assert not VolunteerDay.objects.exists()


# --- gaps -------------------------------------------------------------------------------------------------------------


def test_two_are_needed_on_a_day_off_of_an_advocate_and_a_gap_is_shown(client, clock, vera, ada):
    shifts.add_absence(ada, DAY, DAY)
    other = UserFactory(username="ben", role="advocate")
    assert [(need.day, need.missing) for need in needs.lacking(NOW)] == [(DAY, 2)]
    inviting.accept(inviting.invite(vera, DAY, other, other, NOW).pk, NOW)
    assert [need.missing for need in needs.lacking(NOW)] == [1]
    client.force_login(other)
    assert "1 of 2 volunteers" in client.get("/volunteers/").content.decode()
    assert "1 of 2 volunteers" in client.get("/coverage/?day=2026-11-25").content.decode()
    client.force_login(UserFactory(username="root", role="admin"))
    assert "Too few volunteers" in client.get("/volunteers/").content.decode()
    second = UserFactory(username="wes")
    inviting.accept(inviting.invite(second, DAY, other, other, NOW).pk, NOW)
    assert needs.lacking(NOW) == []


def test_the_absence_of_somebody_else_needs_nobody(vera, ada):
    shifts.add_absence(vera, DAY, DAY)
    assert needs.lacking(NOW) == []


def posted_needs():
    """(day of the month on which the team heard it, text)."""
    rows = OutboundItem.objects.filter(payload__channel=TEAM).order_by("pk")
    return [(row.not_before.day, row.payload["text"]) for row in rows if "volunteers" in row.payload["text"]]


def hourly(first, last):
    """The schedule from one day to another, at every hour."""
    for hours in range(24 * (last - first + 1)):
        calling.announce(NOW.replace(day=first, hour=0) + timedelta(hours=hours))


@pytest.fixture
def weekdays():
    for weekday in range(5):
        CoverageHours.objects.create(weekday=weekday, starts=time(8), ends=time(22))


def test_a_need_is_said_once_on_a_working_day_and_again_on_the_working_day_before(weekdays, ada):
    """Nothing at the weekend of the 21st, nor on the 26th, a holiday; the working day before Monday is Friday."""
    Holiday.objects.create(day=date(2026, 11, 26), name="Acme day")
    for day in (date(2026, 11, 27), date(2026, 11, 30)):
        shifts.add_absence(ada, day, day)
    hourly(19, 30)
    said = posted_needs()
    assert [(day, re.findall(r"\w+, \d+ November", text), "still" in text) for day, text in said] == [
        (23, ["Friday, 27 November"], False),
        (24, ["Monday, 30 November"], False),
        (25, ["Friday, 27 November"], True),
        (27, ["Monday, 30 November"], True),
    ]
    assert all("0 of 2 volunteers" in text and "/volunteers/" in text for _day, text in said)


def test_a_need_of_tomorrow_is_said_the_same_afternoon_and_not_again(weekdays, ada):
    hourly(23, 23)
    shifts.add_absence(ada, date(2026, 11, 24), date(2026, 11, 24))
    for hour in (11, 14, 15, 16):
        calling.announce(NOW.replace(hour=hour))
    hourly(24, 25)
    assert [(day, "still" in text) for day, text in posted_needs()] == [(23, False)]


def test_who_has_enough_volunteers_by_then_is_not_reminded(weekdays, ada, vera):
    other, second = UserFactory(username="ben", role="advocate"), UserFactory(username="wes")
    shifts.add_absence(ada, date(2026, 11, 26), date(2026, 11, 26))
    hourly(23, 24)
    for user in (vera, second):
        inviting.accept(inviting.invite(user, date(2026, 11, 26), other, other, NOW).pk, NOW)
    hourly(25, 26)
    assert len(posted_needs()) == 1


def test_a_weekend_on_which_a_team_works_is_no_weekend(weekdays, ada):
    saturday = date(2026, 11, 28)
    shifts.add_absence(ada, saturday, saturday)
    assert needs.lacking(NOW) == []
    team = Team.objects.create(name="Weekend")
    CoverageHours.objects.create(weekday=5, starts=time(8), ends=time(12), team=team)
    assert [need.day for need in needs.lacking(NOW)] == [saturday]


def test_without_slack_no_need_counts_as_said(weekdays, ada, settings):
    shifts.add_absence(ada, DAY, DAY)
    settings.SLACK_TOKEN = ""
    hourly(23, 23)
    assert not VolunteerNeed.objects.exists()


# --- training ---------------------------------------------------------------------------------------------------------

TRAINING = "/volunteers/training/"
SANDBOX = "Sandbox: nothing here is sent"
CACHE = "https://docs.acme.example/runners/cache"
GOOD = {
    "question": ("reply/", {"text": f"Thanks, Rosa! The cache is kept by its key, {CACHE} shows how."}),
    "trouble": ("leave/ask/", {"team": "support", "request": "Repositories of a user are empty since this morning."}),
    "rival": ("leave/no-reply/", {"reason": "competitor"}),
}


@pytest.fixture
def trainee(client, clock, invited, vera):
    """Logged in as a volunteer who has accepted."""
    inviting.accept(invited.pk, NOW)
    client.force_login(vera)
    return client


def solve_all(client):
    for slug, (way, fields) in GOOD.items():
        assert client.post(f"{TRAINING}{slug}/{way}", fields).headers["Location"] == f"{TRAINING}{slug}/", slug


def test_three_practice_tickets_are_solved_one_after_the_other(trainee, vera, ada):
    for slug, (way, fields) in GOOD.items():
        assert trainee.get(f"{TRAINING}play/").headers["Location"] == f"{TRAINING}{slug}/"
        page = trainee.get(f"{TRAINING}{slug}/").content.decode()
        assert SANDBOX in page
        assert 'id="result"' not in page
        trainee.post(f"{TRAINING}{slug}/{way}", fields)
        page = trainee.get(f"{TRAINING}{slug}/").content.decode()
        assert "Well done" in page
        assert SANDBOX in page
        assert str(exercises.BY_SLUG[slug].why)[:40] in page
    done = trainee.get(f"{TRAINING}play/").content.decode()
    assert "All practice tickets are solved" in done
    assert "They were in a sandbox: nothing was sent." in done
    assert SANDBOX in trainee.get(TRAINING).content.decode()
    assert "All solved" in trainee.get(TRAINING).content.decode()
    assert PracticePass.objects.filter(user=vera).count() == len(exercises.EXERCISES) == 3
    trainee.force_login(ada)
    assert "3 of 3 practice tickets" in trainee.get("/volunteers/").content.decode(), "for the buddy"


def test_nothing_of_practice_reaches_a_ticket_a_queue_or_a_platform(trainee):
    """Whatever is done, right or wrong: the tables of the desk are as before."""
    tables = (Ticket, Message, Event, Reply, InboundItem, OutboundItem)
    before = [model.objects.count() for model in tables]
    for slug in GOOD:
        for way, fields in (*GOOD.values(), ("draft/", {"text": "a"}), ("leave/park/", {}), ("leave/hand-back/", {})):
            assert trainee.post(f"{TRAINING}{slug}/{way}", fields).status_code in (200, 302, 422)
    assert [model.objects.count() for model in tables] == before
    assert PracticePass.objects.count() == 3


@pytest.mark.parametrize(
    ("slug", "way", "fields", "problem"),
    [
        ("question", "leave/ask/", {"team": "docs", "request": "How?"}, "No expert is needed"),
        ("question", "leave/park/", {"waiting_on": "question"}, "Don’t keep her waiting"),
        ("question", "leave/no-reply/", {"reason": "praise"}, "She asked something"),
        ("question", "reply/", {"text": "Thanks! The cache is in the docs."}, "Add a public link"),
        ("question", "reply/", {"text": f"Thanks! See {CACHE.replace('cache', 'start')}"}, "Answer the question"),
        ("question", "reply/", {"text": f"Thanks! Cache: {CACHE} {'x ' * 200}"}, "Shorten it to 280"),
        ("question", "reply/", {"text": f"Cache: {CACHE} or https://wiki.acme.internal/runners"}, "internal link"),
        ("question", "reply/", {"text": f"Thanks! Cache: {CACHE}. It will be fixed soon."}, "Promise nothing"),
        ("question", "reply/", {"text": f"Thanks! Cache: {CACHE}. It is $ 19."}, "No prices"),
        ("question", "reply/", {"text": f"Thanks! Cache: {CACHE}. Send me your password."}, "secrets"),
        ("question", "reply/", {"text": f"Thanks! Cache: {CACHE}, obviously."}, "blame them"),
        ("question", "reply/", {"text": f"Thanks! Cache: {CACHE}, unlike Forgely."}, "Leave competitors out"),
        ("question", "reply/", {"text": "   "}, "Write an answer"),
        ("trouble", "reply/", {"text": "So sorry! Please reinstall."}, "Don’t answer on your own"),
        (
            "trouble",
            "leave/ask/",
            {"team": "pricing", "request": "Repositories are empty."},
            "Ask the team that can look",
        ),
        ("trouble", "leave/ask/", {"team": "support", "request": "Please help him!"}, "Say what happened"),
        ("trouble", "leave/ask/", {"team": "support", "request": " "}, "Write your request"),
        ("trouble", "leave/park/", {}, "nobody knows about it"),
        ("rival", "reply/", {"text": "Thanks! We are better."}, "Nothing was asked"),
        ("rival", "leave/no-reply/", {"reason": "praise"}, "Choose the reason"),
    ],
)
def test_a_deed_that_breaks_a_rule_says_which_keeps_the_text_and_may_be_tried_again(
    trainee, slug, way, fields, problem
):
    page = trainee.post(f"{TRAINING}{slug}/{way}", fields)
    html = page.content.decode()
    assert page.status_code == 422
    assert problem in html
    assert SANDBOX in html
    assert "To do better" in html
    written = next((fields[name] for name in ("text", "request") if fields.get(name, "").strip()), "")
    assert written in html
    assert not PracticePass.objects.exists()
    assert trainee.post(f"{TRAINING}{slug}/{GOOD[slug][0]}", GOOD[slug][1]).status_code == 302
    assert PracticePass.objects.count() == 1


def test_feedback_says_what_is_good_as_well(trainee):
    html = trainee.post(f"{TRAINING}question/reply/", {"text": "Thanks! The cache is in the docs."}).content.decode()
    assert all(words in html for words in ("starts on a positive note", "You answered the", "Add a public link"))
    assert "You gave a public link" not in html


def test_a_practice_reply_is_undone_in_the_window_and_its_text_is_a_draft_again(trainee, clock, vera):
    way, fields = GOOD["question"]
    page = trainee.post(f"{TRAINING}question/{way}", fields, follow=True).content.decode()
    address = re.search(r'action="(/volunteers/training/undo/\d+/)"', page)[1]
    page = trainee.post(address, follow=True).content.decode()
    assert 'id="result"' not in page
    assert CACHE in page
    assert not PracticePass.objects.exists()
    trainee.post(f"{TRAINING}question/{way}", fields)
    clock(NOW + timedelta(minutes=1))
    assert "Too late to undo" in trainee.post(address, follow=True).content.decode()
    assert PracticePass.objects.filter(user=vera).count() == 1


def test_who_practises_again_stays_trained(trainee, vera):
    solve_all(trainee)
    page = trainee.post(f"{TRAINING}question/leave/again/", follow=True).content.decode()
    assert 'id="composer"' in page
    assert CACHE not in re.search(r'<textarea name="text".*?</textarea>', page, re.DOTALL)[0]
    assert PracticePass.objects.filter(user=vera).count() == 3


def test_a_ticket_that_is_handed_back_comes_again_after_the_others(trainee):
    hand_back = {"note": "not mine"}
    found = [trainee.post(f"{TRAINING}{slug}/leave/hand-back/", hand_back).headers["Location"] for slug in GOOD]
    assert found == [f"{TRAINING}{slug}/" for slug in ("trouble", "rival", "question")]
    solve_all(trainee)
    after = trainee.post(f"{TRAINING}question/leave/hand-back/", hand_back)
    assert after.headers["Location"] == f"{TRAINING}play/"


def test_a_practice_draft_is_kept_and_a_macro_comes_before_it(trainee, vera):
    answer = trainee.post(f"{TRAINING}question/draft/", {"text": "More to say.", "writer": "a" * 32}).json()
    assert answer == {"text": "More to say.", "version": 1, "writer": "a" * 32, "is_newest": True}
    menu = trainee.get(f"{TRAINING}question/").content.decode()
    assert f"{TRAINING}question/macro/?macro=thank-and-link" in menu
    preview = trainee.get(f"{TRAINING}question/macro/?macro=thank-and-link", headers={"X-Fragment": "1"})
    assert "Thank you, Rosa!" in preview.content.decode()
    assert trainee.get(f"{TRAINING}question/macro/?macro=none").status_code == 404
    trainee.post(f"{TRAINING}question/macro/", {"macro": "thank-and-link"})
    assert trainee.get(f"{TRAINING}question/draft/").json()["text"].startswith("Thank you, Rosa!")
    assert trainee.get(f"{TRAINING}question/draft/").json()["text"].endswith("More to say.")
    trainee.post(f"{TRAINING}question/reply/", GOOD["question"][1])
    late = trainee.post(f"{TRAINING}question/draft/", {"text": "too late"}).json()
    assert late["text"] == GOOD["question"][1]["text"], "what was sent stays as it was sent"


def test_what_a_volunteer_practised_is_theirs_alone_and_goes_with_the_day(trainee, ada, vera, invited):
    solve_all(trainee)
    row = PracticeTry.objects.get(user=vera, exercise="question")
    trainee.force_login(ada)
    assert CACHE not in re.sub(
        r"<aside.*</aside>", "", trainee.get(f"{TRAINING}question/").content.decode(), flags=re.S
    )
    assert trainee.post(f"{TRAINING}undo/{row.pk}/").status_code == 404
    days.run(BEGINS + timedelta(hours=10))
    days.run(ENDS + timedelta(minutes=1))
    assert PracticeTry.objects.filter(user=vera).exists()
    days.run(ENDS + timedelta(hours=10))
    assert not PracticeTry.objects.filter(user=vera).exists()
    assert PracticePass.objects.filter(user=vera).count() == 3


def test_practice_is_for_whom_the_training_is_for(client, clock, invited, vera, ada):
    client.force_login(vera)
    pages = [f"{TRAINING}play/", f"{TRAINING}question/", f"{TRAINING}question/draft/"]
    pages += [f"{TRAINING}question/macro/?macro=thank-and-link"]
    assert {client.get(page).status_code for page in pages} == {404}
    assert client.post(f"{TRAINING}question/reply/", {"text": "x"}).status_code == 404
    client.force_login(ada)
    assert {client.get(page, follow=True).status_code for page in pages} == {200}
    assert client.get(f"{TRAINING}nothing/").status_code == 404
    assert client.post(f"{TRAINING}question/leave/solve/").status_code == 404


def test_training_is_for_volunteers_and_the_team(client, clock, invited, vera, ada):
    client.force_login(vera)
    assert client.get("/volunteers/training/").status_code == 404
    assert client.post("/volunteers/training/leave/").status_code == 404
    inviting.accept(invited.pk, NOW)
    assert client.get("/volunteers/training/").status_code == 200
    assert client.post("/volunteers/training/leave/").status_code == 302
    assert VolunteerDay.objects.get().state == "declined"
    client.force_login(ada)
    assert client.get("/volunteers/training/").status_code == 200


def test_training_links_what_admins_entered_to_learn_from(client, clock, invited, vera, ada):
    client.force_login(vera)
    inviting.accept(invited.pk, NOW)
    Contact.objects.create(kind="learning", name="No link yet")
    assert "Learn more" not in client.get("/volunteers/training/").content.decode()
    Contact.objects.create(kind="learning", name="Bootcamp", url="https://acme.example/bootcamp")
    Contact.objects.create(kind="other", name="Elsewhere", url="https://acme.example/elsewhere")
    html = client.get("/volunteers/training/").content.decode()
    assert 'href="https://acme.example/bootcamp"' in html
    assert not any(text in html for text in ("No link yet", "Elsewhere"))
    client.force_login(ada)
    assert 'href="/volunteers/training/"' in client.get("/contacts/").content.decode(), "under Menu, for the team"
    client.force_login(UserFactory(role="admin"))
    Contact.objects.all().delete()
    assert "Nothing linked yet" in client.get("/volunteers/training/").content.decode()
