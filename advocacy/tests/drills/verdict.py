"""The end of every drill: the desk settles, and its tables are compared with the sandbox's truth."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from advocacy.tests import crash_judge
from advocacy.tests.drills.place import DrillDesk
from advocacy.tests.drills.watching import SEEN_WITHIN_S, Seen

REST_S = 240.0


@dataclass
class Verdict:
    """One row of the table. `wrong` lists every problem as text; without any the drill has passed."""

    name: str
    what: str
    seen: Seen = field(default_factory=Seen)
    healed_s: float | None = None
    mentions: int = 0
    replies: int = 0
    lost: int = 0
    twice: int = 0
    wrong: list[str] = field(default_factory=list)
    must_tell: bool = True

    @property
    def passed(self) -> bool:
        return not self.wrong

    def check_reported_in_time(self) -> None:
        """A problem for each of page, report and alarm that didn't show the outage within two minutes."""
        for name, seconds in (
            ("page", self.seen.page_s),
            ("/healthz", self.seen.health_s),
            ("alarm", self.seen.alarm_s),
        ):
            if self.must_tell and (seconds is None or seconds > SEEN_WITHIN_S):
                self.wrong.append(f"the {name} said nothing within {SEEN_WITHIN_S:.0f} s ({seconds})")


def waiting(desk: DrillDesk) -> list[str]:
    """Items that should have been sent or become a ticket some seconds ago."""
    rows = desk.rows(
        """SELECT 'reply ' || key::text AS it FROM mentions_reply
            WHERE state = 'scheduled' AND send_at < now() - interval '5 s'
           UNION ALL SELECT 'outbox ' || id FROM channels_outbounditem o
            WHERE state IN ('queued', 'sending') AND not_before < now() - interval '15 s' AND NOT EXISTS (
                SELECT FROM channels_outbounditem e WHERE e.conversation = o.conversation AND e.id < o.id
                   AND e.state IN ('queued', 'sending', 'retrying', 'uncertain'))
           UNION ALL SELECT 'inbox ' || id FROM channels_inbounditem
            WHERE state = 'pending' AND fetched_at < now() - interval '15 s'"""
    )
    return [str(row["it"]) for row in rows]


def heals(desk: DrillDesk, verdict: Verdict, within_s: float = 120) -> None:
    """Waits, without intervention, until everything runs and everything that came in before now is on the desk."""
    owed = crash_judge.truth_of(desk)

    def left() -> list[str]:
        return [*crash_judge.missing(desk, owed), *waiting(desk)]

    verdict.healed_s = desk.patiently(lambda: not left() and desk.get("/readyz")[0] == 200, within_s)
    if verdict.healed_s is None:
        verdict.wrong.append(f"not healed within {within_s:.0f} s: {len(left())} wait, such as {left()[:3]}")
    dead = [name for name, kept in desk.running.items() if not kept.running and name != "advocates"]
    verdict.wrong += [f"{name} has ended: {desk.log(name.partition(':')[0])[-300:]}" for name in dead]


def judge(desk: DrillDesk, verdict: Verdict) -> Verdict:
    """Ends the load, lets hours pass, and checks the tables."""
    desk.end_load()
    desk.sandbox.control("faults/clear")
    desk.sandbox.control("quotas/renew")
    owed = crash_judge.truth_of(desk)
    if desk.patiently(lambda: not crash_judge.missing(desk, owed), REST_S) is None:
        verdict.wrong.append(f"mentions that do not come in: {crash_judge.missing(desk, owed)[:5]}")
    accepted = desk.accepted()
    desk.stop_programs()
    desk.sandbox.control("quotas/renew")
    try:
        desk.run("-m", "advocacy.tests.drain_desk", "--sandbox", desk.sandbox.http_url, within_s=300)
    except AssertionError as error:
        verdict.wrong.append(f"does not come to rest: {str(error)[-400:]}")
    verdict.wrong += crash_judge.complaints(desk, accepted)
    _count(desk, verdict, accepted)
    return verdict


def _count(desk: DrillDesk, verdict: Verdict, accepted: list[dict[str, object]]) -> None:
    truth = crash_judge.truth_of(desk)
    messages = Counter((m["namespace"], m["external_id"]) for m in crash_judge.stored(desk))
    entries = [(name, entry) for name in crash_judge.PLATFORMS for entry in truth[name]["mentions"]]
    counts = [sum(messages[name, each] for each in {entry["id"], *entry.get("ids", ())}) for name, entry in entries]
    posted = crash_judge.posts_by_key(truth)
    known = {row["key"].replace("-", "") for row in desk.rows("SELECT key::text AS key FROM mentions_reply")}
    verdict.mentions, verdict.replies = len(entries), len(accepted)
    verdict.lost = counts.count(0) + sum(str(line["key"]).replace("-", "") not in known for line in accepted)
    verdict.twice = sum(count > 1 for count in counts) + sum(count > 1 for count in posted.values())
