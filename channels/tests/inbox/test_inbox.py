from __future__ import annotations

import json
import threading
from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import connection as db_connection
from django.db import connections, transaction

from channels.contract import Config, Item, Page
from channels.inbox import leases, settling, storing_once
from channels.models import Connection, InboundItem
from channels.parsing import reader
from channels.queries.ignoring import Exclusion
from channels.registry.configs import source_of
from channels.signals import items_stored
from channels.tests.factories import NOW, make_connection, page_of
from channels.tests.plans import empty_without_statistics, rows_read

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("fake")]
State = InboundItem.State


def settle_all() -> None:
    """As ingest does."""
    rows = leases.take_pending(100)
    asks = [
        reader.Ask(source.adapter, source.config, row.external_id, row.payload)
        for row in rows
        for source in [source_of(row.connection_id)]
    ]
    readings = reader.read(asks, reader.first_budget())
    prints = {row.id: reading.fingerprint for row, reading in zip(rows, readings, strict=True)}
    settling.finish(stored=list(prints), fingerprints=prints, now=NOW)


def store(connection: Connection, *posts: tuple[str, str], at: int = 0, **values: object) -> list[int]:
    values.setdefault("role", storing_once.MENTION)
    return storing_once.store_page(connection.pk, page_of(*posts), fetched_at=NOW + timedelta(seconds=at), **values)


def test_new_items_are_pending_and_announced_after_commit(django_capture_on_commit_callbacks) -> None:
    connection, announced = make_connection(), []

    def receive(sender, connection_id, item_ids, **kwargs):
        announced.append((connection_id, item_ids))

    items_stored.connect(receive)
    try:
        with django_capture_on_commit_callbacks(execute=True):
            ids = store(connection, ("1", "a"), ("2", "b"))
            assert announced == []
    finally:
        items_stored.disconnect(receive)
    assert announced == [(connection.pk, ids)]
    assert set(InboundItem.objects.values_list("external_id", "state")) == {("1", "pending"), ("2", "pending")}
    connection.refresh_from_db()
    assert connection.last_item_at == NOW


def test_a_receiver_that_fails_does_not_fail_the_poller(django_capture_on_commit_callbacks) -> None:
    def receive(sender, **kwargs):
        raise RuntimeError("broken")

    items_stored.connect(receive)
    try:
        with django_capture_on_commit_callbacks(execute=True):
            store(make_connection(), ("1", "a"))
    finally:
        items_stored.disconnect(receive)
    assert InboundItem.objects.count() == 1


def test_known_items_cost_one_select_and_no_write(django_assert_num_queries) -> None:
    connection = make_connection()
    posts = [(str(n), "text") for n in range(100)]
    store(connection, *posts)
    source = source_of(connection.pk)
    with django_assert_num_queries(1) as queries:
        assert store(connection, *posts, at=60, source=source) == []
    assert not [q for q in queries if q["sql"].startswith(("INSERT", "UPDATE"))]


def test_known_items_are_looked_up_without_reading_the_others() -> None:
    """As during a first import: autovacuum hasn't come yet."""
    empty_without_statistics("channels_inbounditem")
    connection, ids = make_connection(), [str(n) for n in range(100)]
    store(connection, *((str(n), "text") for n in range(3000)))
    asked = {"connection": connection.pk, "role": "mention", "at": NOW, "edits": True}
    read = rows_read(storing_once._NEEDED, {**asked, "ids": ids, "whole": [False] * 100}, "channels_inbounditem")
    assert len(ids) <= read <= 3 * len(ids)


@pytest.mark.django_db(transaction=True)
def test_only_taking_items_may_be_lost_in_a_crash_of_the_database() -> None:
    """What is stored afterwards on the same connection is on the disk when it is acknowledged."""
    store(make_connection(), ("1", "text"))
    with db_connection.cursor() as cursor:
        cursor.execute("SET synchronous_commit TO on")
        try:
            assert [row.external_id for row in leases.take_pending(10)] == ["1"]
            cursor.execute("SHOW synchronous_commit")
            assert cursor.fetchone() == ("on",)
        finally:
            cursor.execute("RESET synchronous_commit")


