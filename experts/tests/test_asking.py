"""The ask panel: whom it suggests, what it fills in, and the interim reply that follows."""

import pytest
from django.test import Client
from django.urls import reverse

from channels.clocks import desk_now
from channels.models import OutboundItem
from experts.models import Expert, Outreach, OutreachText
from experts.tests.factories import ExpertFactory, OutreachFactory, TopicFactory
from mentions.models import Account, Draft, Reply, Ticket
from mentions.queue import claims
from mentions.tests.factories import NOON, ChannelFactory, ConnectionFactory, MessageFactory, TicketFactory, UserFactory

pytestmark = pytest.mark.django_db
PANEL = {"X-Fragment": "1"}


@pytest.fixture
def client():
    client = Client()
    client.user = UserFactory(role="advocate", first_name="Sam")
    client.force_login(client.user)
    return client


@pytest.fixture
def ticket():
    channel = ChannelFactory(connection=ConnectionFactory(platform="twitter"), address="@acme", may_reply=True)
    ticket = TicketFactory(channel=channel, status="open")
    MessageFactory(ticket=ticket, namespace="twitter", url="https://x.example/1", text="Does the runner work?")
    return ticket


@pytest.fixture
def nadia():
    expert = ExpertFactory(person__name="Nadia Petrova", title="Engineer")
    expert.topics.add(TopicFactory(name="Runner", keywords=["runner"], slack_channel="#s_runner"))
    return expert


def panel(client, ticket, **given):
    return client.get(reverse("experts:ask", args=[ticket.pk]), given, headers=PANEL)


def sent(client, ticket, **given):
    """What the form would send for the person the panel has filled in."""
    context = panel(client, ticket, **given).context
    form = {name: context["form"].initial[name] for name in context["form"].fields}
    return {**form, context["chosen_kind"]: context["chosen"].pk, "token": context["token"]}


def post(client, ticket, form):
    return client.post(reverse("experts:ask", args=[ticket.pk]), form, headers=PANEL, follow=True)


def test_panel_is_filled_in_for_the_best_suggestion(client, ticket, nadia):
    page = panel(client, ticket)
    assert page.context["chosen"] == nadia
    assert page.context["form"].initial["slack_channel"] == "#s_runner"
    assert "https://x.example/1" in page.context["form"].initial["text"]
    assert b"<html" not in page.content


@pytest.mark.parametrize("typed", ["nad", "Petrova", "engineer", "runner", "nadia runner", "#s_run"])
def test_experts_and_teams_are_found_by_typing(client, ticket, nadia, typed):
    ExpertFactory(person__name="Jo Black")
    page = client.get(reverse("experts:who", args=[ticket.pk]), {"q": typed}, headers=PANEL).content.decode()
    assert "Nadia Petrova" in page or "Runner" in page
    assert "Jo Black" not in page


def test_experts_are_found_by_what_the_directory_knows_of_them(client, ticket, nadia):
    Account.objects.create(person=nadia.person, namespace="hn", handle="np_on_hn")
    nadia.default_for.add(TopicFactory(name="Monorepos", slack_channel=""))
    for typed in ("np_on_hn", "monorepos nad", nadia.slack_id):
        page = client.get(reverse("experts:who", args=[ticket.pk]), {"q": typed}, headers=PANEL).content.decode()
        assert "Nadia Petrova" in page, typed
    Expert.objects.update(is_active=False)
    page = client.get(reverse("experts:who", args=[ticket.pk]), {"q": "np_on_hn"}, headers=PANEL).content.decode()
    assert "Nadia Petrova" not in page


@pytest.mark.parametrize("state", ["no_answer", "declined"])
def test_after_no_answer_the_next_suggestion_is_the_rankings_with_its_reason(client, ticket, nadia, state):
    """One person, skipping anybody asked too often, and the team."""
    topic = nadia.topics.get()
    busy, free = ExpertFactory(person__name="Aa Busy"), ExpertFactory(person__name="Zz Free")
    for expert in (busy, free):
        expert.topics.add(topic)
    for _ in range(3):
        OutreachFactory(expert=busy, asked_at=desk_now())
    OutreachFactory(ticket=ticket, expert=nadia, state=state)
    shown = " ".join(client.get(reverse("mentions:ticket", args=[ticket.pk])).content.decode().split())
    assert f"?expert={free.pk}&amp;token=" in shown
    assert f"?topic={topic.pk}&amp;token=" in shown
    assert "Next suggestion: Aa Busy" not in shown
    assert "runner" in shown.split("Next suggestion: Zz Free")[1].split("</p>")[0]
    assert "Next suggestion: Nadia" not in shown


def test_nobody_found_says_what_to_try(client, ticket, nadia):
    page = client.get(reverse("experts:who", args=[ticket.pk]), {"q": "xyz\0"}, headers=PANEL).content.decode()
    assert "Nobody found" in page


