"""Long absences: what is said ahead, who could stand in, roles handed over for that time and back."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.urls import reverse

from channels.models import OutboundItem
from mentions.models import Preference
from mentions.tests.factories import UserFactory
from team import roster, shifts, tasks
from team.duties import rota
from team.expertise import rotation
from team.meeting import planning as meetings
from team.models import (
    Absence,
    CoverageHours,
    Expertise,
    ExpertiseTurn,
    Holiday,
    Meeting,
    MeetingRule,
    Release,
    ReleaseRule,
    Shift,
    StandIn,
    VolunteerDay,
)
from team.release import planning as releases
from team.standing_in import announcing, handing, proposing
from team.standing_in.handing import NotHanded

pytestmark = pytest.mark.django_db
UTC_ZONE = ZoneInfo("UTC")
FIRST, LAST = date(2026, 3, 16), date(2026, 3, 27)
"""Ada's: two weeks from a Monday on."""
ROLES = list(StandIn.Role)


def at(day, hour=9, minute=0, month=3):
    return datetime(2026, month, day, hour, minute, tzinfo=UTC)


NOW = at(9)
"""The Monday before."""


@pytest.fixture(autouse=True)
def _slack(settings, stop_clock):
    settings.SLACK_TOKEN, settings.TEAM_SLACK_CHANNEL = "xoxb-1", "#community-advocates"
    stop_clock(NOW)
    for weekday in range(5):
        CoverageHours.objects.create(weekday=weekday, starts=time(8), ends=time(22))


@pytest.fixture
def team():
    return [UserFactory(role="advocate", username=name) for name in ("ada", "bob", "cy")]


@pytest.fixture
def manager():
    return UserFactory(role="manager", username="max")


@pytest.fixture
def roles(team):
    """{role: what Ada holds in these weeks}."""
    ada = team[0]
    rule = ReleaseRule.objects.create(name="Acme", day_of_month=20)
    meeting = MeetingRule.objects.create(name="Key meeting", day_of_month=24)
    month = date(2026, 3, 1)
    night = shifts.add_shifts(ada, date(2026, 3, 17), time(22), time(6), UTC_ZONE, is_on_call=True)[0]
    vera = UserFactory(username="vera")
    return {
        "expertise": Expertise.objects.create(name="Merch", owner=ada),
        "release": Release.objects.create(rule=rule, month=month, day=date(2026, 3, 20), owner=ada),
        "meeting": Meeting.objects.create(rule=meeting, month=month, owner=ada),
        "on_call": night,
        "buddy": VolunteerDay.objects.create(
            user=vera, day=date(2026, 3, 18), buddy=ada, invited_by=ada, invited_at=NOW, link_until=at(18)
        ),
    }


@pytest.fixture
def absence(team):
    return shifts.add_absence(team[0], FIRST, LAST)


def texts():
    return list(OutboundItem.objects.order_by("pk").values_list("payload__text", flat=True))


def holder(role, row):
    """Who has it: on call, whoever is on call in the middle of the night."""
    row.refresh_from_db()
    if role == "on_call":
        return [user.username for user in roster.on_call_now(at(18, 1))]
    return [(row.buddy if role == "buddy" else row.owner).username]


def hand(absence, role, row, to, now=NOW):
    return handing.hand(absence.pk, role, row.pk, to, to, now)


# --- which absences, which roles, who ---------------------------------------------------------------------------------


def test_every_role_of_a_long_absence_has_somebody_who_could_stand_in(absence, roles, team):
    (found,) = proposing.arrangements(NOW)
    assert found.is_long
    assert [(role.role, to.username) for role, to in found.open] == [
        ("expertise", "bob"), ("release", "bob"), ("meeting", "bob"), ("on_call", "bob"), ("buddy", "bob")
    ]  # fmt: skip


def test_whose_turn_it_is_decides_and_whoever_is_away_too_is_passed_over(absence, roles, team):
    _ada, bob, cy = team
    rota.join("release", bob)
    rota.join("meeting", cy)
    ExpertiseTurn.objects.create(expertise=roles["expertise"], user=bob, since=date(2026, 1, 5))
    shifts.add_shifts(bob, date(2026, 3, 16), time(22), time(6), UTC_ZONE, is_on_call=True)
    shifts.add_absence(bob, date(2026, 3, 18), date(2026, 3, 18))
    found = next(each for each in proposing.arrangements(NOW) if each.absence == absence)
    assert {role.role: to.username for role, to in found.open} == {
        "expertise": "cy", "release": "bob", "meeting": "cy", "on_call": "cy", "buddy": "cy"
    }  # fmt: skip


