"""Play mode over HTTP: claiming by opening, every way to leave, replies that stop when the conversation moved on."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.urls import reverse
from django.utils import timezone

from mentions.models import Draft, Event, Note, Reply, Ticket
from mentions.replies import drafts
from mentions.tests.factories import (
    ChannelFactory,
    ConnectionFactory,
    MessageFactory,
    TicketFactory,
    UserFactory,
    ViewFactory,
)
from mentions.tests.replying import answered

pytestmark = pytest.mark.django_db


@pytest.fixture
def channel():
    connection = ConnectionFactory(platform="twitter")
    return ChannelFactory(connection=connection, name="@acme", address="acme")


@pytest.fixture
def view():
    return ViewFactory(name="All", slug="all", filters={})


@pytest.fixture
def tickets(channel):
    """Two tickets, the older one first."""
    made = []
    for minutes in (90, 60):
        at = timezone.now() - timedelta(minutes=minutes)
        ticket = TicketFactory(channel=channel, posted_at=at)
        MessageFactory(ticket=ticket, namespace="twitter", url="https://twitter.example/1", posted_at=at)
        made.append(ticket)
    return made


@pytest.fixture
def held(client, sam, view, tickets):
    """The first ticket, on sam's screen."""
    client.get("/play/all/")
    tickets[0].refresh_from_db()
    return tickets[0]


def leave(client, ticket, outcome, **data):
    if outcome in ("solve", "pending"):  # leaving an unanswered ticket needs a reason
        answered(ticket)
    address = reverse("mentions:leave", args=[ticket.pk, outcome])
    data = {"token": str(ticket.claim_token), "mode": "play", "view": "all", **data}
    return client.post(address, data, follow=True)


def send(client, ticket, **data):
    fields = {
        "token": str(ticket.claim_token),
        "mode": "play",
        "view": "all",
        "key": str(uuid4()),
        "guard": ticket.messages.order_by("-pk").first().pk,
        "channel": ticket.channel_id,
        "text": "Yes, it does.",
        "status_after": "solved",
        **data,
    }
    return client.post(reverse("mentions:reply", args=[ticket.pk]), fields)


def words(response):
    return [str(message) for message in response.context["messages"]]


def test_playing_claims_the_oldest_and_a_reload_keeps_it(client, sam, view, tickets):
    first = client.get("/play/all/")
    tickets[0].refresh_from_db()
    assert tickets[0].claimed_by == sam
    token = tickets[0].claim_token
    again = client.get("/play/all/")
    tickets[0].refresh_from_db()
    assert first.context["ticket"] == again.context["ticket"] == tickets[0]
    assert tickets[0].claim_token == token
    assert str(token) in again.content.decode()


def test_what_is_held_from_another_view_says_so(client, sam, held):
    ViewFactory(name="Forum", slug="forum", filters={"channels": ["forum"]})
    assert client.get("/play/all/").context["why"] == "oldest in All"
    elsewhere = client.get("/play/forum/")
    assert elsewhere.context["ticket"] == held
    assert elsewhere.context["why"] == "you already hold it. Finish or hand it back to continue with Forum."


def test_taking_a_second_ticket_leads_to_the_one_that_is_held(client, sam, held, tickets):
    refused = client.post(reverse("mentions:claim", args=[tickets[1].pk]), follow=True)
    page = refused.content.decode()
    assert f"You hold ticket #{held.pk}." in page
    assert f'<a href="{reverse("mentions:ticket", args=[held.pk])}">Open</a>' in page


def test_a_view_that_claiming_leaves_is_not_another_one(client, sam, tickets):
    ViewFactory(name="Fresh", slug="fresh", filters={"statuses": ["new"]})
    assert client.get("/play/fresh/").context["why"] == "oldest in Fresh"


def test_a_browser_that_fetches_ahead_claims_nothing(client, sam, view, tickets):
    response = client.get("/play/all/", headers={"Sec-Purpose": "prefetch;prerender"})
    assert response.status_code == 204
    assert not Ticket.objects.filter(claimed_by=sam).exists()


