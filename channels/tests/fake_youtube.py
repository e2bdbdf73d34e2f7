"""A fake YouTube Data API, as far as the adapter uses it, with threads that a test adds and corrupts."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from channels.contract import Config
from channels.tests.loopback import Reply, Seen, Server, as_json, serving

OURS = "UCacme"


class Tube:
    """`threads`: id → first comment with its replies. Pages by a token that is an offset."""

    def __init__(self) -> None:
        self.threads: dict[str, dict[str, Any]] = {}
        self.disabled: set[str] = set()
        self.token_ends_in_nothing = False
        self.refused_tokens: set[str] = set()
        self.breaks_after: int | None = None
        self.tokens_made = 0
        self.expired: set[str] = set()
        self.drops_insert = False

    def add(self, number: str, at: float, text: str = "I like Acme", replies: int = 0, video: str = "v1") -> None:
        top = comment(number, at, text, video=video)
        kept = [comment(f"{number}.r{n}", at + n, f"Acme {n}", parent=number) for n in range(replies)]
        self.threads[number] = {"at": at, "video": video, "top": top, "replies": kept}

    def answer(self, seen: Seen) -> Reply:
        if self.breaks_after is not None:
            self.breaks_after -= 1
            if self.breaks_after < 0:
                return Reply(503, b"")
        if seen.path == "/token":
            self.tokens_made += 1
            return as_json({"access_token": f"ya29.token-{self.tokens_made}", "expires_in": 3600})
        bearer = seen.headers.get("Authorization", "").removeprefix("Bearer ")
        if bearer in self.expired:
            return as_json({"error": {"code": 401, "message": "Invalid Credentials", "errors": []}}, 401)
        if seen.method == "POST":
            return self._insert(seen)
        if seen.method == "DELETE":
            return Reply(204, b"")
        return {"/commentThreads": self._threads, "/comments": self._comments, "/videos": self._videos,
                "/channels": self._channels}[seen.path](seen)  # fmt: skip

    def _threads(self, seen: Seen) -> Reply:
        asked = seen.query
        if asked.get("videoId") in self.disabled:
            return failing(403, "commentsDisabled")
        found = sorted(self.threads.items(), key=lambda pair: -pair[1]["at"])
        if "id" in asked:
            found = [pair for pair in found if pair[0] == asked["id"]]
        elif "videoId" in asked:
            found = [pair for pair in found if pair[1]["video"] == asked["videoId"]]
        if asked.get("pageToken", "") in self.refused_tokens - {""}:
            return failing(400, "invalidPageToken")
        at, size = int(asked.get("pageToken", "0")), int(asked.get("maxResults", 20))
        body = listed([_thread(number, kept) for number, kept in found[at : at + size]])
        if at + size < len(found) or (self.token_ends_in_nothing and found[at : at + size]):
            body["nextPageToken"] = str(at + size)
        return as_json(body)

    def _comments(self, seen: Seen) -> Reply:
        if "parentId" in seen.query:
            kept = self.threads.get(seen.query["parentId"])
            return as_json(listed(kept["replies"] if kept else []))
        known = {c["id"]: c for kept in self.threads.values() for c in (kept["top"], *kept["replies"])}
        return as_json(listed([known[i] for i in seen.query["id"].split(",") if i in known]))

    def _videos(self, seen: Seen) -> Reply:
        return as_json(listed([{"id": v, "snippet": {"title": f"All about {v} &amp; Acme"}}
                               for v in seen.query["id"].split(",") if v != "gone"]))  # fmt: skip

    def _channels(self, seen: Seen) -> Reply:
        return as_json(listed([{"id": OURS}]))

    def _insert(self, seen: Seen) -> Reply:
        asked = json.loads(seen.body)["snippet"]
        parent = self.threads.get(asked["parentId"])
        if parent is None:
            return failing(404, "parentCommentNotFound")
        made = comment(f"{asked['parentId']}.own{len(parent['replies'])}", datetime.now(UTC).timestamp(),
                       asked["textOriginal"], parent=asked["parentId"], author=OURS)  # fmt: skip
        parent["replies"].append(made)
        return Reply(drop=True) if self.drops_insert else as_json(made)


def comment(
    number: str, at: float, text: str, *, parent: str = "", video: str = "", author: str = "UCann"
) -> dict[str, Any]:
    moment = datetime.fromtimestamp(at, UTC).isoformat().replace("+00:00", "Z")
    snippet = {"textDisplay": text, "textOriginal": text, "authorDisplayName": "@ann", "publishedAt": moment,
               "authorChannelId": {"value": author}, "updatedAt": moment, "likeCount": 0}  # fmt: skip
    snippet |= {"parentId": parent} if parent else {"videoId": video}
    return {"kind": "youtube#comment", "id": number, "snippet": snippet}


def _thread(number: str, kept: dict[str, Any]) -> dict[str, Any]:
    """With two replies at most, as YouTube includes some but not all."""
    snippet = {"videoId": kept["video"], "channelId": OURS, "topLevelComment": kept["top"],
               "totalReplyCount": len(kept["replies"])}  # fmt: skip
    some = {"replies": {"comments": kept["replies"][-2:]}} if kept["replies"] else {}
    return {"kind": "youtube#commentThread", "id": number, "snippet": snippet, **some}


def listed(items: list[dict[str, Any]]) -> dict[str, Any]:
    return {"kind": "youtube#listResponse", "etag": "x", "pageInfo": {"resultsPerPage": 100}, "items": items}


def failing(status: int, reason: str) -> Reply:
    error = {"code": status, "message": f"<b>{reason}</b>, sorry", "errors": [{"reason": reason, "domain": "youtube"}]}
    return as_json({"error": error}, status)


@contextmanager
def serving_tube(tube: Tube, **settings: Any) -> Iterator[tuple[Server, Config]]:
    with serving(tube.answer) as server:
        bases = {"api_base": server.url, "token_base": server.url, "client_id": "client"}
        secrets = {"api_key": "AIza-made-up-key", "client_secret": "made-up-secret", "refresh_token": "1//made-up"}
        values = {**bases, "channel_ids": [OURS], **settings}
        yield server, Config(values, secrets, own=frozenset({OURS.lower()}), network=server.network())
