"""The advocates' own issue tracker: questions from colleagues. Confidential issues are for team members only."""

from __future__ import annotations

from advocacy.handbook import words
from advocacy.handbook.rows import ChannelRow

PROJECT = "$handle/general"
SEEN_BY_US = ["advocate", "manager", "admin"]


def _row(key: str, name: str, source: str, address: str, rank: int, visible_to: list[str]) -> ChannelRow:
    return ChannelRow(
        key, key, name, source, words.TEAM_TRACKER, words.VOICE, address, rank,
        web_url=f"https://gitlab.com/{PROJECT}/-/issues", more={"visible_to": visible_to} if visible_to else {},
    )  # fmt: skip


CHANNELS = (
    _row("tracker-team", "Team tracker", "Issues to the advocates", PROJECT, 68, []),
    _row(
        "tracker-team-confidential", "Team tracker, confidential", "Confidential issues to the advocates",
        f"{PROJECT}!confidential", 69, SEEN_BY_US,
    ),
)  # fmt: skip
