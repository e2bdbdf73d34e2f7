"""An import is undone as a batch, except tickets that somebody has worked on, and can be redone."""

import threading
from datetime import timedelta
from types import SimpleNamespace
from uuid import uuid4

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from audit.models import Entry
from channels.contract import Item, Page
from channels.inbox.imports import import_of
from channels.inbox.storing_once import store_page
from channels.models import Batch, InboundItem
from experts.models import Outreach
from mentions.imports import imports
from mentions.ingest.batch import ingest_pending
from mentions.models import Event, Message, MessageAlias, Notice, Reply, Sighting, ThreadAlias, Ticket
from mentions.queue import claims
from mentions.tests.concurrency import together
from mentions.tests.factories import NOON, TagFactory, UserFactory
from mentions.tests.platforms import arrive, connection_with, said
from mentions.triage import assigning, notes, tagging

pytestmark = pytest.mark.django_db


def imported(connection, payloads, minutes=60):
    """Stores the payloads as a poll would; returns the batch."""
    batch = import_of(connection.pk, is_first=False, open_id=None, now=NOON)
    items = [Item(payload["item"], payload) for payload in payloads]
    store_page(connection.pk, Page(items, None), fetched_at=NOON + timedelta(minutes=minutes), batch=batch)
    return batch.batch_id


def ticket_of(external_id):
    return Ticket.objects.get(messages__external_id=external_id)


def states(batch_id):
    return dict(InboundItem.objects.filter(batch=batch_id).values_list("external_id", "ignored_why"))


def test_undo_takes_back_everything_that_nobody_touched(forum, sam):
    batch_id = imported(forum, [said("1"), said("2", thread="1", parent="1", hours=0.1), said("3", "bob")])
    ingest_pending()
    Notice.objects.create(
        message=Message.objects.first(), channel=forum.channels.get(), slack_channel="#x", due_at=NOON
    )
    assert imports.lines(Batch.objects.all()) == [imports.ImportLine(Batch.objects.get(), 3, 0, 2, 2)]
    undone = imports.undo(batch_id, sam, NOON)
    assert (undone.tickets, undone.items) == (2, 3)
    for model in (Ticket, Message, Sighting, ThreadAlias, Event, Notice):
        assert not model.objects.exists(), model
    assert states(batch_id) == dict.fromkeys("123", "undone")
    batch = Batch.objects.get()
    assert (batch.undone_at, batch.undone_by, batch.is_open) == (NOON, sam, False)
    assert arrive(forum, [said("1", text="edited")], minutes=90) == []


def test_redo_lets_it_in_again(forum, sam):
    batch_id = imported(forum, [said("1"), said("2", "bob")])
    ingest_pending()
    imports.undo(batch_id, sam, NOON)
    assert imports.redo(batch_id) == 2
    assert ingest_pending().stored == 2
    assert Ticket.objects.count() == 2
    assert Batch.objects.get().undone_at is None
    assert imports.counts([batch_id]) == {batch_id: (2, 2)}


def reply(ticket, user):
    message = ticket.messages.first()
    values = {"key": uuid4(), "text": "x", "guard_message_id": message.pk, "send_at": NOON, "created_at": NOON}
    Reply.objects.create(ticket=ticket, author=user, channel=ticket.channel, in_reply_to=message, **values)


def claimed_once(ticket, user):
    token = claims.claim(user, ticket.pk, NOON).claim_token
    claims.release(ticket.pk, user, token, NOON)
    Ticket.objects.filter(pk=ticket.pk).update(assignee=None)


def outreach(ticket, user):
    Outreach.objects.create(ticket=ticket, asked_by=user, text="?", slack_channel="#x", asked_at=NOON)


def followed_up(ticket, user):
    arrive(ticket.channel.connection, [said("9", thread="1", parent="1", hours=1)], role="thread")
    ingest_pending()


def seen_elsewhere(ticket, user):
    arrive(connection_with("testforum"), [said("1")])
    ingest_pending()


TOUCHES = {
    "reply": (reply, "reply"),
    "note": (lambda ticket, user: notes.add(ticket.pk, user, "look", NOON), "note"),
    "claim": (lambda ticket, user: claims.claim(user, ticket.pk, NOON), "claimed"),
    "claim ever": (claimed_once, "worked"),
    "assignment": (lambda ticket, user: assigning.assign(ticket.pk, user, user, NOON), "assigned"),
    "tag": (lambda ticket, user: tagging.set_tags(ticket.pk, actor=user, add=["x"], now=NOON), "worked"),
    "outreach": (outreach, "linked"),
    "follow-up": (followed_up, "elsewhere"),
    "other connection": (seen_elsewhere, "elsewhere"),
}


