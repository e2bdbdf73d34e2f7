from datetime import timedelta
from uuid import uuid4

import pytest
from django.utils import timezone

from channels.models import Channel, OutboundItem
from experts.community import answers, sharing, taking
from experts.models import CommunityShare, SlackRequest
from experts.tests.factories import ExpertFactory
from experts.tests.slack_clicks import SECRET, URL, click, press, signed
from mentions.macros import macros, presets
from mentions.models import Event, Macro, Ticket
from mentions.queue import claims
from mentions.tests.factories import NOON, AuthorFactory, MessageFactory, PersonFactory, UserFactory
from mentions.tickets.transitions import OutcomeRefused

pytestmark = pytest.mark.django_db
COMMUNITY = "Involving Experts::Community Involvement"


@pytest.fixture(autouse=True)
def _secret(settings):
    settings.SLACK_SIGNING_SECRET = SECRET


@pytest.fixture
def sam():
    return UserFactory(role="advocate")


@pytest.fixture
def ticket():
    return MessageFactory(url="https://t.example/1", text="I <3 your runner", thread_id="tweet").ticket


def apply(ticket, sam, now=NOON, **values):
    presets.load()
    name = values.pop("name", COMMUNITY)
    token = claims.claim(sam, ticket.pk, now).claim_token
    return macros.apply(Macro.objects.get(name=name), ticket.pk, sam, token, values=values, now=now)


@pytest.fixture
def shared(ticket, sam):
    apply(ticket, sam)
    found = CommunityShare.objects.get()
    posted(found)
    return found


def posted(found):
    receipt = {"ts": "1700.1", "channel": "C1", "permalink": "https://slack.example/p1"}
    OutboundItem.objects.filter(pk=found.outbound_id).update(state="sent", receipt=receipt)
    sharing.apply_delivery(found.outbound_id, NOON)


def answer(ticket, person, hours=1.0, **fields):
    return MessageFactory(
        ticket=ticket,
        channel=Ticket.objects.get(pk=fields.pop("of", ticket.pk if ticket else None)).channel,
        author=AuthorFactory(person=person, is_us=True),
        direction="team",
        thread_id="tweet",
        posted_at=NOON + timedelta(hours=hours),
        **fields,
    )


def test_macro_shares_text_link_guidance_and_button_and_solves(shared, ticket):
    ticket.refresh_from_db()
    assert (ticket.status, ticket.no_reply_reason) == ("solved", "community")
    payload = OutboundItem.objects.get().payload
    assert payload["channel"] == "#community-involvement"
    assert "I &lt;3 your runner" in payload["text"]
    assert "https://t.example/1" in payload["text"]
    assert "your profile should say that you work at" in payload["text"]
    section, actions = payload["blocks"]
    assert section["text"]["text"] == payload["text"]
    assert actions["elements"][0]["value"] == str(shared.key)
    shared.refresh_from_db()
    assert shared.slack_url == "https://slack.example/p1"


def test_guidance_of_more_than_two_lines_is_refused():
    spec = {"do": "share_with_community", "channel": "#x", "guidance": "a\nb\nc"}
    assert "2 lines" in macros.check([spec])[0]
    assert "when_answered" in macros.check([{**spec, "guidance": "a", "when_answered": "maybe"}])[0]


def test_restricted_ticket_is_not_shared_and_nothing_changes(ticket, sam):
    Channel.objects.filter(pk=ticket.channel_id).update(visible_to=["advocate"])
    with pytest.raises(OutcomeRefused, match="restricted"):
        apply(ticket, sam)
    assert not CommunityShare.objects.exists()
    assert not OutboundItem.objects.exists()
    assert Ticket.objects.get(pk=ticket.pk).status != "solved"


def test_share_that_could_not_be_posted_brings_the_ticket_back(ticket, sam):
    apply(ticket, sam)
    found = CommunityShare.objects.get()
    OutboundItem.objects.update(state="failed", error="Slack cannot find that channel.")
    assert sharing.unsettled() == [found.outbound_id]
    sharing.apply_delivery(found.outbound_id, NOON)
    sharing.apply_delivery(found.outbound_id, NOON)
    ticket.refresh_from_db()
    assert (ticket.status, ticket.no_reply_reason, ticket.is_queued) == ("open", "", True)
    assert sharing.unsettled() == []


