"""Loads what a batch needs to decide: locks first, then a fixed number of reads, whatever the batch's size."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import OperationalError, connection
from django.db.models import Max, Q, QuerySet

from channels.contract import Grouping
from mentions.db import locks
from mentions.ingest.reading.reading import Parsed
from mentions.ingest.reading.state import IngestBatch, MessageState, TicketState
from mentions.models import Message, Reply, Ticket
from mentions.tickets.thread_keys import author_key, thread_key

_FIELDS = (
    "namespace",
    "external_id",
    "thread_id",
    "parent_external_id",
    "reply_to_external_id",
    "channel_id",
    "author_id",
    "direction",
    "subject",
    "text",
    "html",
    "language",
    "thread_title",
    "posted_at",
    "ingested_at",
    "is_auto",
    "is_deleted",
    "edited_at",
    "deleted_at",
    "digest",
    "version_at",
    "item_id",
)
_COLUMNS = ", ".join(f"m.{name}" for name in _FIELDS)
_SELECT = f"""SELECT m.id, m.ticket_id, a.external_id, c.rank, {_COLUMNS}
    FROM {{source}} JOIN mentions_author a ON a.id = m.author_id JOIN channels_channel c ON c.id = m.channel_id"""  # noqa: S608
_MESSAGES = f"""
WITH named AS (
    SELECT * FROM unnest(%(namespaces)s::text[]) n (namespace), unnest(%(ids)s::text[]) i (external_id)
)
SELECT k.external_id, f.* FROM (
    SELECT named.external_id, m.id FROM named CROSS JOIN LATERAL (
        SELECT id FROM mentions_message
         WHERE namespace = named.namespace AND external_id = named.external_id OFFSET 0) m
    UNION ALL
    SELECT named.external_id, a.message_id FROM named CROSS JOIN LATERAL (
        SELECT message_id FROM mentions_messagealias
         WHERE namespace = named.namespace AND external_id = named.external_id OFFSET 0) a
    UNION ALL
    SELECT external_id, id FROM mentions_message
     WHERE namespace = ANY(%(namespaces)s) AND thread_id = ANY(%(threads)s)
       AND ticket_id IS NULL
) k CROSS JOIN LATERAL ({_SELECT.format(source="mentions_message m")} WHERE m.id = k.id OFFSET 0) f
"""  # noqa: S608  (only constants of ours are filled in)
"""Looks up each id by index. One plan for all of them would read the whole namespace where tables grow faster than
their statistics."""


@dataclass(slots=True)
class LookupKeys:
    """What to look for. Namespaces and ids are combined freely: extra hits do no harm."""

    namespaces: set[str] = field(default_factory=set)
    ids: set[str] = field(default_factory=set)
    threads: set[str] = field(default_factory=set)
    keys: set[str] = field(default_factory=set)
    authors: set[str] = field(default_factory=set)
    whole_threads: set[str] = field(default_factory=set)
    tickets: set[int] = field(default_factory=set)
    """Locked with the others, however they were found."""
    with_context: bool = False


def wanted_by(parsed: Iterable[Parsed]) -> LookupKeys:
    wanted = LookupKeys()
    for each in parsed:
        mention = each.mention
        wanted.namespaces.add(each.feed.namespace)
        wanted.ids.add(each.external_id)
        wanted.ids.update(mention.aliases)
        if each.parent_id:
            wanted.ids.add(each.parent_id)
        if mention.bounced_id:
            wanted.ids.add(mention.bounced_id)
        if not each.feed.edits:
            wanted.ids.add(variant_id(each))
        wanted.threads.add(each.thread_id)
        if each.feed.grouping is Grouping.THREAD:
            wanted.whole_threads.add(each.feed.namespace)
            wanted.ids.update((each.thread_id, *mention.thread_keys))
            wanted.threads.update(mention.thread_keys)
        elif mention.is_own:
            wanted.keys.update(map(thread_key, mention.thread_keys))
        wanted.keys.update(each.keys)
        wanted.authors.add(each.author.id)
        wanted.with_context |= each.feed.threads
    return wanted


def variant_id(parsed: Parsed) -> str:
    """The id for mail whose Message-ID is already taken: anybody can claim a Message-ID."""
    return f"{parsed.external_id[:480]}#{parsed.digest.hex()[:12]}"


def lock(parsed: Sequence[Parsed]) -> None:
    """Lock the conversations of these items, so that workers with items of the same conversation take turns, as does
    anything that moves its messages to another ticket."""
    names: set[str] = set()
    for each in parsed:
        namespace = each.feed.namespace
        names.add(f"{namespace} {each.thread_id}")
        if each.mention.aliases or each.feed.grouping is Grouping.THREAD:
            ids = (each.external_id, *each.mention.aliases, *each.mention.thread_keys)
            names.update(f"{namespace} {external_id}" for external_id in ids)
    locks.lock_names(names)


class Moved(OperationalError):
    """A message or reply moved to another ticket between our read and our lock (a merge of a very long conversation, a
    ticket made by hand): the batch is retried, as after a deadlock."""


def load(wanted: LookupKeys) -> IngestBatch:
    batch = IngestBatch(whole_threads=wanted.whole_threads)
    ticket_of: dict[MessageState, int] = {}
    _load_messages(batch, wanted, ticket_of)
    if wanted.with_context:
        _load_posts(batch, wanted)
    leads = _load_threads(wanted)
    tickets = {*ticket_of.values(), *leads.values(), *wanted.tickets}
    if tickets:
        batch.tickets = load_tickets(tickets)
        _check_nothing_moved(ticket_of, leads)
        for message, ticket_id in ticket_of.items():
            message.ticket = batch.tickets[ticket_id]
        batch.threads = {key: batch.tickets[ticket_id] for key, ticket_id in leads.items()}
    return batch


_HAS_MOVED = """
SELECT EXISTS (SELECT FROM unnest(%s::bigint[], %s::bigint[]) AS x (id, ticket_id)
                 LEFT JOIN mentions_message m ON m.id = x.id WHERE m.ticket_id IS DISTINCT FROM x.ticket_id)
    OR EXISTS (SELECT FROM unnest(%s::text[], %s::text[], %s::bigint[]) AS x (namespace, key, ticket_id)
                 LEFT JOIN mentions_threadalias a ON a.namespace = x.namespace AND a.key = x.key
                WHERE a.ticket_id IS DISTINCT FROM x.ticket_id)
