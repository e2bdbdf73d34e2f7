"""Urgent tickets and questions against the sandbox's Slack: from mention to end, with nobody at the desk."""

from datetime import time
from zoneinfo import ZoneInfo

import pytest

from advocacy.tests import scenario
from advocacy.tests.asking import mention
from advocacy.tests.test_scenarios_slack import click
from mentions.models import Note, Question
from mentions.questions import asking, reading
from mentions.queue import claims
from sandbox import world
from team import shifts
from team.models import CoverageHours, UrgentCall, UrgentRule
from team.urgent import escalating, rules, wording

desk, outside = scenario.desk, scenario.outside
pytestmark = pytest.mark.timeout(180)
TEAM = "community-advocates"
PING = f"<!subteam^{world.SLACK_GROUPS['advocates']}>"


@pytest.fixture(autouse=True)
def _team(desk, settings):
    settings.TEAM_SLACK_CHANNEL, settings.ADVOCATES_SLACK_GROUP = f"#{TEAM}", world.SLACK_GROUPS["advocates"]
    CoverageHours.objects.all().delete()  # always covered, at any time


def follow(desk, **span):
    desk.wait(**span)
    escalating.run(desk.now())
    desk.send_due()
    escalating.run(desk.now())
    desk.send_due()


def in_slack(desk, channel):
    return [m for m in desk.outside.truth("slack")["desk"] if m["channel"] == channel]


def test_rule_calls_nobody_takes_it_it_escalates_and_is_taken_by_the_button(desk, client):
    UrgentRule.objects.create(name="Outages", query='"data loss"', slack_channels="#ceo")
    first = mention(desk, "twitter", "@acme we have a data loss, help!")
    ticket = desk.ticket(first)
    rules.mark([desk.message(first).pk], desk.now())
    rules.mark(None, desk.now())
    desk.send_due()
    team = world.SLACK_CHANNELS[TEAM]
    (posted,) = [m for m in in_slack(desk, team) if "data loss" in m["text"]]
    assert PING in posted["text"]
    assert [PING in m["text"] for m in in_slack(desk, world.SLACK_CHANNELS["ceo"])] == [False]
    for _minutes in range(4):
        follow(desk, minutes=10)
    said = [m["text"] for m in in_slack(desk, team) if m.get("thread_ts") == posted["ts"]]
    assert said == [f"{PING} nobody has taken this yet. Can somebody, please?"]
    called = list(ticket.events.filter(kind="urgent").order_by("pk").values_list("data__said", flat=True))
    assert called == ["asked", "escalated", "escalated"]
    click(desk, client, f"{team}/{posted['ts']}", "maria", wording.TAKE, times=2)
    follow(desk)
    call = UrgentCall.objects.select_related("taken_by").get()
    ticket.refresh_from_db()
    assert (call.state, call.taken_by, ticket.assignee) == ("taken", desk.user("maria"), desk.user("maria"))
    (shown,) = [m for m in in_slack(desk, team) if m["ts"] == posted["ts"]]
    assert "is on it" in str(shown["blocks"])
    desk.reply(ticket, "We are on it. Your data is safe.", by="maria")
    follow(desk, minutes=2)
    call.refresh_from_db()
    assert call.state == "over"
    said = [m["text"] for m in in_slack(desk, team) if m.get("thread_ts") == posted["ts"]]
    assert len(said) == 3
    assert "settled" in said[-1]


def test_story_that_everybody_comments_is_urgent_once_though_one_person_wrote_to_us(desk):
    """Late in the day a story gets many comments, in reply to each other."""
    rule = UrgentRule.objects.create(name="Fast stories", messages=8, minutes=60)
    root = desk.outside.post("hackernews", title="A builder for everything", text="", author="maker")["id"]
    asked = desk.outside.post("hackernews", text="Is Acme faster?", author="asker", reply_to=root)["id"]
    desk.poll("hackernews")
    desk.read_threads()
    rules.mark(None, desk.now())
    assert not UrgentCall.objects.exists()
    for number in range(8):
        desk.outside.post("hackernews", text=f"It is not, {number} times.", author=f"other{number}", reply_to=asked)
    desk.wait(minutes=20)
    desk.read_threads()
    for _twice in range(2):
        rules.mark(None, desk.now())
    desk.send_due()
    call = UrgentCall.objects.get()
    assert (call.ticket, call.rule) == (desk.ticket(asked), rule)
    (posted,) = [m for m in in_slack(desk, world.SLACK_CHANNELS[TEAM]) if "Is Acme faster?" in m["text"]]
    assert "messages in 60 min" in posted["text"]


def test_parked_question_is_asked_in_slack_and_its_answer_brings_the_ticket_back(desk):
    first = mention(desk, "twitter", "@acme may I print your logo?")
    ticket, sam = desk.ticket(first), desk.user()
    token = claims.claim(sam, ticket.pk, desk.now()).claim_token
    asking.ask(ticket.pk, sam, token, room="#product", text="May they print our logo?", now=desk.now())
    desk.wait(minutes=1)
    desk.send_due()
    for outbound_id in asking.unsettled():
        asking.apply_delivery(outbound_id, desk.now())
    question = Question.objects.get()
    place = f"{question.slack_room}/{question.slack_ts}"
    desk.outside.post("slack", text="Yes, in black and white", author="tom", reply_to=place)
    for _twice in range(2):
        desk.wait(minutes=2)
        reading.read_due(desk.now())
    ticket.refresh_from_db()
    question.refresh_from_db()
    assert (question.state, question.answered_by) == ("answered", "Tom Brennan")
    assert (ticket.is_queued, ticket.assignee) == (True, sam)
    assert Note.objects.get(ticket=ticket).text == "Tom Brennan answers in #product: Yes, in black and white"


def test_colleague_pings_the_advocates_in_slack_at_night_whoever_is_on_call_is_reached(desk):
    """No question mark, and nobody is pinged twice: the preset's rule."""
    now = desk.now()
    weekday = (now.weekday() + 3) % 7
    CoverageHours.objects.create(weekday=weekday, starts=time(8), ends=time(9))  # that is: not now
    shifts.add_shifts(desk.user("maria"), now.date(), time(0), time(0), ZoneInfo("UTC"), is_on_call=True)
    first = mention(desk, "slack", f"{PING} the blog says 500 to everybody", to="swag", author="tom")
    message = desk.message(first)
    assert message.text == "@advocates the blog says 500 to everybody"
    for _twice in range(2):
        rules.mark([message.pk], desk.now())
    desk.send_due()
    call = UrgentCall.objects.get()
    assert call.rule.name == "Ping of @advocates in Slack"
    (posted,) = [m for m in in_slack(desk, world.SLACK_CHANNELS[TEAM]) if "says 500" in m["text"]]
    assert PING not in posted["text"]
    assert [person.user.username for person in call.people.filter(called_at__isnull=False)] == ["maria"]
    outsider = mention(desk, "twitter", "@acme where are your @advocates now?")
    assert rules.mark([desk.message(outsider).pk], desk.now()) == 0