def test_a_ticket_is_shared_once_at_a_time(shared, ticket, sam):
    Ticket.objects.filter(pk=ticket.pk).update(status="open", no_reply_reason="")
    apply(ticket, sam)
    assert CommunityShare.objects.count() == 1
    assert OutboundItem.objects.filter(kind="slack").count() == 1


# --- I'll take it -----------------------------------------------------------------------------------------------------


def test_click_takes_it_shows_who_and_the_second_is_too_late(client, shared):
    now = timezone.now()
    expert = ExpertFactory(slack_id="U7")
    assert press(client, now, sharing.TAKE, shared.key, user="U7").status_code == 200
    assert press(client, now, sharing.TAKE, shared.key, user="U8", name="tom").status_code == 200
    shared.refresh_from_db()
    assert (shared.state, shared.taken_by, shared.taken_name) == ("taken", expert.person, "jo")
    edit = OutboundItem.objects.get(kind="edit")
    assert (edit.payload["channel"], edit.payload["ts"]) == ("C1", "1700.1")
    assert str(expert) in edit.payload["blocks"][1]["elements"][0]["text"]
    assert Event.objects.filter(kind="community").count() == 1


def test_the_same_request_twice_is_carried_out_once(client, shared):
    now = timezone.now()
    sent = signed(click(sharing.TAKE, shared.key), now)
    assert [client.post(URL, **sent).status_code for _ in range(3)] == [200, 200, 200]
    assert SlackRequest.objects.count() == 1
    CommunityShare.objects.update(state="shared", taken_at=None)
    client.post(URL, **sent)
    assert CommunityShare.objects.get().state == "shared"


@pytest.mark.parametrize("wrong", ["old", "future", "forged", "changed", "bare"])
def test_request_that_slack_did_not_send_now_is_refused(client, shared, wrong):
    now, body = timezone.now(), click(sharing.TAKE, shared.key)
    at = {"old": now - timedelta(minutes=6), "future": now + timedelta(minutes=6)}.get(wrong, now)
    sent = signed(body, at, "another-secret-altogether" if wrong == "forged" else SECRET)
    if wrong == "changed":
        sent["data"] = body.replace(b"jo", b"xx")
    if wrong == "bare":
        sent["headers"] = {}
    assert client.post(URL, **sent).status_code == 403
    assert CommunityShare.objects.get().state == "shared"
    assert not SlackRequest.objects.exists()


def test_without_a_signing_secret_nothing_is_accepted(client, shared, settings):
    settings.SLACK_SIGNING_SECRET = ""
    assert client.post(URL, **signed(click(sharing.TAKE, shared.key), timezone.now(), "")).status_code == 403


@pytest.mark.parametrize("body", [b"", b"payload=%7B", b"payload=[]", b"payload=%7B%22type%22%3A%22x%22%7D", b"\xff"])
def test_garbage_with_a_valid_signature_does_nothing(client, shared, body):
    assert client.post(URL, **signed(body, timezone.now())).status_code in (200, 400)
    assert CommunityShare.objects.get().state == "shared"


def test_unknown_keys_and_actions_do_nothing(client, shared):
    now = timezone.now()
    for action, key in ((sharing.TAKE, uuid4()), ("something", shared.key), (sharing.TAKE, "x")):
        assert press(client, now, action, key).status_code == 200
    assert CommunityShare.objects.get().state == "shared"


def test_url_verification_is_answered(client):
    sent = signed(b'{"type": "url_verification", "challenge": "c"}', timezone.now(), kind="application/json")
    assert client.post(URL, **sent).content == b"c"


def test_page_takes_it_where_slack_has_no_buttons(client, ticket, sam, settings):
    settings.SLACK_SIGNING_SECRET = ""
    apply(ticket, sam)
    button = OutboundItem.objects.get().payload["blocks"][1]["elements"][0]
    path = button["url"].removeprefix("http://localhost:8000")
    page = client.get(path).content.decode()
    assert "I &lt;3 your runner" in page
    assert client.post(path, {"name": " "}).status_code == 422
    assert client.post(path, {"name": "Jo"}).status_code == 302
    assert "Jo is on it" in client.get(path).content.decode()
    Channel.objects.filter(pk=ticket.channel_id).update(visible_to=["advocate"])
    assert "your runner" not in client.get(path).content.decode()
    assert client.get("/take/forged/").status_code == 404