"""


def _check_nothing_moved(ticket_of: Mapping[MessageState, int], leads: Mapping[tuple[str, str], int]) -> None:
    """Check that nothing has moved to another ticket since it was read. The tickets are locked now, so nothing can move
    any more. Raises Moved."""
    messages = [message.id for message in ticket_of]
    namespaces, keys = [namespace for namespace, _ in leads], [key for _, key in leads]
    with connection.cursor() as cursor:
        cursor.execute(_HAS_MOVED, [messages, list(ticket_of.values()), namespaces, keys, list(leads.values())])
        if cursor.fetchone()[0]:
            raise Moved("a message of this batch was moved to another ticket")


def load_tickets_of_replies(batch: IngestBatch, replies: QuerySet[Reply]) -> dict[int, int]:
    """Reply → its ticket, locked and in the batch. Raises Moved."""
    found = dict(replies.values_list("pk", "ticket_id"))
    if missing := set(found.values()) - set(batch.tickets):
        batch.tickets |= load_tickets(missing)
        if dict(replies.values_list("pk", "ticket_id")) != found:
            raise Moved("a reply of this batch was moved to another ticket")
    return found


def _load_messages(batch: IngestBatch, wanted: LookupKeys, ticket_of: dict[MessageState, int]) -> None:
    params = {"namespaces": list(wanted.namespaces), "ids": list(wanted.ids), "threads": list(wanted.threads)}
    with connection.cursor() as cursor:
        cursor.execute(_MESSAGES, params)
        found = cursor.fetchall()
    by_id: dict[int, MessageState] = {}
    for by, pk, ticket_id, author, rank, *values in found:
        message = by_id.get(pk)
        if message is None:
            row = dict(zip(_FIELDS, values, strict=True))
            row["digest"] = bytes(row["digest"])
            message = by_id[pk] = MessageState(pk, row, author, rank)
            message.loaded, message.loaded_ticket_id = dict(row), ticket_id
            if ticket_id is not None:
                ticket_of[message] = ticket_id
            else:
                (batch.orphans if row["direction"] == Message.Direction.TEAM else batch.loose).append(message)
        batch.messages[message.row["namespace"], by] = message
    _count_aliases(by_id)


def _count_aliases(messages: dict[int, MessageState]) -> None:
    if not messages:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT message_id, count(*) FROM mentions_messagealias WHERE message_id = ANY(%s) GROUP BY 1",
            [list(messages)],
        )
        for pk, count in cursor.fetchall():
            messages[pk].aliases = count


def _load_threads(wanted: LookupKeys) -> dict[tuple[str, str], int]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT namespace, key, ticket_id FROM mentions_threadalias WHERE namespace = ANY(%s) AND key = ANY(%s)",
            [list(wanted.namespaces), list(wanted.keys)],
        )
        return {(namespace, key): ticket_id for namespace, key, ticket_id in cursor.fetchall()}


def load_tickets(ids: Iterable[int]) -> dict[int, TicketState]:
    """Load tickets, locked in id order, so that nobody solves or claims one between our read and our write."""
    locked = list(Ticket.objects.filter(pk__in=ids).order_by("pk").select_for_update().values_list("pk", flat=True))
    live = Q(messages__is_auto=False, messages__is_deleted=False)
    rows = Ticket.objects.filter(pk__in=locked).annotate(
        last_in=Max("messages__posted_at", filter=live & Q(messages__direction="in")),
        last_team=Max("messages__posted_at", filter=live & Q(messages__direction="team", messages__is_bounced=False)),
        rank=Max("channel__rank"),
        minutes=Max("channel__target_minutes"),
    )
    return {row.pk: _ticket(row) for row in rows}


def _ticket(row: Any) -> TicketState:
    return TicketState(
        id=row.pk,
        channel_id=row.channel_id,
        requester_id=row.requester_id,
        subject=row.subject,
        status=row.status,
        priority=row.priority,
        language=row.language,
        posted_at=row.posted_at,
        created_at=row.created_at,
        assignee_id=row.assignee_id,
        waiting_on=row.waiting_on,
        no_reply_reason=row.no_reply_reason,
        solved_at=row.solved_at,
        follow_up_of_id=row.follow_up_of_id,
        first_reply_message_id=row.first_reply_message_id,
        channel_rank=row.rank,
        channel_minutes=row.minutes,
        is_claimed=row.claim_token is not None,
        is_touched=row.claim_token is not None or row.assignee_id is not None,
        last_inbound_at=row.last_in,
        last_team_at=row.last_team,
    )


_POST_FIELDS = (
    "id",
    "namespace",
    "external_id",
    "thread_id",
    "parent_external_id",
    "author_external_id",
    "author_handle",
    "author_name",
    "author_url",
    "subject",
    "text",
    "html",
    "url",
    "posted_at",
    "is_deleted",
    "digest",
    "version_at",
)
_POSTS = f"""
SELECT {", ".join(_POST_FIELDS)} FROM mentions_threadpost
 WHERE namespace = ANY(%(namespaces)s) AND external_id = ANY(%(ids)s)
