"""Asks experts in the scenarios, and answers as them on the platforms."""

from __future__ import annotations

import uuid
from typing import Any

from experts.models import Expert, Outreach
from experts.outreach import outreach
from mentions.models import Ticket
from mentions.queue import claims
from sandbox import world


def expert(key: str) -> Expert:
    return Expert.objects.get(person__name=next(m.name for m in world.TEAM if m.key == key))


def ask(desk: Any, ticket: Ticket, key: str, *, by: str = "sam", until: Any = None) -> Outreach:
    """An advocate asks an expert about the ticket, as from its page; it has been posted in Slack when this returns."""
    asked, user, now, number = expert(key), desk.user(by), desk.now(), uuid.uuid4()
    token = claims.claim(user, ticket.pk, now).claim_token
    text = outreach.proposal(ticket, asked, number, user, "there")
    topic = asked.topics.first()
    assert topic is not None
    made = outreach.ask(
        ticket.pk, user, token, key=number, asked=asked, slack_channel=topic.slack_channel, text=text, until=until,
        now=now,
    )  # fmt: skip
    desk.send_due()
    made.refresh_from_db()
    assert made.error == ""
    assert made.slack_ts
    return made


def mention(desk: Any, platform: str, text: str, **more: Any) -> str:
    author = more.pop("author", f"asker_{uuid.uuid4().hex[:8]}")
    external_id: str = desk.outside.post(platform, text=text, author=author, **more)["id"]
    desk.poll(platform)
    return external_id


def answer(desk: Any, platform: str, external_id: str, who: str, text: str) -> str:
    """A team member answers from their own account, and the desk reads the answer."""
    desk.next_second()
    posted = desk.outside.control("answer", platform=platform, id=external_id, text=text, **{"as": who})
    desk.poll(platform)
    desk.read_threads()
    return str(posted["id"])


def in_thread(desk: Any, outreach_: Outreach) -> list[str]:
    """The texts in the request's Slack thread, without the request."""
    said = desk.outside.truth("slack")
    everything = [*said["desk"], *said["ours"], *said["mentions"], *said["optional"]]
    thread = [m for m in everything if m.get("thread_ts") == outreach_.slack_ts]
    return [m["text"] for m in sorted(thread, key=lambda m: m["ts"])]


def tags(ticket: Ticket) -> set[str]:
    return set(ticket.tags.values_list("name", flat=True))
