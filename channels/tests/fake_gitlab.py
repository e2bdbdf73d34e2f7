"""A fake GitLab: one project, paged by `Link`, that can fail and change while it is read."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from channels.adapters.gitlab import GitLab
from channels.contract import Config, Item, Json, Mention
from channels.errors import ChannelError
from channels.tests.loopback import Reply, Seen, Server, as_json

ADAPTER = GitLab()
NOW = datetime.now(UTC).replace(microsecond=0)
ME = {"id": 77, "username": "acme-desk"}
RESETS_AT = NOW + timedelta(minutes=1)


def iso(at: datetime) -> str:
    return at.isoformat().replace("+00:00", "Z")


def issue(iid: int, minutes_ago: float, **more: Any) -> dict[str, Any]:
    at = iso(NOW - timedelta(minutes=minutes_ago))
    return {
        "id": 900 + iid, "iid": iid, "project_id": 5, "title": f"Issue {iid}", "description": "text", "labels": [],
        "state": "opened", "created_at": at, "updated_at": at, "author": {"id": 301, "username": "lena"},
        "user_notes_count": 0, "confidential": False, "references": {"full": f"acme/product#{iid}"}, **more,
    }  # fmt: skip


def note(number: int, minutes_ago: float, body: str = "hm", **more: Any) -> dict[str, Any]:
    at = iso(NOW - timedelta(minutes=minutes_ago))
    return {"id": number, "body": body, "author": {"id": 301}, "created_at": at, "updated_at": at, "system": False,
            "noteable_type": "Issue", "noteable_iid": 1, "internal": False, **more}  # fmt: skip


@dataclass
class Tracker:
    """Project acme/product (5), paged by `Link`; `before` is called before each list of issues is returned."""

    issues: list[dict[str, Any]] = field(default_factory=list)
    notes: dict[int, list[dict[str, Any]]] = field(default_factory=dict)
    before: Callable[[Tracker, int], None] = lambda tracker, number: None
    broken_after: int | None = None
    asked: int = 0

    def __call__(self, seen: Seen) -> Reply:
        if seen.headers.get("Authorization") != "Bearer glpat-1":
            return as_json({"message": "401 Unauthorized"}, 401)
        if seen.path == "/api/v4/user":
            return as_json(ME)
        if seen.path in ("/api/v4/projects/acme%2Fproduct/issues", "/api/v4/projects/acme/product/issues"):
            return self._issues(seen)
        if seen.path.endswith("/notes"):
            return self._paged(seen, self.notes.get(int(seen.path.split("/")[-2]), []))
        parts = seen.path.removeprefix("/api/v4/projects/5/issues/").split("/")
        one = next((i for i in self.issues if str(i["iid"]) == parts[0]), None)
        if one is not None and len(parts) == 3:
            one = next((n for n in self.notes.get(int(parts[0]), []) if str(n["id"]) == parts[2]), None)
        if seen.path == "/api/v4/projects/5":
            return as_json({"id": 5, "path_with_namespace": "acme/product"})
        return as_json(one) if one else as_json({"message": "404 Not Found"}, 404)

    def _issues(self, seen: Seen) -> Reply:
        self.asked += 1
        if self.broken_after is not None and self.asked > self.broken_after:
            return Reply(502, b"<html>")
        self.before(self, self.asked)
        since = datetime.fromisoformat(seen.query["updated_after"])
        found = [i for i in self.issues if datetime.fromisoformat(i["updated_at"]) >= since]
        return self._paged(seen, sorted(found, key=lambda i: (i["updated_at"], i["iid"])))

    def _paged(self, seen: Seen, entries: list[dict[str, Any]]) -> Reply:
        page, size = int(seen.query.get("page", 1)), int(seen.query["per_page"])
        # The link's host is a foreign one: the token must not be sent there.
        link = (
            f'<https://elsewhere.example{seen.path}?page={page + 1}>; rel="next"' if page * size < len(entries) else ""
        )
        reply = as_json(
            entries[(page - 1) * size : page * size],
            RateLimit_Remaining="7",
            RateLimit_Reset=f"{RESETS_AT.timestamp():.0f}",
        )
        reply.headers["Link"] = link
        return reply


def connection(server: Server, **settings: Any) -> Config:
    addresses = settings.pop("addresses", ("acme/product",))
    return Config(
        {"api_base": f"{server.url}/api/v4", "projects": ["acme/product"], "own_accounts": ["Acme-Desk"], **settings},
        {"token": "glpat-1"},
        addresses,
        frozenset(addresses),
        server.network(),
    )


def poll(config: Config, cursor: Json, into: dict[str, Mention]) -> Json:
    for page in ADAPTER.fetch(config, cursor):
        keep(config, list(page.items), into)
        cursor = json.loads(json.dumps(page.cursor))
    return cursor


def keep(config: Config, items: list[Item], into: dict[str, Mention]) -> None:
    for item in items:
        mention = ADAPTER.parse(item, config)
        assert mention is not None
        into[item.external_id] = mention


def poll_until_it_breaks(config: Config, cursor: Json, into: dict[str, Mention]) -> tuple[Json, ChannelError | None]:
    """The last stored cursor, and the error."""
    pages = ADAPTER.fetch(config, cursor)
    while True:
        try:
            page = next(pages)
        except StopIteration:
            return cursor, None
        except ChannelError as error:
            return cursor, error
        keep(config, list(page.items), into)
        cursor = page.cursor
