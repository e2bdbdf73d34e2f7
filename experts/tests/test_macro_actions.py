"""*Reached Out to Expert* and the key e are the same action; *Expert Responded* by hand ends the request."""

from datetime import timedelta

import pytest
from django.urls import reverse

from channels.models import Channel
from experts.models import Outreach
from experts.tests.factories import ExpertFactory, OutreachFactory
from mentions.macros import macros, presets
from mentions.models import Macro, Ticket
from mentions.queue import claims
from mentions.tests.factories import NOON, AuthorFactory, MessageFactory, PersonFactory, UserFactory
from mentions.tickets.transitions import OutcomeRefused

pytestmark = pytest.mark.django_db


@pytest.fixture
def sam():
    return UserFactory(role="advocate")


def preset(name):
    presets.load()
    return Macro.objects.get(name=f"Involving Experts::{name}")


@pytest.mark.parametrize("method", ["get", "post"])
def test_macro_opens_the_page_of_the_key_with_the_claim(client, sam, method, django_assert_max_num_queries):
    ticket, macro = MessageFactory().ticket, preset("Reached Out to Expert")
    client.force_login(sam)
    response = getattr(client, method)(
        reverse("mentions:macro", args=[ticket.pk]), {"macro": macro.pk, "token": "t"}, headers={"X-Fragment": "1"}
    )
    assert response.status_code == 302
    assert response.headers["Location"] == f"{reverse('experts:ask', args=[ticket.pk])}?token=t"
    assert not Outreach.objects.exists()
    assert Ticket.objects.get(pk=ticket.pk).waiting_on == ""


def test_macro_applied_past_its_page_changes_nothing(sam):
    ticket = claims.claim(sam, MessageFactory().ticket_id, NOON)
    with pytest.raises(OutcomeRefused, match="press e"):
        macros.apply(preset("Reached Out to Expert"), ticket.pk, sam, ticket.claim_token, now=NOON)
    assert Ticket.objects.get(pk=ticket.pk).waiting_on == ""


def test_action_that_opens_a_page_must_be_the_only_one():
    said = macros.check([{"do": "ask_expert"}, {"do": "assign_me"}])
    assert "only action" in said[0]


@pytest.mark.parametrize("name", ["Jo", "jo ", "somebody outside the directory"])
def test_expert_responded_by_hand_ends_the_request_once(sam, name):
    jo = PersonFactory(is_us=True, name="Jo")
    asked, other = OutreachFactory(expert=ExpertFactory(person=jo)), None
    other = OutreachFactory(ticket=asked.ticket)
    MessageFactory(ticket=asked.ticket)
    token = claims.claim(sam, asked.ticket_id, NOON).claim_token
    macros.apply(preset("Expert Responded"), asked.ticket_id, sam, token, values={"expert": name}, now=NOON)
    asked.refresh_from_db()
    other.refresh_from_db()
    assert (asked.state, other.state) == ("answered", "withdrawn")
    assert asked.answered_by == (jo if name.strip().lower() == "jo" else None)
    ticket = Ticket.objects.get(pk=asked.ticket_id)
    assert ticket.status == "solved"
    assert [tag.name for tag in ticket.tags.all()] == ["expert-responded"]


def test_expert_responded_without_a_request_is_as_before(sam):
    ticket = claims.claim(sam, MessageFactory().ticket_id, NOON)
    macros.apply(preset("Expert Responded"), ticket.pk, sam, ticket.claim_token, values={"expert": "Jo"}, now=NOON)
    assert Ticket.objects.get(pk=ticket.pk).status == "solved"


def test_expert_responded_with_the_answer_in_the_ticket_is_both_macros(sam):
    """The handbook's case of a tweet: the response is threaded into the same ticket."""
    asked = OutreachFactory()
    author = AuthorFactory(person=PersonFactory(is_us=True))
    MessageFactory(ticket=asked.ticket, posted_at=NOON)
    MessageFactory(ticket=asked.ticket, direction="team", author=author, posted_at=NOON + timedelta(hours=1))
    now = NOON + timedelta(hours=2)
    token = claims.claim(sam, asked.ticket_id, now).claim_token
    macros.apply(preset("Expert Responded"), asked.ticket_id, sam, token, values={"expert": "Jo"}, now=now)
    tags = {tag.name for tag in Ticket.objects.get(pk=asked.ticket_id).tags.all()}
    assert tags == {"expert-responded", "expert-response"}


