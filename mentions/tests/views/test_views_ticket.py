"""The ticket page: mails in their frame, attachments, macros, search, author, settings, keys."""

import hashlib
import re
from datetime import timedelta
from uuid import uuid4

import pytest
from django.urls import reverse
from django.utils import timezone

from channels.models import OutboundItem
from mentions.models import Attachment, Blob, Draft, Event, Macro, MessageRevision, Note, Preference, Reply, ThreadPost
from mentions.search import similar
from mentions.tests.factories import (
    NOON,
    ChannelFactory,
    ConnectionFactory,
    MessageFactory,
    TicketFactory,
    UserFactory,
)
from mentions.tickets import history

pytestmark = pytest.mark.django_db


@pytest.fixture
def mail():
    channel = ChannelFactory(connection=ConnectionFactory(platform="email"), address="community@acme.example")
    html = '<p>Hello</p><script>alert(1)</script><img src="https://tracker.example/1.gif"><img src="cid:logo">'
    ticket = TicketFactory(channel=channel, subject="Licences")
    return MessageFactory(ticket=ticket, namespace="email", text="Hello", html=html)


def attach(message, name="a.html", type_="text/html", content=b"<script>alert(1)</script>", **fields):
    blob, _created = Blob.objects.get_or_create(
        sha256=hashlib.sha256(content).hexdigest(), defaults={"content": content}
    )
    return Attachment.objects.create(
        message=message, name=name, type=type_, size=len(content), sha256=blob.pk, blob=blob, **fields
    )


def page_of(client, ticket):
    response = client.get(reverse("mentions:ticket", args=[ticket.pk]))
    assert response.status_code == 200
    return response.content.decode()


def test_page_shows_the_whole_conversation_with_its_context(client, sam):
    ticket = TicketFactory(status="open")
    first = MessageFactory(
        ticket=ticket, thread_id="t1", parent_external_id="p1", text="Does it run?", edited_at=timezone.now()
    )
    MessageRevision.objects.create(message=first, text="Does it rum?", replaced_at=timezone.now())
    times = {"posted_at": first.posted_at, "version_at": first.version_at, "digest": b"0" * 16}
    ThreadPost.objects.create(namespace="hackernews", external_id="p1", thread_id="t1", text="The story", **times)
    ThreadPost.objects.create(namespace="hackernews", external_id="s1", thread_id="t1", text="A sibling", **times)
    Note.objects.create(ticket=ticket, author=sam, text="asked around", created_at=timezone.now())
    MessageFactory(ticket=ticket, text="Gone", is_deleted=True, deleted_at=timezone.now())
    page = page_of(client, ticket)
    shown = ("Does it run?", "Does it rum?", "The story", "1 reply by others", "asked around")
    for words in (*shown, "deleted on the platform"):
        assert words in page, words


def test_page_costs_as_many_queries_for_a_long_conversation(client, sam, django_assert_num_queries):
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    ticket = TicketFactory()
    MessageFactory(ticket=ticket)
    Note.objects.create(ticket=ticket, author=sam, text="a", created_at=timezone.now())
    page_of(client, ticket)
    with CaptureQueriesContext(connection) as short:
        page_of(client, ticket)
    for number in range(30):
        attach(MessageFactory(ticket=ticket), content=str(number).encode())
        Note.objects.create(ticket=ticket, author=sam, text="b", created_at=timezone.now())
    with django_assert_num_queries(len(short)):
        page_of(client, ticket)


@pytest.mark.parametrize(
    ("state", "words"),
    [
        ("failed", "Your text is kept as a draft"),
        ("uncertain", "It will not be sent again"),
        ("blocked", "Nothing was sent"),
        ("queued", "being sent"),
    ],
)
def test_delivery_is_said_in_words_on_every_reply(client, sam, state, words):
    message = MessageFactory()
    replied(message, sam, state)
    page = page_of(client, message.ticket)
    assert "Our answer" in page
    assert words in page


