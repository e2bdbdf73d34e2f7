"""Two jobs on two connections, switched where it hurts: one stops before a statement that takes a lock, the other runs
until it has finished, waits for the first, or stops in its turn. Every such place is tried, so no interleaving has to
be thought of. Nothing is timed: a job that waits is seen in the server's own table of locks.
"""

from __future__ import annotations

import os
import re
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from typing import Any

from django.db import connection, connections

from mentions.tests.commuting import COMMIT, END, ROLLBACK, Step, alike_places, note_prepared

Job = Callable[[], object]
Outside = Callable[[], object]
EVERY = "DESK_EVERY_SWITCH"
"""In the environment: places that lead to the same are tried all the same."""
PATIENCE_S = 30
"""Only a hang is ended by it: a test that comes here has failed."""
MOMENT_S = 0.005
"""A job that goes from step to step meanwhile waits for nobody, and the server need not be asked."""
_LOCKS = re.compile(
    r"FOR (NO KEY )?UPDATE|FOR (KEY )?SHARE|pg_advisory|\b(INSERT|UPDATE|DELETE|EXECUTE)\b", re.IGNORECASE
)
_TAKES_NOTHING = re.compile(r'INSERT INTO "?mentions_event')
"""A row that nobody else knows: stopping before it is the same as stopping before what follows."""


def _nothing() -> object:
    return None


@dataclass(slots=True)
class Met:
    """What became of both; an exception where one was raised. `stopped`: the first job came to the place at all.
    `alike`: how many of the places that follow would lead to the same."""

    first: object
    second: object
    stopped: bool
    where: str = ""
    alike: int = 0


