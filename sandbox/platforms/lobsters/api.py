"""The site's JSON endpoints: https://github.com/lobsters/lobsters/blob/main/config/routes.rb"""

from __future__ import annotations

from sandbox.platforms.lobsters.stories import Stories
from sandbox.wire.http import Request, Response, Router, json_response

PER_PAGE = 25


class Api:
    def __init__(self, stories: Stories) -> None:
        self.stories = stories

    def register(self, router: Router) -> None:
        for path, view in (
            ("/lobsters/newest.json", self.newest),
            ("/lobsters/newest/page/{page}.json", self.newest),
            ("/lobsters/s/{id}.json", self.story),
            ("/lobsters/c/{id}.json", self.comment),
        ):
            router.add("GET", path, view, platform="lobsters")

    def newest(self, request: Request) -> Response:
        try:
            page = max(1, int(request.params.get("page", "1")))
        except ValueError:
            page = 1
        found = self.stories.newest()[(page - 1) * PER_PAGE : page * PER_PAGE]
        if request.duplicates:
            found += found[:2]
        return json_response([self.stories.as_story(story) for story in found])

    def story(self, request: Request) -> Response:
        story = self.stories.get(request.params["id"])
        if story is None or story["parent"] or story["gone"]:
            return Response(b'{"status":404,"error":"Not Found"}', 404)
        return json_response(self.stories.as_story(story, with_comments=True))

    def comment(self, request: Request) -> Response:
        """A comment that never existed is a 400 in plain text; a deleted one is returned."""
        comment = self.stories.get(f"c_{request.params['id']}")
        if comment is None:
            return Response(b"can't find comment", 400, "text/plain; charset=utf-8")
        return json_response(self.stories.as_comment(comment))