@pytest.mark.parametrize(("days", "to"), [(2, "bob"), (5, "cy")])
def test_an_expertise_goes_to_somebody_who_is_away_for_a_few_days_but_not_for_long(absence, roles, team, days, to):
    _ada, bob, cy = team
    shifts.add_absence(bob, FIRST, FIRST + timedelta(days=days - 1))
    Expertise.objects.create(name="Forum", owner=cy)
    ExpertiseTurn.objects.create(expertise=roles["expertise"], user=cy, since=date(2026, 1, 5))
    found = next(each for each in proposing.arrangements(NOW) if each.absence == absence)
    assert [user.username for role, user in found.open if role.role == "expertise"] == [to]
    assert proposing.is_able(found.open[0][0], bob) is (days == 2)


def test_nobody_there_is_nobody(absence, roles, team):
    for user in team[1:]:
        shifts.add_absence(user, FIRST, LAST)
    found = next(each for each in proposing.arrangements(NOW) if each.absence == absence)
    assert [to for _role, to in found.open] == [None] * len(ROLES)


@pytest.mark.parametrize(("days", "holiday", "is_long"), [(4, None, False), (5, None, True), (5, 18, False)])
def test_long_is_a_week_of_working_days(team, roles, days, holiday, is_long):
    if holiday:
        Holiday.objects.create(day=date(2026, 3, holiday), name="Off")
    shifts.add_absence(team[0], FIRST, FIRST + timedelta(days=days - 1))
    assert [each.is_long for each in proposing.arrangements(NOW)] == [True] * is_long


def test_a_short_one_counts_if_it_leaves_covered_hours_open(team, roles):
    day = date(2026, 3, 17)
    absence = shifts.add_absence(team[0], day, day)
    assert proposing.arrangements(NOW) == []
    shifts.add_shifts(team[0], day, time(8), time(16), UTC_ZONE)
    (found,) = proposing.arrangements(NOW)
    assert (found.absence, found.is_long) == (absence, False)
    assert [role.role for role, _to in found.open] == ["on_call"], "an expertise can wait, the others are on later days"
    assert announcing.announce(at(10)) == 1
    shifts.add_shifts(team[1], day, time(7), time(17), UTC_ZONE)
    assert proposing.arrangements(NOW) == []


def test_without_roles_there_is_nothing_to_say(absence):
    assert proposing.arrangements(NOW) == []
    assert announcing.announce(NOW) == 0


def test_an_expertise_taken_over_meanwhile_counts(absence, team):
    merch = Expertise.objects.create(name="Merch", owner=team[1])
    rotation.plan(merch.pk, team[0], date(2026, 3, 18))
    ((role, to),) = proposing.arrangements(NOW)[0].open
    assert (role.what, to.username) == ("Merch, Wednesday, 18 March", "cy")
    hand(absence, "expertise", merch, to)
    for day in (16, 17, 18, 19):
        handing.follow(at(day))
        rotation.follow(at(day))
    handing.follow(at(19, 10))
    assert holder("expertise", merch) == ["cy"]
    handing.follow(at(28))
    assert holder("expertise", merch) == ["ada"]


def test_constant_number_of_queries(team, roles, django_assert_max_num_queries):
    shifts.add_absence(team[0], FIRST, LAST)
    for number in range(12):
        user = UserFactory(role="advocate")
        Expertise.objects.create(name=f"E{number}", owner=user)
        shifts.add_absence(user, FIRST, LAST)
    with django_assert_max_num_queries(24):
        assert len(proposing.arrangements(NOW)) == 13


# --- said ahead, once -------------------------------------------------------------------------------------------------


