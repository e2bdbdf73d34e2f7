"""A whole desk in this process, with the real adapters, against a real sandbox: the stage of the scenarios.

Time: everything outside happens now; the desk's own `now` is ahead by the time a test has skipped with `wait`.
"""

from __future__ import annotations

import time
import uuid
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import override_settings
from django.utils import timezone

from advocacy.demo import preset, team
from advocacy.demo.logins import LOGINS
from advocacy.tests.kept_rows import KeptRows, fingerprints, may_put_back
from channels.models import Connection, Followed, InboundItem
from channels.outbox import outbox
from channels.polling import polling, rereading
from experts.community import answers as community_answers
from experts.community import sharing, taking
from experts.listening import threads
from experts.models import Outreach
from experts.outreach import answers, outreach, reminders, sent_drafts, talking
from mentions.clocks import clocks, covered
from mentions.clocks.clocks import compute
from mentions.clocks.first_reply import TimedMessage
from mentions.ingest.batch import ingest_pending
from mentions.models import Message, Reply, Sighting, ThreadPost, Ticket
from mentions.queue import claims
from mentions.replies import deliveries, dispatch_replies, replies
from mentions.tickets import lifecycle
from mentions.trackers import opening
from sandbox import launch, world
from sandbox.launch import Running

UNDO = timedelta(seconds=11)
PASSWORD = "password"
FAST_HASHER = ["django.contrib.auth.hashers.MD5PasswordHasher"]
CLOCKS = ("posted_at", "queued_at", "last_message_at", "first_reply_at", "first_reply_message_id", "due_at")

COMPANIES: dict[str, KeptRows] = {}
"""The address of an outside → the rows of the company before it."""


@pytest.fixture(scope="module")
def outside(tmp_path_factory):
    """The sandbox, quiet: nothing happens in it except through the test."""
    with launch.start(tmp_path_factory.mktemp("outside")) as running:
        yield running
    COMPANIES.pop(running.http_url, None)


@pytest.fixture
def desk(outside, db):
    """The demo's company on an empty database, connected to the outside."""
    outside.control("quotas/renew")  # a module makes more requests than a desk would
    with settings_for(outside):
        found(outside)
        yield Desk(outside)
    outside.control("faults/clear")


def found(outside: Running) -> None:
    """The first desk on a sandbox is created as in the demo; the others get the same rows."""
    now, kept = timezone.now(), COMPANIES.get(outside.http_url)
    if kept is not None and kept.fit():
        kept.put_back(now)
    elif may_put_back():
        before = fingerprints()
        load(outside, now)
        COMPANIES[outside.http_url] = KeptRows.since(before, now)
    else:
        load(outside, now)


@contextmanager
def connected(outside: Running):
    """Settings, team and connections of the demo."""
    with settings_for(outside):
        load(outside, timezone.now())
        yield


@contextmanager
def settings_for(outside: Running):
    """The demo's settings."""
    ports = (outside.http_port, outside.imap_port, outside.smtp_port)
    allowed = [f"127.0.0.1:{port}" for port in ports]
    slack = {"SLACK_API_BASE": f"{outside.http_url}/slack/api/", "SLACK_TOKEN": world.SLACK_TOKEN}
    slack["SLACK_SIGNING_SECRET"] = world.SLACK_SIGNING_SECRET
    with override_settings(ALLOWED_PRIVATE_HOSTS=allowed, PASSWORD_HASHERS=FAST_HASHER, **slack):
        yield


def load(outside: Running, now: datetime) -> None:
    """Team and connections of the demo."""
    team.load({login.username: PASSWORD for login in LOGINS})
    access = outside.access()
    preset.load(access, now=now)
    team.connect(access)
    team.speak_for_themselves(access, now)