def test_moving_likes_are_no_edit() -> None:
    connection = make_connection()
    storing_once.store_page(connection.pk, Page([Item("1", {"text": "a", "likes": 1})], None), fetched_at=NOW)
    settle_all()
    later = Page([Item("1", {"text": "a", "likes": 2})], None)
    assert storing_once.store_page(connection.pk, later, fetched_at=NOW + timedelta(minutes=1)) == []
    assert InboundItem.objects.get().state == State.STORED


def test_an_item_is_parsed_once_on_its_way_in(fake, monkeypatch) -> None:
    connection, parsed, parse = make_connection(), [], fake.parse
    monkeypatch.setattr(fake, "parse", lambda item, config: parsed.append(item.external_id) or parse(item, config))
    store(connection, ("1", "a"), ("2", "b"))
    assert parsed == []
    settle_all()
    assert parsed == ["1", "2"]


def test_what_waits_to_be_read_is_written_again_only_when_it_has_changed() -> None:
    connection = make_connection()

    def likes(count: int, at: int) -> list[int]:
        page = Page([Item("1", {"text": "a", "likes": count})], None)
        return storing_once.store_page(connection.pk, page, fetched_at=NOW + timedelta(seconds=at))

    (pk,) = likes(1, at=0)
    assert likes(1, at=10) == []
    assert likes(2, at=20) == [pk]
    assert likes(3, at=30) == [], "its fingerprint is known by now"
    settle_all()
    assert likes(4, at=40) == []
    assert InboundItem.objects.get().revision == 2


@pytest.mark.parametrize("settled", ["stored", "ignored", "stopped"])
def test_whatever_became_of_it_later_fetches_are_compared_with_its_fingerprint(fake, settled: str) -> None:
    connection, item = make_connection(), Item("1", {"text": "a"})
    (pk,) = store(connection, ("1", "a"))
    result = {pk: Exclusion("query")} if settled == "stopped" else [pk]
    settling.finish(**{settled: result}, fingerprints={pk: fake.fingerprint(item, Config())}, now=NOW)
    liked = Page([Item("1", {"text": "a", "likes": 1})], None)
    assert storing_once.store_page(connection.pk, liked, fetched_at=NOW + timedelta(minutes=1)) == []
    assert store(connection, ("1", "b"), at=120) == [pk]


def test_an_edit_is_pending_again_with_the_new_payload() -> None:
    connection = make_connection()
    (pk,) = store(connection, ("1", "before"))
    settle_all()
    assert store(connection, ("1", "after"), at=60) == [pk]
    item = InboundItem.objects.get()
    assert (item.state, item.revision, item.payload["text"]) == (State.PENDING, 2, "after")


def test_an_older_fetch_never_overwrites_a_newer_one() -> None:
    connection = make_connection()
    store(connection, ("1", "new"), at=60)
    settle_all()
    assert store(connection, ("1", "old"), at=0) == []
    item = InboundItem.objects.get()
    assert (item.payload["text"], item.state, item.revision) == ("new", State.STORED, 1)


def test_the_statement_itself_refuses_an_older_fetch(monkeypatch) -> None:
    """Even when the read before it saw nothing: the newer page may have been committed in between."""
    connection = make_connection()
    store(connection, ("1", "new"), at=60)
    settle_all()
    found = {0: storing_once._Stored(False, True, False, b"something else")}
    monkeypatch.setattr(storing_once, "_needed", lambda *_: found)
    assert store(connection, ("1", "old"), at=0) == []
    assert store(connection, ("1", "new"), at=90) == []
    assert InboundItem.objects.get().payload["text"] == "new"


def test_mail_is_never_replaced() -> None:
    connection = make_connection(platform="maillike")
    store(connection, ("1", "first"))
    settle_all()
    assert store(connection, ("1", "forged"), at=60) == []
    assert InboundItem.objects.get().payload["text"] == "first"


def test_the_same_id_twice_on_one_page_is_stored_once() -> None:
    edits, mail = make_connection(), make_connection(platform="maillike")
    assert len(store(edits, ("1", "a"), ("1", "b"))) == 1
    assert len(store(mail, ("1", "a"), ("1", "b"))) == 1
    assert InboundItem.objects.get(connection=edits).payload["text"] == "b"
    assert InboundItem.objects.get(connection=mail).payload["text"] == "a"


