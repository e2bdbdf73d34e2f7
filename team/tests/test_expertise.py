"""Expertises: who owns each one, how they rotate, which tickets touch them, and who gets asked."""

from datetime import UTC, date, datetime

import pytest
from django.urls import reverse

from channels.models import OutboundItem
from experts.directory import suggestions
from experts.tests.factories import ExpertFactory
from mentions.tests.factories import ChannelFactory, MessageFactory, PersonFactory, TicketFactory, UserFactory
from team.expertise import rotation, touching
from team.models import Expertise, ExpertiseTurn

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
DAY = date(2026, 3, 16)


@pytest.fixture(autouse=True)
def _slack(settings, stop_clock):
    settings.SLACK_TOKEN, settings.TEAM_SLACK_CHANNEL = "xoxb-1", "#community-advocates"
    stop_clock(NOW)


@pytest.fixture
def team():
    return [UserFactory(role="advocate", username=name) for name in ("ada", "bob", "cy")]


@pytest.fixture
def merch(team):
    return Expertise.objects.create(name="Merchandise", words=["swag", "T-shirt"], channels=["merch"], owner=team[0])


def texts():
    return list(OutboundItem.objects.order_by("pk").values_list("payload__text", flat=True))


def at(month, day, hour=8, minute=0):
    return datetime(2026, month, day, hour, minute, tzinfo=UTC)


def post(client, name, /, *args, **data):
    return client.post(reverse(f"team:{name}", args=args), data, follow=True)


# --- rotation ---------------------------------------------------------------------------------------------------------


def test_rotation_is_announced_a_week_ahead_and_carried_out_on_the_day_once_each(merch, team):
    rotation.plan(merch.pk, team[1], DAY)
    moments = [at(3, 9, 7, 59), at(3, 9), at(3, 9, 8, 1), at(3, 15), at(3, 16, 7, 59), at(3, 16), at(3, 16, 8, 1)]
    assert [rotation.follow(now) for now in moments] == [0, 1, 0, 0, 0, 1, 0]
    ahead, done = texts()
    assert "rotates on Monday, 16 March: bob takes over from ada" in ahead
    assert "bob takes over from ada today" in done
    merch.refresh_from_db()
    assert (merch.owner, merch.next_owner, merch.rotates_on) == (team[1], None, None)
    assert [(turn.user, turn.since) for turn in merch.turns.all()] == [(team[1], DAY)]


def test_scheduler_that_was_away_still_rotates_and_does_not_announce_what_is_over(merch, team):
    rotation.plan(merch.pk, team[1], DAY)
    assert rotation.follow(at(3, 18, 14)) == 1
    (text,) = texts()
    assert "today" in text
    assert ExpertiseTurn.objects.get().since == DAY


def test_regular_rotation_goes_round_everybody(merch, team):
    merch.every_months = 1
    merch.save()
    rotation.hand_over(merch.pk, team[0], date(2026, 2, 16))
    rotation.plan(merch.pk, team[1], DAY)
    for month in range(3, 9):
        rotation.follow(at(month, 16))
    turns = [turn.user.username for turn in merch.turns.order_by("since")]
    assert turns == ["ada", "bob", "cy", "ada", "bob", "cy", "ada"]


def test_nobody_chosen_is_said_and_leaves_it_where_it_is(merch, team):
    rotation.plan(merch.pk, None, DAY)
    rotation.follow(at(3, 10))
    assert "nobody is chosen" in texts()[0]
    assert rotation.follow(at(3, 17)) == 0
    merch.refresh_from_db()
    assert merch.owner == team[0]
    rotation.plan(merch.pk, team[2], DAY)
    assert rotation.follow(at(3, 18)) == 1, "chosen late, it rotates late"


def test_who_has_left_takes_nothing_over(merch, team):
    rotation.plan(merch.pk, team[1], DAY)
    type(team[1]).objects.filter(pk=team[1].pk).update(is_active=False)
    rotation.follow(at(3, 10))
    assert rotation.follow(at(3, 16)) == 0
    assert "nobody is chosen" in texts()[0]


def test_without_slack_it_rotates_all_the_same(merch, team, settings):
    settings.SLACK_TOKEN = ""
    rotation.plan(merch.pk, team[1], DAY)
    assert rotation.follow(at(3, 10)) == 0
    assert rotation.follow(at(3, 16)) == 1
    assert texts() == []