def test_reply_behind_an_uncertain_one_says_what_it_waits_for(client, sam):
    message = MessageFactory()
    behind = {"outbound": OutboundItem.objects.create(key=uuid4(), conversation="c", payload={}, not_before=NOON)}
    replied(message, sam, "queued", **behind)
    assert "uncertain whether the previous reply was posted" not in page_of(client, message.ticket)
    replied(message, sam, "uncertain")
    assert "uncertain whether the previous reply was posted" in page_of(client, message.ticket)


def replied(message, author, state, **fields):
    return Reply.objects.create(
        ticket=message.ticket,
        author=author,
        channel=message.channel,
        key=uuid4(),
        text="Our answer",
        guard_message_id=message.pk,
        state=state,
        error="The platform refused it.",
        send_at=timezone.now(),
        created_at=timezone.now(),
        **fields,
    )


def test_history_is_shown_in_sentences(client, sam):
    ticket = TicketFactory()
    MessageFactory(ticket=ticket)
    data = {"from": {"status": "open"}, "to": {"status": "solved"}}
    Event.objects.create(ticket=ticket, at=timezone.now(), actor=sam, kind="status", data=data)
    assert "is now solved" in page_of(client, ticket)


@pytest.mark.parametrize("kind", [*history.SENTENCES, "something_new"])
@pytest.mark.parametrize("data", [{}, {"from": "new", "to": "open"}, {"from": {}, "to": {}}, {"why": "time"}])
def test_every_kind_of_event_has_words_whatever_it_holds(kind, data):
    assert history.sentence(kind, data).strip()


def test_mail_is_framed_with_a_policy_of_its_own(client, sam, mail):
    logo = attach(mail, name="logo.png", type_="image/png", content=b"png", content_id="<logo>")
    response = client.get(reverse("mentions:mail", args=[mail.pk]))
    page, policy = response.content.decode(), response["Content-Security-Policy"]
    assert "alert(1)" not in page
    assert "tracker.example" not in page
    assert reverse("mentions:attachment", args=[logo.pk]) in page
    assert "default-src 'none'" in policy
    assert "img-src 'self';" in policy
    assert "sandbox" in policy
    assert "allow-scripts" not in policy
    assert response["X-Frame-Options"] == "SAMEORIGIN"
    assert response["Referrer-Policy"] == "no-referrer"


def test_pictures_from_elsewhere_come_only_after_a_click(client, sam, mail):
    page = page_of(client, mail.ticket)
    assert "tracker.example" not in page
    response = client.get(reverse("mentions:mail", args=[mail.pk]), {"pictures": "1"})
    assert "https://tracker.example/1.gif" in response.content.decode()
    assert "img-src 'self' https: http:" in response["Content-Security-Policy"]