@pytest.mark.parametrize("how", TOUCHES)
def test_touched_ticket_stays_and_says_why(forum, sam, how):
    batch_id = imported(forum, [said("1"), said("2", "bob")])
    ingest_pending()
    TagFactory(name="x")
    touch, why = TOUCHES[how]
    ticket = ticket_of("1")
    touch(ticket, sam)
    plan = imports.plan(batch_id)
    assert (plan.untouched, plan.kept, plan.waiting) == ([ticket_of("2").pk], [(ticket.pk, why)], 0)
    assert imports.undo(batch_id, sam, NOON).tickets == 1
    assert list(Ticket.objects.all()) == [ticket]
    assert ticket.messages.exists()
    assert states(batch_id) == {"1": "", "2": "undone"}
    assert imports.undo(batch_id, sam, NOON).tickets == 0


def test_ticket_that_an_import_only_added_to_stays(forum, sam):
    arrive(forum, [said("1")])
    ingest_pending()
    batch_id = imported(forum, [said("2", thread="1", parent="1", hours=1)])
    ingest_pending()
    assert imports.plan(batch_id).kept == [(ticket_of("1").pk, "elsewhere")]
    imports.undo(batch_id, sam, NOON)
    assert Message.objects.count() == 2
    assert states(batch_id) == {"2": ""}


def test_what_has_not_been_read_yet_never_comes_in(forum, sam):
    batch_id = imported(forum, [said("1"), said("2", broken=True)])
    ingest_pending(limit=1)
    ingest_pending()
    arrive(forum, [said("1", text="edited")], minutes=90)  # pending again, with a known message
    InboundItem.objects.filter(external_id="2").update(state="pending")
    assert imports.undo(batch_id, sam, NOON).items == 2
    assert states(batch_id) == {"1": "undone", "2": "undone"}
    assert ingest_pending().taken == 0


def test_older_version_and_loose_mentions_go_too(forum, sam):
    forum.channels.update(to_queue=False)
    batch_id = imported(forum, [said("1", text="a"), said("2", "bob", text="b", aliases=["1x"], item="2")])
    batch_two = imported(forum, [said("2", "bob", text="c", aliases=["1x", "2x"], item="2x", hours=0.1)], minutes=61)
    InboundItem.objects.update(batch=batch_id)
    ingest_pending()
    assert (Message.objects.count(), MessageAlias.objects.count(), Ticket.objects.count()) == (2, 2, 0)
    assert imports.undo(batch_id, sam, NOON).items == 3
    assert not Message.objects.exists()
    assert set(states(batch_id).values()) == {"undone"}
    assert batch_two != batch_id


def test_own_posts_without_a_ticket_stay(forum, sam):
    batch_id = imported(forum, [said("1", "acmeteam", is_own=True), said("2")])
    ingest_pending()
    imports.undo(batch_id, sam, NOON)
    assert Message.objects.get().external_id == "1"
    assert states(batch_id) == {"1": "", "2": "undone"}


def test_undo_costs_as_many_queries_for_many_tickets(forum, sam):
    counts = []
    for start, size in ((0, 2), (100, 60)):
        batch_id = imported(forum, [said(str(start + n), f"u{n}") for n in range(size)])
        ingest_pending()
        with CaptureQueriesContext(connection) as captured:
            assert imports.undo(batch_id, sam, NOON).tickets == size
        counts.append(len(captured))
    assert counts[0] == counts[1]


# --- concurrent actions -----------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_undo_against_claims_takes_back_no_ticket_that_somebody_got(forum):
    users = [UserFactory(role="advocate") for _ in range(4)]
    batch_id = imported(forum, [said(str(n), f"u{n}") for n in range(40)])
    ingest_pending()

    def claim(user):
        got = []
        for _ in range(6):
            ticket = claims.claim_next(user, None, NOON)
            if ticket is None:
                break
            got.append(ticket.pk)
            claims.release(ticket.pk, user, ticket.claim_token, NOON)
            Ticket.objects.filter(pk=ticket.pk).update(assignee=None, status="solved")
        return got

    jobs = [lambda user=user: claim(user) for user in users]
    *got, undone = together(*jobs, lambda: imports.undo(batch_id, None, NOON))
    errors = [result for result in (*got, undone) if isinstance(result, Exception)]
    assert errors == []
    taken = {pk for each in got for pk in each}
    left = set(Ticket.objects.values_list("pk", flat=True))
    assert taken <= left
    assert undone.tickets == 40 - len(left)
    stored = set(InboundItem.objects.filter(state="stored").values_list("pk", flat=True))
    assert stored == set(Message.objects.values_list("item_id", flat=True))
    assert imports.undo(batch_id, None, NOON).tickets == len(left - taken)


