"""The desk keeps its promises under concurrency: each kind of sent item × each pair of actions on it (one of them
sends, undoes or deletes it), switched before every lock that the first action takes. Switches with the same effect
are tried once (`mentions.tests.commuting`); DESK_EVERY_SWITCH=1 tries all of them.

- *undone* is never posted, nothing is posted twice, and whatever is shown as sent was posted;
- *deleted* is deleted, or somebody is told that it failed;
- the ticket is whole: no claim is incomplete, a returned ticket is in the queue, no message is lost;
- nothing deadlocks, and nobody sees an error that wasn't written for them.
"""

from __future__ import annotations

from collections import Counter
from functools import partial

import pytest

from channels.models import OutboundItem
from channels.outbox import outbox
from mentions.models import DeliveryProblem, Message, Reply, Ticket
from mentions.queue import claims
from mentions.replies import posts, replies
from mentions.replies.sending_states import OVER, STAGE_OF, Stage
from mentions.tests.interleaved_worlds import KINDS, Made, settle_everything
from mentions.tests.interleaving import Job, Met, Pair
from mentions.tests.restored import Restored
from mentions.tickets.transitions import OutcomeRefused
from mentions.triage import merging

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("nobody_nudged")]

SAID_NO = (
    *(replies.TooLate, replies.ThreadMoved, replies.ReplyRefused, posts.PostRefused, OutcomeRefused),
    *(claims.ClaimLost, claims.AlreadyClaimed, claims.HoldsAnother, merging.MergeRefused, outbox.WrongState),
)
"""Refusals: their text is for the user, and nothing was done."""
UNDOES = ("undoes", "admin cancels", "undoes the outcome")
DELETES = ("deletes", "deletes too")


AROUND = ["merges away", "merges into it", "requester writes"]
JOBS: dict[str, tuple[list[str], list[str]]] = {
    "reply scheduled": (
        ["undoes", "hands over", "sends again"],
        ["claims in another tab", "autosaves", "notes", "undoes the import", "claims run out", *AROUND],
    ),
    "reply queued": (
        ["worker", "undoes", "admin cancels"],
        ["sweep", "own post is read", "claims in another tab", "undoes the import", *AROUND],
    ),
    "reply posted": (["deletes"], ["deletes too", "worker", "sweep", "own post is read", "undoes the import", *AROUND]),
    "deletion of a reply": (["worker"], ["deletes", "sweep", "own post is read", "undoes the import", *AROUND]),
    "like": (["likes again", "worker"], ["sweep", *AROUND]),
    "failed like": (["likes again"], ["another likes", "worker", "sweep", *AROUND]),
    "post": (["undoes", "worker", "deletes"], ["posts again", "another worker", "recovery", "sweep"]),
    "failed deletion of a post": (["deletes"], ["worker", "recovery", "sweep"]),
    "outcome": (
        ["undoes the outcome"],
        ["reopens", "claims in another tab", "autosaves", "notes", "undoes the import", "claims run out", *AROUND],
    ),
}
"""Kind → (actions that the promise is about, actions that interfere)."""
FIRSTS = [(kind, name) for kind, (own, others) in JOBS.items() for name in (*own, *others)]


def seconds(kind: str, first: str) -> list[str]:
    """The promise's own jobs run against all jobs, themselves included; the others run only against its own jobs."""
    own, others = JOBS[kind]
    return [*own, *others] if first in own else own


def test_every_job_of_the_worlds_meets_something(wire):
    made = {kind: set(make(wire).jobs) for kind, make in KINDS.items()}
    listed = {kind: {*own, *others} for kind, (own, others) in JOBS.items()}
    assert all(listed[kind] <= made[kind] for kind in KINDS)
    assert set.union(*made.values()) == set.union(*listed.values())


def _id(value: str) -> str:
    return value.replace(" ", "-")


@pytest.mark.parametrize(("kind", "first"), FIRSTS, ids=_id)
def test_promises_hold_wherever_two_are_switched(wire, caplog, kind, first):
    with Pair() as pair, Restored(KINDS[kind](wire), wire) as restored:
        for second in seconds(kind, first):
            for met in pair.every_different_switch(partial(_jobs, restored, first, second), restored.outside):
                _everything_holds(restored.world, met, first, second)
    assert "deadlock" not in caplog.text


def _jobs(restored: Restored[Made], first: str, second: str) -> tuple[Job, Job]:
    jobs = restored.again().jobs
    return jobs[first], jobs[second]