@pytest.mark.parametrize("type_", ["text/html", "image/svg+xml", "application/xhtml+xml", "image/png"])
def test_attachments_are_downloads_and_nothing_else(client, sam, mail, type_):
    file = attach(mail, name="../ü\r\nx.html", type_=type_)
    response = client.get(reverse("mentions:attachment", args=[file.pk]))
    assert response["Content-Disposition"].startswith("attachment")
    assert "\n" not in response["Content-Disposition"]
    assert response["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in response["Content-Security-Policy"]
    assert response["Content-Type"] == ("image/png" if type_ == "image/png" else "application/octet-stream")


def test_files_of_tickets_that_one_may_not_see_are_not_found(client, sam):
    hidden = ChannelFactory(visible_to=["admin"])
    message = MessageFactory(ticket=TicketFactory(channel=hidden), html="<p>x</p>")
    file = attach(message)
    for name, number in (("attachment", file.pk), ("mail", message.pk), ("preview", message.ticket_id)):
        assert client.get(reverse(f"mentions:{name}", args=[number])).status_code == 404, name


def test_a_file_over_the_cap_is_named_but_not_offered(client, sam, mail):
    file = Attachment.objects.create(message=mail, name="film.mov", type="video/x", size=88_000_000, sha256="b" * 64)
    page = page_of(client, mail.ticket)
    assert "too large to keep" in page
    assert client.get(reverse("mentions:attachment", args=[file.pk])).status_code == 404


def test_macro_shows_first_what_it_would_do_and_then_does_it(client, sam):
    ticket = MessageFactory().ticket
    actions = [{"do": "reply", "text": "Hi {requester_name}!"}, {"do": "tag", "tags": ["docs"]}]
    macro = Macro.objects.create(name="Docs::Hi", actions=actions)
    client.post(reverse("mentions:claim", args=[ticket.pk]))
    ticket.refresh_from_db()
    address = reverse("mentions:macro", args=[ticket.pk])
    shown = client.get(address, {"macro": macro.pk, "token": ticket.claim_token}, headers={"X-Fragment": "1"})
    assert "docs" in shown.content.decode()
    assert not ticket.tags.exists()
    client.post(address, {"macro": macro.pk, "token": str(ticket.claim_token)})
    assert list(ticket.tags.values_list("name", flat=True)) == ["docs"]
    assert Draft.objects.get(ticket=ticket, user=sam).text.startswith("Hi ")
    assert "Hi " in page_of(client, ticket)


def test_a_broken_macro_is_said_and_changes_nothing(client, sam):
    ticket = MessageFactory().ticket
    macro = Macro.objects.create(name="Broken", actions=[{"do": "fly"}])
    response = client.post(reverse("mentions:macro", args=[ticket.pk]), {"macro": macro.pk})
    assert response.status_code == 422
    assert "cannot be applied" in response.content.decode()
    assert client.get(reverse("mentions:macro", args=[ticket.pk]), {"macro": "x"}).status_code == 404


def test_notes_are_written_by_whoever_reads(client):
    client.force_login(UserFactory(role="manager"))
    ticket = MessageFactory().ticket
    client.post(reverse("mentions:note", args=[ticket.pk]), {"text": "seen <b>it</b>"})
    page = page_of(client, ticket)
    assert "seen &lt;b&gt;it&lt;/b&gt;" in page
    assert "Claim and reply" not in page
    assert "Reopen and claim" not in page


def test_similar_solved_tickets_are_offered_with_their_answer(client, sam):
    solved = TicketFactory(status="solved", subject="Proxies")
    MessageFactory(ticket=solved, text="How does the runner authenticate against NTLM proxies?")
    answer = MessageFactory(ticket=solved, direction="team", text="Set HTTPS_PROXY.")
    solved.first_reply_message, solved.first_reply_at = answer, solved.posted_at + timedelta(hours=1)
    solved.save()
    asked = MessageFactory(text="Our proxies want NTLM, does the runner work?").ticket
    page = client.get(reverse("mentions:links", args=[asked.pk]), headers={"HX-Request": "true"}).content.decode()
    assert f"#{solved.pk}" in page
    assert client.get(reverse("mentions:answer", args=[solved.pk])).json() == {
        "text": "Set HTTPS_PROXY.",
        "warning": "",
    }


@pytest.mark.parametrize("text", ["", "a b c", "' | & ! :* <->", "https://a.example/" + "x" * 500, "日本語 テスト"])
def test_odd_words_are_looked_up_without_an_error(client, sam, text):
    ticket = MessageFactory(text=text).ticket
    assert client.get(reverse("mentions:links", args=[ticket.pk]), {"q": text}).status_code == 200
    assert all(re.fullmatch(r"[\w-]+", word) for word in similar.telling_words(text))


def test_search_marks_words_and_takes_terms_away(client, sam):
    ticket = MessageFactory(text="The proxy & the runner hang").ticket
    response = client.get("/search/", {"q": "proxy status:new"})
    page = response.content.decode()
    assert "<mark>proxy</mark>" in page
    assert "&amp; the runner" in page
    assert "/search/?q=proxy&quot;" in page.replace('"', "&quot;")
    assert client.get("/search/", {"q": f"#{ticket.pk}"}).url == reverse("mentions:ticket", args=[ticket.pk])
    assert "Nothing found" in client.get("/search/", {"q": "zebra"}).content.decode()


def test_author_page_lists_their_conversations(client, sam):
    message = MessageFactory(text="First question")
    MessageFactory(text="Somebody else's")
    page = client.get(reverse("mentions:author", args=[message.author_id])).content.decode()
    assert "First question" in page
    assert "Somebody else" not in page


def test_settings_change_theme_zone_and_shift(client, sam):
    client.post("/me/", {"theme": "dark", "time_zone": "Europe/Berlin", "shift": "8"})
    preference = Preference.objects.get(user=sam)
    assert (preference.theme, preference.time_zone, preference.has_keys) == ("dark", "Europe/Berlin", False)
    assert preference.shift_until > timezone.now() + timedelta(hours=7)
    page = client.get("/me/").content.decode()
    assert 'data-theme="dark"' in page
    assert 'data-keys="off"' in page
    client.post("/me/", {"theme": "", "time_zone": "", "shift": "0", "has_keys": "on"})
    assert Preference.objects.get(user=sam).shift_until is None


@pytest.mark.parametrize("field", [{"theme": "pink"}, {"time_zone": "../../etc/passwd"}, {"shift": "99"}])
def test_settings_that_do_not_exist_are_refused(client, sam, field):
    response = client.post("/me/", {"theme": "", "time_zone": "", **field})
    assert response.status_code == 200
    assert "Not saved" in response.content.decode()
    assert not Preference.objects.exists()


def test_a_zone_that_vanished_from_the_system_falls_back(client, sam):
    Preference.objects.create(user=sam, time_zone="Mars/Olympus")
    assert client.get("/me/").status_code == 200


def test_palette_finds_tickets_views_and_pages(client, sam):
    ticket = MessageFactory().ticket
    page = client.get("/palette/", {"q": f"#{ticket.pk}"}).content.decode()
    assert reverse("mentions:ticket", args=[ticket.pk]) in page
    assert "/queue/" in client.get("/palette/", {"q": "que"}).content.decode()
    handle = ticket.requester.handle
    assert f"#{ticket.pk}" in client.get("/palette/", {"q": f"@{handle}"}).content.decode()


def test_keys_are_a_page_and_a_dialog(client, sam):
    assert "<html" in client.get("/keys/").content.decode()
    assert "<html" not in client.get("/keys/", headers={"X-Fragment": "1"}).content.decode()


def test_pages_need_a_login(client):
    ticket = TicketFactory()
    for address in ("/", "/queue/", "/play/", "/search/", "/me/", "/keys/", "/palette/", f"/tickets/{ticket.pk}/"):
        assert client.get(address).url.startswith("/accounts/login/"), address


def test_login_page_and_error_pages_are_ours(client, sam):
    missing = client.get("/tickets/999999/")
    assert missing.status_code == 404
    assert "Page not found" in missing.content.decode()
    client.logout()
    page = client.get("/accounts/login/").content.decode()
    assert 'class="entrance"' in page
    assert "sign up" not in page.lower()


def test_a_missing_page_offers_a_login_instead_of_a_search_to_whoever_is_logged_out(client, sam):
    ours = client.get("/nowhere/").content.decode()
    client.logout()
    strangers = client.get("/nowhere/").content.decode()
    for mark in ('id="find"', "Account menu", "merged into another"):
        assert (mark in ours, mark in strangers) == (True, False), mark
    for mark in ("log in and search", ">Log in<"):
        assert (mark in ours, mark in strangers) == (False, True), mark


def test_full_guidelines_are_linked_below_those_of_the_channel(client, sam, settings):
    ticket = MessageFactory(ticket__channel__guidelines="Say thanks.").ticket
    settings.GUIDELINES_URL = ""
    assert "Full guidelines" not in client.get(f"/tickets/{ticket.pk}/").content.decode()
    settings.GUIDELINES_URL = "https://acme.example/social-media"
    page = client.get(f"/tickets/{ticket.pk}/").content.decode()
    assert 'href="https://acme.example/social-media"' in page
    assert "Say thanks." in page
