"""The Data API's lists, insert and delete: https://developers.google.com/youtube/v3/docs, and the token server."""

from __future__ import annotations

import html
from typing import TYPE_CHECKING

from sandbox.base.api import ResourceServer, Routes
from sandbox.platforms.youtube.cast import CLOSED, OWN, VIDEOS, channel_of
from sandbox.store import Doc
from sandbox.wire.http import Refused, Request, Response, json_response
from sandbox.wire.lists import page_of
from sandbox.wire.quotas import Spent
from sandbox.wire.texts import iso_seconds

if TYPE_CHECKING:
    from sandbox.platforms.youtube import YouTube

KEY = "AIzaSandboxKeyThatOpensNothing000000001"
CLIENT = "sandbox-client.apps.googleusercontent.example"
CLIENT_SECRET = "GOCSPX-sandbox-client-secret"  # noqa: S105
REFRESH_TOKEN = "1//sandbox-refresh-token-of-the-brand"  # noqa: S105
ACCESS_TOKEN = "ya29.sandbox-access-token-of-the-brand"  # noqa: S105
SHOWN_REPLIES = 2
"""A thread includes some of its replies, not all."""


def failure(status: int, reason: str, message: str, domain: str = "youtube.comment") -> Response:
    error = {"message": message, "domain": domain, "reason": reason}
    return json_response({"error": {"code": status, "message": message, "errors": [error]}}, status)


def refused(status: int, reason: str, message: str, domain: str = "youtube.comment") -> Refused:
    return Refused(failure(status, reason, message, domain))


