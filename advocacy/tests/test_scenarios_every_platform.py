"""Every platform of the demo in turn: somebody asks, the desk brings it in and answers as the platform allows; the
customer follows up, edits, deletes."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass, field
from typing import Any

import pytest
import requests
from django.core.cache import cache

from advocacy.tests import scenario
from advocacy.tests.browser import new_word
from channels.adapters.lobsters import fetching as lobsters
from channels.models import Connection
from channels.registry.finding_adapters import all_adapters
from channels.tests.loopback import Reply, serving
from mentions.imports import adding
from mentions.ingest.placing.placing_by_hand import ensure_ticket
from mentions.models import Message, Ticket
from mentions.models import Reply as Answer
from mentions.replies import dispatch_replies, handles

desk, outside = scenario.desk, scenario.outside
pytestmark = pytest.mark.timeout(120)

DESK, SELF, MAIL, OUTSIDE = "the desk's account", "the advocate's own account", "mail", "outside"


@dataclass(frozen=True)
class Place:
    """The handbook's row for one kind of mention. `asked`: the fields of the post, with `{word}` in its text."""

    platform: str
    channel: str
    way: str
    asked: dict[str, Any] = field(default_factory=dict)
    text: str = "How do I get Acme to {word}?"
    ticket: bool = True
    """False: Slack only, until somebody wants to work on it."""
    threads: bool = True
    """Whether a post says which one it answers."""
    edits: bool = True
    deletes: bool = True
    waits_on: str = ""
    """What the ticket waits for after our answer; "": it is solved."""
    without: str = ""
    """A connection that would bring it in, too."""


PLACES = {
    "twitter": Place("twitter", "twitter-acme", DESK, {"to": "acme"}),
    "twitter, moving": Place("twitter", "twitter-movingtoacme", DESK, {"to": "movingtoacme"}),
    "facebook comment": Place("facebook", "facebook", DESK, {"to": "comment"}),
    "facebook message": Place("facebook", "facebook", DESK, {"to": "message"}, edits=False, deletes=False),
    "facebook visitor": Place("facebook", "facebook", DESK, {"to": "visitor"}),
    "hacker news": Place("hackernews", "hn-mentions", OUTSIDE, {"title": "Ask HN: Acme"}),
    "front page": Place("hackernews", "hn-front-page", OUTSIDE, {"title": "Acme leads"}, ticket=False,
                        without="Hacker News mentions"),
    "reddit": Place("reddit", "reddit", SELF, {"to": "devops", "title": "Moving to Acme"}),
    "own subreddit": Place("reddit", "reddit", SELF, {"to": "acme", "title": "Runners"}, "Why {word}?"),
    "blog comment": Place("disqus", "blog-comments", SELF, {"to": "acme-blog", "guest": False, "pending": False}),
    "comparison": Place("disqus", "comparison-comments", SELF, {"to": "acme-comparison", "guest": False}),
    "docs comment": Place("disqus", "docs-comments", SELF, {"to": "acme-docs", "guest": False}, ticket=False),
    "forum": Place("discourse", "forum", SELF, {"to": "ci", "title": "Runners hang", "private": False}),
    "stack overflow": Place("stackexchange", "stack-overflow", OUTSIDE, {"title": "Which runner?", "tags": "acme"}),
    "mail": Place("email", "mail-merch", MAIL, {"to": "merch"}, edits=False, deletes=False),
    "form": Place("form", "form-education", MAIL, {"kind": "education"}, edits=False, deletes=False),
    "speaker form": Place("form", "form-speakers", MAIL, {"kind": "speaker"}, edits=False, deletes=False),
    "tracker": Place("gitlab", "tracker-enterprise", DESK, {"to": "acme/enterprise", "title": "It hangs"}),
    "hackerone": Place("hackerone", "hackerone", OUTSIDE, {"title": "A hole"}, deletes=False, waits_on="report"),
    "feed": Place("feed", "community-content", OUTSIDE, {"to": "list.xml"}, threads=False, deletes=False),
    "lobsters": Place("lobsters", "lobsters", OUTSIDE, {"title": "Acme opens"}, ticket=False),
    "youtube": Place("youtube", "youtube", DESK, {"to": "AcmeRunners"}),
    "chat": Place("chatlog", "gitter", OUTSIDE),
    "internal question": Place("slack", "slack-swag", DESK, {"to": "swag", "author": "ines"}),
    "mastodon": Place("mastodon", "mastodon", DESK),
    "bluesky": Place("bluesky", "bluesky", DESK, edits=False),
}  # fmt: skip
ELSEWHERE = {"manual", "statuspage"}
"""Nobody asks there; they have tests of their own below."""
THERE = {name: place for name, place in PLACES.items() if place.platform in all_adapters()}

