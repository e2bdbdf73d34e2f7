"""A dump taken inside an undo window, restored after the desk has continued: nothing is sent twice. With the real
pg_dump."""

import subprocess

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connection, connections
from django.urls import reverse

from advocacy.embedded import binaries
from advocacy.monitoring import heartbeats
from advocacy.tests.scenario import desk, outside  # noqa: F401
from channels.models import Installation, OutboundItem
from channels.outbox import held_back, hold_sending, outbox
from mentions.models import Reply, Ticket
from mentions.replies import dispatch_replies, replies

pytestmark = pytest.mark.django_db(transaction=True)
State = OutboundItem.State


class Dump:
    """A dump of the test's own database, restored over it: every table is dropped and recreated."""

    def __init__(self, folder):
        self.file = folder / "desk.dump"
        self.url = connection.settings_dict

    def take(self):
        self._run("pg_dump", "--format=custom", "--no-owner", f"--file={self.file}")

    def restore(self):
        connections.close_all()
        self._run("pg_restore", "--clean", "--if-exists", "--no-owner", "--single-transaction", str(self.file))

    def _run(self, program, *options):
        at = connection.settings_dict
        address = ["--dbname", at["NAME"]] if program == "pg_restore" else [at["NAME"]]
        server = ["--host", at["OPTIONS"].get("host") or at["HOST"], "--username", at["USER"]]
        command = [binaries.postgres_bin(binaries.other_user()) / program, *options, *server, *address]
        subprocess.run([str(part) for part in command], check=True, capture_output=True, timeout=120)


@pytest.fixture
def dump(tmp_path):
    return Dump(tmp_path)


@pytest.fixture
def mention(desk):  # noqa: F811
    """platform → a ticket of a mention there."""

    def make(platform, text="How do I export my data? acme"):
        said = desk.outside.post(platform, text=text)
        desk.poll(platform)
        return desk.ticket(said["id"])

    return make


def work(desk):  # noqa: F811
    """The workers' periodic tasks, long after every undo window."""
    for _ in range(4):
        desk.wait(minutes=10)
        dispatch_replies.hand_over_due(desk.now())
        outbox.recover(desk.now())
        desk.send_due()


def test_a_reply_that_was_sent_after_the_dump_is_not_sent_again(desk, dump, mention):  # noqa: F811
    assert hold_sending.why_held_back() == ""
    reply = desk.write(mention("twitter"), "You find it under Settings.")
    dump.take()
    desk.send()
    assert len(desk.posted("twitter", "You find it under Settings.")) == 1

    dump.restore()
    assert hold_sending.why_held_back() == hold_sending.COPY
    work(desk)
    assert Reply.objects.get(key=reply.key).state == Reply.State.SCHEDULED, "a copy sends nothing"

    call_command("after_restore")
    assert hold_sending.why_held_back() == ""
    work(desk)
    assert len(desk.posted("twitter", "You find it under Settings.")) == 1
    settled = Reply.objects.get(key=reply.key)
    assert settled.state == Reply.State.SENT, "it was found on the platform"
    assert settled.message is not None
    assert not held_back.items().exists()


def test_a_reply_that_was_never_sent_leaves_when_a_person_says_so(desk, dump, mention):  # noqa: F811
    reply = desk.write(mention("mastodon"), "It is under Account.")
    dump.take()
    replies.undo(reply.pk, desk.user(), desk.now())

    dump.restore()
    call_command("after_restore")
    work(desk)
    item = OutboundItem.objects.get(key=reply.key)
    assert (item.state, item.held_at is not None) == (State.QUEUED, True)
    assert "looked for" in item.error
    assert desk.posted("mastodon", "It is under Account.") == []

    assert held_back.send(held_back.items(), desk.now()) == 1
    work(desk)
    assert len(desk.posted("mastodon", "It is under Account.")) == 1


def test_what_nobody_can_prove_waits_for_a_decision_and_discarding_gives_the_text_back(desk, dump, mention):  # noqa: F811
    ticket = mention("email", "Please help me with my invoice.")
    reply = desk.write(ticket, "Your invoice is attached.", after="solved")
    dump.take()
    desk.send()

    dump.restore()
    call_command("after_restore")
    work(desk)
    item = OutboundItem.objects.get(key=reply.key)
    assert item.state == State.UNCERTAIN
    assert held_back.discard(held_back.items()) == 1
    desk.settle()
    assert Reply.objects.get(key=reply.key).state == Reply.State.FAILED
    assert Ticket.objects.get(pk=ticket.pk).status == Ticket.Status.OPEN
    assert ticket.drafts.get().text == "Your invoice is attached."
    work(desk)
    assert len(desk.posted("email", "Your invoice is attached.")) == 1


def test_the_page_lists_what_rests_and_settles_it(desk, dump, mention, client):  # noqa: F811
    first, second = mention("twitter", "one acme"), mention("mastodon", "two acme")
    desk.write(first, "Answer one.")
    desk.write(second, "Answer two.", by="maria")
    dump.take()
    desk.send()
    dump.restore()
    call_command("after_restore")

    client.force_login(desk.user("admin"))
    page = client.get(reverse("mentions:held")).content.decode()
    assert "Answer one." in page
    assert page.count("Being looked up") == 2
    client.post(reverse("mentions:settle_all", args=["send"]))
    assert held_back.items().count() == 2, "nothing is sent while it is being looked for"
    work(desk)
    page = client.get(reverse("mentions:held")).content.decode()
    assert "Nothing is held back" in page
    assert page.count("View on the platform") == 2
    client.force_login(desk.user("sam"))
    assert client.get(reverse("mentions:held")).status_code == 403
    assert client.post(reverse("mentions:settle_all", args=["discard"])).status_code == 403


def test_after_restore_while_a_worker_runs_is_refused(desk, monkeypatch):  # noqa: F811
    monkeypatch.setattr(heartbeats, "_seen", lambda name: f"test:seen:{name}")
    heartbeats.mark([heartbeats.queue_part("desk")])
    with pytest.raises(CommandError, match="Stop the workers"):
        call_command("after_restore")
    assert not Installation.objects.filter(restored_at__isnull=False).exists()
    call_command("after_restore", while_running=True)
    assert Installation.objects.filter(restored_at__isnull=False).exists()


def test_nothing_leaves_while_sending_is_held(desk, mention, settings, client):  # noqa: F811
    reply = desk.write(mention("twitter"), "This waits.")
    settings.HOLD_SENDING = True
    work(desk)
    assert desk.posted("twitter", "This waits.") == []
    client.force_login(desk.user("sam"))
    assert "Sending is on hold" in client.get(reverse("mentions:queue")).content.decode()
    replies.undo(reply.pk, desk.user(), desk.now())
    settings.HOLD_SENDING = False
    work(desk)
    assert desk.posted("twitter", "This waits.") == []
    assert "Sending is on hold" not in client.get(reverse("mentions:queue")).content.decode()
