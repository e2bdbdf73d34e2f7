"""An item that kills its reader: the attempt is counted before reading, the item is tried twice and then gets its own
ticket. Other items aren't delayed."""

from __future__ import annotations

import os
import time
from datetime import timedelta
from pathlib import Path

import pytest
from django.db import OperationalError

from bench.data import payloads
from channels.contract import Page
from channels.inbox import leases, storing_once
from channels.models import InboundItem
from channels.parsing import pool, reader
from channels.registry.finding_adapters import adapter_for
from channels.tests.poisoning import WAYS, marker, poisoned
from mentions import tasks
from mentions.ingest import batch, storing
from mentions.ingest.batch import ingest_pending, retry_suspect, set_aside
from mentions.models import Event, Message, Ticket
from mentions.tests.factories import NOON, ChannelFactory, ConnectionFactory
from mentions.tests.platforms import arrive, said

pytestmark = pytest.mark.django_db


@pytest.fixture
def hackernews(db, settings):
    settings.PARSE_SECONDS = 1
    settings.PARSE_MEMORY_MB = 96
    made = ConnectionFactory(platform="hackernews", settings={"feed": "mentions", "phrases": ["Acme"]})
    ChannelFactory(connection=made, is_default=True)
    return made


@pytest.fixture(scope="module")
def poison():
    with poisoned():
        yield


def fetched(connection, how: dict[int, str], count: int = 6, *, minutes: float = 0) -> list[int]:
    """Real items of the platform; those in `how` carry the marker of what they do. Returns ids in order."""
    document = payloads.hackernews(count)
    for number, way in how.items():
        document["hits"][number]["extra"] = marker(way)
    adapter = adapter_for("hackernews")
    items = adapter.split(document, {})
    at = NOON + timedelta(minutes=minutes)
    return storing_once.store_page(connection.pk, Page(items, None), fetched_at=at)


def states() -> list[str]:
    return list(InboundItem.objects.order_by("pk").values_list("state", flat=True))


@pytest.mark.parametrize("how", WAYS)
def test_item_that_ends_its_parser_is_quarantined_and_the_others_go_on_at_once(hackernews, poison, how):
    ids = fetched(hackernews, {2: how})
    done = ingest_pending()
    assert (done.taken, done.failed, done.lost) == (6, 0, 1)
    if done.left:  # it took so long that the items read so far were stored first
        assert ingest_pending().stored == done.left
    assert states() == ["stored"] * 2 + ["pending"] + ["stored"] * 3
    item = InboundItem.objects.get(pk=ids[2])
    assert (item.attempts, item.lease_token) == (1, None)
    assert ingest_pending().taken == 0, "it is not tried again where others wait"
    done = retry_suspect()
    assert (done.taken, done.failed, done.lost) == (1, 1, 0)
    item.refresh_from_db()
    assert (item.state, item.attempts) == ("failed", 2)
    words = {"memory": "96 MB of memory", "kill": "SIGKILL", "crash": "SIGSEGV", "sleep": "did not finish within"}
    assert words.get(how, "more than 1 seconds of CPU time") in item.error
    ticket = Ticket.objects.get(messages__item_id=ids[2])
    assert ticket.subject.startswith("Could not be read")
    assert retry_suspect().taken == 0
    assert set_aside() == 0


def test_worker_that_dies_has_counted_the_attempt_and_the_second_death_is_the_last(forum, monkeypatch):
    """As after SIGKILL: none of the worker's clean-up runs."""
    arrive(forum, [said("1"), said("2")])
    monkeypatch.setattr(leases, "give_back", lambda *args, **how: None)
    monkeypatch.setattr(batch, "read", _die)
    with pytest.raises(KeyboardInterrupt):
        ingest_pending()
    assert set(InboundItem.objects.values_list("attempts", "state")) == {(1, "pending")}
    assert ingest_pending().taken == retry_suspect().taken == 0, "the lease still holds"
    lapse()
    assert ingest_pending().taken == 0, "each is tried alone now"
    with pytest.raises(KeyboardInterrupt):
        retry_suspect()
    monkeypatch.undo()
    assert retry_suspect().stored == 1, "the other one is read"
    assert set_aside() == 0, "the lease of the first still holds"
    lapse()
    assert retry_suspect().taken == 0
    assert set_aside() == 1
    failed = InboundItem.objects.get(state="failed")
    assert (failed.attempts, failed.error) == (2, leases.died_with_it())
    assert Ticket.objects.filter(messages__item_id=failed.pk, status="new").count() == 1


def _die(*args, **how):
    raise KeyboardInterrupt


def lapse() -> None:
    InboundItem.objects.filter(lease_until__isnull=False).update(lease_until=NOON - timedelta(days=9999))