places = pytest.mark.parametrize("name", THERE)


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch, settings):
    """Not even the undo window: the desk's clock would be ahead of the platforms', and customers' follow-ups would seem
    older than the answers."""
    settings.UNDO_SECONDS = 0
    monkeypatch.setattr(lobsters, "PAUSE_S", 0.0)
    cache.clear()


# --- actions ----------------------------------------------------------------------------------------------------------


@dataclass
class Asked:
    """A question, on the platform and on the desk."""

    place: Place
    word: str
    made: dict[str, Any]
    message: Message


def author_of(place: Place, word: str) -> str:
    """An author without the word in the name: on Twitter a reply mentions the person it answers."""
    name = f"ask{word[::-1]}"
    return f"{name}@home.example" if place.way == MAIL else name


def ask(desk, client, name: str) -> Asked:
    """Post on the platform, and wait for the mention."""
    place, word = THERE[name], new_word()
    Connection.objects.filter(name=place.without).update(is_active=False)
    who = author_of(place, word)
    fields = {"text": place.text.format(word=word), "author": who, "name": who, **place.asked}
    made = post(desk, client, place, **fields)
    message = message_with(word)
    return Asked(place, word, made, message)


def post(desk, client, place: Place, **fields: Any) -> dict[str, Any]:
    if place.platform != "form":
        made = desk.outside.post(place.platform, **fields)
        desk.poll(place.platform)
        return made
    connection = Connection.objects.get(platform="form", is_active=True)
    with serving(lambda seen: Reply()) as website:
        secret = desk.outside.access()["form"]["secrets"]["webhook_secret"]
        desk.outside.control("webhook", platform="form", url=f"{website.url}/", secret=secret)
        made = desk.outside.post("form", **fields)
        wait_for(lambda: website.seen)
        desk.outside.control("webhook", platform="form", url="")
    (call,) = website.seen
    headers = {name: value for name, value in call.headers.items() if name.startswith("X-Desk")}
    response = client.post(f"/hooks/{connection.hook_id}/", call.body, content_type="application/json", headers=headers)
    assert response.status_code == 200, response.content
    desk.ingest()
    return made


def wait_for(there: Any) -> None:
    deadline = time.monotonic() + 10
    while not there():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def look(desk, platform: str) -> None:
    """Every way in which the desk could see new posts there."""
    desk.poll("email" if platform == "form" else platform)
    desk.read_threads()


def message_with(word: str) -> Message:
    """The only message with this word."""
    return Message.objects.select_related("channel__connection", "author").get(text__contains=word)


def shown(desk, asked: Asked) -> str:
    """What a visitor sees: the question's page, for mails the asker's mailbox."""
    if asked.place.way != MAIL:
        return page(asked.made["url"])
    mailbox = f"{desk.outside.http_url}/mail/{asked.message.author.external_id}"
    return " ".join(
        page(desk.outside.http_url + link) for link in re.findall(r'href="(/mail/[^"]+/\d+)"', page(mailbox))
    )


def page(url: str) -> str:
    answer = requests.get(url, timeout=20)
    assert answer.status_code == 200, url
    return answer.text


def in_order(desk) -> None:
    assert scenario.wrong_clocks(Ticket.objects.all()) == []
    assert scenario.misplaced(Ticket.objects.all()) == []


# --- expected results -------------------------------------------------------------------------------------------------


def test_every_platform_has_its_place():
    assert {place.platform for place in THERE.values()} | ELSEWHERE == set(all_adapters())


