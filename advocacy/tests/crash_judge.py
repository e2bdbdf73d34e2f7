"""Checks what a crash must not break: compares the desk's tables with the sandbox's truth.

Each function yields the problems as text, nothing if all is well. Nothing here uses the desk's own code except the pure
definition of the clocks.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

from advocacy.tests.living_desk import LivingDesk
from mentions.clocks.clocks import compute
from mentions.clocks.first_reply import TimedMessage

PLATFORMS = ("twitter", "hackernews", "email", "reddit", "mastodon", "slack")
KEY = re.compile(r"\b[0-9a-f]{32}\b")
Rows = list[dict[str, Any]]
Truth = dict[str, dict[str, Rows]]


def truth_of(desk: LivingDesk) -> Truth:
    """The sandbox's truth for the preset's connections: on Twitter they also search for the word."""
    truths = {name: desk.sandbox.truth(name, search=name == "twitter") for name in PLATFORMS}
    return {name: {kind: of for kind, of in each.items() if kind != "platform"} for name, each in truths.items()}


def stored(desk: LivingDesk) -> Rows:
    return desk.rows(
        """SELECT m.id, split_part(m.namespace, ':', 1) AS namespace, m.external_id, m.thread_id, m.ticket_id,
                  m.direction, m.text, m.author_id, bool_or(c.to_queue) AS to_queue, count(s.id) AS sightings
             FROM mentions_message m LEFT JOIN mentions_sighting s ON s.message_id = m.id
             LEFT JOIN channels_channel c ON c.id = s.channel_id GROUP BY m.id"""
    )


def missing(desk: LivingDesk, truth: Truth) -> list[str]:
    """Ids of mentions that no message has."""
    known = {(m["namespace"], m["external_id"]) for m in stored(desk)}
    return [entry["id"] for name in PLATFORMS for entry in truth[name]["mentions"] if (name, entry["id"]) not in known]


def complaints(desk: LivingDesk, accepted: Rows) -> list[str]:
    """All checks. `accepted`: the scripted advocates' reports about their replies."""
    truth = truth_of(desk)
    messages = stored(desk)
    return [
        *mentions_once(truth, messages),
        *one_place(desk, truth, messages),
        *inbox_is_settled(desk),
        *replies_once(desk, truth, messages, accepted),
        *notices_once(desk, truth),
        *claims_are_over(desk),
        *clocks_are_right(desk),
    ]


def mentions_once(truth: Truth, messages: Rows) -> Iterator[str]:
    """Nothing lost, nothing stored twice under different ids, nothing invented."""
    found = Counter((m["namespace"], m["external_id"]) for m in messages)
    for name in PLATFORMS:
        allowed = {i for kind in truth[name].values() for e in kind for i in [_id_of(e), *e.get("ids", ())]}
        for entry in truth[name]["mentions"]:
            count = sum(found[name, each] for each in {entry["id"], *entry.get("ids", ())})
            if count != 1:
                yield f"{name} {entry['id']} is stored {count} times"
        for space, external_id in found:
            if space == name and external_id not in allowed:
                yield f"{name} {external_id} is stored, but was never there"


def _id_of(entry: dict[str, Any]) -> str:
    return str(entry.get("id") or entry["message_id"])


