"""Every schedule that iterates over rows skips a failing row, logs it, and handles the others."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.conf import settings as django_settings

from advocacy.celery import app
from advocacy.configuration.table import SETTINGS
from advocacy.runtime.beat import SCHEDULE
from channels import sweeps
from channels.clocks import desk_now
from channels.contract import Capability
from channels.models import OutboundItem
from channels.outbox import outbox, recovery, sending, states
from channels.registry.finding_adapters import all_adapters
from channels.slack import api
from experts.directory import post_authors
from experts.listening import threads
from experts.recognising import bystanders
from experts.tests.factories import OutreachFactory
from mentions.models import Reply, ThreadPost, Ticket
from mentions.replies import deliveries, dispatch_replies
from mentions.tests.factories import NOON, MessageFactory
from mentions.tests.interleaved_worlds import LONG_AFTER, a_reply
from mentions.tests.platforms import Wire
from mentions.tickets import parking

pytestmark = pytest.mark.django_db


@pytest.fixture
def wire(monkeypatch):
    """The tests' own platform, besides the real ones."""
    from channels.registry import finding_adapters

    mine = Wire()
    everything = {**finding_adapters.all_adapters(), mine.platform: mine}
    finding_adapters.all_adapters.cache_clear()
    monkeypatch.setattr(finding_adapters, "scan", lambda: everything)
    yield mine
    finding_adapters.all_adapters.cache_clear()


def three_replies(wire):
    return [a_reply(wire).reply for _ in range(3)]


def breaking(monkeypatch, module, name, bad):
    """The row function raises for `bad` and works for the others."""
    real = getattr(module, name)

    def once(row, *args):
        if getattr(row, "pk", row) == bad:
            raise RuntimeError("this row is bad")
        return real(row, *args)

    monkeypatch.setattr(module, name, once)


def test_hand_over_leaves_out_one(wire, monkeypatch, caplog):
    bad, *good = three_replies(wire)
    breaking(monkeypatch, dispatch_replies, "hand_over", bad.pk)
    assert dispatch_replies.hand_over_due(desk_now() + LONG_AFTER) == 2
    assert set(Reply.objects.filter(state="queued")) == set(good)
    assert "left out" in caplog.text


def test_deliveries_leave_out_one(wire, monkeypatch, caplog):
    bad, *good = three_replies(wire)
    dispatch_replies.hand_over_due(desk_now() + LONG_AFTER)
    OutboundItem.objects.update(state="uncertain")
    bad.refresh_from_db()
    breaking(monkeypatch, deliveries, "apply", bad.outbound_id)
    deliveries.apply_changed(desk_now())
    assert set(Reply.objects.filter(state="uncertain")) == set(good)
    assert "left out" in caplog.text


def test_parked_leave_out_one(wire, monkeypatch, caplog):
    bad, *_good = [reply.ticket for reply in three_replies(wire)]
    now = desk_now()
    Ticket.objects.update(status="open", waiting_on="monitor", wake_at=now, claimed_by=None)
    breaking(monkeypatch, parking, "_wake_by_time", bad.pk)
    assert parking.wake_due(now + timedelta(minutes=1)) == Ticket.objects.count() - 1
    assert Ticket.objects.get(waiting_on="monitor") == bad
    assert "left out" in caplog.text


def test_lost_workers_leave_out_one(wire, monkeypatch, caplog):
    bad, *_good = three_replies(wire)
    dispatch_replies.hand_over_due(desk_now() + LONG_AFTER)
    now = desk_now() + LONG_AFTER
    while states.begin_attempt(now, lambda item: 1) is not None:
        pass
    bad.refresh_from_db()
    breaking(monkeypatch, recovery, "_give_up", bad.outbound_id)
    outbox.recover(now + timedelta(minutes=5))
    assert list(OutboundItem.objects.filter(state="sending").values_list("pk", flat=True)) == [bad.outbound_id]
    assert "left out" in caplog.text


def two_requests():
    """Questions about two tickets, in Slack threads that are due."""
    due = {"slack_room": "C1", "slack_url": "https://acme.slack.com/x", "thread_due_at": NOON}
    messages = [MessageFactory(namespace="forum", thread_id=f"t{n}", text="How?") for n in range(2)]
    return [OutreachFactory(ticket=m.ticket, slack_ts=f"{n}.1", **due) for n, m in enumerate(messages, start=1)]