def test_the_team_is_told_once_a_week_ahead_on_a_working_day(absence, roles, team):
    moments = [at(6), at(8, 12), at(9, 7, 59), at(9, 8), at(9, 8, 1), at(12), at(17), at(26)]
    assert [announcing.announce(now) for now in moments] == [0, 0, 0, 1, 0, 0, 0, 0]
    (text,) = texts()
    assert text.splitlines()[0] == "ada is away Monday, 16 March to Friday, 27 March. Somebody should stand in:"
    assert "• expertise: Merch. Next: bob" in text
    assert "• release day: Acme, Friday, 20 March. Next: bob" in text
    assert text.count("•") == len(ROLES)
    assert "/coverage/#stand-ins" in text
    assert "/volunteers/?day=2026-03-16#invite" in text
    assert "<@" not in text


def test_a_scheduler_that_was_down_says_it_late_and_not_once_it_is_over(absence, roles):
    assert announcing.announce(at(19)) == 1
    Absence.objects.update(told_for=None)
    assert announcing.announce(at(28)) == 0
    assert announcing.announce(at(30)) == 0


def test_an_absence_that_grows_long_is_said_then_and_one_that_is_put_off_again(team, roles):
    absence = shifts.add_absence(team[0], FIRST, FIRST)
    assert announcing.announce(at(16)) == 0
    shifts.add_absence(team[0], FIRST, LAST)
    assert announcing.announce(at(17)) == 1
    Absence.objects.filter(pk=absence.pk).update(first_day=date(2026, 3, 18))
    assert announcing.announce(at(17, 10)) == 1
    assert len(texts()) == 2


def test_who_was_handed_everything_needs_no_message(absence, roles, team):
    for role, row in roles.items():
        hand(absence, role, row, team[1])
    before = len(texts())
    assert announcing.announce(NOW) == 0
    assert len(texts()) == before


def test_without_slack_nothing_is_said_and_nothing_counts_as_said(absence, roles, settings):
    settings.SLACK_TOKEN = ""
    assert announcing.announce(NOW) == 0
    settings.SLACK_TOKEN = "xoxb-1"
    assert announcing.announce(NOW) == 1


# --- handed over and back ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("role", ROLES)
def test_a_role_is_handed_over_for_that_time_announced_once_and_comes_back(absence, roles, team, role):
    row = roles[role]
    hand(absence, role, row, team[1])
    assert hand(absence, role, row, team[1]).pk == StandIn.objects.get().pk, "twice changes nothing"
    announced = [text for text in texts() if text.startswith("bob, you stand in for ada")]
    assert len(announced) == 1
    if role == "expertise":
        handing.follow(at(15, 23, 59))
        assert holder(role, row) == ["ada"], "not before the first day"
    handing.follow(at(16))
    assert holder(role, row) == ["bob"]
    for moment in (at(17), at(21), at(27, 23, 59), at(28), at(28, 1)):
        handing.follow(moment)
    assert StandIn.objects.get().ended_at is not None
    back = [text for text in texts() if "is with ada again. Thank you for standing in, bob!" in text]
    assert len(back) == (role == "expertise"), "what was done on its day needs no return"
    assert holder(role, row) == (["ada"] if role == "expertise" else ["bob"])


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("change", ["deleted", "shortened", "moved", "taken back"])
def test_what_changes_before_takes_the_role_back(absence, roles, team, role, change):
    row = roles[role]
    made = hand(absence, role, row, team[1])
    if change == "deleted":
        shifts.remove_absence(absence.pk, team[0], of_anybody=False)
    elif change == "shortened":
        shifts.add_absence(team[0], FIRST, FIRST)
    elif change == "moved":
        Absence.objects.filter(pk=absence.pk).update(first_day=date(2026, 4, 6), last_day=date(2026, 4, 17))
    else:
        handing.take_back(made.pk, NOW)
        handing.take_back(made.pk, NOW)
    handing.follow(at(10))
    for day in (16, 17, 18):
        handing.follow(at(day, 23, 59) if change != "moved" else at(day))
    still_away = (role, change) == ("on_call", "taken back")
    assert holder(role, row) == ([] if still_away else ["ada"])
    back = [text for text in texts() if "is with ada again. Thank you for standing in, bob!" in text]
    assert len(back) == ((role, change) == ("expertise", "shortened") or role != "expertise"), (
        "once, if it was with bob"
    )
    assert not Shift.objects.filter(user=team[1]).exists()


