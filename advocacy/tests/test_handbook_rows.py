"""The preset against both tables of the handbook, row by row: every row of theirs is there, and no other.

The facts are in handbook_rows.toml.
"""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from advocacy.handbook import preset, words
from advocacy.handbook.company import Company
from advocacy.handbook.rows import HIGH, LOW, NORMAL
from sandbox import world

FACTS: dict[str, Any] = tomllib.loads((Path(__file__).parent / "handbook_rows.toml").read_text())
ROWS = list(preset.rows(Company()))
CHANNELS = {row.key: row.values for row in ROWS if row.kind == "channel"}
DOCUMENTED = {fact["key"]: fact for fact in (*FACTS["channel"], *FACTS["support"])}
BESIDE = {"mastodon", "bluesky", "status-page"}
"""Channels that the documents don't have: docs/handbook.md says so, and they are off."""
IN_THE_TEXT = {"by-hand", "twitter-direct", "tracker-team", "tracker-team-confidential"}
"""Not in a table, but in the mission or in the documents' text."""
PRIORITIES = {"high": HIGH, "normal": NORMAL, "occasional": LOW}
OURS = {"twitter-main"}
"""High priority by our choice: the documents speak of high-priority channels and name only Hacker News as urgent."""


def flat(text: str) -> str:
    return " ".join(text.split()).lower()


def texts() -> dict[str, str]:
    """Every text of the preset that people read."""
    found = {}
    for row in ROWS:
        for name, value in row.values.items():
            found[f"{row.kind} {row.key} {name}"] = str(value)
    return found


@pytest.mark.parametrize("key", sorted(DOCUMENTED))
def test_row_says_what_the_table_says(key: str) -> None:
    fact, values = DOCUMENTED[key], CHANNELS[key]
    assert values["name"] == fact["name"]
    if "source" in fact:
        assert values["source"] == fact["source"]
    assert values["is_active"] is fact["active"]
    assert values["is_active"] or values["is_checked_weekly"]
    assert values["target_minutes"] == fact.get("target_minutes")


@pytest.mark.parametrize("key", sorted(key for key, fact in DOCUMENTED.items() if "to" in fact))
def test_destinations_are_those_of_the_table(key: str) -> None:
    destinations, values = DOCUMENTED[key]["to"], CHANNELS[key]
    assert values["to_queue"] is ("queue" in destinations)
    assert values["slack_channels"] == [name for name in destinations if name.startswith("#")]
    links = {link["label"] for link in values.get("tool_links", ())}
    assert {name for name in destinations if name != "queue" and not name.startswith("#")} <= links


def test_tools_are_where_the_documents_say_that_they_are() -> None:
    links = [link for values in CHANNELS.values() for link in values.get("tool_links", ())]
    assert {link["label"] for link in links} == FACTS["tools"].keys()
    hosts = {(link["label"], str(urlsplit(link["url"]).hostname)) for link in links}
    assert [pair for pair in hosts if not f".{pair[1]}".endswith(f".{FACTS['tools'][pair[0]]}")] == []
    assert {urlsplit(link["url"]).scheme for link in links} == {"https"}


@pytest.mark.parametrize("key", sorted(DOCUMENTED.keys() - OURS))
def test_priority_is_normal_unless_the_documents_say_more(key: str) -> None:
    usual = "normal" if DOCUMENTED[key]["active"] else "occasional"
    assert CHANNELS[key]["priority"] == PRIORITIES[DOCUMENTED[key].get("priority", usual)]


@pytest.mark.parametrize("key", sorted(DOCUMENTED))
def test_workflow_says_what_its_page_says(key: str) -> None:
    fact, values = DOCUMENTED[key], CHANNELS[key]
    wanted = [*FACTS["workflows"].get(fact.get("workflow", ""), ()), *fact.get("says", ())]
    shown = flat(f"{values['workflow']}\n{values['guidelines']}")
    assert [each for each in wanted if flat(each) not in shown] == []
    assert values["workflow"]


def test_no_channel_is_invented() -> None:
    rest = CHANNELS.keys() - DOCUMENTED.keys() - BESIDE - IN_THE_TEXT
    internal = {key for key in rest if CHANNELS[key]["connection"] == "internal"}
    assert {CHANNELS[key]["slug"] for key in internal} == {
        f"slack-{room}" for room in ("community-advocates", "community-relations", "education-oss", "swag")
    }
    assert not [key for key in BESIDE if CHANNELS[key]["is_active"]]


def test_voice_is_that_of_the_document_in_full() -> None:
    voice = flat(words.VOICE)
    assert [each for each in FACTS["voice"]["says"] if each not in voice] == []
    spoken = [key for key, values in CHANNELS.items() if words.VOICE not in values["guidelines"]]
    assert set(spoken) <= {"twitter-status", "twitter-direct", "status-page"}


def test_rooms_are_those_of_the_documents() -> None:
    known = {*FACTS["rooms"]["names"], *FACTS["rooms"]["guessed"]}
    used = {name for values in CHANNELS.values() for name in values["slack_channels"]}
    used |= {row.values["slack_channel"] for row in ROWS if row.kind == "topic" and row.values.get("slack_channel")}
    used |= {f"#{values['address']}" for values in CHANNELS.values() if values["connection"] == "internal"}
    used |= {match for row in ROWS if row.kind == "macro" for match in re.findall(r"#[a-z_][a-z_-]+", str(row.values))}
    assert {room for room in used if not room.startswith("#s_")} <= known
    assert set(FACTS["rooms"]["names"]) <= used


def test_release_day_is_that_of_the_documents_and_its_room_is_read() -> None:
    """A rule with a channel is read on its day (`team/release_room/`)."""
    (rule,) = [row.values for row in ROWS if row.kind == "release rule"]
    assert {name: rule[name] for name in FACTS["release"]} == FACTS["release"]


def test_emergency_contacts_and_the_bootcamp_are_those_of_the_documents() -> None:
    contacts = {(row.values["kind"], row.values["name"]) for row in ROWS if row.kind == "contact"}
    assert sorted(contacts) == sorted((fact["kind"], fact["name"]) for fact in FACTS["contact"])


def test_the_sandbox_has_every_room_of_the_documents() -> None:
    known = {*FACTS["rooms"]["names"], *FACTS["rooms"]["guessed"]}
    assert sorted(room for room in known if room.removeprefix("#") not in world.SLACK_CHANNELS) == []


_TIME = re.compile(
    r"\b(?:\d+|an?|one|two|three|a few|few|several)\s+(?:(?:business|working)\s+)?(?:minute|hour|day|week|month)s?\b",
    re.IGNORECASE,
)


def test_texts_promise_no_time_that_the_documents_do_not_name() -> None:
    named = [flat(each) for each in FACTS["figures"]["times"]]
    found = {where: _TIME.findall(text.replace("*", "")) for where, text in texts().items()}
    assert {where: times for where, times in found.items() if [time for time in times if flat(time) not in named]} == {}