@pytest.mark.parametrize("kind", KINDS, ids=_id)
def test_places_that_are_passed_over_end_like_the_one_that_is_tried(wire, kind):
    """For the first pairs of each kind, until one in which places are passed over."""
    own, others = JOBS[kind]
    with Pair() as pair, Restored(KINDS[kind](wire), wire) as restored:
        assert any(_passed_over(pair, restored, first, others[-1]) for first in own)


def _passed_over(pair: Pair, restored: Restored[Made], first: str, second: str) -> int:
    count, left, expected = 0, 0, None
    for at in range(100):
        met = pair.meet(*_jobs(restored, first, second), at, restored.outside)
        if not met.stopped:
            return count
        settle_everything()
        seen = _end_of(restored, met)
        if left:
            assert seen == expected, f"{first} | {second}, stopped at {met.where}"
            count += 1
        expected, left = seen, left - 1 if left else met.alike
    raise AssertionError("a job without an end")


def _end_of(restored: Restored[Made], met: Met) -> list[object]:
    """Everything by which a person or a platform could tell two ends apart."""
    tables = (
        Ticket.objects.values_list("pk", "status", "claimed_by", "assignee", "merged_into", "waiting_on", "priority"),
        Message.objects.values_list("external_id", "ticket", "direction"),
        Reply.objects.values_list("key", "state"),
        OutboundItem.objects.values_list("key", "kind", "state"),
        DeliveryProblem.objects.filter(settled_at=None).values_list("kind", "user"),
    )
    results = [type(result).__name__ for result in (met.first, met.second)]
    return [results, restored.outside(), *(sorted(table, key=str) for table in tables)]


MOST_PLACES = 3
"""Per job, where both jobs stop: two switches are tried at nine pairs of places."""


@pytest.mark.parametrize(("kind", "first"), [(k, f) for k, f in FIRSTS if f in JOBS[k][0]], ids=_id)
def test_promises_hold_where_both_stop_halfway(wire, caplog, kind, first):
    """The promise's own jobs, with each other and with every other job: one stops, the other stops, the first ends."""
    with Pair() as pair, Restored(KINDS[kind](wire), wire) as restored:
        for second in seconds(kind, first):
            for met in pair.every_two_switches(partial(_jobs, restored, first, second), MOST_PLACES):
                _everything_holds(restored.world, met, first, second)
    assert "deadlock" not in caplog.text


def _everything_holds(made: Made, met: Met, first: str, second: str) -> None:
    settle_everything()
    where = f"{first} | {second}, stopped at {met.where}"
    _nobody_sees_an_error(met, where)
    for name, result in ((first, met.first), (second, met.second)):
        _what_was_said_holds(made, name, result, where)
    _once_and_truly(made, where)
    _ticket_is_whole(made, where)


def _nobody_sees_an_error(met: Met, where: str) -> None:
    for result in (met.first, met.second):
        refused = isinstance(result, (*SAID_NO, Ticket.DoesNotExist))
        assert refused or not isinstance(result, Exception), f"{result!r} in {where}"


def _what_was_said_holds(made: Made, name: str, result: object, where: str) -> None:
    wire = made.wire
    assert wire is not None
    if isinstance(result, Exception):
        return
    if name in UNDOES:
        assert made.key == "" or made.key not in wire.posted, where
    if name in DELETES:
        gone = f"w-{made.key}" in wire.deleted
        problems = DeliveryProblem.objects.filter(kind="delete", settled_at=None, user__isnull=False)
        assert gone or problems.exists(), where


def _once_and_truly(made: Made, where: str) -> None:
    wire = made.wire
    assert wire is not None
    assert max(Counter(wire.posted).values(), default=0) <= 1, where
    for sent in (made.reply, made.item):
        if sent is not None:
            sent.refresh_from_db()
    if made.reply is not None:
        posted = made.key in wire.posted
        assert posted is (made.reply.state in (Stage.SENT, Stage.DELETED)), f"{made.reply.state} in {where}"
        assert made.reply.state in (*OVER, Stage.SENT, Stage.FAILED), where
    elif made.item is not None and made.item.kind == "reply":
        assert (made.key in wire.posted) is (STAGE_OF[made.item.state] == Stage.SENT), where


def _ticket_is_whole(made: Made, where: str) -> None:
    ticket = Ticket.objects.filter(pk=made.ticket.pk).first()
    assert not Message.objects.filter(ticket=None, namespace="testwire").exists(), where
    assert not Message.objects.filter(ticket__merged_into__isnull=False).exists(), where
    if ticket is None or made.reply is None or made.reply.state not in (Stage.UNDONE, Stage.BLOCKED, Stage.FAILED):
        return
    living = ticket.merged_into or ticket
    assert living.status in (Ticket.Status.NEW, Ticket.Status.OPEN), f"{living.status} in {where}"