def test_worker_that_is_told_to_stop_blames_no_item(forum, monkeypatch):
    arrive(forum, [said("1")])
    monkeypatch.setattr(batch, "read", _die)
    with pytest.raises(KeyboardInterrupt):
        ingest_pending()
    monkeypatch.undo()
    assert InboundItem.objects.get().attempts == 0
    assert ingest_pending().stored == 1


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("timeout", ["statement_timeout", "idle_in_transaction_session_timeout"])
def test_item_that_the_database_ends_the_session_for_is_not_tried_for_ever(forum, monkeypatch, timeout):
    """The session dies while one item is stored; the batch falls back to single items, and only that one
    fails."""
    from django.db import connection

    arrive(forum, [said(str(n)) for n in range(4)])
    real = storing.write

    def slow(batch):
        if any(message.row["external_id"] == "2" for message in batch.new_messages):
            with connection.cursor() as cursor:
                cursor.execute(f"SET LOCAL {timeout} = 50")
                if timeout == "statement_timeout":
                    cursor.execute("SELECT pg_sleep(5)")
                time.sleep(0.3)
                cursor.execute("SELECT 1")
        return real(batch)

    monkeypatch.setattr(storing, "write", slow)
    for _ in range(12):
        try:
            ingest_pending()
            retry_suspect()
        except OperationalError:
            pass
        set_aside()
    assert dict(InboundItem.objects.values_list("external_id", "state")) == {
        **dict.fromkeys("013", "stored"),
        "2": "failed",
    }
    failed = InboundItem.objects.get(state="failed")
    assert failed.attempts == 2
    assert failed.error.startswith("OperationalError: ")
    assert Ticket.objects.filter(messages__item_id=failed.pk).count() == 1
    assert Message.objects.filter(is_unreadable=False).count() == 3


def test_rules_and_queries_are_tried_within_the_budget(hackernews, poison):
    """A text that is harmless to parse may still kill whoever searches it, so searching runs in the same process."""
    channel = hackernews.channels.get()
    channel.query = '"acme"'
    channel.save()
    assert reader.is_apart(adapter_for("hackernews"))
    asked = []
    real = reader.read
    reader_read = lambda asks, budget: asked.extend(asks) or real(asks, budget)  # noqa: E731
    fetched(hackernews, {})
    pytest.MonkeyPatch().setattr(reader, "read", reader_read)
    try:
        assert ingest_pending().stored == 6
    finally:
        pytest.MonkeyPatch().setattr(reader, "read", real)
    assert {ask.queries for ask in asked} == {('"acme"',)}


def test_the_parser_has_neither_the_database_nor_a_key(hackernews):
    fetched(hackernews, {})
    ingest_pending()
    pid = pool.idle_pids()[0]
    environment = Path(f"/proc/{pid}/environ").read_bytes()
    for name in (b"DATABASE_URL", b"REDIS_URL", b"DESK_"):
        assert name not in environment
    opened = [os.readlink(f"/proc/{pid}/fd/{fd}") for fd in os.listdir(f"/proc/{pid}/fd")]
    assert len([name for name in opened if name.startswith("socket:")]) == 1, opened


def test_parsers_end_with_their_parent_even_when_it_is_killed(tmp_path):
    import signal
    import subprocess
    import sys

    script = (
        "import django; django.setup(); import time\n"
        "from channels.parsing import pool\n"
        "from channels.registry.finding_adapters import adapter_for\n"
        "parser = pool.fresh(96); print(parser.server.process.pid, parser.pid, flush=True); time.sleep(60)"
    )
    parent = subprocess.Popen(
        [sys.executable, "-c", script],
        stdout=subprocess.PIPE,
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "advocacy.settings"},
    )
    assert parent.stdout is not None
    with parent.stdout:
        pids = [int(pid) for pid in parent.stdout.readline().split()]
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    deadline = time.monotonic() + 20
    while any(map(_lives, pids)):
        assert time.monotonic() < deadline
        time.sleep(0.05)


def _lives(pid: int) -> bool:
    try:
        with open(f"/proc/{pid}/stat") as stat:
            return stat.read().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_lost_items_are_tried_again_by_a_task(hackernews, poison, monkeypatch):
    sent = []
    monkeypatch.setattr(tasks, "send_task", lambda name, *args: sent.append(name))
    fetched(hackernews, {0: "kill"})
    tasks.ingest(hackernews.pk)
    assert sent == [tasks.RETRY_TASK]
    assert tasks.retry_suspects() == 1
    assert InboundItem.objects.get(state="failed").attempts == 2


def test_a_new_version_that_comes_in_meanwhile_is_what_counts(forum, monkeypatch):
    """The older version's result, read while the newer one was stored, is dropped."""
    arrive(forum, [said("1", text="before")])
    real = batch.read

    def slowly(rows, budget):
        outcome = real(rows, budget)
        arrive(forum, [said("1", text="after")], minutes=90)
        return outcome

    monkeypatch.setattr(batch, "read", slowly)
    assert ingest_pending().stored == 0
    monkeypatch.undo()
    assert ingest_pending().stored == 1
    assert Message.objects.get().text == "after"
    assert not Event.objects.filter(kind="unreadable").exists()
