"""The response page: how to answer on each platform, and an answer that expert and advocate write together."""

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils.html import escape

from channels.models import OutboundItem
from channels.registry.finding_adapters import all_adapters
from experts.asking import shared_draft
from experts.community import sharing
from experts.models import DraftVersion, Outreach
from experts.outreach import outreach
from experts.tests.factories import CommunityShareFactory, ExpertFactory, OutreachFactory
from mentions.models import Event, Ticket
from mentions.replies import drafts
from mentions.tests.factories import NOON, ChannelFactory, ConnectionFactory, MessageFactory, TicketFactory, UserFactory
from mentions.tickets.transitions import OutcomeRefused

pytestmark = pytest.mark.django_db


@pytest.fixture
def asked():
    expert = ExpertFactory(person__name="Nadia Petrova")
    ticket = MessageFactory(url="https://news.ycombinator.com/item?id=1", text="Which proxy?").ticket
    Ticket.objects.filter(pk=ticket.pk).update(
        status="open", waiting_on="expert", wake_at=NOON + timedelta(days=999), is_queued=False
    )
    ticket.refresh_from_db()
    sam = UserFactory(role="advocate", first_name="Sam")
    return OutreachFactory(ticket=ticket, expert=expert, asked_by=sam, slack_ts="1700.1", slack_room="C1")


@pytest.fixture
def address(asked):
    return outreach.respond_url(asked.key).removeprefix("http://localhost:8000")


def save(asked, text, base=0, **how):
    return shared_draft.save(asked.pk, text, base=base, name=how.pop("name", ""), now=NOON, **how)


def state(asked):
    asked.refresh_from_db()
    return asked.state, Ticket.objects.get(pk=asked.ticket_id).waiting_on


def messages(asked):
    return [item.payload["text"] for item in OutboundItem.objects.filter(conversation=f"outreach:{asked.ticket_id}")]


# --- strategies -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("platform", sorted(all_adapters()))
def test_every_platform_says_how_to_answer_there(client, settings, platform):
    """For every registered platform, the pages of experts and volunteers show its strategies."""
    channel = ChannelFactory(connection=ConnectionFactory(platform=platform))
    ticket = TicketFactory(channel=channel, status="open", waiting_on="expert")
    settings.TRAINING_URL = "https://acme.example/training"
    lines = all_adapters()[platform].answering
    assert lines, f"{platform} has no `answering`"
    assert all(line.endswith((".", "?")) and "—" not in line for line in lines)
    page = client.get(outreach.respond_url(OutreachFactory(ticket=ticket).key)).content.decode()
    other = client.get(sharing.take_url(CommunityShareFactory(ticket=ticket).key)).content.decode()
    assert all(escape(line) in page and escape(line) in other for line in lines)
    assert "an upcoming project counts as an answer" in page
    assert 'href="https://acme.example/training"' in page
    assert 'href="https://acme.example/training"' in other


@pytest.mark.parametrize(
    ("platform", "fact"),
    [("hackernews", "“about” field"), ("disqus", "personal Disqus account"), ("discourse", "admins can raise them")],
)
def test_facts_of_the_handbook_are_on_their_platform(platform, fact):
    assert fact in " ".join(all_adapters()[platform].answering)


# --- the draft --------------------------------------------------------------------------------------------------------


def test_draft_is_kept_over_visits_with_who_wrote_it(client, asked, address):
    client.post(address, {"state": "save", "draft": "Set PROXY.", "base": 0, "name": ""})
    assert state(asked) == ("acknowledged", "expert")
    client.post(address, {"state": "save", "draft": "Set HTTP_PROXY.", "base": 1, "name": "Jo Black"})
    page = client.get(address).content.decode()
    assert "Set HTTP_PROXY.</textarea>" in page
    assert [(v.number, v.name) for v in DraftVersion.objects.all()] == [(2, "Jo Black"), (1, "Nadia Petrova")]
    assert "2 versions" in page
    assert state(asked) == ("acknowledged", "expert")


def test_same_text_saved_twice_is_one_version(asked):
    save(asked, "Set PROXY.")
    save(asked, "Set PROXY.")
    assert DraftVersion.objects.count() == 1
    assert Event.objects.filter(data__said="wrote").count() == 1


def test_nobody_overwrites_what_they_have_not_seen(client, asked, address):
    save(asked, "Set PROXY.")
    response = client.post(address, {"state": "save", "draft": "Use a VPN.", "base": 0, "name": "Jo"})
    page = response.content.decode()
    assert response.status_code == 422
    assert "Nadia Petrova has changed the draft" in page
    assert "Use a VPN.</textarea>" in page
    assert "Set PROXY." in page
    assert DraftVersion.objects.get().text == "Set PROXY."


def test_expert_asks_for_a_look_and_the_advocate_changes_and_approves(asked):
    save(asked, "Set PROXY.", for_review=True)
    assert state(asked) == ("acknowledged", "")
    assert Ticket.objects.get(pk=asked.ticket_id).is_queued
    client = Client()
    client.force_login(asked.asked_by)
    page = client.get(reverse("mentions:ticket", args=[asked.ticket_id])).content.decode()
    assert "Looks good, post it" in page
    form = {"base": 1, "text": "Set HTTP_PROXY.", "approve": "yes", "key": "1"}
    for _ in range(2):
        client.post(reverse("experts:edit_draft", args=[asked.pk]), form)
    latest = DraftVersion.objects.first()
    assert (latest.number, latest.name, latest.written_by) == (2, "Sam", asked.asked_by)
    assert len([text for text in messages(asked) if "changed the draft" in text and "/respond/" in text]) == 1
    assert len([text for text in messages(asked) if "looks good" in text]) == 1
    assert state(asked)[0] == "acknowledged"


def test_draft_written_together_is_sent_to_the_composer(client, asked, address):
    save(asked, "Set PROXY.")
    client.post(address, {"state": "draft", "draft": "Set HTTP_PROXY.", "base": 1, "name": ""})
    assert state(asked) == ("draft", "")
    assert drafts.text_of(asked.ticket_id, asked.asked_by) == "Set HTTP_PROXY."


@pytest.mark.parametrize("text", ["", "  \0 ", "x" * 5001])
def test_bad_drafts_are_refused_with_a_reason(asked, text):
    with pytest.raises(OutcomeRefused):
        save(asked, text)
    assert not DraftVersion.objects.exists()


def test_draft_ends_with_its_request(client, asked, address):
    save(asked, "Set PROXY.")
    Outreach.objects.update(state="answered")
    with pytest.raises(OutcomeRefused):
        save(asked, "Set HTTP_PROXY.", base=1)
    response = client.post(address, {"state": "save", "draft": "My words.", "base": 1})
    assert response.status_code == 409
    assert "My words." in response.content.decode()
    assert "Set PROXY." not in response.content.decode()
