"""Hidden rows appear nowhere, and other people's can't be changed: channels, tokens, drafts, replies."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.core.cache import cache
from django.urls import reverse
from django.utils import timezone

from advocacy.tests.attacked import answered, client_of, conversation, somebody, world
from channels.models import OutboundItem
from mentions.models import Draft, Event, Note, Reply, Ticket
from mentions.people import access
from mentions.queue import claims
from mentions.replies import drafts
from mentions.search import similar
from mentions.tests.factories import ChannelFactory, UserFactory

pytestmark = pytest.mark.django_db
SECRET = "hushhush"


@pytest.fixture
def desk():
    cache.clear()
    return world("How do I install Acme?")


def of(number, name, **more):
    return reverse(f"mentions:{name}", kwargs={"number": number, **more})


def pages_about(about):
    """Every URL that leads to this conversation, or to a part of it."""
    number = about.ticket.pk
    names = ("ticket", "preview", "news", "links", "answer")
    return [
        *(of(number, name) for name in names),
        of(about.author.pk, "author"),
        of(about.file.pk, "attachment"),
        of(about.message.pk, "mail"),
        of(about.message.pk, "mail") + "?pictures=1",
    ]


def lists(desk):
    """Every page that lists several conversations."""
    number, author = desk.shown.ticket.pk, desk.shown.author.pk
    return [
        *("/queue/", "/queue/all/", "/play/", "/palette/", f"/palette/?q={desk.secret.ticket.pk}"),
        f"/palette/?q={desk.secret.author.handle}",
        *(f"/search/?q={words}" for words in (SECRET, "install", "channel:founder", "is:queued", "has:note")),
        f"/search/?q=%23{desk.secret.ticket.pk}",
        *(of(number, name) for name in ("ticket", "preview", "links", "news")),
        f"{of(number, 'links')}?q={SECRET}",
        of(author, "author"),
        *("/experts/", f"/tickets/{number}/ask/", "/channels/"),
        *("/reports/first-reply/", "/reports/activity/", "/reports/first-reply/table.csv"),
        *(f"/reports/tickets/?figure={figure}" for figure in ("mentions", "in_time", "answered", "no_reply")),
        "/reports/tickets/?figure=mentions&channel=founder",
        "/reports/first-reply/median-by-channel.json",
    ]


@pytest.mark.parametrize("role", ["volunteer", "manager", "nobody"])
def test_a_hidden_conversation_has_no_page(desk, role):
    client = client_of(somebody(role))
    assert [page for page in pages_about(desk.secret) if client.get(page).status_code != 404 and role != "nobody"] == []
    assert [page for page in pages_about(desk.secret) if client.get(page).status_code not in (403, 404)] == []


def test_who_may_see_it_does(desk):
    client = client_of(somebody("advocate"))
    assert [page for page in pages_about(desk.secret) if client.get(page).status_code != 200] == []
    assert SECRET in client.get("/queue/").content.decode()


@pytest.mark.parametrize("role", ["volunteer", "manager", "nobody"])
def test_a_hidden_conversation_is_in_no_list(desk, role):
    # The same person wrote to both: neither their page nor the open ticket's panels may reveal it.
    desk.secret.ticket.requester = desk.shown.author
    desk.secret.ticket.status, desk.secret.ticket.first_reply_at = "solved", timezone.now()
    desk.secret.ticket.save()
    client = client_of(somebody(role))
    seen = {page: client.get(page) for page in lists(desk)}
    leaking = [page for page, answer in seen.items() if SECRET in answer.content.decode()]
    assert [page for page in leaking if SECRET not in page] == []  # a search shows what was typed
    link = f"/tickets/{desk.secret.ticket.pk}/"
    assert [page for page, answer in seen.items() if link in answer.content.decode()] == []
    # The channels page is about connections, for managers, and names them all.
    named = [page for page, answer in seen.items() if "Founder inbox" in answer.content.decode()]
    assert [page for page in named if page != "/channels/"] == []
    for page, answer in seen.items():
        if "channel=founder" in page and answer.status_code == 200:
            assert "does not exist" in answer.content.decode() or answer.context["page"].paginator.count == 1


@pytest.mark.parametrize("role", ["volunteer", "manager"])
def test_counts_leave_out_what_is_hidden(desk, role):
    page = client_of(somebody(role)).get("/queue/")
    assert [view["count"] for view in page.context["views"] if view["slug"] == "all"] == ["1"]


def test_play_never_deals_a_hidden_ticket(desk):
    Ticket.objects.filter(pk=desk.shown.ticket.pk).update(status="solved")
    volunteer = UserFactory(role="volunteer")
    page = client_of(volunteer).get("/play/")
    assert SECRET not in page.content.decode()
    assert claims.current(volunteer, timezone.now()) is None


def test_nothing_of_a_hidden_ticket_can_be_changed(desk):
    client = client_of(somebody("volunteer"))
    number = desk.secret.ticket.pk
    before = Ticket.objects.values().get(pk=number), Event.objects.count(), Note.objects.count(), Draft.objects.count()
    answers = [
        client.post(of(number, "leave", outcome=outcome), {"note": "x", "reason": "spam", "waiting_on": "expert"})
        for outcome in ("solve", "pending", "no-reply", "park", "hand-back", "answered", "reopen", "wake", "release")
    ]
    answers += [client.post(of(number, name), {"text": "x", "add": "x", "priority": 40}) for name in (
        "claim", "renew", "draft", "note", "tags", "priority"
    )]  # fmt: skip
    answers.append(client.post(of(number, "macro"), {"macro": desk.macro.pk}))
    answers.append(client.post(of(number, "like"), {"message": desk.secret.message.pk}))
    answers.append(client.post(of(number, "share"), {"channel": "#x", "text": "x", "key": uuid4()}))
    answers.append(client.post(of(number, "reply"), {"key": uuid4(), "guard": 10**9, "channel": 1, "text": "x"}))
    answers.append(client.post(of(desk.secret.reply.pk, "undo")))
    answers.append(client.post(of(desk.secret.event.pk, "undo_outcome")))
    assert {answer.status_code for answer in answers} == {404}
    after = Ticket.objects.values().get(pk=number), Event.objects.count(), Note.objects.count(), Draft.objects.count()
    assert before == after


def test_an_outreach_about_a_hidden_ticket_cannot_be_changed(desk):
    desk.hidden.visible_to = ["manager"]
    desk.hidden.save()
    client = client_of(somebody("advocate"))
    address = reverse("experts:change", args=[desk.secret.outreach.pk])
    assert client.post(address, {"state": "declined"}).status_code == 404
    assert client.get(reverse("experts:ask", args=[desk.secret.ticket.pk])).status_code == 404


def test_similar_tickets_are_only_those_in_sight(desk):
    Ticket.objects.filter(pk=desk.secret.ticket.pk).update(status="solved", first_reply_at=timezone.now())
    assert similar.solved_like(desk.shown.ticket.pk, [SECRET], UserFactory(role="volunteer")) == []
    assert similar.solved_like(desk.shown.ticket.pk, [SECRET], UserFactory(role="advocate")) == [desk.secret.ticket]


def test_a_hidden_handle_cannot_be_answered_from(desk):
    volunteer, advocate = UserFactory(role="volunteer"), UserFactory(role="advocate")
    siblings = [desk.shown.channel, desk.hidden]
    assert access.may_answer_from(volunteer, desk.shown.ticket, siblings) == [desk.shown.channel]
    assert access.may_answer_from(advocate, desk.shown.ticket, siblings) == siblings
    client = client_of(volunteer)
    client.post(of(desk.shown.ticket.pk, "claim"))
    page = client.get(of(desk.shown.ticket.pk, "ticket"))
    assert "Founder inbox" not in page.content.decode()
    ticket = Ticket.objects.get(pk=desk.shown.ticket.pk)
    sent = client.post(
        of(ticket.pk, "reply"),
        {"key": uuid4(), "guard": 10**9, "channel": desk.hidden.pk, "text": "as Sam", "token": ticket.claim_token},
    )
    assert sent.status_code == 422
    assert not Reply.objects.filter(text="as Sam").exists()


def test_a_ticket_that_becomes_hidden_is_not_held_on_to(desk):
    volunteer = UserFactory(role="volunteer")
    client = client_of(volunteer)
    client.post(of(desk.shown.ticket.pk, "claim"))
    token = Ticket.objects.get(pk=desk.shown.ticket.pk).claim_token
    desk.shown.channel.visible_to = ["manager"]
    desk.shown.channel.save()
    assert client.post(of(desk.shown.ticket.pk, "renew"), {"token": token}).status_code == 404


# --- other people's rows --------------------------------------------------------------------------------------------


@pytest.fixture
def held(desk):
    """The owner holds the open ticket; (ticket, token)."""
    ticket = claims.claim(desk.owner, desk.shown.ticket.pk, timezone.now())
    return ticket, ticket.claim_token


def test_the_token_of_a_claim_is_shown_to_its_holder_only(desk, held):
    ticket, token = held
    assert str(token) in client_of(desk.owner).get(of(ticket.pk, "ticket")).content.decode()
    for role in ("volunteer", "advocate", "manager", "admin"):
        client = client_of(somebody(role))
        for page in (of(ticket.pk, "ticket"), of(ticket.pk, "preview"), f"/tickets/{ticket.pk}/ask/", "/queue/"):
            assert str(token) not in client.get(page).content.decode(), (role, page)


def test_somebody_elses_token_is_of_no_use(desk, held):
    ticket, token = held
    client = client_of(somebody("advocate"))
    expires = Ticket.objects.get(pk=ticket.pk).claim_expires_at
    assert client.post(of(ticket.pk, "renew"), {"token": token}).status_code == 409
    for outcome in ("solve", "pending", "release", "park"):
        client.post(of(ticket.pk, "leave", outcome=outcome), {"token": token, "waiting_on": "question"})
    reply = {"key": uuid4(), "guard": 10**9, "channel": ticket.channel_id, "text": "not mine", "token": token}
    assert client.post(of(ticket.pk, "reply"), reply).status_code == 409
    client.post(of(ticket.pk, "macro"), {"macro": desk.macro.pk, "token": token})
    now = Ticket.objects.get(pk=ticket.pk)
    assert (now.claimed_by, now.claim_token, now.claim_expires_at) == (desk.owner, token, expires)
    assert (now.status, now.waiting_on) == ("open", "")
    assert not Reply.objects.filter(text="not mine").exists()


def test_drafts_are_ones_own(desk, held):
    ticket, _token = held
    drafts.save(ticket.pk, desk.owner, "my unfinished words", timezone.now())
    for role in ("volunteer", "advocate", "admin"):
        client = client_of(somebody(role))
        assert "my unfinished words" not in client.get(of(ticket.pk, "ticket")).content.decode()
        client.post(of(ticket.pk, "draft"), {"text": "mine"})
    assert drafts.text_of(ticket.pk, desk.owner) == "my unfinished words"


def test_another_ones_reply_is_taken_back_only_with_the_right_to(desk):
    later = timezone.now() + timedelta(seconds=60)
    reply = answered(desk.shown, desk.owner, send_at=later)
    assert client_of(somebody("volunteer")).post(of(reply.pk, "undo")).status_code == 403
    reply.refresh_from_db()
    assert reply.state == "scheduled"
    client_of(somebody("advocate")).post(of(reply.pk, "undo"))
    reply.refresh_from_db()
    assert reply.state == "undone"


def test_nobody_deletes_on_the_platform_without_the_right_to(desk):
    reply = answered(desk.shown, desk.owner, state="sent")
    for role in ("nobody", "volunteer", "manager"):
        assert client_of(somebody(role)).post(of(reply.pk, "delete_reply")).status_code == 403
    assert not OutboundItem.objects.filter(kind="delete").exists()


def test_another_ones_step_is_not_taken_back(desk):
    for role in ("volunteer", "advocate", "admin"):
        assert client_of(somebody(role)).post(of(desk.shown.event.pk, "undo_outcome")).status_code == 404


def test_the_key_of_another_ones_reply_sends_nothing(desk):
    ticket = desk.shown.ticket
    advocate = UserFactory(role="advocate")
    taken = claims.claim(advocate, ticket.pk, timezone.now())
    fields = {"guard": 10**9, "channel": ticket.channel_id, "text": "again", "token": taken.claim_token}
    answer = client_of(advocate).post(of(ticket.pk, "reply"), {**fields, "key": desk.secret.reply.key})
    assert answer.status_code == 422
    assert not Reply.objects.filter(text="again").exists()


def test_a_picture_in_a_mail_claims_nothing(desk):
    volunteer = UserFactory(role="volunteer")
    answer = client_of(volunteer).get("/play/", headers={"Sec-Fetch-Dest": "image"})
    assert answer.status_code == 204
    assert claims.current(volunteer, timezone.now()) is None


def test_somebody_who_only_speaks_in_hidden_channels_is_unknown(desk):
    hidden = conversation(ChannelFactory(visible_to=["advocate"]), "unheard")
    assert client_of(somebody("volunteer")).get(of(hidden.author.pk, "author")).status_code == 404
    assert client_of(somebody("advocate")).get(of(hidden.author.pk, "author")).status_code == 200


def test_what_joins_or_changes_many_reaches_nothing_hidden(desk):
    desk.hidden.visible_to = ["manager"]
    desk.hidden.save()
    client = client_of(somebody("advocate"))
    shown, secret = desk.shown.ticket.pk, desk.secret.ticket.pk
    for into, at in ((secret, shown), (shown, secret)):
        address = of(at, "merge")
        assert SECRET not in client.get(address, {"into": into}).content.decode()
        assert client.post(address, {"into": into}).status_code in (404, 422)
    assert client.post(of(secret, "split"), {"message": desk.secret.message.pk}).status_code == 404
    client.post(of(shown, "split"), {"message": desk.secret.message.pk})
    client.post(of(shown, "like"), {"message": desk.secret.message.pk})
    client.post(reverse("mentions:bulk"), {"ticket": [secret], "do": "priority", "priority": 40})
    client.post(reverse("mentions:bulk"), {"ticket": [secret], "do": "no_reply", "reason": "spam"})
    ticket = Ticket.objects.get(pk=secret)
    assert (ticket.priority, ticket.status, ticket.merged_into) == (20, "new", None)
    assert ticket.messages.count() == 1
    assert not OutboundItem.objects.filter(kind="like").exists()