def test_who_may_only_read_cannot_play(client, view, tickets):
    client.force_login(UserFactory(role="manager"))
    assert client.get("/play/all/").status_code == 403
    assert not Ticket.objects.filter(claimed_by__isnull=False).exists()


def test_nothing_left_says_so(client, sam, view):
    response = client.get("/play/all/")
    assert response.status_code == 200
    assert "Nothing left for you in All" in response.content.decode()


def test_a_view_of_solved_tickets_cannot_be_played(client, sam):
    ViewFactory(slug="solved", filters={"statuses": ["solved"]})
    response = client.get("/play/solved/")
    assert response.url == "/queue/solved/"


@pytest.mark.parametrize(
    ("outcome", "data", "status", "waiting"),
    [
        ("solve", {}, "solved", ""),
        ("pending", {}, "pending", ""),
        ("no-reply", {"reason": "praise"}, "solved", ""),
        ("park", {"waiting_on": "question", "note": "asked"}, "open", "question"),
        ("answered", {"url": "https://twitter.example/2"}, "open", "own_answer"),
    ],
)
def test_each_way_to_leave_brings_the_next_ticket_at_once(client, held, tickets, outcome, data, status, waiting):
    response = leave(client, held, outcome, **data)
    held.refresh_from_db()
    assert (held.status, held.waiting_on, held.claimed_by) == (status, waiting, None)
    assert response.context["ticket"] == tickets[1]
    assert f"#{held.pk}" in words(response)[0]
    assert "Undo" in response.content.decode()


def test_an_outcome_is_taken_back_by_its_toast(client, sam, held):
    leave(client, held, "solve")
    leave_event = Event.objects.filter(ticket=held, kind="status").get()
    assert Ticket.objects.get(claimed_by=sam) != held
    response = client.post(reverse("mentions:undo_outcome", args=[leave_event.pk]), follow=True)
    held.refresh_from_db()
    assert held.status == "open"
    assert held.claimed_by == sam
    assert response.context["ticket"] == held


@pytest.mark.parametrize("outcome", ["solve", "pending"])
def test_what_nobody_has_answered_stays_on_screen_and_says_why(client, held, outcome):
    page = client.get(reverse("mentions:ticket", args=[held.pk])).content.decode()
    assert f"leave/{outcome}/" not in page
    address = reverse("mentions:leave", args=[held.pk, outcome])
    response = client.post(address, {"token": str(held.claim_token)}, follow=True)
    assert "Nobody has answered" in words(response)[0]
    held.refresh_from_db()
    assert (held.status, held.claimed_by is not None) == ("open", True)
    answered(held)
    assert f"leave/{outcome}/" in client.get(reverse("mentions:ticket", args=[held.pk])).content.decode()


def test_handing_back_needs_a_word_why(client, held):
    response = leave(client, held, "hand-back", note="  ")
    held.refresh_from_db()
    assert held.claimed_by is not None
    assert "why you hand it back" in words(response)[0]
    leave(client, held, "hand-back", note="I do not read Finnish")
    held.refresh_from_db()
    assert held.claimed_by is None
    assert Note.objects.get(ticket=held).text == "I do not read Finnish"


def test_no_reply_needs_a_reason_of_the_list(client, held):
    leave(client, held, "no-reply", reason="because")
    held.refresh_from_db()
    assert held.status == "open"


def test_parking_until_a_time_of_the_viewers_own_zone(client, sam, held):
    client.post("/me/", {"theme": "dark", "time_zone": "Asia/Tokyo", "has_keys": "on"})
    tomorrow = timezone.now() + timedelta(days=1)
    leave(client, held, "park", waiting_on="monitor", at=tomorrow.strftime("%Y-%m-%dT09:00"))
    held.refresh_from_db()
    assert held.wake_at.strftime("%H:%M") == "00:00"  # 09:00 in Tokyo as UTC


@pytest.mark.parametrize("at", ["yesterday", "2026-13-45T99:99"])
def test_a_time_that_is_none_is_refused_in_words(client, held, at):
    response = leave(client, held, "park", waiting_on="monitor", at=at)
    assert "not a valid time" in words(response)[0]
    held.refresh_from_db()
    assert held.waiting_on == ""


