"""Groups chat lines into mentions: consecutive lines by one person are one text, and their texts within an hour are one
conversation. Pure.

A log is read in chunks that may end anywhere, so everything is keyed by line ids: a burst by its first line that names
us, a conversation by the first such line since its author fell silent. `State` holds what the next chunk needs: whole
bursts, and the conversations as of the first of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from channels.contract import Item, Json
from channels.toolkit.text import names_phrase

BURST_S = 300
SILENCE_S = 3600
CONTEXT_LINES = 10
MAX_LINES = 40
"""Longer monologues are split into bursts of this many lines."""


@dataclass(frozen=True, slots=True)
class ChatLine:
    """`at` is in epoch seconds. `speaker` is the account, `thread` the root event of a Matrix thread."""

    id: str
    speaker: str
    at: float
    text: str
    name: str = ""
    thread: str = ""
    reply_to: str = ""
    is_named: bool = False
    """It named us when first read; a later edit doesn't change that."""
    is_edited: bool = False
    is_gone: bool = False
    is_auto: bool = False

    @property
    def voice(self) -> str:
        return f"{self.speaker} {self.thread}".strip()


Burst = list[ChatLine]


@dataclass(frozen=True, slots=True)
class Change:
    """An edit (`text`) or a deletion (None) of a line."""

    id: str
    text: str | None


@dataclass
class State:
    """`tail`: the latest lines, starting at the beginning of a burst. `talks`: voice → [anchor, time of the last line],
    as of the start of the tail."""

    tail: list[ChatLine] = field(default_factory=list)
    talks: dict[str, tuple[str, float]] = field(default_factory=dict)

    def to_json(self) -> Json:
        return {"tail": [asdict(line) for line in self.tail], "talks": {k: list(v) for k, v in self.talks.items()}}


def state_from(stored: Json) -> State:
    """Restores the output of `to_json`; empty if missing or unreadable."""
    try:
        tail = [ChatLine(**line) for line in stored["tail"]]
        return State(tail, {voice: (str(anchor), float(at)) for voice, (anchor, at) in stored["talks"].items()})
    except (TypeError, ValueError, KeyError):
        return State()


def advance(
    state: State, lines: Iterable[ChatLine], changes: Sequence[Change], phrases: Sequence[str], room: Json
) -> tuple[list[Item], State]:
    """The items that new lines and changes create or update, and the next state. Chunks may overlap: repeated lines,
    and those before them, are skipped."""
    known_ids = {line.id for line in state.tail}
    tail = [changed(line, changes) for line in state.tail]
    all_lines = list(lines)
    after = max((index for index, line in enumerate(all_lines) if line.id in known_ids), default=-1) + 1
    new_lines = {line.id: line for line in all_lines[after:]}
    named = [replace(line, is_named=names_phrase(phrases, line.text)) for line in new_lines.values()]
    now = [*tail, *(changed(line, changes) for line in named)]
    touched = set(new_lines) | {change.id for change in changes}
    bursts = grouped(now)
    talks, items = dict(state.talks), []
    for index, burst in enumerate(bursts):
        anchor = _talk(talks, burst, phrases)
        lead = lead_of(burst, phrases)
        if lead and anchor and not touched.isdisjoint(line.id for line in burst):
            items.append(item_of(burst, lead, anchor, room, bursts[:index], bursts[index + 1 :]))
    return items, _trimmed_state(state.talks, bursts, phrases)


def grouped(lines: Iterable[ChatLine]) -> list[Burst]:
    """Consecutive lines by one voice, each at most five minutes after the previous one."""
    bursts: list[Burst] = []
    for line in lines:
        last = bursts[-1][-1] if bursts else None
        if last and last.voice == line.voice and line.at - last.at <= BURST_S and len(bursts[-1]) < MAX_LINES:
            bursts[-1].append(line)
        else:
            bursts.append([line])
    return bursts


def lead_of(burst: Burst, phrases: Sequence[str]) -> ChatLine | None:
    """The line that identifies the burst: the first that named us, else the first that does since an edit."""
    lead = next((line for line in burst if line.is_named), None)
    return lead or next((line for line in burst if line.is_edited and names_phrase(phrases, line.text)), None)