class _Trace:
    """What a job does, step by step, on the thread that it is entered on."""

    def __init__(self, outside: Outside) -> None:
        self.steps: list[Step] = []
        self.outside = outside
        self.rests = threading.Event()
        """Stands at its place, or has ended."""

    def before(self, sql: str, *, is_place: bool) -> Step:
        step = Step(sql, connection.in_atomic_block, is_place, self.outside())
        self.steps.append(step)
        return step

    def __call__(self, execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        note_prepared(sql)
        step = self.before(sql, is_place=_is_place(sql))
        result = execute(sql, params, many, context)
        step.rows = context["cursor"].rowcount
        return result

    def __enter__(self) -> None:
        """A commit is a place to stop, too: foreign keys are looked at there."""
        commit, rollback = connection._commit, connection._rollback

        def traced_commit() -> None:
            self.before(COMMIT, is_place=True)
            commit()

        def traced_rollback() -> None:
            self.before(ROLLBACK, is_place=False)
            rollback()

        connection._commit, connection._rollback = traced_commit, traced_rollback

    def __exit__(self, *_error: object) -> None:
        del connection._commit, connection._rollback
        self.before(END, is_place=False)
        self.rests.set()


class _Stop(_Trace):
    """Before the lock number `at` of a job (0 is its first): says so, and waits to be sent on."""

    def __init__(self, at: int, outside: Outside = _nothing) -> None:
        super().__init__(outside)
        self.left, self.where = at, ""
        self.is_reached, self.go = False, threading.Event()

    def before(self, sql: str, *, is_place: bool) -> Step:
        if is_place:
            self._pass_by(sql)
        return super().before(sql, is_place=is_place)

    def _pass_by(self, statement: str) -> None:
        self.left -= 1
        if self.left == -1:
            self.where = " ".join(statement.split())[:160]
            self.is_reached = True
            self.rests.set()
            if not self.go.wait(PATIENCE_S):
                raise TimeoutError("nobody sent the first job on")

    def wait(self) -> None:
        """Until it stands at its place or has ended."""
        if not self.rests.wait(PATIENCE_S):
            raise TimeoutError("the first job neither ended nor took a lock")

    def send_on(self) -> None:
        self.rests.clear()
        self.go.set()


class Pair:
    """Two threads that keep their connections: `with Pair() as pair: for met in pair.every_switch(…)`."""

    def __enter__(self) -> Pair:
        self.threads = [ThreadPoolExecutor(1), ThreadPoolExecutor(1)]
        self.backends = [thread.submit(_backend).result(PATIENCE_S) for thread in self.threads]
        return self

    def __exit__(self, *_error: object) -> None:
        for thread in self.threads:
            thread.submit(connections.close_all).result(PATIENCE_S)
            thread.shutdown()

    def meet(self, first: Job, second: Job, at: int, outside: Outside = _nothing) -> Met:
        """`first` stands still before its lock number `at`; `second` goes as far as it can; then both to their ends."""
        stop, trace = _Stop(at, outside), _Trace(outside)
        one = self.threads[0].submit(_run, first, stop)
        stop.wait()
        two = self.threads[1].submit(_run, second, trace)
        is_blocked = stop.is_reached and self._comes_to_wait(trace)
        done = len(trace.steps)
        stop.send_on()
        met = Met(one.result(PATIENCE_S), two.result(PATIENCE_S), stop.is_reached, stop.where)
        if met.stopped:
            # A statement that waits may hold some of many rows; of one, it holds none.
            theirs = trace.steps[: done - 1 if is_blocked and trace.steps[done - 1].rows <= 1 else done]
            met.alike = alike_places(stop.steps, at, theirs, is_blocked=is_blocked)
        return met

    def meet_twice(self, first: Job, second: Job, at: int, back_at: int) -> Met:
        """As `meet`, but `second` stands still, too, before its lock number `back_at`, while `first` goes as far as it
        can. `stopped`: both came to their places."""
        stop, other = _Stop(at), _Stop(back_at)
        one = self.threads[0].submit(_run, first, stop)
        stop.wait()
        two = self.threads[1].submit(_run, second, other)
        self._comes_to_wait(other)
        is_both = stop.is_reached and other.is_reached
        stop.send_on()
        if is_both:
            self._comes_to_wait(stop, other_way=True)
        other.send_on()
        return Met(one.result(PATIENCE_S), two.result(PATIENCE_S), is_both, f"{stop.where}, then {other.where}")

    def every_two_switches(self, world: Callable[[], tuple[Job, Job]], most: int) -> Iterator[Met]:
        """Once for each pair of places, one of each job, at which both can stand; of more than `most` places of a job,
        so many, evenly spread. Not where the second job has only read: the first runs on as if it were alone."""
        places, places_back = (self._places(lambda n=n: world()[n], most) for n in (0, 1))
        for at in places:
            for back_at in places_back[1:]:
                met = self.meet_twice(*world(), at, back_at)
                if not met.stopped:
                    break  # nor does it come to a later place
                yield met

    def _places(self, job: Callable[[], Job], most: int) -> list[int]:
        """Numbers of the locks that a job takes when it is alone."""
        counted = _Trace(_nothing)
        self.threads[0].submit(_run, job(), counted).result(PATIENCE_S)
        count = sum(step.is_place for step in counted.steps)
        return sorted({round(n * (count - 1) / max(1, min(most, count) - 1)) for n in range(min(most, count))})

    def every_switch(self, world: Callable[[], tuple[Job, Job]]) -> Iterator[Met]:
        """`world` makes fresh rows and gives both jobs on them; once for each lock that the first job takes."""
        for at in range(200):
            met = self.meet(*world(), at)
            if not met.stopped:
                return
            yield met
        raise AssertionError("a job without an end")

    def every_different_switch(self, world: Callable[[], tuple[Job, Job]], outside: Outside) -> Iterator[Met]:
        """As `every_switch`, but once for places that lead to the same (`mentions.tests.commuting`). `outside`: what
        the jobs change besides the database."""
        at = 0
        while at < 200:
            met = self.meet(*world(), at, outside)
            if not met.stopped:
                return
            yield met
            at += 1 if os.environ.get(EVERY) else 1 + met.alike
        raise AssertionError("a job without an end")

    def _comes_to_wait(self, trace: _Trace, *, other_way: bool = False) -> bool:
        """Returns when a job rests, or waits for the other (true). `other_way`: it is the first job."""
        done = -1
        while not trace.rests.wait(MOMENT_S):
            if len(trace.steps) == done and self._waits(other_way=other_way):
                return True
            done = len(trace.steps)
        return False

    def _waits(self, *, other_way: bool) -> bool:
        """Whether the second waits for the first; the first for the second, if `other_way`."""
        with connection.cursor() as cursor:
            cursor.execute("SELECT %s = ANY(pg_blocking_pids(%s))", self.backends[:: -1 if other_way else 1])
            return bool(cursor.fetchone()[0])


@cache
def _is_place(sql: str) -> bool:
    return bool(_LOCKS.search(sql) and not _TAKES_NOTHING.match(sql))


def _backend() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        return int(cursor.fetchone()[0])


def _run(job: Job, trace: _Trace) -> object:
    """What it gives or raises."""
    try:
        with trace, connection.execute_wrapper(trace):
            return job()
    except Exception as error:
        return error