@pytest.mark.django_db(transaction=True)
def test_ticket_that_is_locked_at_this_moment_is_left_alone(forum):
    batch_id = imported(forum, [said("1"), said("2", "bob")])
    ingest_pending()
    held, done = threading.Event(), threading.Event()
    seen = SimpleNamespace()

    def hold():
        with transaction.atomic():
            Ticket.objects.select_for_update().get(messages__external_id="1")
            held.set()
            done.wait(10)

    def undo():
        held.wait(10)
        seen.undone = imports.undo(batch_id, None, NOON)
        done.set()

    assert together(hold, undo) == [None, None]
    assert seen.undone.tickets == 1
    assert list(Ticket.objects.all()) == [ticket_of("1")]


@pytest.mark.django_db(transaction=True)
def test_undo_while_the_batch_is_being_ingested_loses_nothing(forum):
    batch_id = imported(forum, [said(str(n), f"u{n % 7}", thread=f"t{n % 5}") for n in range(60)])

    def ingest():
        while ingest_pending(limit=7).taken:
            pass

    results = together(ingest, ingest, lambda: imports.undo(batch_id, None, NOON))
    assert [result for result in results if isinstance(result, Exception)] == []
    imports.undo(batch_id, None, NOON)
    assert not Ticket.objects.exists()
    assert set(states(batch_id).values()) == {"undone"}
    assert imports.redo(batch_id) == 60
    ingest()
    assert Message.objects.count() == 60


# --- pages ------------------------------------------------------------------------------------------------------------


def test_pages_show_what_would_happen_do_it_and_let_it_in_again(client, forum):
    admin = UserFactory(role="admin")
    client.force_login(admin)
    batch_id = imported(forum, [said("1"), said("2", "bob")])
    ingest_pending()
    ticket = ticket_of("1")
    notes.add(ticket.pk, admin, "look", NOON)
    assert forum.name in client.get("/channels/imports/").content.decode()
    page = client.get(f"/channels/imports/{batch_id}/").content.decode()
    assert "1 untouched ticket is deleted" in page
    assert "it has a note" in page
    assert Ticket.objects.count() == 2
    done = client.post(f"/channels/imports/{batch_id}/undo/", follow=True).content.decode()
    assert "1 ticket was deleted." in done
    assert "undone by" in done
    assert list(Ticket.objects.all()) == [ticket]
    assert "Redo…" in client.get("/channels/imports/").content.decode()
    assert "Replaying 1 item." in client.post(f"/channels/imports/{batch_id}/redo/", follow=True).content.decode()
    assert InboundItem.objects.get(external_id="2").state in ("pending", "stored")
    assert "Nothing to redo" in client.post(f"/channels/imports/{batch_id}/redo/", follow=True).content.decode()
    logged = Entry.objects.filter(kind__in=("import_undone", "import_restored")).order_by("pk")
    assert [(entry.kind, entry.subject_name) for entry in logged] == [
        ("import_undone", f"import {batch_id}"),
        ("import_restored", f"import {batch_id}"),
    ]


def test_reports_count_no_more_what_was_taken_back(client, forum):
    client.force_login(UserFactory(role="admin"))
    batch_id = imported(forum, [said("1"), said("2", "bob")])
    ingest_pending()
    figure = f"{reverse('metrics:tickets')}?figure=mentions&day={NOON:%Y-%m-%d}"
    assert "bob says 2" in client.get(figure).content.decode()
    imports.undo(batch_id, None, NOON)
    assert "bob says 2" not in client.get(figure).content.decode()


def test_list_costs_as_many_queries_for_many_imports(client, forum):
    client.force_login(UserFactory(role="admin"))
    counts = []
    for start, size in ((0, 1), (10, 9)):
        for n in range(size):
            imported(forum, [said(str(start + n), f"u{n}")])
        ingest_pending()
        client.get("/channels/imports/")
        with CaptureQueriesContext(connection) as captured:
            client.get("/channels/imports/")
        counts.append(len(captured))
    assert counts[0] == counts[1]