def _talk(talks: dict[str, tuple[str, float]], burst: Burst, phrases: Sequence[str]) -> str:
    """The burst's conversation, "" until its author names us. Updates `talks`."""
    voice, (anchor, last_at) = burst[0].voice, talks.get(burst[0].voice, ("", 0.0))
    if burst[0].at - last_at > SILENCE_S:
        anchor = ""
    lead = lead_of(burst, phrases)
    anchor = anchor or (lead.id if lead else "")
    talks[voice] = (anchor, burst[-1].at)
    return anchor


def _trimmed_state(talks: dict[str, tuple[str, float]], bursts: Sequence[Burst], phrases: Sequence[str]) -> State:
    """The state to store: the last burst, which may still grow, and the context before it. Older bursts are folded into
    `talks`."""
    first = max(0, len(bursts) - 1)
    while first > 0 and sum(len(burst) for burst in bursts[first:-1]) < CONTEXT_LINES:
        first -= 1
    after = dict(talks)
    for burst in bursts[:first]:
        _talk(after, burst, phrases)
    begins = bursts[first][0].at if bursts else 0.0  # everything from here on is re-evaluated
    after = {voice: talk for voice, talk in after.items() if begins - talk[1] <= SILENCE_S}
    return State([line for burst in bursts[first:] for line in burst], after)


def changed(line: ChatLine, changes: Sequence[Change]) -> ChatLine:
    for change in changes:
        if change.id == line.id:
            text = line.text if change.text is None else change.text
            line = replace(line, text=text, is_edited=change.text is not None, is_gone=change.text is None)
    return line


def item_of(
    burst: Burst,
    lead: ChatLine,
    anchor: str,
    room: Json,
    before: Sequence[Burst],
    after: Sequence[Burst],
    *,
    whole: bool = False,
) -> Item:
    """The item for a burst. `whole`: it was read as part of a conversation, whether it names us or not."""
    payload: dict[str, Any] = {
        "room": room,
        "lines": [asdict(line) for line in burst],
        "lead": lead.id,
        "anchor": anchor,
        "before": [_shown(line) for other in before for line in other][-CONTEXT_LINES:],
        "after": [_shown(line) for other in after for line in other][:CONTEXT_LINES],
    }
    return Item(f"{room['id']}/{lead.id}", {**payload, "whole": True} if whole else payload)


def _shown(line: ChatLine) -> str:
    return f"<{line.name or line.speaker}> {'(deleted)' if line.is_gone else line.text}"


def around(
    lines: Sequence[ChatLine], anchor: str, phrases: Sequence[str], room: Json, *, from_start: bool
) -> list[Item]:
    """The conversation anchored at a line: its author's bursts with less than an hour of silence between them, plus ten
    lines of context on either side. Questions to us from others there are separate conversations. The first burst is
    left out if it may have begun earlier."""
    named = [replace(line, is_named=line.is_named or names_phrase(phrases, line.text)) for line in lines]
    bursts = grouped(named)
    start = next((n for n, burst in enumerate(bursts) if any(line.id == anchor for line in burst)), None)
    if start is None:
        return []
    first, last = _reach(bursts, start)
    if first == 0 and start > 0 and not from_start:
        first = 1
    voice = bursts[start][0].voice
    items = []
    for place in range(first, last + 1):
        burst = bursts[place]
        lead = lead_of(burst, phrases)
        is_theirs = burst[0].voice == voice and place >= start
        if is_theirs or lead is None:
            called = next((line for line in burst if line.id == anchor), lead or burst[0])
            items.append(item_of(burst, called, anchor, room, bursts[:place], bursts[place + 1 :], whole=True))
    return items


def _reach(bursts: Sequence[Burst], start: int) -> tuple[int, int]:
    """Indexes of the first and last burst to show."""
    voice, last, last_at = bursts[start][0].voice, start, bursts[start][-1].at
    for place in range(start + 1, len(bursts)):
        if bursts[place][0].voice == voice and bursts[place][0].at - last_at <= SILENCE_S:
            last, last_at = place, bursts[place][-1].at
    first, end = start, last
    while first > 0 and sum(len(burst) for burst in bursts[first:start]) < CONTEXT_LINES:
        first -= 1
    while end + 1 < len(bursts) and sum(len(burst) for burst in bursts[last + 1 : end + 1]) < CONTEXT_LINES:
        end += 1
    return first, end
