"""Finds one person's data: the accounts of one human, their tickets, and tickets they only posted in."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from django.db.models import F, Func, Model, Q, TextField, Value
from django.utils.translation import gettext as _

from channels.inbox import tombstones
from channels.models import OutboundItem
from mentions.models import (
    Attachment,
    Author,
    DueWarning,
    Event,
    Message,
    NoticePost,
    Person,
    Reply,
    ThreadPost,
    Ticket,
)
from mentions.personal_data.scrubbing import ERASED, Names

MIN_ID = 6
"""Shorter ids match too many unrelated texts."""


class OneOfUs(Exception):
    """Team members are deactivated, never erased; the text says so."""


@dataclass(frozen=True, slots=True)
class Scope:
    """One person's data. `own`: tickets they requested; `near`: tickets where they only posted."""

    authors: list[Author]
    person: Person | None
    own: list[int]
    near: list[int]
    messages: list[int]
    """Their messages, and ours to them."""

    @property
    def called(self) -> list[str]:
        """Their handles, names, addresses and ids."""
        found = [word for a in self.authors for word in (a.handle, a.name, a.external_id, a.url)]
        if self.person is not None:
            found += [self.person.name, *self.person.accounts.values_list("handle", flat=True)]
        plain = {word.strip().lstrip("@") for word in found if word}
        return sorted(word for word in plain if word and not word.startswith((ERASED, tombstones.PREFIX)))

    @property
    def title(self) -> str:
        """Display name for confirmation: the name, or whatever is known."""
        return str(self.person or self.authors[0])

    def names(self) -> Names:
        """For texts that stay: their names, and every line they wrote."""
        lines: set[str] = set()
        ids: set[str] = set()
        for text, external_id in Message.objects.filter(author__in=self.authors).values_list("text", "external_id"):
            lines.update(text.split("\n"))
            ids.add(external_id)
        lines.discard(ERASED)
        return Names(
            [*self.called, *(i for i in ids if len(i) >= MIN_ID and not i.startswith(tombstones.PREFIX))], lines
        )


def of_author(author: Author) -> Scope:
    """All accounts of the human behind one account. Raises OneOfUs."""
    if author.person is not None:
        return of_person(author.person)
    return _scope([author], None)


def of_person(person: Person) -> Scope:
    """Raises OneOfUs."""
    return _scope(list(person.authors.order_by("pk")), person)


def _scope(authors: list[Author], person: Person | None) -> Scope:
    if (person is not None and person.is_us) or any(author.is_us for author in authors):
        raise OneOfUs(_("This is a team member. Team members are deactivated, never erased."))
    own = list(Ticket.objects.filter(requester__in=authors).order_by("pk").values_list("pk", flat=True))
    speaks = Message.objects.filter(author__in=authors, ticket__isnull=False)
    near = sorted(set(speaks.values_list("ticket_id", flat=True)) - set(own))
    said = Q(author__in=authors) | Q(ticket__in=own, direction=Message.Direction.TEAM)
    messages = list(Message.objects.filter(said).order_by("pk").values_list("pk", flat=True))
    return Scope(authors, person, own, near, messages)


# --- related rows -----------------------------------------------------------------------------------------------------


def thread_posts(scope: Scope) -> list[ThreadPost]:
    """Their posts around other people's tickets."""
    wanted = Q(pk__in=[])
    for author in scope.authors:
        wanted |= Q(namespace=author.namespace, author_external_id=author.external_id)
    return list(ThreadPost.objects.filter(wanted).order_by("pk"))


_TICKET_OF = Func(F("conversation"), Value(":"), Value(2), function="split_part", output_field=TextField())
"""Of a call's conversation, `urgent:<ticket>:<place>`."""


def outbound_ids(scope: Scope) -> list[int]:
    """Every outbound item about their tickets: replies, likes, requests, notices, warnings, shares."""
    talks = [
        f"{kind}:{ticket}"
        for ticket in scope.own
        for kind in ("ticket", "outreach", "community", "issue", "program", "question")
    ]
    about = Q(notices__message__in=scope.messages) | Q(notices__message__ticket__in=scope.own)
    posts = list(NoticePost.objects.filter(about).distinct().values_list("pk", "outbound_id"))
    talks += [f"notice:{pk}" for pk, _outbound in posts]
    found = set(OutboundItem.objects.filter(conversation__in=talks).values_list("pk", flat=True))
    calls = OutboundItem.objects.filter(conversation__startswith="urgent:").alias(about=_TICKET_OF)
    found |= set(calls.filter(about__in=[str(ticket) for ticket in scope.own]).values_list("pk", flat=True))
    found |= set(
        Reply.objects.filter(ticket__in=scope.own, outbound__isnull=False).values_list("outbound_id", flat=True)
    )
    found |= {outbound for _pk, outbound in posts if outbound}
    for warned in DueWarning.objects.filter(ticket__in=scope.own).values_list("outbound_ids", flat=True):
        found |= set(warned)
    for data in Event.objects.filter(ticket__in=scope.own).values_list("data", flat=True):
        found |= {one for one in [data.get("outbound"), *(data.get("slack") or [])] if isinstance(one, int)}
    return sorted(found)


def ids(scope: Scope, posts: Iterable[ThreadPost]) -> set[tuple[str, str]]:
    """(namespace, external id) of everything that must not be stored again."""
    messages = Message.objects.filter(pk__in=scope.messages)
    found = set(messages.values_list("namespace", "external_id"))
    found |= set(messages.filter(aliases__isnull=False).values_list("aliases__namespace", "aliases__external_id"))
    return found | {(post.namespace, post.external_id) for post in posts}


def plan(scope: Scope) -> dict[str, int]:
    """Counts of what would be erased."""
    return {
        "accounts": len(scope.authors),
        "tickets": len(scope.own),
        "messages": Message.objects.filter(pk__in=scope.messages).exclude(text=ERASED).count(),
        "files": Attachment.objects.filter(message__in=scope.messages).count(),
        "tickets of others that name them": len(scope.near),
    }


# --- parts of upper floors --------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Part:
    """Data an upper floor keeps about tickets: `rows` exports it, `erase` erases it and returns how many rows."""

    name: str
    rows: Callable[[Scope], Iterable[Model]]
    erase: Callable[[Scope, Names], int]


_parts: dict[str, Part] = {}


def register(part: Part) -> None:
    _parts[part.name] = part


def parts() -> list[Part]:
    return list(_parts.values())
