"""What experts do in Slack: reply in a request's thread and press its buttons."""

import json
from datetime import timedelta
from uuid import uuid4

import pytest
from django.utils import timezone

from channels.errors import AuthFailed, RateLimited, Rejected
from channels.models import OutboundItem
from channels.slack import api
from experts.listening import threads
from experts.models import Outreach, SlackRequest, ThreadReply
from experts.outreach import talking
from experts.slack_text import blocks
from experts.tests.factories import ExpertFactory, OutreachFactory, TopicFactory
from experts.tests.slack_clicks import SECRET, URL, press, signed
from mentions.models import Note, Ticket
from mentions.replies import drafts
from mentions.tests.factories import NOON, UserFactory
from mentions.tickets.transitions import OutcomeRefused

pytestmark = pytest.mark.django_db
LATER = NOON + timedelta(hours=1)


@pytest.fixture(autouse=True)
def _secret(settings):
    settings.SLACK_SIGNING_SECRET = SECRET


@pytest.fixture
def asked():
    outreach = OutreachFactory(
        expert=ExpertFactory(slack_id="U0000042", person__name="Nadia Petrova"),
        asked_by=UserFactory(role="advocate"),
        slack_ts="1700.1",
        slack_room="C1",
        ends_at=NOON + timedelta(days=1),
        thread_due_at=NOON,
    )
    Ticket.objects.filter(pk=outreach.ticket_id).update(wake_at=outreach.ends_at)
    return outreach


def said(text, ts="1700.2", user="U0000042", **more):
    return {"type": "message", "ts": ts, "thread_ts": "1700.1", "user": user, "text": text, **more}


def take(outreach, *messages):
    return threads.take_in(outreach.pk, [said("the request", "1700.1", "UBOT"), *messages], LATER)


def state(outreach):
    outreach.refresh_from_db()
    ticket = Ticket.objects.get(pk=outreach.ticket_id)
    return outreach.state, ticket.waiting_on


# --- threads ----------------------------------------------------------------------------------------------------------


def test_the_same_thread_read_twice_does_nothing_twice(asked):
    assert take(asked, said("On it")) == 1
    assert take(asked, said("On it")) == 0
    assert state(asked) == ("acknowledged", "expert")
    assert ThreadReply.objects.get().name == "Nadia Petrova"
    assert asked.ticket.events.filter(kind="outreach").count() == 1


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("I'll answer", ("acknowledged", "expert")),
        ("I can't answer that", ("declined", "")),
        ("Draft: Set HTTP_PROXY.", ("draft", "")),
        ("Which version?", ("asked", "")),
        ("Interesting.", ("asked", "expert")),
    ],
)
def test_clear_words_of_the_expert_do_what_they_say(asked, text, expected):
    take(asked, said(text))
    assert state(asked) == expected


def test_redirect_proposes_the_member_it_mentions(asked):
    tom = ExpertFactory(slack_id="U0000005")
    take(asked, said("Better ask <@U0000005>"))
    assert state(asked) == ("redirected", "")
    assert asked.suggested == tom


def test_draft_typed_in_the_thread_is_in_the_composer_and_an_edit_replaces_it(asked):
    take(asked, said("Draft: Set PROXY."))
    take(asked, said("Draft: Set HTTP_PROXY.", edited={"ts": "1701.0"}))
    assert drafts.text_of(asked.ticket_id, asked.asked_by) == "Set HTTP_PROXY."
    assert ThreadReply.objects.count() == 1
    asked.refresh_from_db()
    assert (asked.draft, asked.draft_by) == ("Set HTTP_PROXY.", "Nadia Petrova")


def test_note_that_is_edited_into_a_draft_becomes_one(asked):
    take(asked, said("Hm."))
    take(asked, said("Draft: Set HTTP_PROXY."))
    assert state(asked)[0] == "draft"


