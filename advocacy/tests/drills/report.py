"""The table at the end, for the terminal and for docs/soak.md."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from datetime import datetime

from advocacy.tests.drills.steady import Kill
from advocacy.tests.drills.verdict import Verdict

HEAD = ("drill", "what", "page", "/healthz", "alarm", "healed", "mentions", "replies", "lost", "twice", "")


def _s(seconds: float | None) -> str:
    return "–" if seconds is None else f"{seconds:.0f} s"


def _row(verdict: Verdict) -> tuple[str, ...]:
    seen = verdict.seen
    delays = (_s(seen.page_s), _s(seen.health_s), _s(seen.alarm_s)) if verdict.must_tell else ("", "", "")
    counts = (verdict.mentions, verdict.replies, verdict.lost, verdict.twice)
    return (
        verdict.name,
        verdict.what,
        *delays,
        _s(verdict.healed_s),
        *map(str, counts),
        "ok" if verdict.passed else "FAILED",
    )


def table(verdicts: Sequence[Verdict], kills: Sequence[Kill]) -> str:
    rows = [HEAD, *map(_row, verdicts)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEAD))]
    lines = ["  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    if kills:
        lines += ["", "backlog cleared after killing: " + ", ".join(f"{kill.what} {_s(kill.back_s)}" for kill in kills)]
    return "\n" + "\n".join(lines) + "\n"


def page(verdicts: Sequence[Verdict], kills: Sequence[Kill], wanted: argparse.Namespace, now: datetime) -> str:
    lines = [
        "# Last soak test",
        "",
        f"`script/soak` on {now:%Y-%m-%d %H:%M} UTC, {wanted.minutes:g} minutes of steady load"
        f"{', with shorter outages (`--quick`)' if wanted.quick else ''}. Real processes, slow platforms. Each drill"
        " runs on a separate desk, and its tables are compared with the sandbox.",
        "",
        "*page*, */healthz*, *alarm*: seconds from the start of the outage to the first report there. *healed*:"
        " seconds from its end until everything posted meanwhile was in the desk.",
        "",
        "| " + " | ".join(HEAD) + " |",
        "|" + " --- |" * len(HEAD),
        *("| " + " | ".join(_row(verdict)) + " |" for verdict in verdicts),
        "",
    ]
    if kills:
        lines += ["## Kills under load", "", "| killed | backlog cleared after |", "| --- | --- |"]
        lines += [*(f"| {kill.what} | {_s(kill.back_s)} |" for kill in kills), ""]
    wrong = [f"- {verdict.name}: {words}" for verdict in verdicts for words in verdict.wrong[:20]]
    return "\n".join([*lines, *(["## Failures", "", *wrong, ""] if wrong else [])])