@pytest.mark.parametrize("role", ROLES)
def test_previous_release_that_deletes_the_absence_takes_nothing_along(absence, roles, team, role):
    """It knows no stand-ins, so it doesn't empty their reference."""
    hand(absence, role, roles[role], team[1])
    Absence.objects.filter(pk=absence.pk)._raw_delete("default")
    handing.follow(at(16))
    assert holder(role, roles[role]) == ["ada"]


def test_an_absence_that_is_put_off_after_it_began_gives_the_expertise_back_until_then(absence, roles, team):
    hand(absence, "expertise", roles["expertise"], team[1])
    handing.follow(at(16))
    Absence.objects.filter(pk=absence.pk).update(first_day=date(2026, 3, 18))
    handing.follow(at(16, 10))
    assert holder("expertise", roles["expertise"]) == ["ada"]
    handing.follow(at(18))
    assert holder("expertise", roles["expertise"]) == ["bob"]


def test_the_shift_on_call_follows_the_absence_and_a_removed_one_stays_removed(absence, roles, team):
    hand(absence, "on_call", roles["on_call"], team[1])
    made = StandIn.objects.get().shift
    assert (made.starts_at, made.ends_at, made.is_on_call) == (at(17, 22), at(18, 6), True)
    shifts.add_absence(team[0], FIRST, date(2026, 3, 17))
    handing.follow(at(10))
    made.refresh_from_db()
    assert (made.starts_at, made.ends_at) == (at(17, 22), at(18, 0)), "the rest is hers again"
    shifts.remove_shift(made.pk, team[1], of_anybody=False)
    handing.follow(at(11))
    assert not Shift.objects.filter(user=team[1]).exists()
    (found,) = StandIn.objects.all()
    assert found.ended_at is not None


def test_who_becomes_the_owner_meanwhile_keeps_it(absence, roles, team):
    merch = roles["expertise"]
    hand(absence, "expertise", merch, team[1])
    handing.follow(at(16))
    rotation.hand_over(merch.pk, team[1], date(2026, 3, 20))
    handing.follow(at(20))
    handing.follow(at(28))
    assert holder("expertise", merch) == ["bob"]


@pytest.mark.parametrize("role", ["expertise", "release", "meeting"])
def test_who_was_chosen_by_hand_meanwhile_keeps_it(absence, roles, team, role):
    row, cy = roles[role], team[2]
    hand(absence, role, row, team[1])
    handing.follow(at(16))
    changes = {
        "expertise": lambda: rotation.hand_over(row.pk, cy, date(2026, 3, 17)),
        "release": lambda: releases.assign(row.pk, cy),
        "meeting": lambda: meetings.take(row.pk, cy),
    }
    changes[role]()
    for day in (17, 18, 28):
        handing.follow(at(day))
    assert holder(role, row) == ["cy"]
    assert StandIn.objects.get().ended_at is not None


def test_a_stand_in_who_goes_away_is_replaced_and_the_role_still_comes_back(absence, roles, team):
    _ada, bob, cy = team
    merch = roles["expertise"]
    hand(absence, "expertise", merch, bob)
    handing.follow(at(16))
    second = shifts.add_absence(bob, date(2026, 3, 17), date(2026, 3, 31))
    found = next(each for each in proposing.arrangements(at(16, 10)) if each.absence == second)
    assert [(role.what, to.username) for role, to in found.open] == [("Merch", "cy")]
    hand(second, "expertise", merch, cy, at(16, 10))
    assert holder("expertise", merch) == ["cy"]
    handing.follow(at(28))
    assert holder("expertise", merch) == ["ada"]


def test_a_stand_in_who_will_be_away_is_replaced_before_it_begins(absence, roles, team):
    _ada, bob, cy = team
    merch = roles["expertise"]
    hand(absence, "expertise", merch, bob)
    second = shifts.add_absence(bob, date(2026, 3, 13), date(2026, 3, 20))
    found = next(each for each in proposing.arrangements(NOW) if each.absence == second)
    assert [(role.what, role.first, role.last, to.username) for role, to in found.open] == [
        ("Merch", FIRST, date(2026, 3, 20), "cy")
    ]
    announcing.announce(NOW)
    assert any("bob is away" in text and "expertise: Merch. Next: cy" in text for text in texts())
    for _click in range(2):
        hand(second, "expertise", merch, cy)
    assert [each for each in proposing.arrangements(NOW) if each.absence == second] == []
    assert holder("expertise", merch) == ["ada"]
    for moment, owner in ((at(16), "cy"), (at(21), "cy"), (at(28), "ada")):
        handing.follow(moment)
        assert holder("expertise", merch) == [owner]


