"""Applies accounts entered late, and merged persons, to the past: authors, answers, clocks."""

from __future__ import annotations

from collections.abc import Iterable

from django.db import connection, transaction
from django.db.models import F

from channels.contract import Capability, Grouping
from channels.registry.finding_adapters import all_adapters
from mentions.clocks import clocks
from mentions.db import locks
from mentions.models import Account, Author, Message, Person, Ticket
from mentions.people import marks

_LINK = """
UPDATE mentions_author a SET person_id = p.id, is_us = a.is_us OR p.is_us
  FROM mentions_account acc JOIN mentions_person p ON p.id = acc.person_id
 WHERE acc.namespace = a.namespace
   AND lower(ltrim(acc.handle, '@')) IN (lower(a.external_id), lower(ltrim(a.handle, '@')))
   AND (a.person_id IS DISTINCT FROM p.id OR (p.is_us AND NOT a.is_us))
"""
_MOVES = """
SELECT DISTINCT a.person_id, p.id FROM mentions_author a
  JOIN mentions_account acc ON acc.namespace = a.namespace
   AND lower(ltrim(acc.handle, '@')) IN (lower(a.external_id), lower(ltrim(a.handle, '@')))
  JOIN mentions_person p ON p.id = acc.person_id
 WHERE a.person_id <> p.id
"""
# Our post in somebody else's conversation was an answer; a question of our own stays a question. Where a whole thread
# is one ticket (Slack), its requester continues to ask in it. Mail counts as ours only if proved on arrival, so it is
# left unchanged.
_OURS = """
  FROM mentions_author a, mentions_message own
  LEFT JOIN mentions_message parent
    ON parent.namespace = own.namespace AND parent.external_id = own.parent_external_id
 WHERE own.id = m.id AND a.id = m.author_id AND {is_us} AND m.direction = 'in' AND m.namespace = ANY(%(proved)s)
   AND NOT EXISTS (SELECT FROM mentions_reply r WHERE r.message_id = m.id)
   AND NOT EXISTS (
       SELECT FROM mentions_ticket t, channels_channel ch JOIN channels_connection c ON c.id = ch.connection_id
        WHERE t.id = m.ticket_id AND t.requester_id = m.author_id AND ch.id = m.channel_id
          AND c.platform = ANY(%(whole)s))
"""
_WILL_BE_US = """(a.is_us OR a.person_id = ANY(%(persons)s) OR EXISTS (
    SELECT FROM mentions_account acc JOIN mentions_person p ON p.id = acc.person_id
     WHERE p.is_us AND acc.namespace = a.namespace
       AND lower(ltrim(acc.handle, '@')) IN (lower(a.external_id), lower(ltrim(a.handle, '@')))))"""
_MAY_MOVE = f"""
SELECT m.id, m.ticket_id, parent.ticket_id FROM mentions_message m,
{_OURS.format(is_us=_WILL_BE_US).strip().removeprefix("FROM ")}
"""  # noqa: S608  (only constants of ours are filled in)
_RECOGNISE = f"""
UPDATE mentions_message m SET direction = 'team', ticket_id = coalesce(parent.ticket_id, m.ticket_id)
{_OURS.format(is_us="a.is_us")} AND m.id = ANY(%(ids)s)
RETURNING m.ticket_id, own.ticket_id
"""  # noqa: S608  (only constants of ours are filled in)


@locks.once_more
def link_accounts() -> set[int]:
    """Link authors to the accounts known now; return the tickets with possibly changed clocks.

    A ticket that held only our own posts is solved, with the reason that a team member wrote it.
    """
    ids = _lock_what_may_move()
    with connection.cursor() as cursor:
        cursor.execute(_MOVES)
        moved = cursor.fetchall()
        cursor.execute(_LINK)
        cursor.execute(_RECOGNISE, {**_where(), "ids": ids})
        touched = {ticket_id for row in cursor.fetchall() for ticket_id in row if ticket_id is not None}
    for left, person_id in moved:
        _follow(left, person_id)
    if touched:
        _close_what_is_only_ours(touched)
        clocks.recompute(touched)
    return touched


