"""The site's JSON endpoints: https://github.com/lobsters/lobsters/blob/main/config/routes.rb"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sandbox.base.api import ResourceServer, Routes
from sandbox.store import Doc
from sandbox.wire.http import Refused, Request, Response
from sandbox.wire.lists import page_of

if TYPE_CHECKING:
    from sandbox.platforms.lobsters import Lobsters

PER_PAGE = 25


class Api(ResourceServer):
    """Open to anybody."""

    site: Lobsters
    base = "/lobsters/"

    def routes(self) -> Routes:
        return [
            ("GET", "newest.json", self.newest),
            ("GET", "newest/page/{page}.json", self.newest),
            ("GET", "s/{id}.json", self.story),
            ("GET", "c/{id}.json", self.comment),
        ]

    def newest(self, request: Request) -> list[Doc]:
        given = request.params.get("page", "1")
        number = max(1, int(given)) if given.isdecimal() else 1
        page = page_of(request, self.site.stories.newest("stories"), (number - 1) * PER_PAGE, PER_PAGE, repeats=2)
        return [self.site.stories.as_story(story) for story in page.entries]

    def story(self, request: Request) -> Doc:
        story = self.site.find(request.params["id"])
        if story is None or story["parent"] or story["gone"]:
            raise Refused(self.site.refusal("404"))
        return self.site.stories.as_story(story, with_comments=True)

    def comment(self, request: Request) -> Doc:
        """A comment that never existed is a 400 in plain text; a deleted one is returned."""
        comment = self.site.find(f"c_{request.params['id']}")
        if comment is None:
            raise Refused(Response(b"can't find comment", 400, "text/plain; charset=utf-8"))
        return self.site.stories.as_comment(comment)
