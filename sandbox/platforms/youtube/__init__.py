"""YouTube: the Data API under /youtube/v3, Google's token server at /youtube/token, the videos under /youtube/web."""

from __future__ import annotations

from typing import Any

from sandbox.base.acts import Access, Act, Impossible, Made
from sandbox.platforms.youtube import api, pages
from sandbox.platforms.youtube.cast import CLOSED, OWN, VIDEOS, channel_of
from sandbox.store import Doc
from sandbox.talk import Talk
from sandbox.wire.http import Response, Router


class YouTube(Talk):
    name = "youtube"
    title = pages.SECTION
    home = "/youtube/web/"

    def register(self, router: Router) -> None:
        api.Api(self).register(router)
        pages.Pages(self).register(router)

    def comments(self) -> list[Doc]:
        return [c for c in self.store.all("yt_comment").values() if not c["gone"]]

    def get(self, number: str) -> Doc | None:
        comment = self.store.get("yt_comment", number)
        return comment if comment and not comment["gone"] else None

    def url(self, comment: Doc) -> str:
        return f"{self.universe.public_url}/youtube/web/watch?v={comment['video']}&lc={comment['id']}"

    def perform(self, act: Act) -> Made:
        """`more["to"]` is the video. Replies go under the first comment of their thread, whatever they answer."""
        at = act.at or self.universe.now()
        if act.verb == "retweet":
            raise Impossible("nobody retweets here")
        if act.verb in ("edit", "delete"):
            comment = self._existing(act.parent)
            changed = {"gone": True} if act.verb == "delete" else {"text": act.text, "updated": at}
            if act.verb == "delete":
                for reply in [c for c in self.comments() if c["parent"] == comment["id"]]:
                    self._save({**reply, "gone": True})
            return self._save({**comment, **changed})
        return self.comment(act.author, act.text, act.parent, at=at, kind=act.kind, video=str(act.more.get("to", "")))

    def comment(
        self, author: str, text: str, parent: str, *, at: float, kind: str = "", video: str = "", desk: bool = False
    ) -> Made:
        number = self.store.next_number("yt_comment", 1)
        top = self._existing(parent.partition(".")[0]) if parent else None
        open_videos = [v for v in VIDEOS if v != CLOSED]
        if video and video not in open_videos:
            raise Impossible(f"there is no video {video} to comment on")
        made = f"{top['id']}.9r{number:014d}" if top else f"Ugx{number:013d}AaABAg"
        return self._save({
            "id": made, "author": author.lstrip("@"),
            "text": text, "at": at, "updated": at, "gone": False, "kind": kind,
            "desk": desk, "parent": top["id"] if top else "",
            "video": top["video"] if top else video or open_videos[number % len(open_videos)],
        })  # fmt: skip

    def _existing(self, number: str) -> Doc:
        comment = self.get(number)
        if comment is None:
            raise Impossible(f"there is no comment {number}")
        return comment

    def _save(self, comment: Doc) -> Made:
        self.store.put("yt_comment", comment["id"], comment)
        return Made(comment["id"], self.url(comment))

    def access(self) -> Access:
        base = self.universe.public_url
        settings = {"channel_ids": [channel_of(OWN)], "client_id": api.CLIENT, "api_base": f"{base}/youtube/v3",
                    "token_base": f"{base}/youtube", "web_base": f"{base}/youtube/web"}  # fmt: skip
        secrets = {"api_key": api.KEY, "client_secret": api.CLIENT_SECRET, "refresh_token": api.REFRESH_TOKEN}
        return Access(settings, secrets, {OWN: ({"user_id": channel_of(OWN)}, {})})

    def truth(self, *, search: bool = False) -> dict[str, list[dict[str, Any]]]:
        """Everything others say under the brand's videos."""
        told: dict[str, list[dict[str, Any]]] = {"mentions": [], "optional": [], "ours": [], "desk": []}
        ours = {*self.team(), OWN}
        for comment in self.store.all("yt_comment").values():
            entry = self._entry(comment)
            if comment["desk"]:
                told["desk"].append(entry)
            if comment["author"].lower() in ours:
                told["ours"].append(entry)
            elif comment["gone"]:
                told["optional"].append(entry | {"reason": "deleted"})
            else:
                told["mentions"].append(entry)
        return told

    def _entry(self, comment: Doc) -> dict[str, Any]:
        return {
            "id": comment["id"], "author": comment["author"], "text": comment["text"],
            "title": VIDEOS[comment["video"]],
            "at": int(comment["at"]), "thread_id": comment["parent"] or comment["id"],
            "in_reply_to": comment["parent"] or None, "deleted": comment["gone"], "kind": comment["kind"],
        }  # fmt: skip

    def counts(self) -> dict[str, int]:
        return {name: len(entries) for name, entries in self.truth().items()}

    def refusal(self, kind: str) -> Response:
        if kind == "429":
            return api.failure(403, "rateLimitExceeded", "The request cannot be completed because you have exceeded "
                               "the rate limit.", "usageLimits")  # fmt: skip
        if kind == "expired":
            return api.failure(401, "authError", "Request had invalid authentication credentials.", "global")
        return api.failure(503, "backendError", "Service unavailable", "global")


PLATFORM = YouTube
