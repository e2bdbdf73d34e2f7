"""The Data API's lists, insert and delete: https://developers.google.com/youtube/v3/docs, and the token server."""

from __future__ import annotations

import html
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from sandbox.base.acts import Act, Impossible
from sandbox.platforms.youtube.cast import CLOSED, OWN, VIDEOS, channel_of
from sandbox.store import Doc
from sandbox.wire.http import Request, Response, Router, json_response

if TYPE_CHECKING:
    from sandbox.platforms.youtube import YouTube

KEY = "AIzaSandboxKeyThatOpensNothing000000001"
CLIENT = "sandbox-client.apps.googleusercontent.example"
CLIENT_SECRET = "GOCSPX-sandbox-client-secret"  # noqa: S105
REFRESH_TOKEN = "1//sandbox-refresh-token-of-the-brand"  # noqa: S105
ACCESS_TOKEN = "ya29.sandbox-access-token-of-the-brand"  # noqa: S105
UNITS_A_DAY = 10_000
SHOWN_REPLIES = 2
"""A thread includes some of its replies, not all."""


def failure(status: int, reason: str, message: str, domain: str = "youtube.comment") -> Response:
    error = {"message": message, "domain": domain, "reason": reason}
    return json_response({"error": {"code": status, "message": message, "errors": [error]}}, status)


def iso(at: float) -> str:
    return datetime.fromtimestamp(int(at), UTC).isoformat().replace("+00:00", "Z")