class Desk:
    def __init__(self, outside: Running) -> None:
        self.outside = outside
        self.passed = timedelta()

    # --- time ---------------------------------------------------------------------------------------------------

    def now(self) -> datetime:
        return timezone.now() + self.passed

    def wait(self, **span: float) -> None:
        """Time passes for the desk, not outside."""
        self.passed += timedelta(**span)

    @staticmethod
    def next_second() -> None:
        """Waits until platforms that count whole seconds (mail, Hacker News) reach the next one."""
        time.sleep(1.02 - time.time() % 1)

    # --- workers ------------------------------------------------------------------------------------------------

    def poll(self, platform: str, *, fails: bool = False) -> int:
        """Poll every connection of a platform to its end and ingest; how many items were new or changed."""
        items = 0
        for pk in (
            Connection.objects.filter(platform=platform, is_active=True).order_by("pk").values_list("pk", flat=True)
        ):
            more = True
            while more:
                polled = polling.poll(pk, self.now())
                assert polled.leased
                assert fails or not polled.error, polled
                items, more = items + polled.items, polled.more
        self.ingest()
        return items

    def ingest(self) -> None:
        while ingest_pending(100, now=lambda mention, fetched_at: self.now()).taken:
            pass
        failed = InboundItem.objects.filter(state=InboundItem.State.FAILED)
        assert not failed.exists(), list(failed.values("external_id", "error"))
        deliveries.apply_changed(self.now())
        lifecycle.settle_seen(self.now())
        answers.sweep(self.now())
        community_answers.sweep(self.now())

    def read_threads(self) -> int:
        """Read every followed thread once, as if due, and ingest; how many items changed."""
        before = dict(InboundItem.objects.values_list("pk", "revision"))
        Followed.objects.update(next_at=self.now())
        while rereading.refetch_due(self.now()):
            pass
        problems = Followed.objects.exclude(last_error="").values_list("thread_id", "last_error")
        assert not problems, list(problems)
        self.ingest()
        after = dict(InboundItem.objects.values_list("pk", "revision"))
        return sum(before.get(pk) != revision for pk, revision in after.items())

    def send(self) -> None:
        """The undo window passes; due items are sent."""
        self.passed += UNDO
        dispatch_replies.hand_over_due(self.now())
        self.send_due()

    def send_due(self) -> None:
        while outbox.send_due(self.now()):
            pass
        self.settle()

    def listen(self) -> None:
        """Read the Slack threads of running requests, run the timed transitions, and send the results."""
        Outreach.objects.update(thread_due_at=self.now())
        threads.read_due(self.now())
        reminders.run(self.now())
        sent_drafts.settle(self.now())
        talking.tell_news(None, self.now())
        taking.tidy(self.now())
        self.send_due()

    def recover(self, **span: float) -> None:
        self.wait(**span)
        outbox.recover(self.now())
        self.send_due()

    def settle(self) -> None:
        """Does the work of the nudges after a delivery."""
        deliveries.apply_changed(self.now())
        for outbound_id in outreach.unsettled():
            outreach.apply_delivery(outbound_id, self.now())
        for outbound_id in sharing.unsettled():
            sharing.apply_delivery(outbound_id, self.now())
        for outbound_id in opening.unsettled():
            opening.apply_delivery(outbound_id, self.now())

    # --- advocates ----------------------------------------------------------------------------------------------

    def user(self, name: str = "sam") -> User:
        return User.objects.get(username=name)

    def write(self, ticket: Ticket, text: str, *, by: str = "sam", channel: Any = None, after: str = "solved") -> Reply:
        """A scheduled reply."""
        now, user = self.now(), self.user(by)
        token = claims.claim(user, ticket.pk, now).claim_token
        return replies.submit(
            ticket.pk,
            user,
            token,
            key=uuid.uuid4(),
            text=text,
            channel_id=(channel or ticket.channel).pk,
            guard_message_id=max(ticket.messages.values_list("pk", flat=True)),
            status_after=after,
            now=now,
        )

    def reply(self, ticket: Ticket, text: str, **how: Any) -> Reply:
        """A reply that was sent or failed."""
        reply = self.write(ticket, text, **how)
        self.send()
        reply.refresh_from_db()
        return reply

    # --- state --------------------------------------------------------------------------------------------------

    def message(self, external_id: str) -> Message:
        return Message.objects.select_related("ticket", "channel", "author").get(external_id=str(external_id))

    def has(self, external_id: str) -> bool:
        return Message.objects.filter(external_id=str(external_id)).exists()

    def is_context(self, external_id: str) -> bool:
        return ThreadPost.objects.filter(external_id=str(external_id)).exists()

    def ticket(self, external_id: str) -> Ticket:
        ticket = self.message(external_id).ticket
        assert ticket is not None, f"{external_id} has no ticket"
        return Ticket.objects.select_related("channel", "requester").get(pk=ticket.pk)

    def seen_by(self, external_id: str) -> set[str]:
        return set(Sighting.objects.filter(message__external_id=external_id).values_list("channel__slug", flat=True))

    def truth(self, platform: str, kind: str, external_id: str) -> dict[str, Any] | None:
        entries = self.outside.truth(platform, search=True)[kind]
        return next((e for e in entries if external_id in (e.get("id"), e.get("message_id"), *e.get("ids", ()))), None)

    def posted(self, platform: str, words: str) -> list[dict[str, Any]]:
        """The desk's posts there that contain this text."""
        return [entry for entry in self.outside.truth(platform)["desk"] if words in entry["text"]]


def kinds(ticket: Ticket) -> list[str]:
    return list(ticket.events.order_by("id").values_list("kind", flat=True))


def clocks_of(ticket: Ticket) -> clocks.Clocks:
    """The clocks, recomputed in plain Python from the stored messages."""
    fields = ("id", "direction", "posted_at", "is_auto", "is_deleted", "is_bounced")
    return compute(
        [TimedMessage(*row) for row in ticket.messages.values_list(*fields)],
        posted_at=ticket.posted_at,
        channel_minutes=ticket.channel.target_minutes,
        priority=ticket.priority,
        no_reply_reason=ticket.no_reply_reason,
        skips_weekends=ticket.channel.skips_weekends,
        coverage=covered.load(ticket.channel.team_id or covered.DESK) if ticket.channel.counts_coverage else None,
    )


def wrong_clocks(tickets: Any) -> list[str]:
    """Stored clocks that differ from their recomputation."""
    wrong = []
    for ticket in tickets.filter(merged_into=None).select_related("channel"):
        right = clocks_of(ticket)
        wrong += [
            f"#{ticket.pk} {name}: {getattr(ticket, name)}, should be {getattr(right, name)}"
            for name in CLOCKS
            if getattr(ticket, name) != getattr(right, name)
        ]
    return wrong


def misplaced(tickets: Any) -> list[str]:
    """Tickets in the queue that wait for nothing, and tickets that wait for an answer outside the queue."""
    wrong = []
    for ticket in tickets.prefetch_related("messages", "replies"):
        live = [m for m in ticket.messages.all() if not m.is_auto and not m.is_deleted]
        asked = max((m.posted_at for m in live if m.direction == "in"), default=None)
        answered = max((m.posted_at for m in live if m.direction == "team"), default=None)
        is_waiting = asked is not None and (answered is None or asked > answered)
        is_back = any(reply.state in ("failed", "blocked") for reply in ticket.replies.all())
        if ticket.is_queued and not is_waiting and asked is not None and not is_back:
            wrong.append(f"#{ticket.pk} is {ticket.status} and answered: {ticket.subject}")
        if is_waiting and not ticket.is_queued and not ticket.waiting_on and not ticket.no_reply_reason:
            wrong.append(f"#{ticket.pk} is {ticket.status} and waits: {ticket.subject}")
    return wrong
