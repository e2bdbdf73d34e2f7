"""Macros: all or nothing, one Event, a preview that changes nothing, and clear messages for authors."""

import uuid

import pytest

from channels.models import OutboundItem
from mentions.macros import macros, presets
from mentions.macros.actions import Action
from mentions.models import Event, Macro, Note, Reply, Tag, View
from mentions.queue import claims
from mentions.replies import drafts
from mentions.tests.factories import NOON, MacroFactory, UserFactory
from mentions.tests.replying import LATER, twitter_ticket

pytestmark = pytest.mark.django_db


@pytest.fixture
def sam():
    return UserFactory(role="advocate", first_name="Sam")


@pytest.fixture
def ticket():
    return twitter_ticket(url="https://t.example/1001")


def macro_of(*actions):
    return MacroFactory(actions=list(actions))


def apply(macro, ticket, sam, **how):
    token = claims.claim(sam, ticket.pk, LATER).claim_token
    return macros.apply(macro, ticket.pk, sam, token, now=LATER, **how)


class Boom(Action):
    name = "boom"

    def describe(self, spec, context):
        return "boom"

    def run(self, spec, context):
        raise RuntimeError("boom")


@pytest.fixture
def boom(monkeypatch):
    monkeypatch.setattr(macros, "_actions", dict(macros._actions))
    macros.register_action("boom", Boom())


EVERYTHING = (
    {"do": "note", "text": "Asked by {requester_name}"},
    {"do": "tag", "tags": ["Expert Responded", "ci"]},
    {"do": "untag", "tags": ["old"]},
    {"do": "priority", "priority": 30},
    {"do": "assign_me"},
    {"do": "share_to_slack", "channel": "#abuse", "text": "{link} {ticket_url}"},
    {"do": "status", "status": "pending", "reason": "expert_response"},
)


def test_apply_does_everything_as_one_event(ticket, sam, settings):
    settings.BASE_URL = "https://desk.example"
    ticket.tags.add(Tag.objects.create(name="old"))
    applied = apply(macro_of(*EVERYTHING), ticket, sam)
    ticket.refresh_from_db()
    assert (ticket.status, ticket.priority, ticket.assignee, ticket.claimed_by) == ("pending", 30, sam, None)
    assert set(ticket.tags.values_list("name", flat=True)) == {"expert-responded", "ci"}
    assert Note.objects.get().text == "Asked by jane_dev"
    assert OutboundItem.objects.get().payload["text"] == (
        f"https://t.example/1001 https://desk.example/tickets/{ticket.pk}/"
    )
    assert list(Event.objects.filter(ticket=ticket).values_list("kind", flat=True)) == ["claimed", "macro"]
    assert applied.event.data["added"] == ["ci", "expert-responded"]


def test_apply_that_fails_at_its_last_action_changes_nothing(ticket, sam, boom):
    with pytest.raises(RuntimeError):
        apply(macro_of(*EVERYTHING, {"do": "boom"}), ticket, sam)
    ticket.refresh_from_db()
    assert (ticket.status, ticket.priority, ticket.claimed_by) == ("open", 20, sam)
    assert not ticket.tags.exists()
    assert not Note.objects.exists()
    assert not OutboundItem.objects.exists()
    assert not Event.objects.filter(kind="macro").exists()


def test_apply_with_a_stale_token_changes_nothing(ticket, sam):
    with pytest.raises(claims.ClaimLost):
        macros.apply(macro_of(*EVERYTHING), ticket.pk, sam, uuid.uuid4(), now=NOON)
    assert not Note.objects.exists()


def test_reply_text_goes_to_the_composer_and_the_status_waits_for_it(ticket, sam):
    macro = macro_of({"do": "reply", "text": "Hi {requester_name}, {unheard}"}, {"do": "status", "status": "solved"})
    macro.actions[0]["text"] = "Hi {requester_name}!"
    applied = apply(macro, ticket, sam)
    ticket.refresh_from_db()
    assert (applied.reply_text, applied.status_after) == ("Hi jane_dev!", "solved")
    assert (ticket.status, ticket.claimed_by) == ("open", sam)
    assert drafts.text_of(ticket.pk, sam) == "Hi jane_dev!"
    assert not Reply.objects.exists()


def test_reply_that_is_sent_along_is_one_transaction_with_the_macro(ticket, sam):
    macro = macro_of({"do": "reply", "text": "Hi!"}, {"do": "tag", "tags": ["x"]}, {"do": "status", "status": "solved"})
    guard = ticket.messages.get().pk
    sending = macros.Sending(uuid.uuid4(), "Hi, edited!", ticket.channel_id, guard)
    assert apply(macro, ticket, sam, sending=sending).reply.text == "Hi, edited!"
    ticket.refresh_from_db()
    assert ticket.status == "solved"