def test_context_that_turns_out_to_be_a_mention_is_pending_again() -> None:
    connection = make_connection()
    (pk,) = store(connection, ("1", "a"), role=storing_once.THREAD)
    settle_all()
    assert store(connection, ("1", "a"), at=-60) == [pk]
    item = InboundItem.objects.get()
    assert (item.role, item.state, item.revision) == (storing_once.MENTION, State.PENDING, 1)
    settle_all()
    assert store(connection, ("1", "a"), at=60, role=storing_once.THREAD) == []
    assert InboundItem.objects.get().role == storing_once.MENTION


def versions(*texts: str | None) -> list[Page]:
    """Versions of one post; None: the fake finds no mention in it."""
    return [Page([Item("1", {"text": text})], None) for text in texts]


def judge_all(connection: Connection) -> None:
    """As ingest does: items without a mention are ignored."""
    source, prints = source_of(connection.pk), dict[str, dict[int, bytes]]()
    for row in leases.take_pending(100):
        item = Item(row.external_id, json.loads(row.payload or "null"))
        outcome = "ignored" if source.adapter.parse(item, source.config) is None else "stored"
        prints.setdefault(outcome, {})[row.id] = source.adapter.fingerprint(item, source.config)
    for outcome, found in prints.items():
        settling.finish(**{outcome: list(found)}, fingerprints=found, now=NOW)


@pytest.mark.parametrize("first", ["found first", "in its thread first"])
def test_a_near_match_never_hides_the_same_post_in_a_thread(first: str) -> None:
    """Whichever came first, it ends up as context, and neither fetch writes again."""
    connection, (near, whole) = make_connection(), versions(None, "a")
    fetches = [(near, storing_once.MENTION), (whole, storing_once.THREAD)]
    for at, (page, role) in enumerate([*fetches[:: 1 if first == "found first" else -1], *fetches]):
        storing_once.store_page(connection.pk, page, fetched_at=NOW + timedelta(seconds=at), role=role)
        judge_all(connection)
    item = InboundItem.objects.get()
    assert (item.role, item.state, item.payload) == (storing_once.THREAD, State.STORED, {"text": "a"})
    for page, role in fetches:
        assert storing_once.store_page(connection.pk, page, fetched_at=NOW + timedelta(minutes=1), role=role) == []


def test_a_near_match_is_a_mention_once_it_is_found_as_one_and_stays_it() -> None:
    connection, (near, whole) = make_connection(), versions(None, "a")
    for at, page in enumerate([near, whole, near]):
        storing_once.store_page(connection.pk, page, fetched_at=NOW + timedelta(seconds=at))
        judge_all(connection)
    item = InboundItem.objects.get()
    assert (item.state, item.payload, item.revision) == (State.STORED, {"text": "a"}, 2)


def test_an_unreadable_item_gives_way_to_a_version_without_a_mention() -> None:
    connection, (near,) = make_connection(), versions(None)
    (pk,) = storing_once.store_page(connection.pk, Page([Item("1", ["odd"])], None), fetched_at=NOW)
    settling.finish(failed={pk: "odd"}, now=NOW)
    assert storing_once.store_page(connection.pk, near, fetched_at=NOW + timedelta(seconds=1)) == [pk]
    judge_all(connection)
    assert InboundItem.objects.get().state == State.IGNORED


def test_what_cannot_be_parsed_is_stored_and_pending() -> None:
    connection = make_connection()
    page = Page([Item("1", {"no": "text"}), Item("2", ["odd"])], None)
    assert len(storing_once.store_page(connection.pk, page, fetched_at=NOW)) == 2
    settle_all()
    assert storing_once.store_page(connection.pk, page, fetched_at=NOW + timedelta(minutes=1)) == []


