"""Erases a person: texts, names, handles, files, raw items, drafts, and outgoing items about them.

Tickets, times and counts stay, so no figure changes. Ids become hashes, and the inbox stores nothing under an erased id
again. Other people's text stays, without the person's names and without lines that quote them.
"""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from typing import Any

from django.contrib.admin.models import LogEntry
from django.contrib.contenttypes.models import ContentType
from django.db import transaction
from django.db.models import Model, Q

from audit import log
from audit.kinds import EntryKind
from channels.inbox import retention, tombstones
from channels.models import InboundItem, OutboundItem
from channels.outbox import erasing, states
from channels.polling import follow
from mentions.models import (
    Account,
    Attachment,
    Author,
    Blob,
    DeliveryProblem,
    Draft,
    Event,
    EventKind,
    Message,
    MessageAlias,
    MessageRevision,
    Note,
    Person,
    Reply,
    ThreadAlias,
    ThreadPost,
    Ticket,
)
from mentions.personal_data import scope as scopes
from mentions.personal_data.scope import Scope
from mentions.personal_data.scrubbing import ERASED, Names, structure
from mentions.tickets.transitions import record

REFERENCES = ("thread_id", "parent_external_id", "reply_to_external_id")
WAITING = "still waiting in the inbox or outbox; erase once more in a few minutes"


def erase(scope: Scope, *, now: datetime, actor: Any = None, actor_name: str = "") -> dict[str, int]:
    """Erase, and return counts by kind; `WAITING` if something could not be removed yet. A second run finds nothing."""
    called = scope.called
    done: Counter[str] = Counter()
    with transaction.atomic():
        _everything(scope, done, now)
        log.record(
            EntryKind.ERASED, now=now, actor=actor, actor_name=actor_name, subject=subject_of(scope), details=dict(done)
        )
    # The whole inbox in portions, each in a separate transaction.
    done["raw items that name them"] += retention.remove_raw_naming(called)
    done[WAITING] += retention.waiting_naming(called)
    return {what: count for what, count in done.items() if count}


def subject_of(scope: Scope) -> str:
    """By id: the log outlives the person and must not name them."""
    if scope.person is not None:
        return f"person {scope.person.pk}"
    return f"author {scope.authors[0].pk}" if scope.authors else "nobody"


def _everything(scope: Scope, done: Counter[str], now: datetime) -> None:
    names, posts = scope.names(), scopes.thread_posts(scope)
    around = _around(scope, posts)
    ids = scopes.ids(scope, posts)
    done["ids that stay out"] += tombstones.bury(ids, now)
    _lock(scope)
    done["raw items"] += _inbox(scope, ids)
    _outbox(scope, done)
    _messages(scope, done)
    _words_of_others(scope, names, done)
    _on_tickets(scope, names, done)
    _posts(posts, around, names, done)
    for part in scopes.parts():
        done[part.name] += part.erase(scope, names)
    _forget(scope, ids, around)
    _people(scope, done)
    for ticket in Ticket.objects.filter(pk__in=scope.own) if done["messages"] else []:
        record(ticket, None, now, EventKind.ERASED, {})


def _lock(scope: Scope) -> None:
    """Items before tickets, each in id order, as in ingest."""
    items = Message.objects.filter(pk__in=scope.messages, item_id__isnull=False).values("item_id")
    list(InboundItem.objects.filter(pk__in=items).order_by("pk").select_for_update().values_list("pk"))
    list(Ticket.objects.filter(pk__in=[*scope.own, *scope.near]).order_by("pk").select_for_update().values_list("pk"))


# --- in and out -------------------------------------------------------------------------------------------------------


def _inbox(scope: Scope, ids: set[tuple[str, str]]) -> int:
    """Rows stay, so volume figures don't change; their content goes, unreadable items included."""
    those_of_messages = Message.objects.filter(pk__in=scope.messages).values_list("item_id", flat=True)
    items = {item for item in those_of_messages if item is not None}
    for namespace in {each for each, _one in ids}:
        those = [one for each, one in ids if each == namespace]
        near = InboundItem.objects.filter(connection__in=tombstones.connections_in(namespace), external_id__in=those)
        items |= set(near.values_list("pk", flat=True))
    return tombstones.erase_items(items)