@pytest.mark.parametrize("text", ["I can't answer that", "I'll answer", "Better ask <@U0000005>", "Which version?"])
def test_others_in_the_thread_are_shown_and_decide_nothing(asked, text):
    take(asked, said(text, user="U0000099"))
    assert state(asked) == ("asked", "expert")
    assert ThreadReply.objects.get().kind == "note"


def test_draft_of_a_colleague_who_was_not_asked_is_taken_and_theirs(asked):
    tom = ExpertFactory(slack_id="U0000005", person__name="Tom")
    take(asked, said("Draft: Set HTTP_PROXY.", user="U0000005"))
    asked.refresh_from_db()
    assert (asked.state, asked.draft_by) == ("draft", str(tom))


def test_team_is_not_declined_by_one_of_its_members():
    asked = OutreachFactory(expert=None, topic=TopicFactory(), slack_ts="1700.1", slack_room="C1")
    take(asked, said("I can't answer that"))
    assert state(asked) == ("asked", "expert")
    take(asked, said("On it", "1700.3"))
    assert state(asked) == ("acknowledged", "expert")


def test_own_posts_joins_and_empty_replies_mean_nothing(asked):
    take(
        asked,
        said("I'll answer", bot_id="B1"),
        said("x has joined", "1700.3", subtype="channel_join"),
        said("", "1700.4"),
    )
    assert state(asked) == ("asked", "expert")
    assert [reply.kind for reply in ThreadReply.objects.all()] == ["ours"]


def test_member_who_has_left_keeps_their_id(asked):
    take(asked, said("Interesting.", user="U0000099"))
    assert ThreadReply.objects.get().name == "U0000099"


def test_reply_after_the_end_is_kept_and_changes_nothing(asked):
    Outreach.objects.update(state="answered")
    take(asked, said("I can't answer that"))
    assert state(asked)[0] == "answered"
    assert ThreadReply.objects.count() == 1


def due(outreach, now=LATER):
    return list(Outreach.objects.filter(pk=outreach.pk, thread_due_at__lte=now))


def test_rate_limit_pauses_every_thread_and_loses_nothing(asked, monkeypatch):
    def limited(channel, ts):
        raise RateLimited("slowly", retry_after_s=120)

    monkeypatch.setattr(api, "thread", limited)
    assert threads.read_due(LATER) == 0
    assert not due(asked, LATER + timedelta(seconds=119))
    monkeypatch.setattr(api, "thread", lambda channel, ts: [said("On it")])
    assert threads.read_due(LATER + timedelta(seconds=121)) == 1
    assert state(asked)[0] == "acknowledged"


@pytest.mark.parametrize("error", [Rejected("Slack cannot find that channel."), AuthFailed("Slack refuses the token.")])
def test_thread_that_cannot_be_read_is_said_on_the_ticket_and_tried_again(asked, monkeypatch, error):
    def broken(channel, ts):
        raise error

    monkeypatch.setattr(api, "thread", broken)
    assert threads.read_due(LATER) == 0
    asked.refresh_from_db()
    assert asked.thread_error == str(error)
    monkeypatch.setattr(api, "thread", lambda channel, ts: [])
    assert threads.read_due(LATER + timedelta(hours=1)) == 1
    asked.refresh_from_db()
    assert asked.thread_error == ""


def test_only_running_requests_with_a_thread_are_read(asked, monkeypatch):
    read = []
    monkeypatch.setattr(api, "thread", lambda channel, ts: read.append(ts) or [])
    OutreachFactory(slack_ts="?", slack_room="C1", thread_due_at=NOON)
    OutreachFactory(slack_ts="1800.1", slack_room="C1", thread_due_at=NOON, state="answered")
    threads.read_due(LATER)
    assert read == ["1700.1"]