def test_a_round_gives_everything_to_somebody_else_in_equal_shares(team):
    for number, owner in enumerate([*team, *team]):
        Expertise.objects.create(name=f"E{number}", owner=owner)
    assert rotation.plan_round(DAY) == 6
    rows = list(Expertise.objects.all())
    assert all(each.next_owner != each.owner and each.rotates_on == DAY for each in rows)
    assert sorted(each.next_owner.username for each in rows) == ["ada", "ada", "bob", "bob", "cy", "cy"]


@pytest.mark.parametrize(
    ("day", "later"), [(date(2026, 12, 31), date(2027, 1, 28)), (date(2026, 1, 5), date(2026, 2, 5))]
)
def test_months_later(day, later):
    assert rotation._later(day, 1) == later


# --- tickets ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def ticket():
    channel = ChannelFactory(slug="merch", name="Merch")
    return MessageFactory(ticket=TicketFactory(channel=channel), channel=channel, text="A shirt please").ticket


def test_tickets_touch_expertises_by_channel_and_by_words(merch, ticket):
    assert [(each.name, why) for each, why in touching.touched(ticket, "")] == [("Merchandise", "from Merch")]
    other = TicketFactory(channel=ChannelFactory(slug="forum"))
    assert touching.touched(other, "swagger and T-shirts") == []
    assert [why for _each, why in touching.touched(other, "Any SWAG or a t-shirt?")] == ["swag, T-shirt"]


def test_panel_beside_the_ticket_names_the_owner(client, sam, merch, ticket, team):
    rotation.plan(merch.pk, team[1], DAY)
    html = " ".join(client.get(f"/tickets/{ticket.pk}/").content.decode().split())
    assert "<strong>Merchandise</strong> ada" in html
    assert "bob from 16 March" in html
    merch.delete()
    assert "Areas of expertise" not in client.get(f"/tickets/{ticket.pk}/").content.decode()


def test_owner_is_asked_first_and_once(merch, ticket, team):
    owner = ExpertFactory(person=PersonFactory(user=team[0], name="Ada"))
    found = suggestions.who_to_ask(ticket, "", NOW)
    assert [(each.asked, list(each.reasons)) for each in found] == [(owner, ["owns “Merchandise”"])]
    owner.absent_until = date(2026, 3, 5)
    owner.save()
    assert suggestions.who_to_ask(ticket, "", NOW) == []


def test_owner_who_is_no_expert_is_on_the_panel_only(merch, ticket):
    assert suggestions.who_to_ask(ticket, "", NOW) == []


# --- the page ---------------------------------------------------------------------------------------------------------


def test_everybody_reads_and_managers_change(client, sam, merch, team):
    html = client.get("/expertises/").content.decode()
    assert "Merchandise" in html
    assert "Plan the round" not in html
    client.force_login(UserFactory(role="manager"))
    assert "bob would be next." in client.get("/expertises/").content.decode()
    post(client, "expertise_rotate", merch.pk, owner=team[2].pk, next_owner=team[1].pk, rotates_on="2026-03-16")
    merch.refresh_from_db()
    assert (merch.owner, merch.next_owner, merch.rotates_on) == (team[2], team[1], DAY)
    assert merch.turns.get().user == team[2]
    assert "bob takes over on Monday" in " ".join(client.get("/expertises/").content.decode().split())


@pytest.mark.parametrize(
    ("data", "said"),
    [({"next": 0, "rotates_on": "2026-03-16"}, "Somebody else takes over"), ({"next": 1}, "Enter the day")],
)
def test_wrong_plans_say_why(client, merch, team, data, said):
    client.force_login(UserFactory(role="manager"))
    asked = {"owner": team[0].pk, "next_owner": team[data["next"]].pk, "rotates_on": data.get("rotates_on", "")}
    response = client.post(reverse("team:expertise_rotate", args=[merch.pk]), asked)
    assert response.status_code == 422
    assert said in response.content.decode()


def test_round_is_planned_for_a_day_to_come(client, merch, team):
    client.force_login(UserFactory(role="manager"))
    assert "Choose a day in the future" in post(client, "expertise_round", day="2026-03-02").content.decode()
    assert "1 expertise rotates." in post(client, "expertise_round", day="2026-03-16").content.decode()


def test_without_expertises_the_page_says_who_enters_them(client, sam):
    assert "No areas of expertise yet" in client.get("/expertises/").content.decode()
