import uuid
from datetime import timedelta

import pytest
from django.core import signing

from channels.models import OutboundItem
from experts.models import Outreach
from experts.outreach import outreach
from experts.tests.factories import ExpertFactory, OutreachFactory, TopicFactory
from mentions.models import Event, Note, Ticket
from mentions.queue import claims
from mentions.queue.claims import AlreadyClaimed, ClaimLost
from mentions.tests.factories import NOON, MessageFactory, UserFactory
from mentions.tickets.transitions import OutcomeRefused

pytestmark = pytest.mark.django_db
URL = "https://news.ycombinator.com/item?id=40000001"


@pytest.fixture
def asking():
    """A held ticket, its advocate, and an expert: what `ask` needs."""
    message = MessageFactory(url=URL, text="Does the <runner> work?")
    advocate = UserFactory(role="advocate")
    ticket = claims.claim(advocate, message.ticket_id, NOON)
    return ticket, advocate, ExpertFactory(slack_id="U42", slack_handle="ines")


def ask(ticket, advocate, expert, key=None, **changes):
    key = key or uuid.uuid4()
    wanted = {
        "asked": expert,
        "slack_channel": "#s_verify",
        "text": outreach.proposal(ticket, expert, key, advocate, "Hacker News"),
        "until": NOON + timedelta(hours=4),
        "now": NOON,
        **changes,
    }
    return outreach.ask(ticket.pk, advocate, ticket.claim_token, key=key, **wanted)


def test_ask_queues_the_post_parks_the_ticket_and_tags_it(asking):
    asked = ask(*asking)
    ticket = Ticket.objects.get(pk=asking[0].pk)
    assert (ticket.status, ticket.waiting_on, ticket.wake_at) == ("open", "expert", NOON + timedelta(hours=4))
    assert not ticket.is_queued
    assert ticket.claimed_by is None
    assert [tag.name for tag in ticket.tags.all()] == ["reached-out-to-expert"]
    posted = asked.outbound
    assert (posted.kind, posted.payload["channel"]) == ("slack", "#s_verify")
    assert posted.payload["text"].startswith("<@U42> ")
    assert URL in posted.payload["text"]
    assert "support from an expert" in posted.payload["text"]
    assert Event.objects.filter(ticket=ticket, kind="outreach").count() == 1


def test_asking_twice_with_one_key_asks_once(asking):
    key = uuid.uuid4()
    assert ask(*asking, key=key) == ask(*asking, key=key)
    assert OutboundItem.objects.count() == 1


def test_the_rest_of_the_text_cannot_command_slack(asking):
    ticket, advocate, expert = asking
    text = f"@ines {URL} support from an expert <!channel> <@U1> a & b"
    asked = ask(ticket, advocate, expert, text=text)
    assert asked.outbound.payload["text"].count("<") == 1
    assert "&lt;!channel&gt;" in asked.outbound.payload["text"]


@pytest.mark.parametrize(
    "changes", [{"text": f"{URL} help!"}, {"text": "support from an expert"}, {"slack_channel": " # "}]
)
def test_ask_without_link_phrase_or_channel_is_refused_and_changes_nothing(asking, changes):
    with pytest.raises(OutcomeRefused):
        ask(*asking, **changes)
    assert not Outreach.objects.exists()
    assert not OutboundItem.objects.exists()
    assert Ticket.objects.get(pk=asking[0].pk).claimed_by == asking[1]


def test_ask_with_a_lost_claim_is_refused(asking):
    ticket, advocate, expert = asking
    claims.release(ticket.pk, advocate, ticket.claim_token, NOON)
    claims.claim(UserFactory(role="advocate"), ticket.pk, NOON)
    with pytest.raises(ClaimLost):
        ask(ticket, advocate, expert)
    ticket.claim_token = None
    with pytest.raises(AlreadyClaimed):
        ask(ticket, advocate, expert)


