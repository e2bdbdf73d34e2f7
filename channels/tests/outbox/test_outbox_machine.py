"""Any order of sends, crashes, late responses, lookups, polls and people: nothing posted twice, no wrong result
reported."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from channels.contract import Config, Outgoing, Receipt
from channels.errors import RateLimited, Rejected, Transient, Uncertain
from channels.models import Connection, OutboundItem
from channels.outbox import outbox
from channels.tests.factories import NOW, make_connection, make_reply
from channels.tests.fakes import FakeAdapter

State = OutboundItem.State
LAG_S = FakeAdapter.index_lag_s - 1
"""The platform is a little faster than it promises, as the clock of a run goes on while it works."""


class Killed(BaseException):
    pass


OUTCOMES = {
    "posted": (True, None),
    "no route": (False, Transient("no route")),
    "quota": (False, RateLimited("quota", retry_after_s=30)),
    "refused": (False, Rejected("refused")),
    "cut off before": (False, Uncertain("cut off")),
    "cut off after": (True, Uncertain("cut off")),
    "killed before": (False, Killed()),
    "killed after": (True, Killed()),
    "bug after": (True, KeyError("bug")),
}


class Platform(FakeAdapter):
    """Accepts a post some time after it was sent, and shows it some time after that."""

    def __init__(self) -> None:
        super().__init__()
        self.now = NOW
        self.outcome, self.delay_s, self.looks_fail = "posted", 0, False
        self.landed: list[tuple[Outgoing, datetime]] = []

    def visible(self) -> list[tuple[str, Outgoing]]:
        limit = self.now - timedelta(seconds=LAG_S)
        return [(f"post-{n}", post) for n, (post, at) in enumerate(self.landed) if at <= limit]

    def send(self, config: Config, outgoing: Outgoing) -> Receipt:
        lands, error = OUTCOMES[self.outcome]
        if lands:
            delay_s = 0 if error is None else self.delay_s
            self.landed.append((outgoing, self.now + timedelta(seconds=delay_s)))
        if error is not None:
            raise error
        return Receipt(f"post-{len(self.landed) - 1}")

    def find_own(self, config: Config, outgoing: Outgoing, since: datetime) -> Receipt | None:
        if self.looks_fail:
            raise Transient("cannot look")
        return next((Receipt(pk) for pk, post in self.visible() if post.key == outgoing.key), None)


class Machine(RuleBasedStateMachine):
    platform: Platform
    connection: Connection

    def __init__(self) -> None:
        super().__init__()
        OutboundItem.objects.all().delete()
        self.platform.__init__()  # type: ignore[misc]
        self.count = 0

    @rule(conversation=st.integers(0, 2))
    def enqueue(self, conversation: int) -> None:
        self.count += 1
        text = f"text {self.count}"
        make_reply(
            self.connection, conversation=f"c{conversation}", payload={"text": text}, not_before=self.platform.now
        )

    @rule(seconds=st.sampled_from([1, 5, 19, 31, 52, 200, 1000]))
    def wait(self, seconds: int) -> None:
        self.platform.now += timedelta(seconds=seconds)

    @rule(outcome=st.sampled_from(sorted(OUTCOMES)), delay_s=st.integers(0, 19))
    def send(self, outcome: str, delay_s: int) -> None:
        self.platform.outcome, self.platform.delay_s = outcome, delay_s
        try:
            outbox.send_due(self.platform.now, limit=1)
        except Killed:
            pass

    @rule(looks_fail=st.booleans())
    def recover(self, looks_fail: bool) -> None:
        self.platform.looks_fail = looks_fail
        outbox.recover(self.platform.now)

    @rule()
    def poll_own_posts(self) -> None:
        posts = [(pk, post.in_reply_to, post.text) for pk, post in self.platform.visible()]
        outbox.settle_by_own_posts(self.connection.pk, posts, self.platform.now)

    @precondition(lambda self: self.count)
    @rule(data=st.data())
    def a_person_cancels_or_retries(self, data: st.DataObject) -> None:
        pk = data.draw(st.sampled_from(sorted(OutboundItem.objects.values_list("pk", flat=True))))
        state = OutboundItem.objects.get(pk=pk).state
        if state == State.FAILED:
            self._retry(pk)
        elif state in outbox.CANCELLABLE:
            outbox.cancel(pk)
        else:
            with pytest.raises(outbox.WrongState):
                outbox.cancel(pk)

    def _retry(self, pk: int) -> None:
        """A newer one has been sent since: the person confirms that this one is still wanted."""
        try:
            outbox.retry(pk, self.platform.now)
        except outbox.NewerWasSent:
            outbox.retry(pk, self.platform.now, beside_newer=True)

    @invariant()
    def nothing_is_posted_twice(self) -> None:
        assert not [key for key, times in Counter(post.key for post, _ in self.platform.landed).items() if times > 1]

    @invariant()
    def reported_states_are_true(self) -> None:
        posted = {post.key for post, _ in self.platform.landed}
        for key, state in OutboundItem.objects.values_list("key", "state"):
            assert (str(key) in posted) or state != State.SENT
            assert (str(key) not in posted) or state in (State.SENT, State.SENDING, State.UNCERTAIN)

    @invariant()
    def a_conversation_has_one_in_flight(self) -> None:
        flying = OutboundItem.objects.filter(state__in=(State.SENDING, State.UNCERTAIN))
        assert all(times == 1 for times in Counter(flying.values_list("conversation", flat=True)).values())

    def teardown(self) -> None:
        """Once the platform works again, everything completes automatically."""
        self.platform.outcome, self.platform.looks_fail = "posted", False
        unsettled = OutboundItem.objects.exclude(state__in=(State.SENT, State.FAILED, State.CANCELLED))
        for _ in range(200):
            if not unsettled.exists():
                break
            self.platform.now += timedelta(seconds=400)
            outbox.recover(self.platform.now)
            outbox.send_due(self.platform.now)
        assert not unsettled.exists()
        self.nothing_is_posted_twice()
        self.reported_states_are_true()


@pytest.mark.django_db
def test_no_order_of_events_posts_twice_or_tells_a_lie(fake: FakeAdapter, monkeypatch) -> None:
    from channels.registry import finding_adapters

    platform = Platform()
    monkeypatch.setattr(finding_adapters, "scan", lambda: {"fake": platform})
    finding_adapters.all_adapters.cache_clear()
    bound = type("BoundMachine", (Machine,), {"platform": platform, "connection": make_connection()})
    run_state_machine_as_test(
        bound,
        settings=settings(
            max_examples=80,
            stateful_step_count=25,
            deadline=None,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