def test_an_unknown_outcome_is_not_found(client, held):
    assert leave(client, held, "explode").status_code == 404


def test_a_stale_token_changes_nothing_and_says_why(client, held):
    response = leave(client, held, "solve", token=str(uuid4()))
    held.refresh_from_db()
    assert held.status == "open"
    assert "no longer yours" in words(response)[0]


def test_a_broken_token_is_a_lost_claim_not_an_error_page(client, held):
    response = leave(client, held, "solve", token="nonsense")
    assert response.status_code == 200
    held.refresh_from_db()
    assert held.status == "open"


def test_heartbeat_renews_and_tells_when_the_claim_is_gone(client, sam, held):
    address = reverse("mentions:renew", args=[held.pk])
    Ticket.objects.filter(pk=held.pk).update(claim_expires_at=timezone.now() + timedelta(seconds=5))
    assert client.post(address, {"token": str(held.claim_token)}).status_code == 200
    held.refresh_from_db()
    assert held.claim_expires_at > timezone.now() + timedelta(seconds=60)
    lost = client.post(address, {"token": str(uuid4())})
    assert lost.status_code == 409
    assert "no longer yours" in lost.json()["error"]


def test_a_reply_rests_and_can_be_taken_back(client, sam, held, tickets):
    response = send(client, held)
    assert response.url == "/play/all/"
    reply = Reply.objects.get()
    assert (reply.state, reply.text, reply.status_after) == ("scheduled", "Yes, it does.", "solved")
    page = client.get("/play/all/")
    assert reverse("mentions:undo", args=[reply.pk]) in page.content.decode()
    assert page.context["ticket"] == tickets[1]
    client.post(reverse("mentions:undo", args=[reply.pk]))
    reply.refresh_from_db()
    assert reply.state == "undone"
    assert Draft.objects.get(ticket=held, user=sam).text == "Yes, it does."
    page = client.get("/play/all/")
    assert page.context["ticket"] == held
    assert "Yes, it does.</textarea>" in page.content.decode()


def test_taking_back_leaves_an_answer_alone_that_has_been_begun(client, sam, held, tickets):
    send(client, held)
    client.get("/play/all/")
    client.post(reverse("mentions:draft", args=[tickets[1].pk]), {"text": "Begun"})
    response = client.post(reverse("mentions:undo", args=[Reply.objects.get().pk]), follow=True)
    assert Ticket.objects.get(claimed_by=sam) == tickets[1]
    assert response.context["ticket"] == held


def test_an_interim_reply_keeps_the_ticket_on_screen(client, sam, held):
    send(client, held, status_after="open")
    page = client.get("/play/all/")
    assert page.context["ticket"] == held
    assert "Yes, it does." in page.content.decode()
    assert "will be sent" in page.content.decode()


def test_new_messages_stop_the_reply_and_the_text_stays(client, held):
    guard = held.messages.get().pk
    late = MessageFactory(ticket=held, namespace="twitter", text="Never mind, found it!")
    response = send(client, held, guard=guard, text="My long answer")
    page = response.content.decode()
    assert response.status_code == 409
    assert "1 new message since you started. Read it, then send." in page
    assert "My long answer" in page
    assert f'id="message-{late.pk}" data-fresh' in page
    assert f'name="guard" value="{late.pk}"' in page
    assert not Reply.objects.exists()


def test_two_new_messages_are_said_in_the_plural(client, held):
    guard = held.messages.get().pk
    MessageFactory.create_batch(2, ticket=held, namespace="twitter")
    assert "2 new messages since you started. Read them, then send." in send(client, held, guard=guard).content.decode()


def test_a_reply_that_is_too_long_comes_back_with_its_text(client, held):
    response = send(client, held, text="x" * 300)
    assert response.status_code == 422
    assert "x" * 300 in response.content.decode()
    assert "20 characters too long" in response.content.decode()


