"""Replies on GitLab: notes on issues, thumbs up, and finding our own notes.

https://docs.gitlab.com/api/notes/#create-an-issue-note · https://docs.gitlab.com/api/emoji_reactions/
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from channels.adapters.gitlab import client
from channels.adapters.gitlab.parsing import time_of
from channels.adapters.gitlab.places import INTERNAL, Place, place_from
from channels.contract import Config, Outgoing, Receipt
from channels.errors import NotFound, Rejected, Uncertain
from channels.http.next_page import linked
from channels.toolkit.sending import CLOCK_SLACK, confirmed
from channels.toolkit.text import flattened
from channels.toolkit.values import number_of, object_of, value_at

MAX_LENGTH = 1_000_000
"""https://docs.gitlab.com/administration/instance_limits/#size-of-comments-and-descriptions"""
OWN_PAGES = 20


def send(config: Config, outgoing: Outgoing) -> Receipt:
    """A note on the issue. Replies to internal notes are internal."""
    place = _issue_of(outgoing)
    payload: dict[str, str | bool] = {"body": outgoing.text}
    if place.closed == INTERNAL:
        payload["internal"] = True
    body = client.post(config, f"{client.issue_path(config, place)}/notes", payload).body
    if isinstance(body, dict) and body.get("commands_changes") is not None and "id" not in body:
        raise Rejected("GitLab carried out the commands in the text (lines that begin with /) and posted nothing.")
    return confirmed(_receipt(place, object_of(body)), "GitLab", "note")


def _issue_of(outgoing: Outgoing) -> Place:
    for name in (outgoing.in_reply_to, outgoing.thread_id):
        if name and (place := place_from(name)):
            return place.issue
    raise Rejected("This reply belongs to no GitLab issue.")


def _receipt(place: Place, note: Mapping[str, Any]) -> Receipt | None:
    number = number_of(note.get("id"))
    if number is None:
        return None
    project = place.project or number_of(note.get("project_id")) or ""
    return Receipt(str(Place(project, place.iid, place.closed, number)), None, time_of(note.get("created_at")))


def find_own(config: Config, outgoing: Outgoing, since: datetime) -> Receipt | None:
    """The note with this text by the token's account. Raises Uncertain if there are too many to read all."""
    place = _issue_of(outgoing)
    me = client.thing(client.get(config, "user"), "an account").get("id")
    params: dict[str, str | int] = {"order_by": "created_at", "sort": "desc", "per_page": 100}
    for _ in range(OWN_PAGES):
        answer = client.get(config, f"{client.issue_path(config, place)}/notes", params)
        notes = client.listed(answer, "notes")
        for note in notes:
            is_it = flattened(str(note.get("body") or "")) == flattened(outgoing.text)
            if is_it and value_at(note, "author", "id") == me and _is_after(note, since):
                return _receipt(place, note)
        following = linked(answer.headers)
        if following is None or any(not _is_after(note, since) for note in notes):
            return None
        params |= following
    raise Uncertain("The issue has had too many notes since then to check for the reply.")


def _is_after(note: Mapping[str, Any], since: datetime) -> bool:
    at = time_of(note.get("created_at"))
    return at is None or at >= since - CLOCK_SLACK


def delete(config: Config, external_id: str) -> None:
    """Delete one of our notes; already deleted counts as success."""
    place = place_from(external_id)
    if place is None or not place.note:
        raise Rejected("The desk deletes only notes; close an issue on GitLab.")
    try:
        client.remove(config, f"{client.issue_path(config, place)}/notes/{place.note}")
    except NotFound:
        # Hidden from this token, or gone? If the issue is readable, the note is gone.
        client.get(config, client.issue_path(config, place))


def like(config: Config, external_id: str) -> None:
    """Thumbs up; if already given, GitLab answers 404 with this text, which counts as success."""
    place = place_from(external_id)
    if place is None:
        raise Rejected(f"{external_id!r} is neither a GitLab issue nor a note.")
    path = client.issue_path(config, place) + (f"/notes/{place.note}" if place.note else "")
    try:
        body = client.post(config, f"{path}/award_emoji", {"name": "thumbsup"}).body
    except NotFound as error:
        if "already been taken" not in str(error):
            raise
        return
    if number_of(value_at(body, "id")) is None:
        raise Uncertain("GitLab accepted the thumbs up but did not confirm it.")