def test_event_makes_the_thread_due_and_twice_is_once(client, asked):
    now = timezone.now()
    Outreach.objects.update(thread_due_at=now + timedelta(hours=1))
    about = {"type": "message", "channel": "C1", "thread_ts": "1700.1"}
    event = json.dumps({"type": "event_callback", "event_id": "Ev1", "event": about}).encode()
    for _ in range(2):
        assert client.post(URL, **signed(event, now, kind="application/json")).status_code == 200
    assert due(asked, timezone.now())
    assert SlackRequest.objects.count() == 1


def test_advocate_answers_in_the_thread_and_the_ticket_waits_again(asked):
    take(asked, said("Which version?"))
    talking.say(asked.pk, asked.asked_by, "13.2 <b>", "k1", LATER)
    talking.say(asked.pk, asked.asked_by, "13.2 <b>", "k1", LATER)
    item = OutboundItem.objects.get()
    assert (item.payload["text"], item.payload["thread_ts"]) == ("13.2 &lt;b&gt;", "1700.1")
    ticket = Ticket.objects.get(pk=asked.ticket_id)
    assert (ticket.waiting_on, ticket.wake_at) == ("expert", asked.ends_at)
    with pytest.raises(OutcomeRefused):
        talking.say(asked.pk, asked.asked_by, " ", "k2", LATER)


# --- buttons ----------------------------------------------------------------------------------------------------------


def test_message_has_every_choice():
    key = uuid4()
    *sections, choices = blocks.request("x" * 5000, key, "https://desk.example/respond/1/")
    assert "".join(section["text"]["text"] for section in sections) == "x" * 5000
    assert choices["block_id"] == f"outreach:{key}"
    assert [e["action_id"] for e in choices["elements"]] == [
        blocks.ACKNOWLEDGE,
        blocks.REDIRECT,
        blocks.DRAFT,
        blocks.DECLINE,
    ]


def test_without_a_signing_secret_there_is_one_link(settings):
    settings.SLACK_SIGNING_SECRET = ""
    choices = blocks.request("x", uuid4(), "https://desk.example/respond/1/")[-1]
    assert [e["url"] for e in choices["elements"]] == ["https://desk.example/respond/1/"]


@pytest.mark.parametrize(
    ("action", "how", "expected"),
    [
        (blocks.ACKNOWLEDGE, {}, ("acknowledged", "expert")),
        (blocks.DECLINE, {}, ("declined", "")),
        (blocks.REDIRECT, {"chosen": "U0000005"}, ("redirected", "")),
        (blocks.DRAFT, {}, ("asked", "expert")),
    ],
)
def test_buttons_do_what_they_say_and_twice_is_once(client, asked, action, how, expected):
    tom, now = ExpertFactory(slack_id="U0000005"), timezone.now()
    for trigger in "12":
        assert press(client, now, action, asked.key, user="U0000042", trigger=trigger, **how).status_code == 200
    assert state(asked) == expected
    assert asked.suggested == (tom if how else None)
    assert OutboundItem.objects.count() == (0 if action == blocks.DRAFT else 1)


@pytest.mark.parametrize("action", [blocks.DECLINE, blocks.REDIRECT])
def test_somebody_else_cannot_decline_for_the_expert(client, asked, action):
    how = {"chosen": "U0000005"} if action == blocks.REDIRECT else {}
    press(client, timezone.now(), action, asked.key, user="U0000099", **how)
    assert state(asked) == ("asked", "expert")
    assert "can’t help here" in OutboundItem.objects.get().payload["text"]


def test_redirect_to_somebody_outside_the_directory_is_noted_by_id(client, asked):
    press(client, timezone.now(), blocks.REDIRECT, asked.key, user="U0000042", chosen="U0000077")
    assert state(asked) == ("redirected", "")
    assert asked.suggested is None
    assert "U0000077" in Note.objects.get(ticket=asked.ticket_id).text


def test_button_of_an_ended_request_does_nothing(client, asked):
    Outreach.objects.update(state="answered")
    assert press(client, timezone.now(), blocks.DECLINE, asked.key, user="U0000042").status_code == 200
    assert state(asked)[0] == "answered"