@places
def test_asked_there_answered_as_the_table_says_and_asked_again(desk, client, name):
    asked = ask(desk, client, name)
    came_in(desk, asked)
    ticket = ensure_ticket(message_with(asked.word).pk, desk.user(), desk.now())
    assert (ticket.status, ticket.is_queued, ticket.channel.slug) == ("new", True, asked.place.channel)
    desk.next_second()
    answer = answered_outside if asked.place.way == OUTSIDE else answered_by_the_desk
    above = answer(desk, asked, ticket)
    if asked.place.threads:
        asked_again(desk, asked, ticket, above)
    in_order(desk)


def came_in(desk, asked: Asked) -> None:
    """It came in once, complete, and on the right channel."""
    place, who = asked.place, asked.place.asked.get("author") or author_of(asked.place, asked.word)
    look(desk, place.platform)
    look(desk, place.platform)
    message = message_with(asked.word)
    assert (message.direction, message.channel.slug) == ("in", place.channel)
    entry = next(e for e in truth(desk, place.platform) if asked.word in e.get("text", str(e.get("answers"))))
    assert abs(message.posted_at.timestamp() - entry["at"]) < 2
    assert who.lower() in f"{message.author.handle} {message.author.name} {message.author.external_id}".lower()
    assert bool(message.ticket_id) == place.ticket
    tickets = Ticket.objects.filter(messages__text__contains=asked.word)
    assert tickets.count() == int(place.ticket)


def truth(desk, platform: str) -> list[dict[str, Any]]:
    posted = desk.outside.truth(platform, search=True)
    return [*posted["mentions"], *posted["optional"]]


def answered_by_the_desk(desk, asked: Asked, ticket: Ticket) -> str:
    """The answer is there once, visible to everybody; returns its id on the platform."""
    place, sam, word = asked.place, desk.user(), new_word()
    options = handles.reply_options(ticket, sam)
    assert bool(options.accounts) == (place.way == SELF)
    channel = handles.suggest(ticket, asked.message, options.channels)
    assert channel == ticket.channel, options.why
    reply = desk.write(ticket, f"With our docs, see {word}.", channel=channel)
    dispatch_replies.hand_over_due(desk.now())
    desk.send_due()
    reply.refresh_from_db()
    assert reply.state == Answer.State.SENT, reply
    look(desk, place.platform)
    look(desk, place.platform)
    (posted,) = desk.posted(place.platform, word)
    if place.way == SELF:
        assert posted["author"] == "sam"
    assert word in shown(desk, asked)
    recognised(ticket, word)
    return str(posted.get("message_id") or posted["id"])


def answered_outside(desk, asked: Asked, ticket: Ticket) -> str:
    """Answers on the page to which the composer leads."""
    options = handles.reply_options(ticket, desk.user())
    assert (options.channels, options.why) == ([], "platform")
    where = handles.reply_url(asked.message)
    assert where is not None
    assert where.startswith(desk.outside.http_url)
    assert asked.word in page(where)
    return answered_there(desk, asked, ticket)


def answered_there(desk, asked: Asked, ticket: Ticket) -> str:
    """Answered by a team member without using the desk."""
    count, word = Ticket.objects.count(), new_word()
    answer = desk.outside.control(
        "answer", platform=asked.place.platform, id=asked.made["id"], text=f"Like so: {word}.", **{"as": "sam"}
    )
    look(desk, asked.place.platform)
    if asked.place.threads:
        recognised(ticket, word)
    assert message_with(word).direction == "team"
    assert Ticket.objects.count() == count
    return str(answer["id"])


def recognised(ticket: Ticket, word: str) -> None:
    """Recognised as ours and as an answer to this ticket, and needing no work."""
    ticket.refresh_from_db()
    ours = message_with(word)
    assert (ours.direction, ours.ticket_id) == ("team", ticket.pk)
    assert ours.pk == ticket.first_reply_message_id
    assert ticket.first_reply_at == ours.posted_at >= ticket.posted_at
    waits_on = next(place.waits_on for place in THERE.values() if place.platform == ours.channel.connection.platform)
    assert (ticket.status, ticket.waiting_on, ticket.is_queued) == ("open" if waits_on else "solved", waits_on, False)


