"""Reads changed issues, oldest change first, and their notes.

Pages advance by *time* (`updated_after`), not by page number: an issue updated while we read moves to the end of the
list, so the ones behind it would shift across a page boundary and be missed. The `Link` is followed only if a single
instant fills a whole page.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from functools import partial
from urllib.parse import unquote

from channels.adapters.gitlab import client, wire
from channels.adapters.gitlab.parsing import may_keep, names, time_of
from channels.adapters.gitlab.places import Place
from channels.contract import Config, Item, Json, Page
from channels.errors import NotFound, Rejected, Transient
from channels.http.client import Answer
from channels.http.next_page import linked
from channels.toolkit.changes import Changes, iso, oldest_by_time
from channels.toolkit.list_sources import ListSource, backfill_start, chosen, read_lists
from channels.toolkit.values import number_of, picked, unique, value_at

PER_PAGE = 50
PAGES_A_POLL = 20
NOTES_PER_PAGE = 100
NOTE_PAGES = 20


def fetch(config: Config, cursor: Json) -> Iterator[Page]:
    return read_lists(sources(config), cursor)


def sources(config: Config) -> list[ListSource]:
    start = backfill_start(config)
    return [
        oldest_by_time(path, partial(_changes, config, path), start, pages=PAGES_A_POLL, label=unquote(path))
        for path in paths_of(config)
    ]


def paths_of(config: Config) -> list[str]:
    found = [f"projects/{client.encoded(name)}" for name in names(config, "projects")]
    found += [f"groups/{client.encoded(name)}" for name in names(config, "groups")]
    return chosen(dict.fromkeys(found), "This connection has no projects and no groups. Enter at least one.")


def _changes(config: Config, path: str, since: datetime, place: Json, floor: datetime) -> Changes:
    """The changed issues with their changed notes. Confidential items aren't even stored without permission."""
    answer = client.get(config, f"{path}/issues", _question(config, since) | (place or {}))
    issues, following = client.listed(answer, "issues"), linked(answer.headers)
    items, last = _items(config, issues, floor, answer)
    times = [at for issue in issues if (at := time_of(issue.get("updated_at")))]
    below = picked(following or {}, ("page", "cursor"))
    storable = unique([item for item in items if may_keep(item, config)])
    return Changes(storable, times, following is not None, below, last.quota())


def _question(config: Config, since: datetime) -> dict[str, str | int]:
    params: dict[str, str | int] = {
        "updated_after": iso(since),
        "order_by": "updated_at",
        "sort": "asc",
        "scope": "all",
        "per_page": PER_PAGE,
    }
    if labels := config.entries("labels"):
        params["labels"] = ",".join(labels)
    if config.setting("confidential") is not True:
        params["confidential"] = "false"
    return params


def _items(
    config: Config, issues: Sequence[Mapping[str, Json]], floor: datetime, answer: Answer
) -> tuple[list[Item], Answer]:
    items: list[Item] = []
    for issue in issues:
        if "/merge_requests/" in str(issue.get("web_url")):
            continue
        items.append(wire.issue_item(issue))
        if config.setting("include_notes", True) is not False and issue.get("user_notes_count") != 0:
            found, answer = notes_since(config, issue, floor)
            items += found
    return items, answer


def notes_since(config: Config, issue: Mapping[str, Json], floor: datetime) -> tuple[list[Item], Answer]:
    """Notes changed since `floor`, newest change first."""
    place = Place(number_of(issue.get("project_id")) or "", number_of(issue.get("iid")) or "")
    params: dict[str, str | int] = {"order_by": "updated_at", "sort": "desc", "per_page": NOTES_PER_PAGE}
    items: list[Item] = []
    for _ in range(NOTE_PAGES):
        answer = client.get(config, f"{client.issue_path(config, place)}/notes", params)
        notes = client.listed(answer, "notes")
        times = [at for note in notes if (at := time_of(note.get("updated_at")))]
        items += [item for note in notes if (item := wire.note_item(note, issue))]
        following = linked(answer.headers)
        if following is None or min(times, default=floor) < floor:
            break
        params |= following
    return items, answer


def check(config: Config) -> str:
    me = client.thing(client.get(config, "user"), "an account")
    seen = []
    for source in paths_of(config):
        try:
            found = client.thing(client.get(config, source), "a project")
        except NotFound as error:
            raise Rejected(f"{unquote(source)}: {error}") from error
        seen.append(str(found.get("path_with_namespace") or found.get("full_path") or found.get("name")))
    return f"Connected as @{me.get('username')} (account number {me.get('id')}): {', '.join(seen)}."


def token_expires_at(config: Config) -> datetime | None:
    """https://docs.gitlab.com/api/personal_access_tokens/#self-inform: a date; the token expires as that day begins."""
    try:
        expires = value_at(client.get(config, "personal_access_tokens/self").body, "expires_at")
    except NotFound:  # an OAuth token, or an instance before 15.5
        return None
    at = time_of(expires)
    if expires and at is None:
        raise Transient("GitLab sent a token expiry date that is not a date.")
    return at