def test_a_team_is_asked_by_its_group_name(asking):
    team = TopicFactory(slack_mention="@techevangelism", slack_channel="#evangelists")
    asked = ask(asking[0], asking[1], team)
    assert asked.outbound.payload["text"].startswith("@techevangelism ")
    assert asked.topic == team


def delivered(asked, state, **fields):
    OutboundItem.objects.filter(pk=asked.outbound_id).update(state=state, **fields)


def test_delivered_request_has_its_slack_link(asking):
    asked = ask(*asking)
    delivered(asked, "sent", receipt={"ts": "1700.1", "permalink": "https://slack.example/p1"})
    assert outreach.unsettled() == [asked.outbound_id]
    outreach.apply_delivery(asked.outbound_id, NOON)
    asked.refresh_from_db()
    assert (asked.slack_ts, asked.slack_url, asked.state) == ("1700.1", "https://slack.example/p1", "asked")
    assert outreach.unsettled() == []


def test_request_that_could_not_be_posted_brings_the_ticket_back_and_says_why(asking):
    asked = ask(*asking)
    delivered(asked, "failed", error="Slack does not know the channel #s_verify.")
    outreach.apply_delivery(asked.outbound_id, NOON)
    outreach.apply_delivery(asked.outbound_id, NOON)
    asked.refresh_from_db()
    assert asked.state == Outreach.State.NO_ANSWER
    assert Ticket.objects.get(pk=asked.ticket_id).is_queued
    woken = Event.objects.get(ticket=asked.ticket_id, kind="woken")
    assert "does not know the channel" in woken.data["why"]


def test_uncertain_post_is_said_and_stays_running(asking):
    asked = ask(*asking)
    delivered(asked, "uncertain")
    outreach.apply_delivery(asked.outbound_id, NOON)
    asked.refresh_from_db()
    assert "did not confirm" in asked.error
    assert asked.state == "asked"
    delivered(asked, "sent", receipt={"ts": "1", "permalink": "https://slack.example/p1"})
    outreach.apply_delivery(asked.outbound_id, NOON)
    asked.refresh_from_db()
    assert asked.error == ""


@pytest.mark.parametrize("state", ["declined", "redirected", "no_answer"])
def test_refused_request_brings_the_ticket_back_with_the_words(state):
    asked = OutreachFactory()
    outreach.respond(asked.pk, state, "Ask Jo, who wrote it", now=NOON)
    asked.refresh_from_db()
    assert asked.state == state
    assert Ticket.objects.get(pk=asked.ticket_id).is_queued
    assert "Ask Jo" in Note.objects.get(ticket=asked.ticket_id).text


def test_acknowledged_request_keeps_waiting():
    asked = OutreachFactory()
    outreach.respond(asked.pk, "acknowledged", "", now=NOON)
    assert Ticket.objects.get(pk=asked.ticket_id).waiting_on == "expert"


def test_draft_becomes_a_note_and_wakes_the_ticket():
    asked = OutreachFactory()
    outreach.respond(asked.pk, "draft", "Set HTTP_PROXY.", now=NOON)
    assert Ticket.objects.get(pk=asked.ticket_id).is_queued
    assert "Set HTTP_PROXY." in Note.objects.get(ticket=asked.ticket_id).text
    with pytest.raises(OutcomeRefused, match="empty"):
        outreach.respond(OutreachFactory().pk, "draft", " ", now=NOON)


def test_ended_request_takes_no_second_word():
    asked = OutreachFactory(state="answered")
    with pytest.raises(OutcomeRefused, match="ended"):
        outreach.respond(asked.pk, "declined", "", now=NOON)


def test_respond_link_holds_only_for_its_own_key():
    key = uuid.uuid4()
    signed = outreach.respond_url(key).rstrip("/").rsplit("/", 1)[1]
    assert outreach.key_in(signed) == key
    with pytest.raises(signing.BadSignature):
        outreach.key_in(signed[:-2] + "xx")