def test_whoever_takes_it_and_does_nothing_frees_it_and_in_the_end_it_is_over(shared):
    person = PersonFactory(is_us=True)
    taking.take(shared.key, person=person, slack_id="U1", name="jo", now=NOON)
    assert taking.tidy(NOON + timedelta(hours=47)) == 0
    assert taking.tidy(NOON + timedelta(hours=49)) == 1
    shared.refresh_from_db()
    assert (shared.state, shared.taker) == ("shared", "")
    assert taking.tidy(NOON + timedelta(days=15)) == 1
    assert taking.tidy(NOON + timedelta(days=15)) == 0
    shared.refresh_from_db()
    assert shared.state == "over"


# --- answers ----------------------------------------------------------------------------------------------------------


def test_answer_reopens_the_ticket_for_its_advocate_counted_once(shared, ticket, sam):
    person = PersonFactory(is_us=True, name="Jo")
    message = answer(ticket, person)
    assert answers.recognise([message.pk], NOON) == 1
    assert answers.recognise([message.pk], NOON) == 0
    assert answers.sweep(NOON) == 0
    ticket.refresh_from_db()
    assert (ticket.status, ticket.no_reply_reason, ticket.assignee, ticket.is_queued) == ("open", "", sam, True)
    shared.refresh_from_db()
    assert (shared.state, shared.answered_by, shared.answer) == ("answered", person, message)
    thanks = OutboundItem.objects.get(payload__thread_ts="1700.1")
    assert thanks.payload["text"] == "Jo has answered. Thank you!"


def test_page_has_expert_responded_ready_with_the_name(client, shared, ticket, sam):
    person = PersonFactory(is_us=True, name="Jo")
    answers.recognise([answer(ticket, person).pk], NOON)
    client.force_login(sam)
    page = client.get(f"/tickets/{ticket.pk}/")
    assert "Jo has answered." in page.content.decode()
    sent = {"macro": Macro.objects.get(name="Involving Experts::Expert Responded").pk, "field-expert": "Jo"}
    assert client.post(f"/tickets/{ticket.pk}/macro/", sent).status_code == 302
    ticket.refresh_from_db()
    assert ticket.status == "solved"
    assert "expert-responded" in {tag.name for tag in ticket.tags.all()}


def test_sweep_finds_an_answer_whose_nudge_was_lost(shared, ticket):
    answer(ticket, PersonFactory(is_us=True))
    assert answers.sweep(NOON) == 1


def test_answer_beside_the_question_counts_for_whoever_took_it(shared, ticket):
    person = PersonFactory(is_us=True)
    message = answer(None, person, of=ticket.pk, namespace=ticket.messages.get().namespace)
    assert answers.recognise([message.pk], NOON) == 0
    taking.take(shared.key, person=person, slack_id="U1", name="jo", now=NOON)
    assert answers.recognise([message.pk], NOON) == 1
    message.refresh_from_db()
    assert message.ticket == ticket


def test_earlier_and_anonymous_messages_are_no_answers(shared, ticket):
    person = PersonFactory(is_us=True)
    early = answer(ticket, person, hours=-2.0)
    nobody = answer(ticket, None)
    assert answers.recognise([early.pk, nobody.pk], NOON) == 0


def test_rule_that_counts_leaves_the_ticket_solved(ticket, sam):
    presets.load()
    macro = Macro.objects.get(name=COMMUNITY)
    macro.actions[1]["when_answered"] = "count"
    macro.save()
    apply(ticket, sam)
    answers.recognise([answer(ticket, PersonFactory(is_us=True)).pk], NOON)
    ticket.refresh_from_db()
    assert ticket.status == "solved"
    assert "expert-responded" in {tag.name for tag in ticket.tags.all()}
    assert CommunityShare.objects.get().state == "answered"