@pytest.mark.parametrize(
    "payload",
    [
        {"text": "a\x00b"},
        {"text": "lone \ud83d surrogate"},
        {"text": "a", "score": float("inf")},
        {"text": "literal \\u0000 backslash"},
        {"text": "x", "__escaped_json__": "y"},
        {"\x00": "key", "text": "😀"},
    ],
)
def test_payloads_that_jsonb_refuses_come_back_whole(payload) -> None:
    connection = make_connection()
    storing_once.store_page(connection.pk, Page([Item("1", payload)], None), fetched_at=NOW)
    (row,) = leases.take_pending(10)
    assert row.item == Item("1", payload, None)


@pytest.mark.parametrize("depth", [150, 400, 1_500, 30_000])
def test_payloads_of_any_depth_are_stored_whole_and_seen_again(depth) -> None:
    payload: object = "Acme"
    for n in range(depth):
        payload = [payload, n] if n % 2 else {"children": payload, "n": n}
    connection = make_connection()
    page = Page([Item("1", {"text": payload})], None)
    assert len(storing_once.store_page(connection.pk, page, fetched_at=NOW)) == 1
    settle_all()
    assert storing_once.store_page(connection.pk, page, fetched_at=NOW + timedelta(minutes=1)) == []
    (row,) = InboundItem.objects.filter(external_id="1")
    assert str(depth - 1) in str(row.payload)


def test_raw_bytes_and_ids_of_any_kind_are_kept() -> None:
    connection = make_connection(platform="maillike")
    raw = bytes(range(256))
    ids = ["x" * 900, "x" * 899 + "y", "a\x00b", "ab"]
    page = Page([Item(external_id, {"text": "t"}, raw) for external_id in ids], None)
    assert len(storing_once.store_page(connection.pk, page, fetched_at=NOW)) == 4
    assert {row.raw for row in leases.take_pending(10)} == {raw}
    assert storing_once.store_page(connection.pk, page, fetched_at=NOW) == []


def test_cursor_moves_only_under_the_current_lease() -> None:
    mine, other = uuid4(), uuid4()
    connection = make_connection(lease_token=other, cursor={"since": 5})
    page = page_of(("1", "a"), cursor={"since": 9})
    assert len(storing_once.store_page(connection.pk, page, fetched_at=NOW, lease_token=mine)) == 1
    storing_once.store_page(connection.pk, page, fetched_at=NOW)
    connection.refresh_from_db()
    assert connection.cursor == {"since": 5}
    storing_once.store_page(connection.pk, page, fetched_at=NOW, lease_token=other)
    connection.refresh_from_db()
    assert connection.cursor == {"since": 9}


def test_a_cursor_that_goes_back_to_where_it_was_is_written(django_assert_num_queries) -> None:
    connection = make_connection(cursor=1)
    source = source_of(connection.pk)
    for cursor in (2, 1):
        storing_once.store_page(connection.pk, page_of(cursor=cursor), fetched_at=NOW, source=source)
    connection.refresh_from_db()
    assert connection.cursor == 1
    with django_assert_num_queries(0):
        storing_once.store_page(connection.pk, page_of(cursor=1), fetched_at=NOW, source=source)


def test_a_refetched_thread_leaves_the_cursor_alone() -> None:
    connection = make_connection(cursor={"since": 5})
    storing_once.store_page(
        connection.pk, page_of(("1", "a"), cursor={"since": 9}), fetched_at=NOW, role=storing_once.THREAD
    )
    connection.refresh_from_db()
    assert connection.cursor == {"since": 5}
    assert connection.last_item_at is None


