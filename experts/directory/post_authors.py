"""Finds the colleague who wrote a post that people comment on, from the page's metadata, in the background."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Q

from channels import sweeps
from channels.errors import ChannelError
from channels.links.canonical_urls import canonical
from channels.registry.configs import network
from channels.web_pages import page_reading
from experts.models import Expert, PostAuthor
from mentions.models import Message, Ticket

MAX_A_RUN = 20
MAX_TRIES = 3
LOOKED_AT = 500
"""Newest comments of unsolved tickets that one run looks at."""
AGAIN = timedelta(days=7)
"""A page without a known author is read again: the colleague may have been added to the directory since."""
RETENTION = timedelta(days=90)
_BETWEEN = re.compile(r"\s*(?:,|;|&|\band\b)\s*")

Read = Callable[[str], str]
"""The author that the page at this address names, "" if none. Raises ChannelError."""


@dataclass(frozen=True, slots=True)
class KnownAuthor:
    """What is known about a ticket's post. `is_somebody_else`: it names an author who isn't in the directory."""

    expert_id: int | None = None
    is_somebody_else: bool = False


def known_of(ticket: Ticket) -> KnownAuthor:
    """What is known about the author of a ticket's post; nobody if the ticket isn't a comment on a post, or the page
    hasn't been read yet."""
    pages = Message.objects.filter(ticket=ticket).exclude(page_url="").values_list("page_url", flat=True).distinct()
    found = list(PostAuthor.objects.filter(page__in=[key_of(page) for page in pages[:5]]))
    expert_id = next((each.expert_id for each in found if each.expert_id), None)
    return KnownAuthor(expert_id, expert_id is None and any(each.is_named for each in found))


def key_of(page_url: str) -> str:
    """The key of a page in the table; `page_url`: as in `Message`."""
    return hashlib.sha256(page_url.encode()).hexdigest()


def read_new(now: datetime, read: Read | None = None) -> int:
    """Read the pages of comments that wait for an answer; returns how many pages were read. Also forgets old ones."""
    PostAuthor.objects.filter(read_at__lt=now - RETENTION).delete()
    due = dict(_due(now))
    pages = list(due.items())[:MAX_A_RUN]
    return sweeps.each("authors of posts", pages, lambda pair: _read_one(*pair, now, read or _author_of))


def _due(now: datetime) -> Iterator[tuple[str, str]]:
    """(page, address) of comments on the page itself, not of links to it: their addresses differ by the fragment."""
    waiting = (Ticket.Status.NEW, Ticket.Status.OPEN)
    said = Message.objects.filter(ticket__status__in=waiting, direction=Message.Direction.INBOUND)
    newest = said.exclude(page_url="").exclude(url="").order_by("-pk").values_list("page_url", "url")[:LOOKED_AT]
    comments = {page: url.partition("#")[0] for page, url in newest}
    comments = {page: url for page, url in comments.items() if canonical(url) == page}
    keys = {key_of(page): page for page in comments}
    up_to_date = Q(read_at__gt=now - AGAIN, tries=0) | Q(expert__isnull=False) | Q(tries__gte=MAX_TRIES)
    up_to_date |= Q(read_at__gt=now - timedelta(hours=1))
    done = {keys[key] for key in PostAuthor.objects.filter(up_to_date, page__in=keys).values_list("page", flat=True)}
    yield from ((page, url) for page, url in comments.items() if page not in done)


def _read_one(page: str, url: str, now: datetime, read: Read) -> bool:
    """The attempt counts before the page is read, so a page that crashes its reader is tried MAX_TRIES times, too."""
    row = PostAuthor.objects.filter(page=key_of(page)).first() or PostAuthor(page=key_of(page))
    row.tries, row.read_at = row.tries + 1, now
    row.save()
    try:
        name = read(url)
    except ChannelError:
        return True
    row.tries, row.is_named, row.expert = 0, bool(name), expert_called(name)
    row.save()
    return True


def _author_of(url: str) -> str:
    return page_reading.read(network(), url).author


def expert_called(author: str) -> Expert | None:
    """The one active expert whom a page's author line names, by full name, Slack handle or account; None if nobody or
    several."""
    named = [name for name in _BETWEEN.split(author) if name]
    by_name = Q()
    for name in [author, *named]:
        bare = name.removeprefix("@")
        by_name |= Q(person__name__iexact=name)
        if name.startswith("@") and bare:
            by_name |= Q(slack_handle__iexact=bare) | Q(person__accounts__handle__in=(bare, name))
    if not named:
        return None
    found = list(Expert.objects.filter(by_name, is_active=True).distinct()[:2])
    return found[0] if len(found) == 1 else None
