"""The lookups beside a ticket: which ones a person sees, the words to search with, and which may get a ticket's words.
Nothing is sent when a page is opened, except by lookups that take no words. A restricted ticket proposes no words, and
typed words go to trusted lookups only; each other one needs a separate click.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.core.cache import cache
from django.db.models import Q

from channels.contract import Hit, Purpose
from channels.lookups import finding
from channels.lookups.configs import page_of
from channels.lookups.finding import Finding
from channels.lookups.finding_kinds import UnknownKind, kind_for
from channels.models import Lookup
from mentions.models import Ticket
from mentions.people import access, audience
from mentions.search import lookup_words

REMEMBERED_S = 3600
MAX_QUERY = 200


@dataclass(frozen=True, slots=True)
class Slot:
    """One lookup beside the ticket. `needs_asking`: nothing of this ticket is sent to it unless somebody asks for
    it."""

    lookup: Lookup
    finding: Finding
    page: str
    needs_asking: bool = False


def shown_for(ticket: Ticket, user: access.User) -> list[Lookup]:
    """Active ones for its channel that the person may see, in order."""
    rows = access.seen_by(user, Lookup).filter(is_active=True).select_related("connection")
    rows = rows.filter(Q(channels=None) | Q(channels=ticket.channel_id)).distinct()
    return list(rows.order_by("position", "name"))


def is_restricted(ticket: Ticket) -> bool:
    return bool(audience.circle_of([ticket]).channels)


def proposed(ticket: Ticket) -> list[str]:
    """The words to search with; none for a restricted ticket."""
    if is_restricted(ticket):
        return []
    texts = [
        ticket.subject,
        *ticket.messages.filter(direction="in").order_by("posted_at").values_list("text", flat=True)[:3],
    ]
    who = ticket.requester
    names = (who.name, who.handle, settings.COMPANY_NAME)
    return lookup_words.words_of(texts, product=lookup_words.vocabulary(), without=names)


def search(ticket: Ticket, user: access.User, query: str, now: datetime) -> None:
    """Start a search in all permitted lookups."""
    words = split(query)
    remember(ticket, user, query)
    shown = [lookup for lookup in shown_for(ticket, user) if not _needs_asking(ticket, lookup)]
    finding.begin(shown, words, now)


def search_one(ticket: Ticket, user: access.User, lookup: Lookup, query: str, now: datetime) -> None:
    """Start a search in one, whatever its earlier result."""
    remember(ticket, user, query)
    finding.begin([lookup], split(query), now, again=True)


def slots(ticket: Ticket, user: access.User, query: str, now: datetime) -> list[Slot]:
    """Each lookup with its results for the query. Starts those that take no words."""
    shown = shown_for(ticket, user)
    finding.begin([each for each in shown if not finding.kind_takes_words(each)], (), now)
    return [slot_of(ticket, lookup, query, now) for lookup in shown]


def slot_of(ticket: Ticket, lookup: Lookup, query: str, now: datetime) -> Slot:
    found = finding.standing(lookup, split(query), now)
    return Slot(lookup, found, page_of(lookup), _needs_asking(ticket, lookup))


def suggestions(ticket: Ticket, user: access.User, purpose: str, now: datetime) -> list[Hit]:
    """Results of this person's last search in lookups of this purpose; only links anybody can open."""
    query = cache.get(_last(ticket, user)) or ""
    shown = [each for each in shown_for(ticket, user) if _purpose(each) == purpose]
    found = [hit for each in shown for hit in finding.standing(each, split(query), now).hits]
    return [hit for hit in found if not hit.is_internal]


def remember(ticket: Ticket, user: access.User, query: str) -> None:
    cache.set(_last(ticket, user), query[:MAX_QUERY], REMEMBERED_S)


def split(query: str) -> Sequence[str]:
    return query.replace("\0", "")[:MAX_QUERY].split()


def _last(ticket: Ticket, user: access.User) -> str:
    return f"lookup-query:{user.pk}:{ticket.pk}"


def _purpose(lookup: Lookup) -> Purpose | None:
    try:
        return kind_for(lookup.kind).purpose
    except UnknownKind:
        return None


def _needs_asking(ticket: Ticket, lookup: Lookup) -> bool:
    return finding.kind_takes_words(lookup) and not lookup.is_trusted and is_restricted(ticket)