def one_place(desk: LivingDesk, truth: Truth, messages: Rows) -> Iterator[str]:
    """A ticket if a channel that makes tickets saw it, otherwise none; one ticket per requester and thread."""
    by_id = {(m["namespace"], m["external_id"]): m for m in messages}
    for name in PLATFORMS:
        for entry in truth[name]["mentions"]:
            message = by_id.get((name, entry["id"]))
            if message is None:
                continue
            if (message["ticket_id"] is not None) != bool(message["to_queue"]):
                yield f"{name} {entry['id']}: ticket {message['ticket_id']}, to queue: {message['to_queue']}"
            if message["direction"] != "in" or not message["sightings"]:
                yield f"{name} {entry['id']} is {message['direction']} with {message['sightings']} sightings"
    places: dict[tuple[Any, ...], set[int]] = {}
    askers: dict[int, set[tuple[Any, ...]]] = {}
    for m in messages:
        if m["ticket_id"] is not None and m["direction"] == "in" and m["namespace"] != "email":
            asker = (m["namespace"], m["thread_id"], m["author_id"])
            places.setdefault(asker, set()).add(m["ticket_id"])
            askers.setdefault(m["ticket_id"], set()).add(asker)
    yield from (f"{asker} has the tickets {ids}" for asker, ids in places.items() if len(ids) > 1)
    yield from (f"ticket {pk} holds {whose}" for pk, whose in askers.items() if len(whose) > 1)
    empty = "SELECT id FROM mentions_ticket t WHERE NOT EXISTS (SELECT 1 FROM mentions_message WHERE ticket_id = t.id)"
    yield from (f"ticket {row['id']} is empty" for row in desk.rows(empty))


def inbox_is_settled(desk: LivingDesk) -> Iterator[str]:
    left = "SELECT external_id, state, error FROM channels_inbounditem WHERE state IN ('pending', 'failed')"
    yield from (f"inbox: {row['external_id']} is {row['state']} {row['error']}" for row in desk.rows(left))


def posts_by_key(truth: Truth) -> Counter[str]:
    """How often each reply was posted. A mail to several people counts once."""
    said = [key for name in PLATFORMS for post in truth[name]["desk"] for key in set(KEY.findall(post["text"]))]
    return Counter(said)


def replies_once(desk: LivingDesk, truth: Truth, messages: Rows, accepted: Rows) -> Iterator[str]:
    replies = desk.rows(
        """SELECT r.key::text AS key, r.state, r.error, r.message_id, r.ticket_id, o.state AS outbound, o.attempts,
                  o.error AS outbound_error, c.platform, o.state = 'queued' AND EXISTS (
                      SELECT 1 FROM channels_outbounditem e WHERE e.conversation = o.conversation AND e.id < o.id
                      AND e.state = 'uncertain') AS waits_behind
             FROM mentions_reply r JOIN channels_channel h ON h.id = r.channel_id
             JOIN channels_connection c ON c.id = h.connection_id
             LEFT JOIN channels_outbounditem o ON o.id = r.outbound_id"""
    )
    posted = posts_by_key(truth)
    team = Counter(k for m in messages if m["direction"] == "team" for k in set(KEY.findall(m["text"])))
    tickets = {m["id"]: m["ticket_id"] for m in messages}
    for reply in replies:
        key = reply["key"].replace("-", "")
        about = f"reply {key} on {reply['platform']} ({reply['state']}, {reply['outbound']}, {reply['attempts']} tries)"
        for problem in _problems_of(reply, posted.pop(key, 0), team[key], tickets):
            yield f"{about}: {problem}"
    yield from (f"{key} was posted, but no reply is known" for key in posted)
    known = {reply["key"]: reply["state"] for reply in replies}
    for line in accepted:
        if line["key"] not in known:
            yield f"reply {line['key']} was accepted and is lost"
        elif line["undone"] != (known[line["key"]] == "undone"):
            yield f"reply {line['key']} is {known[line['key']]}, undone: {line['undone']}"


def _problems_of(reply: dict[str, Any], posted: int, team: int, tickets: dict[int, int]) -> Iterator[str]:
    state = reply["state"]
    if posted > 1:
        yield f"posted {posted} times"
    if state == "scheduled" or (state == "queued" and not reply["waits_behind"]):
        yield "still on its way"
    if state == "sent" and posted != 1:
        yield f"said to be sent, posted {posted} times"
    if state in ("failed", "blocked", "undone", "queued") and posted:
        yield "posted all the same"
    if state == "uncertain" and not (reply["error"] and reply["outbound_error"] and reply["outbound"] == "uncertain"):
        yield "uncertain, and the desk does not say why"
    if state == "uncertain" and reply["platform"] != "email":
        yield "uncertain where the platform can be asked"
    if state == "sent" and (team != 1 or tickets.get(reply["message_id"]) != reply["ticket_id"]):
        yield f"its message is stored {team} times, in ticket {tickets.get(reply['message_id'])}"