def test_reply_that_is_refused_takes_the_macro_back(ticket, sam):
    macro = macro_of({"do": "reply", "text": "Hi!"}, {"do": "tag", "tags": ["x"]})
    sending = macros.Sending(uuid.uuid4(), "a" * 500, ticket.channel_id, ticket.messages.get().pk)
    with pytest.raises(Exception, match="too long"):
        apply(macro, ticket, sam, sending=sending)
    assert not ticket.tags.exists()


def test_preview_says_everything_and_changes_nothing(ticket, sam):
    macro = macro_of(*EVERYTHING[:-1], {"do": "reply", "text": "By {me}"}, EVERYTHING[-1])
    shown = macros.preview(macro, ticket, sam, NOON)
    assert len(shown.steps) == 8
    assert (shown.reply_text, shown.status_after) == ("By Sam", "pending")
    assert not Event.objects.exists()
    assert not Note.objects.exists()
    assert not Tag.objects.exists()


def test_requested_fields_are_asked_for_and_used(ticket, sam):
    fields = [{"name": "expert", "label": "Who"}, {"name": "slack_link", "label": "Slack link", "kind": "url"}]
    macro = macro_of(
        {"do": "request_fields", "fields": fields},
        {"do": "note", "text": "Asked {expert} for an answer: {slack_link}"},
        {"do": "park", "waiting_on": "expert", "hours": 24},
    )
    with pytest.raises(macros.MacroRefused) as refused:
        apply(macro, ticket, sam, values={"expert": "Ada"})
    assert refused.value.missing == ["slack_link"]
    with pytest.raises(macros.MacroRefused):
        apply(macro, ticket, sam, values={"expert": "Ada", "slack_link": "javascript:alert(1)"})
    apply(macro, ticket, sam, values={"expert": "Ada", "slack_link": "https://slack.example/p1"})
    ticket.refresh_from_db()
    assert (ticket.status, ticket.waiting_on, ticket.is_queued) == ("open", "expert", False)
    assert Note.objects.get().text == "Asked Ada for an answer: https://slack.example/p1"


def test_value_that_looks_like_a_variable_is_not_filled_in_again(ticket, sam):
    macro = macro_of(
        {"do": "request_fields", "fields": [{"name": "expert", "label": "Who"}]}, {"do": "note", "text": "{expert}"}
    )
    apply(macro, ticket, sam, values={"expert": "{ticket_url}"})
    assert Note.objects.get().text == "{ticket_url}"


WRONG = {
    "no list": ({"do": "status"}, "list"),
    "empty": ([], "at least one"),
    "no name": ([{"status": "solved"}], "Action 1"),
    "unknown": ([{"do": "tga", "tags": ["x"]}], "unknown action “tga”. It must be one of application, ask_expert"),
    "status": ([{"do": "status", "status": "done"}], "open, pending, solved"),
    "closed": ([{"do": "status", "status": "closed"}], "open, pending, solved"),
    "tags": ([{"do": "tag", "tags": "x"}], "list of names"),
    "tag": ([{"do": "tag", "tags": ["!!"]}], "is not a valid tag"),
    "priority": ([{"do": "priority", "priority": 7}], "20 (normal)"),
    "text": ([{"do": "reply", "text": " "}], "“text”"),
    "variable": ([{"do": "reply", "text": "{name}"}], "unknown variable {name}"),
    "second": ([{"do": "assign_me"}, {"do": "note"}], "Action 2"),
    "park": ([{"do": "park", "waiting_on": "godot"}], "monitor"),
    "hours": ([{"do": "park", "waiting_on": "expert", "hours": 0}], "hours"),
    "field": ([{"do": "request_fields", "fields": [{"name": "A b"}]}], "a-z"),
    "taken": ([{"do": "request_fields", "fields": [{"name": "link"}]}], "already the name of a variable"),
    "fields": ([{"do": "request_fields", "fields": [3]}], "list"),
    "both": ([{"do": "reply", "text": "x"}, {"do": "park", "waiting_on": "expert"}], "cannot park"),
}


@pytest.mark.parametrize("name", WRONG)
def test_wrong_actions_are_refused_with_words_that_help(name):
    actions, words = WRONG[name]
    assert words in " ".join(macros.check(actions))


def test_macro_that_became_wrong_is_refused_not_half_applied(ticket, sam):
    with pytest.raises(macros.MacroRefused):
        apply(macro_of({"do": "assign_me"}, {"do": "gone"}), ticket, sam)


def test_register_action_twice_under_one_name_is_an_error(boom):
    with pytest.raises(ValueError):
        macros.register_action("boom", Boom())


def test_presets_are_valid_and_loading_twice_keeps_what_an_admin_changed():
    presets.load()
    Macro.objects.filter(name="Thanks::Praise").update(description="ours")
    View.objects.filter(slug="mine").update(name="My own")
    macros_before, views_before = Macro.objects.count(), View.objects.count()
    presets.load()
    assert (Macro.objects.count(), View.objects.count()) == (macros_before, views_before)
    assert Macro.objects.get(name="Thanks::Praise").description == "ours"
    for macro in Macro.objects.all():
        assert macros.check(macro.actions) == []
