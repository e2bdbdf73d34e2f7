import uuid
from datetime import timedelta

import pytest
from django.core import signing
from django.db import IntegrityError, transaction

from channels.models import OutboundItem
from experts.directory import directory
from experts.models import Outreach
from experts.outreach import answers, ending, outreach, responding, sent_drafts
from experts.recognising import drafting
from experts.tests.factories import ExpertFactory, OutreachFactory, TopicFactory
from mentions.models import Event, Note, Reply, Ticket
from mentions.queue import claims
from mentions.queue.claims import AlreadyClaimed, ClaimLost
from mentions.replies import drafts
from mentions.tests.factories import NOON, AuthorFactory, MessageFactory, PersonFactory, UserFactory
from mentions.tickets.transitions import OutcomeRefused
from mentions.triage import tagging

pytestmark = pytest.mark.django_db
URL = "https://news.ycombinator.com/item?id=40000001"


@pytest.fixture
def asking():
    """The arguments of `ask`: a held ticket, its advocate and an expert."""
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


def test_a_team_is_notified_by_its_group_id(asking):
    team = TopicFactory(slack_mention="@techevangelism", slack_channel="#evangelists", slack_group_id="S0123ABCD")
    asked = ask(asking[0], asking[1], team)
    assert asked.outbound.payload["text"].startswith("<!subteam^S0123ABCD> ")
    assert asked.topic == team


def test_group_without_an_id_is_only_text(asking):
    team = TopicFactory(slack_mention="@techevangelism", slack_channel="#evangelists")
    assert ask(asking[0], asking[1], team).outbound.payload["text"].startswith("@techevangelism ")


def test_whoever_was_edited_out_of_the_text_is_notified_all_the_same(asking):
    asked = ask(*asking, text=f"{URL} support from an expert")
    assert asked.outbound.payload["text"].startswith("<@U42> ")


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
    responding.respond(asked.pk, state, "Ask Jo, who wrote it", now=NOON)
    asked.refresh_from_db()
    assert asked.state == state
    assert Ticket.objects.get(pk=asked.ticket_id).is_queued
    assert "Ask Jo" in Note.objects.get(ticket=asked.ticket_id).text


def test_acknowledged_request_keeps_waiting():
    asked = OutreachFactory()
    responding.respond(asked.pk, "acknowledged", "", now=NOON)
    assert Ticket.objects.get(pk=asked.ticket_id).waiting_on == "expert"


def test_draft_goes_into_the_composer_of_whoever_asked_marked_as_theirs():
    advocate = UserFactory(role="advocate")
    asked = OutreachFactory(asked_by=advocate)
    responding.respond(asked.pk, "draft", "Set HTTP_PROXY.", now=NOON)
    assert Ticket.objects.get(pk=asked.ticket_id).is_queued
    assert "Set HTTP_PROXY." in Note.objects.get(ticket=asked.ticket_id).text
    kept = drafts.saved(asked.ticket_id, advocate)
    assert (kept.text, kept.credit) == ("Set HTTP_PROXY.", str(asked.expert))
    asked.refresh_from_db()
    assert (asked.state, asked.draft) == ("draft", "Set HTTP_PROXY.")
    with pytest.raises(OutcomeRefused, match="empty"):
        responding.respond(OutreachFactory().pk, "draft", " ", now=NOON)


def test_newer_version_of_a_draft_replaces_the_older_one_only():
    advocate = UserFactory(role="advocate")
    asked = OutreachFactory(asked_by=advocate)
    responding.respond(asked.pk, "draft", "Set PROXY.", now=NOON)
    drafts.save(asked.ticket_id, advocate, "Hello! Set PROXY. Bye.", NOON)
    responding.respond(asked.pk, "draft", "Set HTTP_PROXY.", now=NOON)
    assert drafts.text_of(asked.ticket_id, advocate) == "Hello! Set HTTP_PROXY. Bye."


def test_what_an_advocate_writes_instead_is_theirs_alone():
    advocate = UserFactory(role="advocate")
    asked = OutreachFactory(asked_by=advocate)
    responding.respond(asked.pk, "draft", "Set PROXY.", now=NOON)
    drafts.save(asked.ticket_id, advocate, "", NOON)
    drafts.save(asked.ticket_id, advocate, "My own.", NOON)
    assert drafts.credit_of(asked.ticket_id, advocate) == ("", "")


def test_sent_draft_ends_the_request_once_and_credits_both():
    advocate = UserFactory(role="advocate", first_name="Sam", last_name="Okafor")
    asked = OutreachFactory(asked_by=advocate)
    tagging.change(asked.ticket, ["reached-out-to-expert"], [])
    responding.respond(asked.pk, "draft", "Set HTTP_PROXY.", now=NOON)
    assert sent_drafts.settle(NOON) == 0
    credit, origin = drafts.credit_of(asked.ticket_id, advocate)
    message = MessageFactory(ticket=asked.ticket, direction="team", posted_at=NOON + timedelta(hours=1))
    reply = Reply.objects.create(
        ticket=asked.ticket,
        channel=asked.ticket.channel,
        key=uuid.uuid4(),
        author=advocate,
        message=message,
        state="queued",
        guard_message_id=0,
        send_at=NOON,
        created_at=NOON,
        credit=credit,
        origin=origin,
    )
    assert sent_drafts.settle(NOON) == 0
    Reply.objects.update(state="sent")
    assert sent_drafts.settle(NOON) == 1
    assert sent_drafts.settle(NOON) == 0
    asked.refresh_from_db()
    assert (asked.state, asked.answered_by, asked.reply) == ("sent", asked.expert.person, reply)
    assert asked.latency == timedelta(hours=1)
    assert [tag.name for tag in asked.ticket.tags.all()] == ["expert-responded"]
    assert Note.objects.filter(text__contains="sent by Sam Okafor").count() == 1


