"""A process counts as gone only if that is certain: never while it runs, never if it ran on another machine."""

import os
import signal
import subprocess
import sys

import pytest

from channels import processes
from channels.models import OutboundItem
from channels.outbox import outbox, recovery, states
from channels.tests.factories import NOW, make_connection, make_reply
from channels.tests.fakes import FakeAdapter

NAME = "import sys; from channels import processes; print(processes.this_one(), flush=True); sys.stdin.read()"


@pytest.fixture
def child():
    pipe = subprocess.PIPE
    with subprocess.Popen([sys.executable, "-c", NAME], stdin=pipe, stdout=pipe, text=True) as started:
        yield started, started.stdout.readline().strip()
        started.kill()


def test_this_process_is_here():
    assert processes.this_one()
    assert not processes.is_gone(processes.this_one())


@pytest.mark.parametrize("is_reaped", [True, False], ids=["reaped", "zombie"])
def test_a_killed_process_is_gone(child, is_reaped):
    started, name = child
    assert not processes.is_gone(name)
    started.send_signal(signal.SIGKILL)
    if is_reaped:
        started.wait()
    else:
        os.waitid(os.P_PID, started.pid, os.WEXITED | os.WNOWAIT)
    assert processes.is_gone(name)


def test_a_number_that_was_given_to_another_process_is_not_taken_for_the_old_one():
    place, number, started = processes.this_one().rsplit("/", 2)
    assert processes.is_gone(f"{place}/{number}/{int(started) - 1}")


@pytest.mark.parametrize("unknown", ["", "x", "a/b/c", "another-boot/pid:[1]/1/5", "//", "/".join("abcdef")])
def test_of_what_cannot_be_seen_nothing_is_known(unknown):
    assert not processes.is_gone(unknown)


def test_of_another_machine_nothing_is_known(child):
    started, name = child
    started.kill()
    started.wait()
    boot, rest = name.split("/", 1)
    assert not processes.is_gone(f"{boot[::-1]}/{rest}")


@pytest.mark.django_db
def test_what_a_dead_process_was_sending_is_looked_for_before_its_lease_ends(fake: FakeAdapter, child, monkeypatch):
    started, name = child
    item = make_reply(make_connection())
    monkeypatch.setattr(states.processes, "this_one", lambda: name)
    assert states.begin_attempt(NOW, lambda _item: 60.0) is not None
    assert recovery.recover(NOW) == 0, "it is being sent"
    started.kill()
    started.wait()
    assert recovery.recover(NOW) > 0
    item.refresh_from_db()
    assert item.state == OutboundItem.State.UNCERTAIN
    assert outbox.send_due(NOW) == 0, "nothing is sent again before it is proved absent"