def asked_again(desk, asked: Asked, ticket: Ticket, above: str) -> None:
    """The customer's response to the answer `above` comes in on the same ticket."""
    place, word = asked.place, new_word()
    desk.next_second()
    author = place.asked.get("author") or author_of(place, asked.word)
    more = {"to": place.asked["to"]} if place.platform in ("slack", "email") else {}
    where = "email" if place.platform == "form" else place.platform
    desk.outside.post(where, text=f"And {word}?", author=author, reply_to=above, **more)
    look(desk, place.platform)
    again = message_with(word)
    ticket.refresh_from_db()
    assert (again.direction, again.ticket_id) == ("in", ticket.pk)
    assert (ticket.status, ticket.is_queued) == ("open", True)


@places
def test_what_is_done_there_is_seen_here(desk, client, name):
    asked = ask(desk, client, name)
    ticket = ensure_ticket(asked.message.pk, desk.user(), desk.now())
    desk.next_second()
    if asked.place.edits:
        edited(desk, asked)
    if asked.place.threads and asked.place.way in (DESK, SELF):  # the others can't be answered any other way
        answered_there(desk, asked, ticket)
    if asked.place.deletes:
        deleted(desk, asked)
    in_order(desk)


def edited(desk, asked: Asked) -> None:
    """The new text is shown, the old one is kept."""
    word, platform = new_word(), asked.place.platform
    text = f"I mean Acme's {word}, not {asked.word}."
    # Where each version has its own number, the newest one can be deleted.
    asked.made["id"] = desk.outside.control("edit", platform=platform, id=asked.made["id"], text=text)["id"]
    look(desk, platform)
    message = message_with(word)
    assert (message.pk, message.edited_at is None) == (asked.message.pk, False)
    assert [asked.message.text == revision.text for revision in message.revisions.all()] == [True]
    assert not message.is_deleted


def deleted(desk, asked: Asked) -> None:
    """The message is marked as deleted; its text and the ticket are kept."""
    desk.outside.control("delete", platform=asked.place.platform, id=asked.made["id"])
    look(desk, asked.place.platform)
    message = message_with(asked.word)
    assert message.pk == asked.message.pk
    assert message.is_deleted
    assert message.deleted_at is not None
    assert message.ticket_id is not None


def test_page_that_no_platform_brings_is_added_by_its_address_and_answered_there(desk):
    word, sam = new_word(), desk.user()
    there = desk.outside.post("feed", to="planet.xml", text=f"They tried Acme to {word}.", author="blogger")["url"]
    found = adding.Found(there, title="A week with a new tool", author="blogger", text=word, channel="by-hand")
    added = adding.add(found, sam, desk.now())
    assert added.is_new
    assert not adding.add(found, sam, desk.now()).is_new
    message = message_with(word)
    assert (message.ticket_id, message.channel.slug) == (added.ticket.pk, "by-hand")
    assert (message.author.name or message.author.handle) == "blogger"
    options = handles.reply_options(added.ticket, sam)
    assert (options.channels, options.why) == ([], "platform")
    assert word in page(str(handles.reply_url(message)))


def test_our_own_status_page_is_heard_and_is_nobodys_work(desk):
    opened = desk.outside.post("statuspage", kind="outage", title="Pipelines are degraded")
    desk.poll("statuspage")
    update = desk.message(opened["id"])
    assert (update.direction, update.channel.slug, update.ticket_id) == ("team", "status-page", None)
    word = new_word()
    desk.outside.control("edit", platform="statuspage", id=opened["id"], text=f"We look into {word}.")
    desk.outside.post("statuspage", reply_to=opened["id"], text="Fine again.", status="resolved")
    desk.poll("statuspage")
    assert message_with(word).pk == update.pk
    assert Message.objects.filter(channel__slug="status-page", thread_id=update.thread_id).count() == 2
    assert not Ticket.objects.exists()
    assert word in page(opened["url"])