def notices_once(desk: LivingDesk, truth: Truth) -> Iterator[str]:
    """Each Slack channel gets one message per mention of its channels, posted once.

    A restored desk announces nothing from before the restore: the desk that made the backup already did.
    """
    unannounced = desk.rows(
        """SELECT DISTINCT m.external_id, room.name FROM mentions_message m
             JOIN mentions_sighting s ON s.message_id = m.id JOIN channels_channel c ON c.id = s.channel_id
            CROSS JOIN LATERAL jsonb_array_elements_text(c.slack_channels) AS room (name)
            WHERE m.ingested_at > coalesce((SELECT restored_at FROM channels_installation), '-infinity')
              AND c.is_active AND c.slack_mode = 'at_once' AND m.direction = 'in' AND NOT m.is_auto AND NOT m.is_deleted
              AND NOT EXISTS (SELECT 1 FROM mentions_notice n WHERE n.message_id = m.id
                              AND n.slack_channel = room.name AND n.post_id IS NOT NULL)"""
    )
    yield from (f"{row['name']} never heard of {row['external_id']}" for row in unannounced)
    metadata = [post.get("metadata") or {} for post in truth["slack"]["desk"]]
    posted = Counter(str(each.get("event_payload", {}).get("key")) for each in metadata)
    for row in desk.rows(
        """SELECT p.slack_channel, o.key::text AS key, o.state, o.error FROM mentions_noticepost p
             LEFT JOIN channels_outbounditem o ON o.id = p.outbound_id"""
    ):
        if row["state"] != "sent" or posted[row["key"]] != 1:
            said = f"{row['state']} {row['error']}, posted {posted[row['key']]} times"
            yield f"notice {row['key']} in {row['slack_channel']}: {said}"


def claims_are_over(desk: LivingDesk) -> Iterator[str]:
    held = "SELECT id, claimed_by_id FROM mentions_ticket WHERE claim_token IS NOT NULL OR claimed_by_id IS NOT NULL"
    yield from (f"ticket {row['id']} waits behind a dead claim of {row['claimed_by_id']}" for row in desk.rows(held))


def clocks_are_right(desk: LivingDesk) -> Iterator[str]:
    tickets = desk.rows(
        """SELECT t.id, t.posted_at, t.queued_at, t.last_message_at, t.first_reply_at, t.first_reply_message_id,
                  t.due_at, t.priority, t.no_reply_reason, c.target_minutes, c.skips_weekends
             FROM mentions_ticket t JOIN channels_channel c ON c.id = t.channel_id"""
    )
    said: dict[int, list[TimedMessage]] = {}
    columns = "id, direction, posted_at, is_auto, is_deleted, is_bounced"
    for row in desk.rows(f"SELECT ticket_id, {columns} FROM mentions_message WHERE ticket_id IS NOT NULL"):
        said.setdefault(row.pop("ticket_id"), []).append(TimedMessage(**row))
    for ticket in tickets:
        clocks = compute(
            said.get(ticket["id"], []),
            posted_at=ticket["posted_at"],
            channel_minutes=ticket["target_minutes"],
            priority=ticket["priority"],
            no_reply_reason=ticket["no_reply_reason"],
            skips_weekends=ticket["skips_weekends"],
        )
        for name in ("posted_at", "queued_at", "last_message_at", "first_reply_at", "first_reply_message_id", "due_at"):
            if getattr(clocks, name) != ticket[name]:
                yield f"ticket {ticket['id']}: {name} is {ticket[name]}, recomputed {getattr(clocks, name)}"