UNION
SELECT {", ".join(_POST_FIELDS)} FROM mentions_threadpost
 WHERE namespace = ANY(%(namespaces)s) AND thread_id = ANY(%(threads)s) AND author_external_id = ANY(%(authors)s)
"""  # noqa: S608  (only constants of ours are filled in)


def _load_posts(batch: IngestBatch, wanted: LookupKeys) -> None:
    """Load context by id (parents, posts that are now mentions) and by author (posts their new ticket takes in)."""
    params = {
        "namespaces": list(wanted.namespaces),
        "ids": list(wanted.ids),
        "threads": list(wanted.threads),
        "authors": list(wanted.authors - {""}),
    }
    with connection.cursor() as cursor:
        cursor.execute(_POSTS, params)
        found = cursor.fetchall()
    for values in found:
        row = dict(zip(_POST_FIELDS, values, strict=True))
        row["digest"] = bytes(row["digest"])
        batch.posts[row["namespace"], row["external_id"]] = row
        # Our answer to this post is an answer to its author, if they have a ticket there.
        wanted.keys.add(author_key(row["thread_id"], row["author_external_id"]))


def author_keys_at_hand(batch: IngestBatch, parsed: Iterable[Parsed]) -> set[tuple[str, str]]:
    """Keys of requesters already known, or known once this batch's mentions are placed."""
    keys = set(batch.threads)
    for each in parsed:
        if not each.is_context and each.stop is None:
            keys.update((each.feed.namespace, key) for key in each.keys)
    return keys


def parent_author_key(batch: IngestBatch, parsed: Parsed) -> str | None:
    """The ticket key of the author of the context-only post that this mention answers; None otherwise."""
    post = batch.posts.get((parsed.feed.namespace, parsed.parent_id))
    return author_key(parsed.thread_id, post["author_external_id"]) if post and post["author_external_id"] else None
