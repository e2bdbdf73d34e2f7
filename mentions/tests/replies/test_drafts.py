"""The newest text wins, whatever the order of saves, and sent text never comes back."""

import itertools
from datetime import timedelta

import pytest
from django.urls import reverse

from mentions.macros import macros
from mentions.models import Draft, Macro
from mentions.replies import drafts, replies
from mentions.replies.drafts import Stamp
from mentions.tests.factories import TicketFactory, UserFactory
from mentions.tests.replying import LATER, submit, twitter_ticket

pytestmark = pytest.mark.django_db

ONE, OTHER = "1" * 32, "2" * 32


@pytest.fixture
def ticket():
    return TicketFactory()


@pytest.fixture
def sam():
    return UserFactory(role="advocate")


def save(ticket, user, text, stamp=None):
    return drafts.save(ticket.pk, user, text, LATER, stamp)


@pytest.mark.parametrize("order", list(itertools.permutations(range(4))))
def test_of_one_window_the_last_typed_wins_whichever_arrives_last(ticket, sam, order):
    texts = ["D", "Dr", "Dra", "Draft"]
    for number in order:
        save(ticket, sam, texts[number], Stamp(ONE, 100 + number, 0))
    assert drafts.text_of(ticket.pk, sam) == "Draft"


def test_a_window_that_has_not_seen_the_other_ones_text_does_not_replace_it(ticket, sam):
    seen = save(ticket, sam, "from one", Stamp(ONE, 1, 0))
    refused = save(ticket, sam, "from the other", Stamp(OTHER, 999, 0))
    assert (refused.is_newest, refused.text, refused.version) == (False, "from one", seen.version)
    assert save(ticket, sam, "knowing of it", Stamp(OTHER, 1000, refused.version)).is_newest
    assert drafts.text_of(ticket.pk, sam) == "knowing of it"


def test_a_save_that_was_under_way_when_the_reply_was_sent_does_not_bring_it_back(sam):
    ticket, now = twitter_ticket(), LATER
    stale = Stamp(ONE, 5, drafts.saved(ticket.pk, sam).version)
    submit(ticket, sam)
    assert not drafts.save(ticket.pk, sam, "It does", now, stale).is_newest
    assert drafts.text_of(ticket.pk, sam) == ""


def test_a_save_that_was_under_way_does_not_replace_what_undo_has_given_back(sam):
    ticket = twitter_ticket()
    save(ticket, sam, "It d", Stamp(ONE, 1, 0))
    reply = submit(ticket, sam)
    replies.undo(reply.pk, sam, LATER + timedelta(seconds=1))
    assert not save(ticket, sam, "It does, but an older", Stamp(ONE, 2, 1)).is_newest
    assert drafts.text_of(ticket.pk, sam) == reply.text


@pytest.mark.parametrize(
    "broken",
    [
        {"writer": "-"},
        {"writer": ""},
        {"writer": "x" * 32},
        {"base": "-1"},
        {"base": "x"},
        {"sequence": "1e9"},
        {"base": ""},
    ],
)
def test_a_stamp_that_is_none_replaces_nothing(client, sam, broken):
    ticket = TicketFactory()
    client.force_login(sam)
    save(ticket, sam, "kept")
    form = {"text": "other", "writer": ONE, "sequence": "7", "base": "1", **broken}
    address = reverse("mentions:draft", args=[ticket.pk])
    assert client.post(address, form).json()["is_newest"] is False
    assert client.get(address).json()["text"] == "kept"
    assert client.post(address, {**form, "writer": ONE, "sequence": "7", "base": "1"}).json()["is_newest"]
    assert client.get(address).json()["text"] == "other"


def test_what_a_macro_makes_of_the_ticket_is_the_default_until_its_reply_is_sent(sam):
    ticket = twitter_ticket()
    macro = Macro(name="Asks", actions=[{"do": "reply", "text": "Which?"}, {"do": "status", "status": "pending"}])
    macros.apply(macro, ticket.pk, sam, None, now=LATER)
    save(ticket, sam, "Which version?", Stamp(ONE, 1, 99))
    assert drafts.saved(ticket.pk, sam).status_after == "pending"
    reply = submit(ticket, sam, status_after="pending")
    assert drafts.saved(ticket.pk, sam).status_after == ""
    replies.undo(reply.pk, sam, LATER + timedelta(seconds=1))
    assert drafts.saved(ticket.pk, sam).status_after == "pending"


def test_the_next_draft_after_a_sent_one_knows_nothing_of_its_macro(sam):
    ticket = twitter_ticket()
    drafts.give_back(ticket.pk, sam, "Which?", LATER, "pending")
    submit(ticket, sam, status_after="pending")
    save(ticket, sam, "Thank you!")
    assert drafts.saved(ticket.pk, sam).status_after == ""


def test_drafts_go_along_with_a_merge_past_what_is_left_of_sent_ones(sam):
    source, target, other = TicketFactory(), TicketFactory(), UserFactory()
    for user in (sam, other):
        save(source, user, "on the source")
    drafts.discard(target.pk, sam, LATER)
    save(target, other, "on the target")
    drafts.move(source.pk, target.pk)
    assert drafts.text_of(target.pk, sam) == "on the source"
    assert drafts.text_of(target.pk, other) == "on the target"
    assert Draft.objects.filter(ticket=target).count() == 2