class Api:
    def __init__(self, site: YouTube) -> None:
        self.site = site

    def register(self, router: Router) -> None:
        name = self.site.name
        for path, view in (
            ("commentThreads", self.threads),
            ("comments", self.comments),
            ("videos", self.videos),
            ("channels", self.channels),
        ):
            router.add("GET", f"/youtube/v3/{path}", self._counted(view, 1), platform=name)
        router.add("POST", "/youtube/v3/comments", self._as_brand(self._counted(self.insert, 50)), platform=name,
                   write=True)  # fmt: skip
        router.add("DELETE", "/youtube/v3/comments", self._as_brand(self._counted(self.delete, 50)), platform=name,
                   write=True)  # fmt: skip
        router.add("POST", "/youtube/token", self.token, platform=name)

    # --- who asks, and what it costs --------------------------------------------------------------------------

    def _is_brand(self, request: Request) -> bool:
        return request.headers.get("Authorization") == f"Bearer {ACCESS_TOKEN}"

    def _as_brand(self, view: Callable[[Request], Response]) -> Callable[[Request], Response]:
        def checked(request: Request) -> Response:
            return view(request) if self._is_brand(request) else self.site.refusal("expired")

        return checked

    def _counted(self, view: Callable[[Request], Response], cost: int) -> Callable[[Request], Response]:
        def answer(request: Request) -> Response:
            if request.headers.get("Authorization") and not self._is_brand(request):
                return self.site.refusal("expired")
            key = request.headers.get("X-Goog-Api-Key") or request.query.get("key", "")
            if not self._is_brand(request) and key != KEY:
                return failure(400, "badRequest", "API key not valid. Please pass a valid API key.", "global")
            day = datetime.now(UTC).date().isoformat()
            used = (self.site.store.get("yt_units", day) or {"used": 0})["used"] + cost
            if used > UNITS_A_DAY:
                return failure(403, "quotaExceeded", "The request cannot be completed because you have exceeded your "
                               '<a href="/youtube/v3/getting-started#quota">quota</a>.', "youtube.quota")  # fmt: skip
            self.site.store.put("yt_units", day, {"used": used})
            return view(request)

        return answer

    def token(self, request: Request) -> Response:
        form = request.form()
        if (form.get("client_id"), form.get("client_secret")) != (CLIENT, CLIENT_SECRET):
            return json_response({"error": "invalid_client", "error_description": "Unauthorized"}, 401)
        if form.get("refresh_token") != REFRESH_TOKEN:
            told = {"error": "invalid_grant", "error_description": "Token has been expired or revoked."}
            return json_response(told, 400)
        return json_response({"access_token": ACCESS_TOKEN, "expires_in": 3599, "token_type": "Bearer",
                              "scope": "https://www.googleapis.com/auth/youtube.force-ssl"})  # fmt: skip

    # --- lists ------------------------------------------------------------------------------------------------

    def threads(self, request: Request) -> Response:
        asked = request.query
        tops = [c for c in self.site.comments() if not c["parent"]]
        if "id" in asked:
            found = [c for c in tops if c["id"] in asked["id"].split(",")]
        elif video := asked.get("videoId"):
            if video not in VIDEOS:
                return failure(404, "videoNotFound", f"The video {video} could not be found.", "youtube.commentThread")
            if video == CLOSED:
                return failure(403, "commentsDisabled", "The video has disabled comments.", "youtube.commentThread")
            found = [c for c in tops if c["video"] == video]
        elif channel := asked.get("allThreadsRelatedToChannelId"):
            if channel != channel_of(OWN):
                return failure(404, "channelNotFound", "The channel could not be found.", "youtube.commentThread")
            found = tops
        else:
            return failure(400, "missingRequiredParameter", "No filter selected.", "youtube.parameter")
        found.sort(key=lambda c: (-int(c["at"]), c["id"]))
        return self._listed(request, "commentThread", [self._thread(c) for c in found])

    def comments(self, request: Request) -> Response:
        asked = request.query
        if parent := asked.get("parentId"):
            found = [c for c in self.site.comments() if c["parent"] == parent]
        else:
            found = [c for number in asked.get("id", "").split(",") if (c := self.site.get(number))]
        return self._listed(request, "comment", [self._comment(c, in_thread=False) for c in found])

    def videos(self, request: Request) -> Response:
        asked = request.query.get("id", "").split(",")
        made = [{"kind": "youtube#video", "id": v, "snippet": {"channelId": channel_of(OWN), "title": VIDEOS[v]}}
                for v in asked if v in VIDEOS]  # fmt: skip
        return self._listed(request, "video", made)

    def channels(self, request: Request) -> Response:
        mine = request.query.get("mine") == "true" and self._is_brand(request)
        return self._listed(request, "channel", [{"kind": "youtube#channel", "id": channel_of(OWN)}] if mine else [])

    def _listed(self, request: Request, kind: str, made: list[Doc]) -> Response:
        size = max(1, min(100, int(request.query.get("maxResults", 20))))
        try:
            at = int(request.query.get("pageToken", "P0").removeprefix("P"))
        except ValueError:
            return failure(400, "invalidPageToken", "The request specifies an invalid page token.", "youtube.parameter")
        shown = made[at : at + size]
        if request.duplicates:
            shown = shown + shown[:1]
        body: dict[str, Any] = {"kind": f"youtube#{kind}ListResponse", "etag": "sandbox",
                                "pageInfo": {"totalResults": len(made), "resultsPerPage": size}}  # fmt: skip
        if at + size <= len(made):  # like the real API: a full page has a next one, which may be empty
            body["nextPageToken"] = f"P{at + size}"
        return json_response(body | {"items": shown})

    def _thread(self, top: Doc) -> Doc:
        replies = [c for c in self.site.comments() if c["parent"] == top["id"]]
        made: Doc = {
            "kind": "youtube#commentThread", "etag": "sandbox", "id": top["id"],
            "snippet": {"channelId": channel_of(OWN), "videoId": top["video"], "canReply": True, "isPublic": True,
                        "topLevelComment": self._comment(top), "totalReplyCount": len(replies)},
        }  # fmt: skip
        if replies:
            made["replies"] = {"comments": [self._comment(c) for c in replies[-SHOWN_REPLIES:]]}
        return made

    def _comment(self, comment: Doc, *, in_thread: bool = True) -> Doc:
        snippet: Doc = {
            "channelId": channel_of(OWN), "textDisplay": html.escape(comment["text"]).replace("\n", "<br>"),
            "textOriginal": comment["text"], "authorDisplayName": f"@{comment['author']}",
            "authorChannelUrl": f"http://www.youtube.com/@{comment['author']}",
            "authorChannelId": {"value": channel_of(comment["author"])}, "canRate": True, "viewerRating": "none",
            "likeCount": 0, "publishedAt": iso(comment["at"]), "updatedAt": iso(comment["updated"]),
        }  # fmt: skip
        if in_thread:
            snippet["videoId"] = comment["video"]
        if comment["parent"]:
            snippet["parentId"] = comment["parent"]
        return {"kind": "youtube#comment", "etag": "sandbox", "id": comment["id"], "snippet": snippet}

    # --- writes -----------------------------------------------------------------------------------------------

    def insert(self, request: Request) -> Response:
        snippet = request.json().get("snippet") or {}
        text, parent = str(snippet.get("textOriginal", "")), str(snippet.get("parentId", ""))
        if not text.strip():
            return failure(400, "commentTextRequired", "The comment is empty.")
        if len(text) > 10_000:
            return failure(400, "commentTextTooLong", "The comment is too long.")
        if "." in parent or self.site.get(parent) is None:
            return failure(404, "parentCommentNotFound", "The specified parent comment could not be found.")
        now = self.site.universe.now()
        made = self.site.get(self.site.comment(OWN, text, parent, at=now, desk=True).id)
        assert made is not None
        return json_response(self._comment(made, in_thread=False))

    def delete(self, request: Request) -> Response:
        comment = self.site.get(request.query.get("id", ""))
        if comment is None:
            return failure(404, "commentNotFound", "The specified comment could not be found.")
        if comment["author"] != OWN:
            return failure(403, "forbidden", "The comment could not be deleted because of insufficient permissions.")
        try:
            self.site.perform(Act(self.site.name, "delete", "", parent=comment["id"]))
        except Impossible:
            return failure(404, "commentNotFound", "The specified comment could not be found.")
        return Response(status=204)