def test_finding_costs_the_same_queries_for_one_and_for_many(client, ticket, nadia, django_assert_max_num_queries):
    def find():
        client.get(reverse("experts:who", args=[ticket.pk]), {"q": "Person"}, headers=PANEL)

    ExpertFactory().topics.add(TopicFactory())
    with django_assert_max_num_queries(20) as few:
        find()
    for _ in range(7):
        ExpertFactory().topics.add(TopicFactory())
    with django_assert_max_num_queries(len(few.captured_queries)):
        find()


def test_panel_shows_who_asked_whom_already_and_offers_them_no_more(client, ticket, nadia):
    OutreachFactory(ticket=ticket, expert=nadia, asked_by=UserFactory(first_name="Maria"))
    page = panel(client, ticket)
    assert "Maria has asked <strong>Nadia Petrova</strong>" in " ".join(page.content.decode().split())
    assert page.context["chosen"] != nadia


@pytest.mark.parametrize(
    ("kind", "of_channel", "of_topic"),
    [("both", True, True), ("topic", False, True), ("channel", True, False), ("any", False, False)],
)
def test_wording_of_channel_and_topic_comes_first(client, ticket, nadia, kind, of_channel, of_topic):
    """The most specific wording that fits wins, whatever others exist."""
    topic = nadia.topics.get()
    kinds = {"both": (True, True), "topic": (False, True), "channel": (True, False), "any": (False, False)}
    for name, (channel, about) in list(kinds.items())[list(kinds).index(kind) :]:
        OutreachText.objects.create(
            name=name,
            text=f"$link {name} $channel/$topic: support from an expert",
            channel=ticket.channel if channel else None,
            topic=topic if about else None,
        )
    others = {"channel": ChannelFactory(), "topic": TopicFactory()}
    OutreachText.objects.create(name="other", text="$link other: support from an expert", **others)
    text = panel(client, ticket).context["form"].initial["text"]
    assert f" {kind} {ticket.channel.name}/Runner:" in text


def test_two_clicks_and_two_tabs_ask_once(client, ticket, nadia):
    first, second = sent(client, ticket), sent(client, ticket)
    assert b"data-asked" in post(client, ticket, first).content
    assert b"data-asked" in post(client, ticket, first).content
    refused = post(client, ticket, second)
    assert refused.status_code == 422
    assert "already asked" in refused.content.decode()
    assert Outreach.objects.count() == OutboundItem.objects.filter(kind="slack").count() == 1


def test_second_advocate_asks_nobody_twice(client, ticket, nadia):
    form = sent(client, ticket)
    other = Client()
    other.force_login(UserFactory(role="advocate", first_name="Maria"))
    post(other, ticket, sent(other, ticket))
    refused = post(client, ticket, form)
    assert "Maria has already asked" in refused.content.decode()
    assert Outreach.objects.count() == 1


def test_interim_reply_is_offered_and_leaves_the_ticket_parked(client, ticket, nadia):
    held = claims.claim(client.user, ticket.pk, NOON)
    page = post(client, ticket, sent(client, ticket, token=str(held.claim_token)))
    interim = page.context["interim"]
    assert "asked a colleague" in interim.text
    reply = {"key": interim.key, "guard": interim.guard, "channel": interim.chosen, "text": interim.text}
    answer = client.post(
        reverse("mentions:reply", args=[ticket.pk]), {**reply, "status_after": "open", "mode": "play", "view": ""}
    )
    assert answer.headers["Location"] == reverse("mentions:play")
    ticket = Ticket.objects.get(pk=ticket.pk)
    assert (Reply.objects.get().status_after, ticket.waiting_on, ticket.is_queued) == ("", "expert", False)
    assert not ticket.claimed_by_id


def test_what_was_begun_is_the_interim_reply(client, ticket, nadia):
    Draft.objects.create(ticket=ticket, user=client.user, text="Hello! I’ll ask.", updated_at=NOON)
    assert post(client, ticket, sent(client, ticket)).context["interim"].text == "Hello! I’ll ask."


def test_interim_reply_has_seen_what_its_writer_has_seen(client, ticket, nadia):
    seen = ticket.messages.get().pk
    form = sent(client, ticket)
    MessageFactory(ticket=ticket, namespace="twitter", text="And on Windows?")
    assert post(client, ticket, {**form, "seen": seen}).context["interim"].guard == seen


def test_without_a_handle_to_reply_from_there_is_only_the_way_on(client, nadia):
    ticket = MessageFactory(url="https://news.ycombinator.com/item?id=1", text="runner").ticket
    page = post(client, ticket, sent(client, ticket))
    assert page.context["interim"] is None
    assert b"data-onward" in page.content


def test_without_javascript_each_step_is_a_page(client, ticket, nadia):
    address = reverse("experts:ask", args=[ticket.pk])
    found = client.get(address, {"q": "nadia"}).content.decode()
    assert f"{address}?expert={nadia.pk}" in found
    assert "<html" in found
    page = client.post(address, sent(client, ticket, expert=nadia.pk), follow=True)
    assert "<html" in page.content.decode()
    assert "Send the interim reply" in page.content.decode()