def test_a_crash_after_the_items_leaves_neither_items_nor_cursor(monkeypatch) -> None:
    connection = make_connection()

    def die(*args: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(storing_once, "_advance", die)
    with pytest.raises(KeyboardInterrupt), transaction.atomic():
        storing_once.store_page(connection.pk, page_of(("1", "a"), cursor=1), fetched_at=NOW)
    assert InboundItem.objects.count() == 0


def test_finish_and_replay_move_items_on(django_capture_on_commit_callbacks) -> None:
    connection = make_connection()
    a, b, c = store(connection, ("1", "a"), ("2", "b"), ("3", "c"))
    settling.finish(stored=[a], ignored=[b], failed={c: "no\x00text"}, now=NOW)
    assert dict(InboundItem.objects.values_list("pk", "state")) == {a: "stored", b: "ignored", c: "failed"}
    assert InboundItem.objects.get(pk=c).error == "no text"
    assert leases.replay([a, b, c]) == 1
    assert [row.id for row in leases.take_pending(10)] == [c]


def test_take_pending_is_oldest_first_and_can_be_for_one_connection() -> None:
    one, two = make_connection(), make_connection()
    first, second = store(two, ("1", "a")), store(one, ("2", "b"))
    for limit, connection_id, expected in ((10, None, first + second), (10, one.pk, second), (1, None, first)):
        rows = leases.take_pending(limit, connection_id)
        assert [row.id for row in rows] == expected
        leases.give_back(rows, counted=False)


@pytest.mark.django_db(transaction=True)
def test_eight_pollers_with_the_same_pages_store_each_item_once() -> None:
    connection = make_connection()
    posts = [(f"{n:03}", f"text {n}") for n in range(60)]
    gate, stored, errors = threading.Barrier(8), [], []

    def poll(number: int) -> None:
        try:
            mine = posts[number * 5 :] + posts[: number * 5]
            gate.wait()
            for start in range(0, 60, 20):
                stored.extend(store(connection, *reversed(mine[start : start + 20])))
        except BaseException as error:
            errors.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=poll, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert InboundItem.objects.count() == 60
    assert sorted(stored) == sorted(InboundItem.objects.values_list("pk", flat=True))
    assert set(InboundItem.objects.values_list("revision", flat=True)) == {1}


@pytest.mark.django_db(transaction=True)
def test_two_ingesters_never_take_the_same_item() -> None:
    connection = make_connection()
    ids = store(connection, *[(str(n), "a") for n in range(10)])
    taken = []

    def take() -> None:
        with transaction.atomic():
            taken.extend(row.id for row in leases.take_pending(10))
        connections.close_all()

    with transaction.atomic():
        mine = [row.id for row in leases.take_pending(4)]
        thread = threading.Thread(target=take)  # while the rows are locked
        thread.start()
        thread.join()
    take()  # while they are leased
    assert sorted(mine + taken) == sorted(ids)
    assert mine == sorted(ids)[:4]


def test_a_mail_that_could_not_be_fetched_is_taken_when_it_comes_and_never_the_other_way_round() -> None:
    connection = make_connection(platform="maillike")
    payload = {"id": "1", "text": "a"}
    placeholder = Page([Item("1", {**payload, "error": "the connection breaks"})], None)
    mail, other = Page([Item("1", payload, b"mail")], None), Page([Item("1", payload, b"another")], None)
    (item_id,) = storing_once.store_page(connection.pk, placeholder, fetched_at=NOW)
    settling.finish(failed={item_id: "the connection breaks"}, now=NOW)
    assert storing_once.store_page(connection.pk, placeholder, fetched_at=NOW + timedelta(minutes=1)) == []
    # A delayed poller brings it: a mail never changes, whenever it was requested.
    assert storing_once.store_page(connection.pk, mail, fetched_at=NOW - timedelta(minutes=1)) == [item_id]
    item = InboundItem.objects.get()
    assert (bytes(item.raw), item.payload, item.state, item.error) == (b"mail", payload, State.PENDING, "")
    assert item.revision == 2
    for state in (State.PENDING, State.STORED, State.FAILED):
        InboundItem.objects.update(state=state)
        for page in (placeholder, other):
            assert storing_once.store_page(connection.pk, page, fetched_at=NOW + timedelta(minutes=2)) == []
    assert bytes(InboundItem.objects.get().raw) == b"mail"


def test_a_placeholder_that_still_waits_gives_way_too() -> None:
    connection = make_connection(platform="maillike")
    storing_once.store_page(connection.pk, Page([Item("1", {"id": "1", "text": "a"})], None), fetched_at=NOW)
    (pk,) = storing_once.store_page(
        connection.pk, Page([Item("1", {"id": "1", "text": "a"}, b"mail")], None), fetched_at=NOW
    )
    with transaction.atomic():
        (row,) = leases.take_pending(10)
    assert (row.id, row.raw) == (pk, b"mail")