@pytest.mark.parametrize(
    ("said", "draft", "same"),
    [
        ("Hello! Set HTTP_PROXY, and restart.", "Set HTTP_PROXY, and restart.", True),
        ("Set the HTTP_PROXY variable and restart it", "Set the HTTP_PROXY variable, then restart it", True),
        ("Thanks, we are asking.", "Set HTTP_PROXY and restart it.", False),
        ("Thanks!", "Thanks!", False),
        ("", "", False),
    ],
)  # fmt: skip
def test_is_same_text(said, draft, same):
    assert drafting.is_same_text(said, draft) is same


def test_draft_posted_by_hand_from_an_advocates_own_account_is_the_experts_answer():
    asked = OutreachFactory()
    responding.respond(asked.pk, "draft", "Set HTTP_PROXY and restart the runner.", now=NOON)
    advocate = PersonFactory(is_us=True, user=UserFactory(role="advocate"))
    message = MessageFactory(
        ticket=asked.ticket,
        direction="team",
        author=AuthorFactory(person=advocate, is_us=True),
        text="Hi! Set HTTP_PROXY and restart the runner.",
        posted_at=NOON + timedelta(hours=1),
    )
    assert answers.recognise([message.pk], NOON) == 1
    asked.refresh_from_db()
    assert (asked.state, asked.answered_by) == ("sent", asked.expert.person)


def test_redirect_proposes_the_one_who_is_named():
    tom = ExpertFactory(person__name="Tom Brennan", slack_handle="tom")
    asked = OutreachFactory()
    responding.respond(asked.pk, "redirected", "@tom wrote that", now=NOON)
    asked.refresh_from_db()
    assert asked.suggested == tom
    unclear = OutreachFactory()
    responding.respond(unclear.pk, "redirected", "somebody in infra", now=NOON)
    unclear.refresh_from_db()
    assert unclear.suggested is None


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("ask <@U7|tom>", True),
        ("ask @tom!", True),
        ("Tom Brennan knows", True),
        ("ask @tommy", False),
        ("tom", False),
        ("a@tom", False),
    ],
)
def test_is_named(text, named):
    assert directory.is_named(text, "U7", "@tom", "Tom Brennan") is named


def test_chain_of_a_redirect_is_kept(asking):
    first = ask(*asking)
    tom = ExpertFactory()
    responding.respond(first.pk, "redirected", "", now=NOON, suggested=tom)
    ticket = claims.claim(asking[1], asking[0].pk, NOON)
    second = ask(ticket, asking[1], tom, after=first)
    assert second.redirected_from == first
    assert Ticket.objects.get(pk=ticket.pk).waiting_on == "expert"


def test_nobody_is_asked_twice_about_one_ticket_by_two_advocates(asking):
    ticket, advocate, expert = asking
    ask(ticket, advocate, expert)
    other = UserFactory(role="advocate")
    again = claims.claim(other, ticket.pk, NOON)
    with pytest.raises(OutcomeRefused, match="already asked"):
        ask(again, other, expert)
    assert Outreach.objects.count() == 1
    with pytest.raises(IntegrityError), transaction.atomic():
        OutreachFactory(ticket=ticket, expert=expert)


def test_expert_who_is_asked_in_the_same_conversation_is_asked_again_only_on_purpose(asking):
    ticket, advocate, expert = asking
    near = OutreachFactory(expert=expert)
    said = ticket.messages.get()
    MessageFactory(ticket=near.ticket, namespace=said.namespace, thread_id=said.thread_id)
    with pytest.raises(OutcomeRefused, match=f"#{near.ticket_id} in this conversation"):
        ask(ticket, advocate, expert)
    assert ask(ticket, advocate, expert, again=True).state == "asked"


def test_request_that_ended_before_it_was_posted_is_not_posted_and_stays_ended(asking):
    asked = ask(*asking)
    locked = Outreach.objects.select_related("ticket", "expert__person", "topic", "outbound").get(pk=asked.pk)
    ending.withdraw(locked, "Jo", NOON)
    assert OutboundItem.objects.get().state == "cancelled"
    outreach.apply_delivery(asked.outbound_id, NOON)
    assert outreach.unsettled() == []
    asked.refresh_from_db()
    assert asked.state == "withdrawn"
    assert not Event.objects.filter(kind="woken").exists()


def test_request_made_by_hand_in_slack_is_recorded_and_its_thread_followed(asking):
    link = "https://acme.slack.com/archives/C0123ABCD/p1700000000000100"
    asked = ask(*asking, text="", slack_link=link)
    assert not OutboundItem.objects.exists()
    assert (asked.slack_url, asked.slack_room, asked.slack_ts) == (link, "C0123ABCD", "1700000000.000100")
    assert Ticket.objects.get(pk=asking[0].pk).waiting_on == "expert"


def test_link_that_is_no_address_is_refused(asking):
    with pytest.raises(OutcomeRefused, match="https"):
        ask(*asking, slack_link="javascript:alert(1)")


def test_ended_request_takes_no_second_word():
    asked = OutreachFactory(state="answered")
    with pytest.raises(OutcomeRefused, match="ended"):
        responding.respond(asked.pk, "declined", "", now=NOON)


def test_respond_link_holds_only_for_its_own_key():
    key = uuid.uuid4()
    signed = outreach.respond_url(key).rstrip("/").rsplit("/", 1)[1]
    assert outreach.key_in(signed) == key
    with pytest.raises(signing.BadSignature):
        outreach.key_in(signed[:-2] + "xx")