def test_slack_threads_leave_out_one(monkeypatch, caplog):
    bad, good = two_requests()
    said = {"1.1": "draft: hello", "2.1": "half an emoji: \ud83d"}
    monkeypatch.setattr(threads.api, "thread", lambda room, ts: [{"ts": "3.1", "user": "U1", "text": said[ts]}])
    breaking(monkeypatch, threads, "take_in", bad.pk)
    assert threads.read_due(desk_now()) == 1
    assert [reply.text[:14] for reply in good.thread.all()] == ["half an emoji:"]
    assert "left out" in caplog.text
    assert threads.read_due(desk_now()) == 0, "it waits, so that others have their turn"


def test_posts_around_requests_leave_out_one(monkeypatch, caplog):
    for outreach in two_requests():
        thread = outreach.ticket.messages.get().thread_id
        ThreadPost.objects.create(
            namespace="forum", external_id=f"post-{thread}", thread_id=thread, author_name=outreach.expert.person.name,
            text="Like this.", posted_at=NOON, digest=b"0" * 16, version_at=NOON,
        )  # fmt: skip
    taken, real = [], bystanders.message_of

    def message_of(post, *args):
        taken.append(post.external_id)
        if post.external_id == "post-t0":
            raise RuntimeError("this row is bad")
        return real(post, *args)

    monkeypatch.setattr(bystanders, "message_of", message_of)
    bystanders.take_in(desk_now())
    assert taken == ["post-t0", "post-t1"]
    assert "left out" in caplog.text


def test_authors_of_posts_leave_out_one_and_give_it_up_after_some_tries(caplog):
    now, asked = desk_now(), []
    for n in range(2):
        MessageFactory(url=f"https://blog.example/{n}", page_url=f"blog.example/{n}", posted_at=now)

    def read(url):
        asked.append(url)
        if url.endswith("/0"):
            raise RuntimeError("this page is bad")
        return "Ada"

    for hours in range(6):
        post_authors.read_new(now + timedelta(hours=2 * hours), read)
    assert sorted(asked) == ["https://blog.example/0"] * post_authors.MAX_TRIES + ["https://blog.example/1"]
    assert "left out" in caplog.text


def test_database_that_is_away_ends_a_sweep_at_once(monkeypatch):
    class Away:
        def is_usable(self):
            return False

    monkeypatch.setattr(sweeps, "connection", Away())

    def fails(row):
        raise RuntimeError(row)

    with pytest.raises(RuntimeError, match="1"):
        sweeps.each("test", [1, 2], fails)


BY_ROW = {
    *("mentions.hand_over_due", "mentions.apply_deliveries", "mentions.wake_parked", "mentions.check_lost_personal"),
    *("channels.recover_outbox", "channels.ask_expiry", "experts.sweep", "mentions.post_notices"),
    *("mentions.sweep_notices",),
}
"""Go through `sweeps.each`."""


def test_each_schedule_by_row_goes_through_the_one_that_isolates(monkeypatch):
    """Checks the functions called by the tasks: each one's module uses `sweeps`."""
    import inspect

    from channels.monitoring import expiry
    from experts import tasks as experts_tasks
    from mentions.notifications import notices
    from mentions.people import linked_accounts

    app.loader.import_default_modules()
    assert {entry["task"] for entry in SCHEDULE.values()} >= BY_ROW
    for module in (dispatch_replies, deliveries, parking, linked_accounts, recovery, expiry, experts_tasks, notices):
        assert "sweeps.each(" in inspect.getsource(module), module.__name__


@pytest.mark.parametrize("platform", [name for name, a in all_adapters().items() if a.can(Capability.SEND)])
def test_one_answer_before_a_post_may_take_as_long_as_the_settings_allow(platform):
    """The post itself begins in the first half of the time."""
    (row,) = [row for row in SETTINGS if row.name == "DESK_READ_TIMEOUT_SECONDS"]
    assert all_adapters()[platform].request_timeout_s / 2 >= row.kind.most


def test_run_of_the_outbox_ends_within_the_soft_limit_of_tasks():
    longest = max([api.REQUEST_TIMEOUT_S, *(a.request_timeout_s for a in all_adapters().values())])
    assert sending.MAX_RUN_S + longest + 30 <= django_settings.CELERY_TASK_SOFT_TIME_LIMIT
    assert recovery.MAX_RUN_S + recovery.MAX_LOOK_S + 30 <= django_settings.CELERY_TASK_SOFT_TIME_LIMIT