def _outbox(scope: Scope, done: Counter[str]) -> None:
    """Sent items keep their state and platform id; unsent ones are waited for."""
    left = OutboundItem.objects.filter(pk__in=scopes.outbound_ids(scope)).exclude(payload={"erased": True})
    done[WAITING] += left.filter(state__in=states.UNSETTLED).count()
    done["sent items"] += erasing.erase_settled(left)


# --- their messages ---------------------------------------------------------------------------------------------------


def _messages(scope: Scope, done: Counter[str]) -> None:
    theirs = Message.objects.filter(pk__in=scope.messages)
    blank = {"subject": "", "html": "", "url": "", "thread_title": "", "canonical_url": "", "page_url": ""}
    done["messages"] += theirs.exclude(text=ERASED).update(
        text=ERASED, links=[], extra={}, digest=tombstones.NO_DIGEST, language="", **blank
    )
    done["versions"] += _gone(MessageRevision.objects.filter(message__in=scope.messages))
    files = Attachment.objects.filter(message__in=scope.messages)
    contents = set(files.exclude(blob=None).values_list("blob_id", flat=True))
    done["files"] += _gone(files)
    still = Attachment.objects.filter(blob__in=contents).values("blob")
    Blob.objects.filter(pk__in=contents).exclude(pk__in=still).delete()


def _gone(rows: Any) -> int:
    """Delete the rows with their dependants; return how many there were."""
    count = int(rows.count())
    rows.delete()
    return count


def _words_of_others(scope: Scope, names: Names, done: Counter[str]) -> None:
    """Other people's messages in the same tickets: remove names and quoted lines, and any markup containing them."""
    others = Message.objects.filter(ticket__in=[*scope.own, *scope.near]).exclude(pk__in=scope.messages)
    for message in others.defer("search").prefetch_related("revisions"):
        done["texts of others"] += _scrub(
            message, names, ("subject", "text", "thread_title", "url"), ("links", "extra"), blank=("html",)
        )
        for older in message.revisions.all():
            _scrub(older, names, ("subject", "text"), (), blank=("html",))


def _scrub(
    row: Model, names: Names, texts: tuple[str, ...], jsons: tuple[str, ...] = (), blank: tuple[str, ...] = ()
) -> bool:
    """Remove the names from one row and save it if changed; return whether it was."""
    changed = {name: names.text(getattr(row, name)) for name in texts}
    changed |= {name: names.json(getattr(row, name)) for name in jsons}
    changed |= {
        name: "" for name in blank if getattr(row, name) and names.text(getattr(row, name)) != getattr(row, name)
    }
    changed = {name: value for name, value in changed.items() if getattr(row, name) != value}
    for name, value in changed.items():
        setattr(row, name, value)
    if changed:
        row.save(update_fields=list(changed))
    return bool(changed)


# --- on tickets -------------------------------------------------------------------------------------------------------


def _on_tickets(scope: Scope, names: Names, done: Counter[str]) -> None:
    """On their own tickets all text goes; on others', the person's names."""
    own = scope.own
    Ticket.objects.filter(pk__in=own).update(subject=ERASED, wait_note="", language="")
    done["notes"] += Note.objects.filter(ticket__in=own).exclude(text=ERASED).update(text=ERASED)
    done["drafts"] += _gone(Draft.objects.filter(ticket__in=own))
    replies = Reply.objects.filter(ticket__in=own).exclude(text=ERASED)
    done["replies"] += replies.update(text=ERASED, subject="", recipients=[], cc=[], error="")
    done["delivery problems"] += DeliveryProblem.objects.filter(ticket__in=own).exclude(why="").update(why="")
    for event in Event.objects.filter(ticket__in=own).exclude(data={}):
        if (kept := structure(event.data)) != event.data:
            Event.objects.filter(pk=event.pk).update(data=kept)
            done["events"] += 1
    _near(scope.near, names, done)


def _near(near: list[int], names: Names, done: Counter[str]) -> None:
    for ticket in Ticket.objects.filter(pk__in=near):
        _scrub(ticket, names, ("subject", "wait_note"))
    for problem in DeliveryProblem.objects.filter(ticket__in=near):
        done["delivery problems"] += _scrub(problem, names, ("why",))
    for note in Note.objects.filter(ticket__in=near):
        done["notes"] += _scrub(note, names, ("text",))
    for draft in Draft.objects.filter(ticket__in=near):
        done["drafts"] += _scrub(draft, names, ("text",))
    for reply in Reply.objects.filter(ticket__in=near):
        done["replies"] += _scrub(reply, names, ("text", "subject", "error"), ("recipients", "cc"))
    for event in Event.objects.filter(ticket__in=near).exclude(data={}):
        done["events"] += _scrub(event, names, (), ("data",))