def test_a_reply_without_the_claim_is_kept_as_a_draft(client, sam, held):
    response = send(client, held, token=str(uuid4()), text="Kept words")
    assert response.status_code == 409
    assert "no longer yours" in response.content.decode()
    assert Draft.objects.get(ticket=held, user=sam).text == "Kept words"


def test_a_double_click_is_one_reply(client, held):
    key = str(uuid4())
    send(client, held, key=key)
    send(client, held, key=key)
    assert Reply.objects.count() == 1


@pytest.mark.parametrize("broken", [{"key": "x"}, {"guard": "x"}, {"channel": ""}])
def test_an_incomplete_page_is_refused_without_an_error_page(client, held, broken):
    assert send(client, held, **broken).status_code == 400
    assert not Reply.objects.exists()


def test_drafts_save_themselves_and_come_back(client, sam, held):
    address = reverse("mentions:draft", args=[held.pk])
    assert client.post(address, {"text": "Half a thou"}).json()["is_newest"]
    assert "Half a thou" in client.get("/play/all/").content.decode()
    client.post(address, {"text": ""})
    assert drafts.text_of(held.pk, sam) == ""
    assert "Half a thou" not in client.get("/play/all/").content.decode()


def test_news_tells_what_came_since(client, held):
    seen = held.messages.get().pk
    address = reverse("mentions:news", args=[held.pk])
    assert client.get(address, {"seen": seen}).json() == {"count": 0, "words": "", "replies": []}
    MessageFactory(ticket=held, namespace="twitter", author=held.requester)
    news = client.get(address, {"seen": seen}).json()
    assert news["count"] == 1
    assert str(held.requester) in news["words"]


def test_an_edit_away_from_play_mode_needs_the_free_ticket(client, sam, tickets):
    other = UserFactory(role="advocate")
    Ticket.objects.filter(pk=tickets[0].pk).update(
        claimed_by=other, claim_token=uuid4(), claim_expires_at=timezone.now() + timedelta(minutes=2)
    )
    response = client.post(reverse("mentions:leave", args=[tickets[0].pk, "solve"]), follow=True)
    assert "is working on ticket" in words(response)[0]
    response = client.post(reverse("mentions:claim", args=[tickets[0].pk]), follow=True)
    assert "is working on ticket" in words(response)[0]


def test_tags_and_priority_are_set_beside_the_conversation(client, held):
    client.post(reverse("mentions:tags", args=[held.pk]), {"add": "ci, runner"})
    assert sorted(held.tags.values_list("name", flat=True)) == ["ci", "runner"]
    client.post(reverse("mentions:tags", args=[held.pk]), {"remove": "ci"})
    assert list(held.tags.values_list("name", flat=True)) == ["runner"]
    client.post(reverse("mentions:priority", args=[held.pk]), {"priority": "40"})
    held.refresh_from_db()
    assert held.priority == 40


@pytest.mark.parametrize("value", ["41", "x", ""])
def test_a_priority_that_does_not_exist_changes_nothing(client, held, value):
    assert client.post(reverse("mentions:priority", args=[held.pk]), {"priority": value}).status_code == 302
    held.refresh_from_db()
    assert held.priority == 20


def test_changes_are_post_only(client, held):
    for name in ("claim", "renew", "reply", "note", "tags", "priority"):
        assert client.get(reverse(f"mentions:{name}", args=[held.pk])).status_code == 405, name


def test_enter_in_the_tag_field_adds_and_takes_nothing_away(client, held):
    """Enter presses a form's first button."""
    client.post(reverse("mentions:tags", args=[held.pk]), {"add": "ci"})
    page = client.get("/play/all/").content.decode()
    form = page[page.index('id="tag-form"') : page.index('id="tag"')]
    assert 'name="remove"' in form
    assert 'name="remove"' not in form[form.index("<button") : form.index("</button>")]


@pytest.mark.parametrize(("setting", "offered"), [(0, 4), (10, 14), (60, 64), (300, 304)])
def test_undo_is_offered_as_long_as_the_desk_takes_it(client, held, settings, setting, offered):
    settings.UNDO_SECONDS = setting
    page = leave(client, held, "solve").content.decode()
    assert f'data-undo="{offered}"' in page