def _follow(left_id: int, person_id: int) -> None:
    """If somebody was entered twice and no account is left under the first entry, move its marks along."""
    left = Person.objects.filter(pk=left_id, is_us=False, user=None, authors=None, accounts=None).first()
    if left is not None:
        marks.join(Person.objects.get(pk=person_id), left)


def know_account(person: Person, author: Author) -> set[int]:
    """Record that this account is the person's: what was and will be written from it counts as theirs. Returns the
    tickets with possibly changed clocks. An account that already has an owner keeps them."""
    handle = author.handle or author.external_id
    owned = Account.objects.filter(namespace=author.namespace, handle__iexact=handle).exists()
    if not owned and author.person_id is None:
        Account.objects.create(person=person, namespace=author.namespace, handle=handle)
    return link_accounts()


def new_team_member(author: Author) -> Person:
    """Create a team member whom nobody had entered, with this account and their name on the platform."""
    person = Person.objects.create(name=author.name or author.handle or author.external_id, is_us=True)
    know_account(person, author)
    return person


def _lock_what_may_move(persons: Iterable[int] = ()) -> list[int]:
    """Messages that may turn out to be ours (including those of these persons). Their conversations and tickets are
    locked before the authors, as in ingest."""
    with connection.cursor() as cursor:
        cursor.execute(_MAY_MOVE, {**_where(), "persons": list(persons)})
        found = cursor.fetchall()
    ids = [pk for pk, _then, _now in found]
    if ids:
        locks.lock_conversations(messages=ids)
        tickets = {ticket_id for _pk, *both in found for ticket_id in both if ticket_id is not None}
        list(Ticket.objects.filter(pk__in=tickets).order_by("pk").select_for_update().values_list("pk"))
    return ids


def _where() -> dict[str, list[str]]:
    return {"proved": _proved_namespaces(), "whole": _whole_thread_platforms()}


def _proved_namespaces() -> list[str]:
    """Namespaces where the platform, not the sender, says who wrote a post."""
    claimed = {name for name, adapter in all_adapters().items() if not adapter.can(Capability.EDITS)}
    return [n for n in Message.objects.values_list("namespace", flat=True).distinct() if n not in claimed]


def _whole_thread_platforms() -> list[str]:
    return [name for name, adapter in all_adapters().items() if adapter.grouping is Grouping.THREAD]


def _close_what_is_only_ours(ticket_ids: Iterable[int]) -> None:
    mine = Ticket.objects.filter(pk__in=ticket_ids, status__in=("new", "open"), requester__is_us=True)
    asked = Message.objects.filter(ticket__in=mine, direction=Message.Direction.INBOUND).values("ticket")
    mine.exclude(pk__in=asked).update(
        status=Ticket.Status.SOLVED,
        waiting_on="",
        no_reply_reason=Ticket.NoReply.OWN,
        solved_at=F("posted_at"),
        due_at=None,
    )


@locks.once_more
def merge_persons(kept: Person, other: Person) -> None:
    """Merge two entries for one human. The result is ours if either was; the other's login is taken over."""
    _lock_what_may_move([kept.pk, other.pk])
    Account.objects.filter(person=other).update(person=kept)
    is_us = kept.is_us or other.is_us
    Author.objects.filter(person=other).update(person=kept)
    if is_us:
        Author.objects.filter(person=kept).update(is_us=True)
    marks.join(kept, other)
    user, notes = other.user, "\n".join(filter(None, (kept.notes, other.notes)))
    other.delete()
    kept.is_us, kept.notes, kept.user = is_us, notes, kept.user or user
    kept.save(update_fields=["is_us", "notes", "user"])
    link_accounts()


def same_human(author_id: int, other_id: int) -> None:
    """Record that two accounts belong to one person, and combine their marks, notes and conversations. Raises
    MarkRefused for a team member."""
    with transaction.atomic():
        kept = marks.person_of(author_id)
        other = marks.person_of(other_id) if author_id != other_id else kept
    if kept.pk != other.pk:
        merge_persons(kept, other)
