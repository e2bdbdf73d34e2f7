"""Decides which request a message answers, and how sure that is. Reads only.

Sure: an expert, or a colleague outside the community team, answers in the ticket; or the expert who was asked answers
beside it in the thread, and only one request there asks them. What they say to somebody else there is not an answer.
Everything else that may be an answer is a question to the advocate, never a guess: our own handle and the community
team also post interim replies. `experts/tests/labelled_answers.py` has 500 cases.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Q, QuerySet

from channels.models import Channel
from experts.models import Expert, Outreach
from experts.recognising import drafting
from experts.recognising.affiliations import says_it_works_here
from experts.recognising.bystanders import names_of
from experts.recognising.names import same_name
from experts.recognising.nearness import Place, posts_of, tree_of
from mentions.models import Message, Person
from mentions.people import access

LATE = timedelta(days=14)
"""An answer still counts for this long after the request ended unanswered."""
MAX_ASKED = 5
SURE, ELSEWHERE, TEAM, HANDLE, UNKNOWN, DISCLOSED = "sure", "elsewhere", "team", "handle", "unknown", "disclosed"


@dataclass(frozen=True, slots=True)
class Match:
    """A request that a message answers (`why` is SURE), or may answer. `person` is None for our own handle."""

    outreach: Outreach
    person: Person | None
    why: str

    @property
    def is_sure(self) -> bool:
        return self.why == SURE


def candidates() -> QuerySet[Message]:
    """Messages that may answer a request: not sent by the desk, not automatic, not deleted, not yet an answer."""
    settled = Outreach.objects.filter(answer__isnull=False).values("answer")
    return (
        Message.objects.filter(is_auto=False, is_deleted=False, is_bounced=False, reply__isnull=True)
        .exclude(pk__in=settled)
        .select_related("author__person__expert", "author__person__user", "channel")
        .defer("search", "html")
    )


def answerable(now: datetime) -> Q:
    """Requests that an answer may still end: running, or ended unanswered not long ago."""
    late = Q(state=Outreach.State.NO_ANSWER, error="", expert__isnull=False, asked_at__gt=now - LATE)
    return Q(state__in=Outreach.RUNNING) | late


def matches(message: Message, now: datetime) -> list[Match]:
    """At most one sure match, or up to MAX_ASKED unsure ones."""
    if message.direction != Message.Direction.TEAM:
        return _by_unknown(message)
    person = message.author.person
    if message.ticket_id and (found := _in_ticket(message, person, now)):
        if found.draft and drafting.is_same_text(message.text, found.draft):
            return [Match(found, drafting.drafter(found), SURE)]
        return [Match(found, person, why_unsure(person) or SURE)]
    return _elsewhere(message, person)


def why_unsure(person: Person | None) -> str:
    """Why an answer in the ticket is not surely the expert's; "" if it is."""
    if person is not None and expert_of(person) is not None:
        return ""
    if person is None or (person.user is None and _is_brand(person)):
        return HANDLE
    return TEAM if person.user is not None and person.user.has_perm(access.PLAY) else ""


def expert_of(person: Person) -> Expert | None:
    expert: Expert | None = getattr(person, "expert", None)
    return expert


def _is_brand(person: Person) -> bool:
    """Our own handles belong to a separate person: one of its accounts is a channel's address."""
    handles = [handle.lstrip("@").lower() for handle in person.accounts.values_list("handle", flat=True)]
    addresses = Channel.objects.exclude(address="").values_list("address", flat=True)
    return any(address.lstrip("@").lower() in handles for address in addresses)


def _in_ticket(message: Message, person: Person | None, now: datetime) -> Outreach | None:
    """The request on the same ticket: their own, else the oldest that is running."""
    expert = expert_of(person) if person is not None else None
    asked = Outreach.objects.filter(answerable(now), asked_at__lte=message.posted_at)
    found = list(asked.filter(ticket=message.ticket_id).select_related("expert__person").order_by("asked_at", "pk"))
    own = next((o for o in found if expert is not None and o.expert_id == expert.pk), None)
    return own or next((o for o in found if o.state in Outreach.RUNNING), None)


def _elsewhere(message: Message, person: Person | None) -> list[Match]:
    """On Hacker News an answer may be next to the question; other comments there may be about anything."""
    if why_unsure(person) or person is None:
        return []
    placed = _placed(message)
    expert = expert_of(person)
    own = [(o, place) for o, place in placed if expert is not None and o.expert_id == expert.pk]
    sure = [o for o, place in own if place in (Place.BELOW, Place.BESIDE)]
    if message.ticket_id is None and len(sure) == 1:
        return [Match(sure[0], person, SURE)]
    return [Match(o, person, ELSEWHERE) for o, _place in (own or placed)[:MAX_ASKED]]


def _by_unknown(message: Message) -> list[Match]:
    """An unlinked account: under the name of the expert who was asked, or saying that it works here."""
    if message.author.person_id is not None:
        return []
    found = []
    for outreach, _place in _placed(message):
        if outreach.ticket.requester_id == message.author_id:
            continue
        if outreach.expert is not None and same_name([message.author.name, message.author.handle], names_of(outreach)):
            found.append(Match(outreach, outreach.expert.person, UNKNOWN))
        elif says_it_works_here(message.text, settings.COMPANY_NAME):
            found.append(Match(outreach, None, DISCLOSED))
    return found[:MAX_ASKED]


def _placed(message: Message) -> list[tuple[Outreach, Place]]:
    """The running requests in its thread that it may be about, each with the message's position relative to it."""
    running = _in_thread(message)
    tree = tree_of(message.namespace, message.thread_id) if running else None
    if tree is None:
        return []
    places = [(o, tree.place(message.parent_external_id, posts_of(o.ticket))) for o in running]
    return [(o, place) for o, place in places if place != Place.APART]


def _in_thread(message: Message) -> list[Outreach]:
    same_thread = Message.objects.filter(
        namespace=message.namespace, thread_id=message.thread_id, ticket__isnull=False
    ).values("ticket")
    running = Outreach.objects.filter(state__in=Outreach.RUNNING, asked_at__lte=message.posted_at)
    found = running.filter(ticket__in=same_thread).select_related("expert__person", "ticket")
    return list(found.order_by("asked_at", "pk")[:50])
