import uuid

import pytest
from django.test import Client
from django.urls import reverse

from channels.models import Channel
from experts.models import Outreach
from experts.outreach import outreach
from experts.tests.factories import ExpertFactory, OutreachFactory, TopicFactory
from mentions.models import Ticket
from mentions.queue import claims
from mentions.tests.factories import NOON, MessageFactory, UserFactory

pytestmark = pytest.mark.django_db
URL = "https://news.ycombinator.com/item?id=40000001"


def logged_in(role):
    client = Client()
    client.user = UserFactory(role=role)
    client.force_login(client.user)
    return client


@pytest.fixture
def ticket():
    return MessageFactory(url=URL, text="Does the runner work behind a proxy?").ticket


def test_form_suggests_by_the_words_of_the_conversation(ticket):
    topic = TopicFactory(name="Runner", keywords=["runner", "proxy"])
    ExpertFactory().topics.add(topic)
    page = logged_in("advocate").get(reverse("experts:ask", args=[ticket.pk])).content.decode()
    assert "Runner: runner, proxy" in page
    assert "Asking <strong>Person" in page  # filled in for the best match


def test_posting_the_form_asks_and_parks(ticket):
    client = logged_in("advocate")
    expert = ExpertFactory()
    form = client.get(reverse("experts:ask", args=[ticket.pk]), {"expert": expert.pk}).context["form"]
    sent = {**{name: form.initial[name] for name in form.fields}, "expert": expert.pk}
    response = client.post(reverse("experts:ask", args=[ticket.pk]), sent)
    assert Outreach.objects.get().expert == expert
    assert response.headers["Location"] == f"{reverse('experts:asked', args=[Outreach.objects.get().pk])}?"
    assert Ticket.objects.get(pk=ticket.pk).waiting_on == "expert"


def test_form_refused_keeps_the_text_and_says_why(ticket):
    client = logged_in("advocate")
    sent = {
        "key": uuid.uuid4(),
        "slack_channel": "#s_verify",
        "text": "please <b>help</b>",
        "hours": 4,
        "expert": ExpertFactory().pk,
    }
    response = client.post(reverse("experts:ask", args=[ticket.pk]), sent)
    assert response.status_code == 422
    page = response.content.decode()
    assert "please &lt;b&gt;help&lt;/b&gt;" in page
    assert "support from an expert" in page
    assert not Outreach.objects.exists()


@pytest.mark.parametrize(("role", "status"), [("advocate", 200), ("volunteer", 403), ("manager", 403)])
def test_only_advocates_ask(ticket, role, status):
    assert logged_in(role).get(reverse("experts:ask", args=[ticket.pk])).status_code == status


@pytest.mark.parametrize(("role", "status"), [("advocate", 200), ("manager", 200), ("volunteer", 403)])
def test_directory_is_for_the_team(role, status):
    OutreachFactory()
    ExpertFactory(absent_until="2099-01-01").topics.add(TopicFactory())
    assert logged_in(role).get(reverse("experts:directory")).status_code == status


def test_directory_costs_the_same_queries_for_one_and_for_many(django_assert_max_num_queries):
    client = logged_in("advocate")
    OutreachFactory().expert.topics.add(TopicFactory())
    with django_assert_max_num_queries(20) as few:
        client.get(reverse("experts:directory"))
    for _ in range(25):
        OutreachFactory().expert.topics.add(TopicFactory())
    with django_assert_max_num_queries(len(few.captured_queries)):
        client.get(reverse("experts:directory"))


@pytest.fixture
def asked(ticket):
    advocate = UserFactory(role="advocate")
    held = claims.claim(advocate, ticket.pk, NOON)
    key, expert = uuid.uuid4(), ExpertFactory()
    text = outreach.proposal(held, expert, key, advocate, "Hacker News")
    made = outreach.ask(
        held.pk, advocate, held.claim_token, key=key, asked=expert, slack_channel="#x", text=text, until=None, now=NOON
    )
    made.address = outreach.respond_url(key).removeprefix("http://localhost:8000")
    return made


def test_expert_sees_the_mention_and_says_so_without_a_login(client, asked):
    page = client.get(asked.address).content.decode()
    assert "Does the runner work behind a proxy?" in page
    assert URL in page
    assert client.post(asked.address, {"state": "acknowledged"}).status_code == 302
    assert "Thank you, noted" in client.get(asked.address).content.decode()
    assert Outreach.objects.get().state == "acknowledged"


def test_expert_page_shows_hostile_text_as_text(client, asked):
    asked.ticket.messages.update(text="<img src=x onerror=alert(1)>")
    assert "<img src=x" not in client.get(asked.address).content.decode()


def test_expert_page_after_the_end_says_so(client, asked):
    client.post(asked.address, {"state": "declined", "words": "Ask Jo"})
    page = client.post(asked.address, {"state": "acknowledged"}).content.decode()
    assert "has ended" in page


@pytest.mark.parametrize("state", ["redirected", "declined", "no_answer", "answered"])
def test_expert_page_ends_with_its_request(client, asked, state):
    Outreach.objects.update(state=state)
    page = client.get(asked.address).content.decode()
    assert "has ended" in page
    assert "behind a proxy" not in page
    assert URL not in page


def test_words_that_come_too_late_are_given_back(client, asked):
    Outreach.objects.update(state="answered")
    response = client.post(asked.address, {"state": "draft", "words": "Set HTTP_PROXY."})
    assert response.status_code == 409
    assert "Set HTTP_PROXY." in response.content.decode()


def test_expert_page_of_a_restricted_ticket_is_for_those_who_may_see_it(client, asked):
    Channel.objects.filter(pk=asked.ticket.channel_id).update(visible_to=["advocate"])
    assert "/login/" in client.get(asked.address).headers["Location"]
    assert "/login/" in client.post(asked.address, {"state": "declined"}).headers["Location"]
    assert logged_in("volunteer").get(asked.address).status_code == 403
    assert "behind a proxy" in logged_in("advocate").get(asked.address).content.decode()
    assert Outreach.objects.get().state == "asked"


@pytest.mark.parametrize("signed", ["x", "InR:1tA:abc"])
def test_forged_link_shows_nothing(client, asked, signed):
    response = client.get(reverse("experts:respond", args=[signed]))
    assert response.status_code == 404
    assert "runner" not in response.content.decode()


def test_nothing_else_can_be_said_by_the_link(client, asked):
    assert client.post(asked.address, {"state": "answered"}).status_code == 404
    assert Outreach.objects.get().state == "asked"


def test_advocate_ends_a_request_for_the_expert():
    found = OutreachFactory()
    client = logged_in("advocate")
    assert client.post(reverse("experts:change", args=[found.pk]), {"state": "no_answer"}).status_code == 302
    assert Outreach.objects.get().state == "no_answer"
    assert Ticket.objects.get(pk=found.ticket_id).is_queued