def test_expert_responded_with_a_link_to_an_answer_elsewhere_is_both_macros(sam):
    """The handbook's case of Hacker News and Reddit, if the answer doesn't name the product."""
    asked, url = OutreachFactory(), "https://news.ycombinator.com/item?id=9"
    MessageFactory(ticket=asked.ticket)
    token = claims.claim(sam, asked.ticket_id, NOON).claim_token
    values = {"expert": "Jo", "answer": url}
    macros.apply(preset("Expert Responded"), asked.ticket_id, sam, token, values=values, now=NOON)
    ticket = Ticket.objects.get(pk=asked.ticket_id)
    assert (ticket.status, ticket.notes.get().text) == ("solved", f"Jo answered. {url}")
    assert {tag.name for tag in ticket.tags.all()} == {"expert-responded", "expert-response"}


# --- Expert Response --------------------------------------------------------------------------------------------------


@pytest.fixture
def asked():
    """A request, and the ticket created from an answer by an unknown author."""
    asked = OutreachFactory()
    MessageFactory(ticket=asked.ticket, namespace="hn")
    asked.response = MessageFactory(author=AuthorFactory(namespace="hn"), posted_at=NOON + timedelta(hours=1)).ticket
    asked.response.requester = asked.response.messages.get().author
    asked.response.save()
    return asked


def respond(asked, sam, original, callbacks):
    now = NOON + timedelta(hours=2)
    token = claims.claim(sam, asked.response.pk, now).claim_token
    values = {"original": original}
    with callbacks(execute=True):
        macros.apply(preset("Expert Response"), asked.response.pk, sam, token, values=values, now=now)


@pytest.mark.parametrize("original", ["{}", "#{}", "https://desk.example/tickets/{}/"])
def test_expert_response_names_the_ticket_that_it_answers_and_ends_its_request(
    asked, sam, original, django_capture_on_commit_callbacks
):
    respond(asked, sam, original.format(asked.ticket_id), django_capture_on_commit_callbacks)
    asked.refresh_from_db()
    ticket, response = Ticket.objects.get(pk=asked.ticket_id), Ticket.objects.get(pk=asked.response.pk)
    assert (asked.state, asked.answer, asked.answered_by) == ("answered", response.messages.get(), asked.expert.person)
    assert [each.status for each in (ticket, response)] == ["solved", "solved"]
    assert [tag.name for tag in ticket.tags.all()] == ["expert-responded"]
    assert [tag.name for tag in response.tags.all()] == ["expert-response"]
    assert f"/tickets/{ticket.pk}/" in response.notes.get().text
    assert ticket.notes.count() == 1


@pytest.mark.parametrize("original", ["no number", "#0", "999999999", "own"])
def test_expert_response_to_what_is_no_ticket_changes_nothing(asked, sam, original, django_capture_on_commit_callbacks):
    named = str(asked.response.pk) if original == "own" else original
    with pytest.raises(OutcomeRefused, match="is not a ticket"):
        respond(asked, sam, named, django_capture_on_commit_callbacks)
    assert Ticket.objects.get(pk=asked.response.pk).status == "open"
    assert Outreach.objects.get(pk=asked.pk).state == "asked"


def test_expert_response_to_a_ticket_that_one_may_not_see_is_refused(asked, sam, django_capture_on_commit_callbacks):
    Channel.objects.filter(pk=asked.ticket.channel_id).update(visible_to=["admin"])
    with pytest.raises(OutcomeRefused, match="is not a ticket"):
        respond(asked, sam, str(asked.ticket_id), django_capture_on_commit_callbacks)


def test_expert_response_without_the_original_is_solved_alone(asked, sam, django_capture_on_commit_callbacks):
    respond(asked, sam, "", django_capture_on_commit_callbacks)
    assert Ticket.objects.get(pk=asked.response.pk).status == "solved"
    assert Outreach.objects.get(pk=asked.pk).state == "asked"
