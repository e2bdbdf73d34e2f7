"""Mentions of a release, grouped: by its link, by its name and words, and by the page they are about."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from django.db.models.functions import Left

from channels.links.canonical_urls import canonical
from mentions.clocks import counted
from mentions.models import Message, Ticket
from mentions.people import access
from team.coverage import DAY, Span
from team.duties import phrases
from team.models import Release
from team.release import release_times

AFTER = 3 * DAY
"""People keep talking about it for a while."""
MAX_MESSAGES = 3000
TEXT = 5000
SHOWN = 20
NOISE = (Ticket.NoReply.SPAM, Ticket.NoReply.SPAM_REPORTED, Ticket.NoReply.AUTOMATIC)
DONE = (Ticket.Status.SOLVED, Ticket.Status.CLOSED)


@dataclass(frozen=True, slots=True)
class Mention:
    """A conversation that somebody began."""

    ticket: int
    subject: str
    status: str
    platform: str
    channel: str
    posted_at: datetime
    text: str
    """All words of it, with the title of its thread."""
    pages: frozenset[str]
    """Canonical addresses that it links or is about."""

    @property
    def is_waiting(self) -> bool:
        return self.status not in DONE


@dataclass(slots=True)
class Group:
    """`kind`: "link" or "word"; `label`: the word."""

    kind: str
    label: str
    mentions: list[Mention] = field(default_factory=list)

    @property
    def waiting(self) -> int:
        return sum(mention.is_waiting for mention in self.mentions)

    @property
    def shown(self) -> list[Mention]:
        """The group's mentions: waiting ones first, each oldest first."""
        return sorted(self.mentions, key=lambda m: (not m.is_waiting, m.posted_at))[:SHOWN]

    @property
    def rest(self) -> int:
        return max(len(self.mentions) - SHOWN, 0)


def span_of(release: Release) -> Span:
    shown = release_times.shown(release.rule, release.day)
    return Span(shown.start, shown.end + AFTER)


def of(release: Release, user: Any) -> list[Group]:
    """Mentions this person may see, for three days from the day's first hour. One query."""
    return grouped(_mentions(span_of(release), user), release.url, words_of(release))


def _mentions(span: Span, user: Any) -> list[Mention]:
    """Conversations that began in these hours, each with everything said to us in it; no spam."""
    tickets = counted.from_outside(Ticket.objects.filter(posted_at__gte=span.start, posted_at__lt=span.end))
    wanted = tickets.exclude(no_reply_reason__in=NOISE)
    rows = access.seen_by(user, Message).filter(ticket__in=wanted, direction=Message.Direction.INBOUND)
    values = rows.order_by("posted_at", "pk").values_list(
        "ticket_id", "ticket__subject", "ticket__status", "channel__connection__platform", "channel__name",
        "posted_at", "subject", Left("text", TEXT), "thread_title", "links", "canonical_url", "page_url",
    )[:MAX_MESSAGES]  # fmt: skip
    found: dict[int, Mention] = {}
    for row in values:
        mention = _mention(*row)
        first = found.get(mention.ticket)
        found[mention.ticket] = mention if first is None else _joined(first, mention)
    return list(found.values())


def _joined(first: Mention, later: Mention) -> Mention:
    return replace(first, text=f"{first.text}\n{later.text}", pages=first.pages | later.pages)


def _mention(
    ticket: int, title: str, status: str, platform: str, channel: str, posted_at: datetime, subject: str, text: str,
    thread_title: str, links: Any, canonical_url: str, page_url: str,
) -> Mention:  # fmt: skip
    words = "\n".join((subject, thread_title, text))
    pages = pages_of(links, canonical_url, page_url)
    return Mention(ticket, title or text[:80], status, platform, channel, posted_at, words, pages)


def pages_of(links: Any, canonical_url: str, page_url: str) -> frozenset[str]:
    """Canonical addresses that a message links or is about."""
    linked = {canonical(link) for link in links if isinstance(link, str)} if isinstance(links, list) else set()
    return frozenset({*linked, canonical_url, page_url} - {""})


def words_of(release: Release) -> list[str]:
    return [release.name, *release.rule.words] if release.name else list(release.rule.words)


def is_about(release: Release, text: str, pages: Callable[[], frozenset[str]]) -> bool:
    """Whether somebody who said this, with these pages, talks of the release."""
    if any(phrases.pattern(word).search(text) for word in words_of(release)):
        return True
    page = canonical(release.url)
    return bool(page) and page in pages()


def grouped(mentions: Sequence[Mention], url: str, words: Sequence[str]) -> list[Group]:
    """Each mention in the first group that it fits: the link, then the words in order. Empty groups and unrelated
    mentions are left out. Pure."""
    page = canonical(url)
    groups = [Group("link", url)] if page else []
    groups += [Group("word", word) for word in dict.fromkeys(words)]
    patterns = {word: phrases.pattern(word) for word in words}
    for mention in mentions:
        for group in groups:
            is_it = page in mention.pages if group.kind == "link" else patterns[group.label].search(mention.text)
            if is_it:
                group.mentions.append(mention)
                break
    return [group for group in groups if group.mentions]