def test_a_role_that_is_theirs_twice_is_listed_once(absence, roles, team):
    """Bob stands in for Merch, and then it would be his."""
    merch, bob = roles["expertise"], team[1]
    Expertise.objects.filter(pk=merch.pk).update(rotates_on=date(2026, 3, 18), next_owner=bob)
    hand(absence, "expertise", merch, bob)
    second = shifts.add_absence(bob, FIRST, date(2026, 3, 20))
    found = next(each for each in proposing.arrangements(NOW) if each.absence == second)
    assert [(role.role, role.number) for role, _to in found.open] == [("expertise", merch.pk)]


@pytest.mark.parametrize(("first", "last"), [(9, 13), (16, 17)], ids=["over by then", "a few days"])
def test_a_stand_in_who_is_back_in_time_or_soon_stays(absence, roles, team, first, last):
    bob = team[1]
    hand(absence, "expertise", roles["expertise"], bob)
    second = shifts.add_absence(bob, date(2026, 3, first), date(2026, 3, last))
    assert [each for each in proposing.arrangements(NOW) if each.absence == second] == []
    handing.follow(at(18))
    assert holder("expertise", roles["expertise"]) == ["bob"]


def test_nobody_who_has_left_gets_anything_back(absence, roles, team):
    hand(absence, "expertise", roles["expertise"], team[1])
    handing.follow(at(16))
    type(team[0]).objects.filter(pk=team[0].pk).update(is_active=False)
    handing.follow(at(28))
    assert holder("expertise", roles["expertise"]) == ["bob"]


def test_the_day_away_begins_and_ends_at_home(absence, roles, team):
    Preference.objects.create(user=team[0], time_zone="America/New_York")
    hand(absence, "expertise", roles["expertise"], team[1])
    for moment, owner in ((at(16, 3, 59), "ada"), (at(16, 4), "bob"), (at(28, 3, 59), "bob"), (at(28, 4), "ada")):
        handing.follow(moment)
        assert holder("expertise", roles["expertise"]) == [owner]


def test_what_can_not_be_handed_over_says_why(absence, roles, team):
    _ada, bob, cy = team
    merch = roles["expertise"]
    shifts.add_absence(bob, FIRST, date(2026, 3, 20))
    with pytest.raises(NotHanded, match="bob can’t stand in then"):
        hand(absence, "expertise", merch, bob)
    with pytest.raises(NotHanded, match="can’t stand in then"):
        hand(absence, "expertise", merch, UserFactory(username="vic"))
    hand(absence, "expertise", merch, cy)
    with pytest.raises(NotHanded, match="cy already stands in"):
        hand(absence, "expertise", merch, bob)
    with pytest.raises(NotHanded, match="ada no longer has this role"):
        handing.hand(absence.pk, "meeting", 10**9, cy, cy, NOW)
    releases.assign(roles["release"].pk, cy)
    with pytest.raises(NotHanded, match="ada no longer has this role"):
        hand(absence, "release", roles["release"], bob)
    assert StandIn.objects.count() == 1


# --- the page ---------------------------------------------------------------------------------------------------------


def post(client, name, *args, **data):
    return client.post(reverse(f"team:{name}", args=args), data, follow=True)


def buttons(html):
    return html.count('name="number"')


def test_managers_hand_over_with_one_click_each_and_take_back(client, absence, roles, team, manager):
    client.force_login(manager)
    html = client.get("/coverage/").content.decode()
    assert buttons(html) == len(ROLES)
    assert "Hand to bob" in html
    assert "/volunteers/?day=2026-03-16#invite" in html
    assert "Invite advocates for a day" not in html, "which takes a right that managers lack"
    merch = roles["expertise"]
    html = post(client, "stand_in", absence.pk, role="expertise", number=merch.pk, to=team[1].pk).content.decode()
    assert "bob stands in: Merch" in html
    assert buttons(html) == len(ROLES) - 1
    again = post(client, "stand_in", absence.pk, role="expertise", number=merch.pk, to=team[2].pk).content.decode()
    assert "bob already stands in." in again
    html = post(client, "stand_in_take_back", StandIn.objects.get().pk).content.decode()
    assert "Taken back: Merch" in html
    assert buttons(html) == len(ROLES)


