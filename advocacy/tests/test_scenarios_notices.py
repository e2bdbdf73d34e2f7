"""Slack notices of mentions, updated as the ticket progresses, against a Slack with the real wire format."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
import requests
from django.conf import settings
from django.test import Client

from advocacy.tests import scenario
from advocacy.tests.asking import ask
from mentions.models import NoticePost, Ticket
from mentions.notifications import notices
from mentions.queue import claims
from mentions.triage import outcomes
from sandbox import world

desk, outside = scenario.desk, scenario.outside
pytestmark = pytest.mark.django_db


def tell(desk: scenario.Desk) -> None:
    """Does the tasks' work."""
    notices.note(None, desk.now())
    notices.post_due(desk.now())
    desk.send_due()
    notices.refresh(desk.now(), timedelta(minutes=15))
    desk.send_due()


def posts_with(desk: scenario.Desk, words: str, room: str = "hn-mentions") -> list[dict]:
    posts = desk.outside.truth("slack")["desk"]
    return [entry for entry in posts if words in str(entry) and entry["channel"] == world.SLACK_CHANNELS[room]]


def test_a_mention_is_announced_and_its_notice_follows_the_ticket(desk: scenario.Desk) -> None:
    word = "wharfinger"
    post = desk.outside.post("hackernews", text=f"Is Acme good for a {word}?", author="jane_hn")
    desk.poll("hackernews")
    tell(desk)
    tell(desk)
    [notice] = posts_with(desk, word)
    assert len(posts_with(desk, word, "community-advocates")) == 1, "it is on the front page, too"
    assert word in requests.get(f"{desk.outside.http_url}/slack/hn-mentions", timeout=10).text
    ticket, sam = desk.ticket(post["id"]), desk.user("sam")
    claim = claims.claim(sam, ticket.pk, desk.now())
    tell(desk)
    assert "is on it" in str(posts_with(desk, word)[0])
    outcomes.no_reply_needed(ticket.pk, sam, claim.claim_token, reason="community", now=desk.now())
    tell(desk)
    [notice] = posts_with(desk, word)
    assert "no reply needed" in str(notice)
    assert notice["edits"] == 2
    assert NoticePost.objects.get(notices__message__ticket=ticket, slack_channel="#hn-mentions").edits == 2


def test_a_rush_is_one_message_that_is_edited_too(desk: scenario.Desk) -> None:
    words = [f"trinket{number}x" for number in range(6)]
    posts = [desk.outside.post("hackernews", text=f"Does Acme know {word}?", author=f"rush_{word}") for word in words]
    desk.poll("hackernews")
    tell(desk)
    assert len({entry["id"] for word in words for entry in posts_with(desk, word)}) == 1
    sam = desk.user("sam")
    ticket = desk.ticket(posts[0]["id"])
    claims.claim(sam, ticket.pk, desk.now())
    tell(desk)
    assert "is on it" in str(posts_with(desk, words[0])[0])


def test_what_only_notifies_says_so(desk: scenario.Desk) -> None:
    word = "quillwork"
    desk.outside.post("disqus", text=f"The docs of Acme lack {word}.", to="acme-docs", author="doc_reader")
    desk.poll("disqus")
    tell(desk)
    [notice] = posts_with(desk, word, "docs-comments")
    assert "for your information" in str(notice)
    assert "Ticket #" not in str(notice)


def test_what_only_notifies_becomes_a_ticket_by_the_link_of_its_notice_and_an_expert_is_asked(
    desk: scenario.Desk, client: Client
) -> None:
    word = "quillback"
    desk.outside.post("disqus", text=f"The docs of Acme lack {word}.", to="acme-docs", author="doc_reader")
    desk.poll("disqus")
    tell(desk)
    [notice] = posts_with(desk, word, "docs-comments")
    address = re.findall(r"<([^|>]+)\|Make a ticket>", str(notice))[0].replace("&amp;", "&")
    client.force_login(desk.user())
    page: Any = client.get(address.removeprefix(settings.BASE_URL))
    form = {name: page.context["form"].initial.get(name) or "" for name in page.context["form"].fields}
    form["channel"] = form["channel"] or "by-hand"
    for _ in range(2):
        assert client.post("/add/", form).status_code == 302
    ticket = Ticket.objects.get(messages__text__contains=word)
    assert (ticket.status, ticket.channel.slug) == ("new", "docs-comments")
    asked = ask(desk, ticket, "yuki")
    assert asked.slack_ts
    tell(desk)
    [notice] = posts_with(desk, word, "docs-comments")
    assert f"Ticket #{ticket.pk}" in str(notice)
    assert "Make a ticket" not in str(notice)