def _posts(posts: list[ThreadPost], around: set[tuple[str, str]], names: Names, done: Counter[str]) -> None:
    """Context around tickets: their posts are erased, others' stay without their names."""
    done["posts around tickets"] += _gone(ThreadPost.objects.filter(pk__in=[post.pk for post in posts]))
    for namespace, thread_id in around:
        for post in ThreadPost.objects.filter(namespace=namespace, thread_id=thread_id):
            done["texts of others"] += _scrub(post, names, ("subject", "text", "url"), (), blank=("html",))


def _around(scope: Scope, posts: list[ThreadPost]) -> set[tuple[str, str]]:
    """(namespace, id) of every thread the person posted in."""
    spoken = Message.objects.filter(pk__in=scope.messages).values_list("namespace", "thread_id")
    return set(spoken) | {(post.namespace, post.thread_id) for post in posts}


# --- ids --------------------------------------------------------------------------------------------------------------


def _forget(scope: Scope, ids: set[tuple[str, str]], around: set[tuple[str, str]]) -> None:
    """Replace ids with hashes, the same everywhere, so conversations stay connected. `around`: all threads the person
    posted in."""
    MessageAlias.objects.filter(message__in=scope.messages).delete()
    mine = Message.objects.filter(pk__in=scope.messages).defer("search")
    threads = {(m.namespace, m.thread_id) for m in mine} - _threads_of_others(scope)
    gone = {one for one in ids | threads if not one[1].startswith(tombstones.PREFIX)}
    for message in mine:
        _rename(message, gone, ("external_id", *REFERENCES))
    for namespace in {each for each, _one in gone}:
        theirs = [one for each, one in gone if each == namespace]
        near = [one for each, one in around | threads if each == namespace]
        for row in ThreadPost.objects.filter(namespace=namespace, thread_id__in=near):
            _rename(row, gone, REFERENCES)
        talk = Q(thread_id__in=near) | Q(ticket__in=[*scope.own, *scope.near])
        for message in Message.objects.filter(talk, namespace=namespace).defer("search"):
            _rename(message, gone, REFERENCES)
        follow.forget(namespace, theirs)
    for alias in ThreadAlias.objects.filter(ticket__in=scope.own).exclude(key__startswith=tombstones.PREFIX):
        alias.key = tombstones.erased_id(alias.namespace, alias.key)
        alias.save(update_fields=["key"])


def _threads_of_others(scope: Scope) -> set[tuple[str, str]]:
    """Threads with another requester too: their id is not the person's."""
    mine = Message.objects.filter(pk__in=scope.messages)
    same = Message.objects.filter(thread_id__in=mine.values("thread_id")).exclude(pk__in=scope.messages)
    others = same.exclude(ticket__in=scope.own)
    return set(others.values_list("namespace", "thread_id"))


def _rename(row: Any, gone: set[tuple[str, str]], fields: tuple[str, ...]) -> None:
    changed = [name for name in fields if (row.namespace, getattr(row, name, "")) in gone]
    for name in changed:
        setattr(row, name, tombstones.erased_id(row.namespace, getattr(row, name)))
    if changed:
        row.save(update_fields=changed)


# --- who they are -----------------------------------------------------------------------------------------------------


def _people(scope: Scope, done: Counter[str]) -> None:
    for author in scope.authors:
        if author.external_id.startswith(tombstones.PREFIX):
            continue
        author.external_id = tombstones.erased_id(author.namespace, author.external_id)
        author.handle, author.name, author.url = "", ERASED, ""
        author.save(update_fields=["external_id", "handle", "name", "url"])
        done["accounts"] += 1
    if scope.person is not None:
        Account.objects.filter(person=scope.person).delete()
        Person.objects.filter(pk=scope.person.pk).update(name=ERASED, notes="")
        kinds = ContentType.objects.get_for_models(Person, Account, Author)
        entries = LogEntry.objects.filter(content_type=kinds[Person], object_id=str(scope.person.pk))
        entries.update(object_repr=ERASED, change_message="")