class Api(ResourceServer):
    site: YouTube
    base = "/youtube/v3"
    limit = 10_000
    """Units; reading costs 1, writing 50."""
    window_s = 86_400

    def routes(self) -> Routes:
        return [
            ("GET", "/commentThreads", self.threads),
            ("GET", "/comments", self.comments),
            ("GET", "/videos", self.videos),
            ("GET", "/channels", self.channels),
            ("POST", "/comments", self.insert),
            ("DELETE", "/comments", self.delete),
        ]

    def caller(self, request: Request) -> str:
        """The brand by its token, or "" for a reader by the key."""
        if request.bearer == ACCESS_TOKEN:
            return OWN
        if request.headers.get("Authorization") or request.method != "GET":
            raise Refused(self.site.refusal("expired"))
        key = request.headers.get("X-Goog-Api-Key") or request.query.get("key")
        if not key:
            raise refused(403, "forbidden", "The request is missing a valid API key.", "global")
        if key != KEY:
            raise refused(400, "badRequest", "API key not valid. Please pass a valid API key.", "global")
        return ""

    def limits(self, request: Request) -> tuple[int, object, int]:
        return self.limit, "", 1 if request.method == "GET" else 50

    def over_quota(self, spent: Spent) -> Response:
        return failure(403, "quotaExceeded", "The request cannot be completed because you have exceeded your "
                       '<a href="/youtube/v3/getting-started#quota">quota</a>.', "youtube.quota")  # fmt: skip

    def bad_value(self, name: str, value: str) -> Response:
        return failure(400, "invalidParameter", f"Invalid value at '{name}' (TYPE_UINT32), \"{value}\"", "global")

    def token(self, request: Request) -> Response:
        """Google's token server."""
        form = request.form()
        if (form.get("client_id"), form.get("client_secret")) != (CLIENT, CLIENT_SECRET):
            return json_response({"error": "invalid_client", "error_description": "Unauthorized"}, 401)
        if form.get("refresh_token") != REFRESH_TOKEN:
            error = {"error": "invalid_grant", "error_description": "Token has been expired or revoked."}
            return json_response(error, 400)
        return json_response({"access_token": ACCESS_TOKEN, "expires_in": 3599, "token_type": "Bearer",
                              "scope": "https://www.googleapis.com/auth/youtube.force-ssl"})  # fmt: skip

    # --- lists ------------------------------------------------------------------------------------------------

    def threads(self, request: Request) -> Doc:
        asked = request.query
        tops = [c for c in self.site.comments() if not c["parent"]]
        if "id" in asked:
            found = [c for c in tops if c["id"] in asked["id"].split(",")]
        elif video := asked.get("videoId"):
            if video not in VIDEOS:
                raise refused(404, "videoNotFound", f"The video {video} could not be found.", "youtube.commentThread")
            if video == CLOSED:
                raise refused(403, "commentsDisabled", "The video has disabled comments.", "youtube.commentThread")
            found = [c for c in tops if c["video"] == video]
        elif channel := asked.get("allThreadsRelatedToChannelId"):
            if channel != channel_of(OWN):
                raise refused(404, "channelNotFound", "The channel could not be found.", "youtube.commentThread")
            found = tops
        else:
            raise refused(400, "missingRequiredParameter", "No filter selected.", "youtube.parameter")
        found.sort(key=lambda c: (-int(c["at"]), c["id"]))
        return self._listed(request, "commentThread", [self._thread(c) for c in found])

    def comments(self, request: Request) -> Doc:
        asked = request.query
        if parent := asked.get("parentId"):
            found = [c for c in self.site.comments() if c["parent"] == parent]
        else:
            found = [c for number in asked.get("id", "").split(",") if (c := self.site.get(number))]
        return self._listed(request, "comment", [self._comment(c, in_thread=False) for c in found])

    def videos(self, request: Request) -> Doc:
        asked = request.query.get("id", "").split(",")
        made = [{"kind": "youtube#video", "id": v, "snippet": {"channelId": channel_of(OWN), "title": VIDEOS[v]}}
                for v in asked if v in VIDEOS]  # fmt: skip
        return self._listed(request, "video", made)

    def channels(self, request: Request) -> Doc:
        mine = request.query.get("mine") == "true" and request.caller == OWN
        return self._listed(request, "channel", [{"kind": "youtube#channel", "id": channel_of(OWN)}] if mine else [])

    def _listed(self, request: Request, kind: str, made: list[Doc]) -> Doc:
        token = request.query.get("pageToken", "P0").removeprefix("P")
        if not token.isdecimal():
            raise refused(400, "invalidPageToken", "The request specifies an invalid page token.", "youtube.parameter")
        page = page_of(request, made, int(token), self.number(request, "maxResults", 20, most=100))
        body: Doc = {"kind": f"youtube#{kind}ListResponse", "etag": "sandbox",
                     "pageInfo": {"totalResults": page.total, "resultsPerPage": page.size}}  # fmt: skip
        if page.end <= page.total:  # like the real API: a full page has a next one, which may be empty
            body["nextPageToken"] = f"P{page.end}"
        return body | {"items": page.entries}

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
            "likeCount": 0, "publishedAt": iso_seconds(comment["at"]), "updatedAt": iso_seconds(comment["updated"]),
        }  # fmt: skip
        if in_thread:
            snippet["videoId"] = comment["video"]
        if comment["parent"]:
            snippet["parentId"] = comment["parent"]
        return {"kind": "youtube#comment", "etag": "sandbox", "id": comment["id"], "snippet": snippet}

    # --- writes -----------------------------------------------------------------------------------------------

    def insert(self, request: Request) -> Doc:
        snippet = request.json().get("snippet") or {}
        text, parent = str(snippet.get("textOriginal", "")), str(snippet.get("parentId", ""))
        if not text.strip():
            raise refused(400, "commentTextRequired", "The comment is empty.")
        if len(text) > 10_000:
            raise refused(400, "commentTextTooLong", "The comment is too long.")
        if "." in parent or self.site.get(parent) is None:
            raise refused(404, "parentCommentNotFound", "The specified parent comment could not be found.")
        return self._comment(self.site.comment(OWN, text, parent, at=self.now(), desk=True), in_thread=False)

    def delete(self, request: Request) -> Response:
        comment = self.site.get(request.query.get("id", ""))
        if comment is None:
            raise refused(404, "commentNotFound", "The specified comment could not be found.")
        if comment["author"] != OWN:
            raise refused(403, "forbidden", "The comment could not be deleted because of insufficient permissions.")
        self.site.removed(comment, self.now())
        return Response(status=204)
