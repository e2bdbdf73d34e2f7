"""YouTube: the Data API under /youtube/v3, Google's token server at /youtube/token, the videos under /youtube/web."""

from __future__ import annotations

from typing import Any

from sandbox.base.acts import Access, Act, Impossible
from sandbox.platforms.youtube import api, pages
from sandbox.platforms.youtube.cast import CLOSED, OWN, VIDEOS, channel_of
from sandbox.store import Doc
from sandbox.talk import Talk
from sandbox.wire.http import Router


class YouTube(Talk):
    name = "youtube"
    title = pages.SECTION
    home = "/youtube/web/"
    refusals = {
        "400": api.failure(400, "parseError", "Parse Error", "global"),
        "404": api.failure(404, "notFound", "Requested entity was not found.", "global"),
        "429": api.failure(
            403,
            "rateLimitExceeded",
            "The request cannot be completed because you have exceeded the rate limit.",
            "usageLimits",
        ),
        "500": api.failure(503, "backendError", "Service unavailable", "global"),
        "expired": api.failure(401, "authError", "Request had invalid authentication credentials.", "global"),
    }

    own = (OWN,)
    post_kind = "yt_comment"

    def register(self, router: Router) -> None:
        server = api.Api(self)
        server.register(router)
        router.add("POST", "/youtube/token", server.refusing(server.token), platform=self.name)
        pages.Pages(self).register(router)

    def comments(self) -> list[Doc]:
        return [c for c in self.documents() if not c["gone"]]

    def get(self, number: str) -> Doc | None:
        comment = self.find(number)
        return comment if comment and not comment["gone"] else None

    def url(self, doc: Doc) -> str:
        return f"{self.universe.public_url}/youtube/web/watch?v={doc['video']}&lc={doc['id']}"

    def posted(self, act: Act, at: float) -> Doc:
        """`more["to"]` is the video."""
        return self.comment(act.author, act.text, act.parent, at=at, kind=act.kind, video=str(act.more.get("to", "")))

    def edited(self, doc: Doc, text: str, at: float) -> Doc:
        return self.save({**doc, "text": text, "updated": at})

    def removed(self, doc: Doc, at: float) -> Doc:
        """With its replies."""
        for reply in [c for c in self.comments() if c["parent"] == doc["id"]]:
            self.save({**reply, "gone": True})
        return self.save({**doc, "gone": True})

    def comment(
        self, author: str, text: str, parent: str, *, at: float, kind: str = "", video: str = "", desk: bool = False
    ) -> Doc:
        """Replies go under the first comment of their thread, whatever they answer. Raises Impossible."""
        number = self.store.next_number("yt_comment", 1)
        top = self.existing(parent.partition(".")[0]) if parent else None
        open_videos = [v for v in VIDEOS if v != CLOSED]
        if video and video not in open_videos:
            raise Impossible(f"there is no video {video} to comment on")
        made = f"{top['id']}.9r{number:014d}" if top else f"Ugx{number:013d}AaABAg"
        return self.save({
            "id": made, "author": author.lstrip("@"),
            "text": text, "at": at, "updated": at, "gone": False, "kind": kind,
            "desk": desk, "parent": top["id"] if top else "",
            "video": top["video"] if top else video or open_videos[number % len(open_videos)],
        })  # fmt: skip

    def access(self) -> Access:
        base = self.universe.public_url
        settings = {"channel_ids": [channel_of(OWN)], "client_id": api.CLIENT, "api_base": f"{base}/youtube/v3",
                    "token_base": f"{base}/youtube", "web_base": f"{base}/youtube/web"}  # fmt: skip
        secrets = {"api_key": api.KEY, "client_secret": api.CLIENT_SECRET, "refresh_token": api.REFRESH_TOKEN}
        return Access(settings, secrets, {OWN: ({"user_id": channel_of(OWN)}, {})})

    def entry(self, doc: Doc) -> dict[str, Any]:
        return {
            "id": doc["id"], "author": doc["author"], "text": doc["text"],
            "title": VIDEOS[doc["video"]],
            "at": int(doc["at"]), "thread_id": doc["parent"] or doc["id"],
            "in_reply_to": doc["parent"] or None, "deleted": doc["gone"], "kind": doc["kind"],
        }  # fmt: skip


PLATFORM = YouTube