def test_advocates_see_who_is_next_and_change_nothing(client, sam, absence, roles, team):
    html = " ".join(client.get("/coverage/").content.decode().split())
    assert "Stand-ins" in html
    assert "next: bob" in html
    assert buttons(html) == 0
    assert post(client, "stand_in", absence.pk, role="expertise", number=1, to=sam.pk).status_code == 403
    made = hand(absence, "expertise", roles["expertise"], team[1])
    assert post(client, "stand_in_take_back", made.pk).status_code == 403
    assert StandIn.objects.get().ended_at is None


def test_the_page_of_expertises_says_for_whom_somebody_stands_in(client, sam, absence, roles, team):
    hand(absence, "expertise", roles["expertise"], team[1])
    assert "stands in for" not in client.get("/expertises/").content.decode()
    handing.follow(at(16))
    page = " ".join(client.get("/expertises/").content.decode().split())
    assert '<strong>bob</strong> <span class="badge"> stands in for ada until 27 March</span>' in page


def test_volunteers_see_nothing_of_it(client, absence, roles):
    client.force_login(UserFactory(role="volunteer"))
    assert "Stand-ins" not in client.get("/coverage/").content.decode()


@pytest.mark.parametrize("data", [{}, {"to": "x"}, {"to": "0"}, {"to": "999999"}])
def test_nonsense_is_not_found(client, absence, manager, data):
    client.force_login(manager)
    assert post(client, "stand_in", absence.pk, **data).status_code == 404
    assert post(client, "stand_in", 999, to=manager.pk).status_code == 404
    assert post(client, "stand_in_take_back", 999).status_code == 404


# --- weeks of it ------------------------------------------------------------------------------------------------------


def run(stop_clock, deeds=()):
    """Every hour of five weeks, with a scheduler that is down for six hours on the first day away: [(hour, text)]."""
    deeds, found = dict(deeds), []
    start, down = at(2, 0), (at(16, 0), at(16, 6))
    for number in range(35 * 24):
        now = start + number * timedelta(hours=1)
        if now in deeds:
            deeds[now]()
        if down[0] <= now < down[1]:
            continue
        stop_clock(now)
        before = OutboundItem.objects.count()
        tasks.follow_stand_ins()
        tasks.follow_stand_ins()
        new = OutboundItem.objects.order_by("pk")[before:]
        found += [(f"{now:%d %H}", item.payload["text"].split("\n")[0]) for item in new]
    return found


AHEAD = ("09 08", "ada is away Monday, 16 March to Friday, 27 March. Somebody should stand in:")


def test_weeks_with_nobody_clicking_say_it_once_and_change_nothing(absence, roles, stop_clock):
    assert run(stop_clock) == [AHEAD]
    assert {role: holder(role, row) for role, row in roles.items()} == {
        "expertise": ["ada"], "release": ["ada"], "meeting": ["ada"], "on_call": [], "buddy": ["ada"]
    }  # fmt: skip


def test_weeks_with_one_who_clicks_hand_everything_over_and_back(client, absence, roles, team, manager, stop_clock):
    def click():
        client.force_login(manager)
        for role, row in roles.items():
            post(client, "stand_in", absence.pk, role=role, number=row.pk, to=team[1].pk)

    said = run(stop_clock, {at(10, 14): click})
    assert said == [
        AHEAD,
        ("28 00", "expertise: Merch is with ada again. Thank you for standing in, bob!"),
    ]
    announced = [text for text in texts() if text.startswith("bob, you stand in for ada")]
    assert len(announced) == len(ROLES)
    assert {role: holder(role, row) for role, row in roles.items()} == {
        "expertise": ["ada"], "release": ["bob"], "meeting": ["bob"], "on_call": ["bob"], "buddy": ["bob"]
    }  # fmt: skip
    assert not StandIn.objects.filter(ended_at=None).exists()
