"""The four feeds as served: with ETag and Last-Modified, and 304 if nothing is new.

RFC 4287, https://www.rssboard.org/rss-specification, https://www.jsonfeed.org/version/1.1/, RFC 9110 section 13.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import format_datetime
from html import escape
from typing import TYPE_CHECKING
from urllib.parse import quote

from sandbox.base.api import ResourceServer, Routes
from sandbox.store import Doc
from sandbox.wire.http import Request, Response
from sandbox.wire.texts import iso_seconds

if TYPE_CHECKING:
    from sandbox.platforms.feed import Feed

SHOWN = 200


def in_bold(text: str) -> str:
    """As alerts highlight matches."""
    return escape(text).replace("Acme", "<b>Acme</b>")


def as_html(text: str) -> str:
    return "".join(f"<p>{escape(part)}</p>" for part in text.split("\n\n"))


class Wire(ResourceServer):
    """Open to anybody."""

    site: Feed
    base = "/feeds/"

    def routes(self) -> Routes:
        return [
            ("GET", feed, self._served(feed, kind, make))
            for feed, kind, make in (
                ("alerts.xml", "application/atom+xml", self.alerts),
                ("planet.xml", "application/atom+xml", self.planet),
                ("notes.json", "application/feed+json", self.notes),
                ("list.xml", "application/rss+xml", self.mailing_list),
            )
        ]

    def _served(self, feed: str, kind: str, make: Callable[[list[Doc]], str]) -> Callable[[Request], Response]:
        def view(request: Request) -> Response:
            entries = self.site.entries(feed)[:SHOWN]
            body = make(entries + entries[:1] if request.duplicates else entries).encode()
            etag = f'W/"{hashlib.sha256(body).hexdigest()[:20]}"'
            changed = max((e["updated"] for e in entries), default=self.site.universe.born_at)
            headers = {"ETag": etag, "Last-Modified": format_datetime(datetime.fromtimestamp(int(changed), UTC), True)}
            if request.headers.get("If-None-Match") == etag:
                return Response(b"", 304, kind, headers)
            return Response(body, 200, f"{kind}; charset=utf-8", headers)

        return view

    def alerts(self, entries: list[Doc]) -> str:
        """Google Alerts: links through a redirect, matches in bold, no author."""
        made = [
            f'<entry><id>{e["id"]}</id><title type="html">{escape(in_bold(e["title"]))}</title>'
            f'<link href="{escape(self._redirected(e))}"/>'
            f"<published>{iso_seconds(e['at'])}</published><updated>{iso_seconds(e['updated'])}</updated>"
            f'<content type="html">{escape(in_bold(e["text"]))}</content><author><name></name></author></entry>'
            for e in entries
        ]
        return self._atom("alerts.xml", "Google Alert – Acme", made)

    def _redirected(self, entry: Doc) -> str:
        return f"https://www.google.com/url?rct=j&sa=t&url={quote(self.site.url(entry), safe='')}&ct=ga&cd=CAIy"

    def planet(self, entries: list[Doc]) -> str:
        """Relative links, authors with email addresses."""
        made = [
            f"<entry><id>{e['id']}</id><title>{escape(e['title'])}</title>"
            f'<link href="web/{e["feed"]}/{e["number"]}"/>'
            f"<author><name>{escape(e['name'])}</name><email>{escape(e['email'])}</email></author>"
            f"<published>{iso_seconds(e['at'])}</published><updated>{iso_seconds(e['updated'])}</updated>"
            f'<content type="html">{escape(as_html(e["text"]))}</content></entry>'
            for e in entries
        ]
        return self._atom("planet.xml", "Planet of builders", made)

    def _atom(self, feed: str, title: str, entries: list[str]) -> str:
        return (
            '<?xml version="1.0" encoding="utf-8"?>\n<feed xmlns="http://www.w3.org/2005/Atom">'
            f"<id>tag:sandbox.example,2026:{feed}</id><title>{escape(title)}</title>"
            f'<link rel="self" href="{escape(self.site.address(feed))}"/>{"".join(entries)}</feed>\n'
        )

    def notes(self, entries: list[Doc]) -> str:
        items = [
            {"id": e["id"], "url": self.site.url(e), "title": e["title"], "content_text": e["text"],
             "date_published": iso_seconds(e["at"]), "date_modified": iso_seconds(e["updated"]),
             "authors": [{"name": e["name"], "url": f"https://{e['author'].lower().partition('@')[0]}.example/"}]}
            for e in entries
        ]  # fmt: skip
        feed = {"version": "https://jsonfeed.org/version/1.1", "title": "Notes from the workshop",
                "home_page_url": f"{self.site.universe.public_url}/feeds/web/",
                "feed_url": self.site.address("notes.json"), "items": items}  # fmt: skip
        return json.dumps(feed, ensure_ascii=False)

    def mailing_list(self, entries: list[Doc]) -> str:
        made = [
            f"<item><title>{escape(e['title'])}</title><link>{escape(self.site.url(e))}</link>"
            f'<guid isPermaLink="false">{e["id"]}</guid><author>{escape(e["email"])} ({escape(e["name"])})</author>'
            f"<pubDate>{format_datetime(datetime.fromtimestamp(int(e['at']), UTC))}</pubDate>"
            f"<description>{escape(as_html(e['text']))}</description></item>"
            for e in entries
        ]
        return (
            '<?xml version="1.0" encoding="UTF-8"?>\n<rss version="2.0"><channel><title>users@lists.builders.example'
            f"</title><link>{escape(self.site.universe.public_url)}/feeds/web/</link>"
            "<description>The list</description>"
            f"{''.join(made)}</channel></rss>\n"
        )
