"""Feeds from a fake server: conditional requests, one broken feed among several, hostile feeds, pages that link to a
feed."""

from __future__ import annotations

import io
import json
import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest

from channels.adapters.feed import Feed, dates, fetching, wire
from channels.adapters.feed.discovery import feeds_of
from channels.adapters.feed.documents import FeedDocument
from channels.contract import Config, Item, Json, Mention, Network
from channels.errors import AuthFailed, BlockedAddress, ChannelError, Malformed, RateLimited, Rejected, Transient
from channels.tests.growth import assert_linear
from channels.tests.loopback import Reply, Seen, Server, serving

ADAPTER = Feed()
NOW = datetime.now(UTC).replace(microsecond=0)
PAYLOADS = Path(__file__).parents[1] / "payloads" / "feed"


class Sites:
    """Feeds by path; each has an ETag of its content, unless `plain`."""

    def __init__(self) -> None:
        self.feeds: dict[str, bytes] = {}
        self.replies: dict[str, Reply] = {}
        self.plain = False

    def put(self, path: str, *entries: tuple[str, str, datetime | None]) -> None:
        items = "".join(
            f"<item><guid>{guid}</guid><title>{title}</title><link>/e/{guid}</link>"
            + (f"<pubDate>{format_datetime(at)}</pubDate>" if at else "")
            + "</item>"
            for guid, title, at in entries
        )
        feed = f'<rss version="2.0"><channel><title>T</title><link>/</link>{items}</channel></rss>'
        self.feeds[path] = feed.encode()

    def answer(self, seen: Seen) -> Reply:
        if seen.path in self.replies:
            return self.replies[seen.path]
        content = self.feeds.get(seen.path)
        if content is None:
            return Reply(404, b"gone")
        etag = f'"{hash(content)}"'
        if not self.plain and seen.headers.get("If-None-Match") == etag:
            return Reply(304, b"", {"ETag": etag})
        named = {} if self.plain else {"ETag": etag, "Last-Modified": "Wed, 18 Nov 2026 10:00:00 GMT"}
        return Reply(200, content, {"Content-Type": "application/rss+xml", **named})


def _config(server: Server, *paths: str, **settings: Any) -> Config:
    return Config({"feeds": [server.url + path for path in paths], **settings}, network=server.network())


def _poll(config: Config, cursor: Json, into: list[str]) -> Json:
    for page in ADAPTER.fetch(config, cursor):
        into += [_mention(item).subject or "" for item in page.items]
        cursor = json.loads(json.dumps(page.cursor))
    return cursor


def _poll_and_error(config: Config, cursor: Json, into: list[str]) -> tuple[Json, ChannelError]:
    try:
        for page in ADAPTER.fetch(config, cursor):
            into += [_mention(item).subject or "" for item in page.items]
            cursor = json.loads(json.dumps(page.cursor))
    except ChannelError as error:
        return cursor, error
    raise AssertionError("no error was raised")


def _mention(item: Item) -> Mention:
    mention = ADAPTER.parse(item, Config())
    assert mention is not None
    return mention


def test_a_feed_that_has_not_changed_is_not_read_again() -> None:
    sites, seen = Sites(), list[str]()
    sites.put("/a", ("1", "One", NOW))
    with serving(sites.answer) as server:
        config = _config(server, "/a")
        cursor = _poll(config, None, seen)
        cursor = _poll(config, cursor, seen)
        assert server.seen[1].headers["If-Modified-Since"] == "Wed, 18 Nov 2026 10:00:00 GMT"
        assert seen == ["One"]
        sites.put("/a", ("2", "Two", NOW), ("1", "One", NOW))
        _poll(config, cursor, seen)
    assert seen == ["One", "Two", "One"]


def test_other_phrases_read_what_was_passed_over() -> None:
    sites, seen = Sites(), list[str]()
    sites.put("/a", ("1", "About Acme", NOW), ("2", "About Bolt", NOW))
    with serving(sites.answer) as server:
        cursor = _poll(_config(server, "/a", phrases=["Acme"]), None, seen)
        assert seen == ["About Acme"]
        _poll(_config(server, "/a", phrases=["Acme", "bolt"]), cursor, seen)
    assert seen == ["About Acme", "About Acme", "About Bolt"]


def test_a_long_feed_comes_in_pages_and_a_crash_loses_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetching, "PER_PAGE", 4)
    sites, seen = Sites(), list[str]()
    sites.put("/a", *((str(n), f"E{n}", NOW) for n in range(10)))
    with serving(sites.answer) as server:
        config = _config(server, "/a")
        first = next(iter(ADAPTER.fetch(config, None)))
        assert len(first.items) == 4
        cursor = _poll(config, first.cursor, seen)
        assert seen == [f"E{n}" for n in range(10)]
        _poll(config, cursor, seen)
        assert len(seen) == 10


def test_a_feed_of_exactly_one_page_is_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetching, "PER_PAGE", 4)
    sites, seen = Sites(), list[str]()
    sites.put("/a", *((str(n), f"E{n}", NOW) for n in range(8)))
    with serving(sites.answer) as server:
        _poll(_config(server, "/a"), None, seen)
    assert seen == [f"E{n}" for n in range(8)]


def test_old_entries_stay_out_and_undated_ones_come_in() -> None:
    sites, seen = Sites(), list[str]()
    sites.put("/a", ("1", "Old", NOW - timedelta(days=30)), ("2", "Undated", None), ("3", "New", NOW))
    with serving(sites.answer) as server:
        _poll(_config(server, "/a"), None, seen)
    assert seen == ["Undated", "New"]


def test_a_date_far_ahead_is_not_believed() -> None:
    sites = Sites()
    sites.put("/a", ("1", "Soon", NOW + timedelta(hours=2)), ("2", "Next year", NOW + timedelta(days=400)))
    with serving(sites.answer) as server:
        items = next(iter(ADAPTER.fetch(_config(server, "/a"), None))).items
    assert [_mention(item).posted_at for item in items] == [NOW + timedelta(hours=2), None]


def test_one_broken_feed_does_not_stop_the_others_but_is_reported() -> None:
    sites, seen = Sites(), list[str]()
    sites.put("/a", ("1", "One", NOW))
    sites.put("/b", ("1", "Two", NOW))
    with serving(sites.answer) as server:
        config = _config(server, "/a", "/missing", "/b")
        *_, last = pages = list(ADAPTER.fetch(config, None))
        seen += [_mention(item).subject or "" for page in pages for item in page.items]
        assert seen == ["One", "Two"]
        assert f"{server.url}/missing: " in last.trouble
        assert "/missing returned 404" in last.trouble
        assert not last.again_soon
        cursor = _poll(config, last.cursor, seen)
        assert seen == ["One", "Two"], "what was read is known, although one failed"
        sites.put("/missing", ("1", "Three", NOW))
        _poll(config, cursor, seen)
    assert seen == ["One", "Two", "Three"]


def test_a_feed_that_was_down_for_weeks_is_read_from_where_it_broke() -> None:
    sites, seen = Sites(), list[str]()
    sites.put("/a", ("1", "One", NOW))
    sites.put("/b", ("1", "Two", NOW))
    with serving(sites.answer) as server:
        config = _config(server, "/a", "/b")
        cursor = _poll(config, None, seen)
        for address in cursor["feeds"]:
            cursor["feeds"][address]["seen"] -= 20 * 86_400
        sites.put("/a", ("1", "One", NOW), ("2", "In between", NOW - timedelta(days=18)))
        sites.replies["/a"] = Reply(503)
        *_, last = list(ADAPTER.fetch(config, cursor))
        assert last.again_soon
        assert "/a returned 503" in last.trouble
        del sites.replies["/a"]
        cursor = _poll(config, json.loads(json.dumps(last.cursor)), seen)
        assert "In between" in seen
        assert cursor["parts"]["down"] == {}
        assert {page.trouble for page in ADAPTER.fetch(config, cursor)} == {""}


def test_where_all_feeds_are_broken_the_poll_fails() -> None:
    sites = Sites()
    with serving(sites.answer) as server:
        config = _config(server, "/a", "/b")
        _, error = _poll_and_error(config, None, [])
        assert type(error) is Rejected
        sites.replies["/b"] = Reply(500)
        _, error = _poll_and_error(config, None, [])
        assert type(error) is Transient
        assert "/a returned 404" in str(error)
        sites.replies["/b"] = sites.replies["/a"] = Reply(401)
        _, error = _poll_and_error(config, None, [])
    assert type(error) is AuthFailed


def test_a_feed_that_asks_for_a_pause_is_left_alone_and_the_others_are_not() -> None:
    sites = Sites()
    sites.put("/b", ("1", "Two", NOW))
    sites.replies["/a"] = Reply(429, b"", {"Retry-After": "3600"})
    with serving(sites.answer) as server:
        config = _config(server, "/a", "/b")
        *_, last = list(ADAPTER.fetch(config, None))
        assert "/a returned 429" in last.trouble
        assert not last.again_soon
        cursor = json.loads(json.dumps(last.cursor))
        *_, last = list(ADAPTER.fetch(config, cursor))
        assert "asks for a pause until" in last.trouble
        assert [s.path for s in server.seen] == ["/a", "/b", "/b"]
        with pytest.raises(RateLimited) as waiting:
            list(ADAPTER.fetch(_config(server, "/a"), cursor))
        assert waiting.value.until is not None
        assert len(server.seen) == 3
        cursor["feeds"][server.url + "/a"]["rest_until"] = time.time() - 1
        *_, last = list(ADAPTER.fetch(config, cursor))
        assert "/a returned 429" in last.trouble
        alone = _config(server, "/a")
        with pytest.raises(RateLimited) as caught:
            list(ADAPTER.fetch(alone, None))
    assert caught.value.retry_after_s == 3600


def test_two_feeds_may_use_the_same_guids() -> None:
    sites = Sites()
    sites.put("/a", ("1", "One", NOW))
    sites.put("/b", ("1", "Two", NOW))
    with serving(sites.answer) as server:
        ids = [item.external_id for page in ADAPTER.fetch(_config(server, "/a", "/b"), None) for item in page.items]
    assert len(set(ids)) == 2


def test_an_entry_listed_twice_is_the_same_and_others_of_its_guid_are_not() -> None:
    feed = b'<rss version="2.0"><channel>%s</channel></rss>'
    entry = b'<item><guid isPermaLink="false">1</guid><title>E</title><link>/e/%d</link></item>'
    first, other = entry % 1, entry % 2
    once, twice, both = (_ids_of(feed % entries) for entries in (first, first * 2, first + other))
    assert once == twice
    assert len(set(both)) == 2


def _ids_of(body: bytes) -> list[str]:
    def answer(seen: Seen) -> Reply:
        return Reply(body=body, headers={"Content-Type": "application/rss+xml"})

    with serving(answer) as server:
        ids = [item.external_id for page in ADAPTER.fetch(_config(server, "/a"), None) for item in page.items]
    return [each.partition(":")[2] for each in ids]


def test_relative_links_lead_to_the_site() -> None:
    sites = Sites()
    sites.put("/a", ("1", "One", NOW))
    with serving(sites.answer) as server:
        item = next(iter(ADAPTER.fetch(_config(server, "/a"), None))).items[0]
        assert _mention(item).url == f"{server.url}/e/1"


def test_a_web_page_that_names_its_feed_is_refused_with_the_address_of_the_feed() -> None:
    sites = Sites()
    page = b'<!doctype html><head><LINK REL="alternate" TYPE="application/rss+xml" HREF="news.xml"></head>'
    sites.replies["/blog/"] = Reply(200, page, {"Content-Type": "text/html"})
    with (
        serving(sites.answer) as server,
        pytest.raises(Rejected, match=r"address instead: http://\S+/blog/news\.xml\."),
    ):
        ADAPTER.check(_config(server, "/blog/"))


def test_discovery_knows_bases_and_refuses_scripts() -> None:
    page = b"""<base href="/sub/"><link rel="stylesheet" href="x.css"><link rel="alternate" hreflang="de" href="/de">
    <link rel='alternate home' type='application/atom+xml; charset=utf-8' href='a.xml'>
    <link rel=alternate type=application/feed+json href=javascript:alert(1)>"""
    assert feeds_of(page, "https://x.example/blog/") == ["https://x.example/sub/a.xml"]


@pytest.mark.parametrize(
    "address",
    ["http://127.0.0.1:1/feed", "http://169.254.169.254/latest/meta-data", "http://[::1]/f", "http://10.0.0.8/f"],
)
def test_addresses_of_the_own_network_are_refused(address: str) -> None:
    config = Config({"feeds": [address]}, network=Network(connect_timeout_s=0.5, read_timeout_s=0.5))
    with pytest.raises(BlockedAddress):
        list(ADAPTER.fetch(config, None))


def test_a_redirect_into_the_own_network_is_refused() -> None:
    sites = Sites()
    sites.replies["/a"] = Reply(302, b"", {"Location": "http://169.254.169.254/latest"})
    with serving(sites.answer) as server, pytest.raises(BlockedAddress):
        list(ADAPTER.fetch(_config(server, "/a"), None))


def test_a_huge_feed_is_refused_before_it_is_parsed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetching, "MAX_BYTES", 50_000)
    sites = Sites()
    sites.feeds["/a"] = b'<rss version="2.0"><channel>' + b"<item><title>x</title></item>" * 5000
    with serving(sites.answer) as server, pytest.raises(Transient, match="more than 50000 bytes"):
        list(ADAPTER.fetch(_config(server, "/a"), None))


def test_entries_are_bounded() -> None:
    body = b"".join(b"<item><guid>%d</guid><title>E</title></item>" % n for n in range(1500))
    document = FeedDocument(b'<rss version="2.0"><channel>' + body + b"</channel></rss>")
    assert len(ADAPTER.split(document, Config())) == 1000


@pytest.mark.parametrize("name", ["billion_laughs.xml", "external_entity.xml"])
def test_hostile_entities_are_inert(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*arguments: Any, **named: Any) -> Any:
        raise AssertionError("something was opened")

    content = (PAYLOADS / name).read_bytes()
    monkeypatch.setattr("urllib.request.urlopen", never)
    monkeypatch.setattr("builtins.open", never)
    monkeypatch.setattr(io, "open", never)
    items = ADAPTER.split(FeedDocument(content), Config())
    monkeypatch.undo()
    mention = _mention(items[0])
    assert len(mention.text) < 100
    assert "root:" not in mention.text
    assert "lollol" not in mention.text + (mention.subject or "")


@pytest.mark.parametrize(
    "units",
    [(b"<a>",), (b"<a>", b"</a>"), (b"<description>", b"<<<<<"), (b"& & & ",), (b"<a",), (b"</a ",)],
    ids=["open", "closed", "brackets", "ampersands", "unfinished", "unfinished-ends"],
)
def test_what_would_hold_the_parser_for_minutes_is_refused_at_once(units: tuple[bytes, ...]) -> None:
    def refused(count: int) -> None:
        content = b'<rss version="2.0"><channel><item><title>x</title>' + b"".join(unit * count for unit in units)
        with pytest.raises(Malformed):
            ADAPTER.split(FeedDocument(content), Config())

    assert_linear(refused, 100_000)


def test_markup_inside_a_section_of_text_may_be_as_sloppy_as_it_likes() -> None:
    text = b"<![CDATA[" + b"<p>one<br>two & three < four" * 6000 + b"]]>"
    feed = b'<rss version="2.0"><channel><item><guid>1</guid><description>' + text
    feed += b"</description></item></channel></rss>"
    assert len(ADAPTER.split(FeedDocument(feed), Config())) == 1


def test_an_edit_is_what_a_reader_sees() -> None:
    def of(title: str, text: str, updated: str) -> bytes:
        content = f"<updated>{updated}</updated><content type='html'>{text}</content>"
        entry = f"<entry><id>1</id><title>{title}</title>{content}</entry>"
        feed = f'<feed xmlns="http://www.w3.org/2005/Atom"><title>x</title>{entry}</feed>'
        return ADAPTER.fingerprint(ADAPTER.split(FeedDocument(feed.encode()), Config())[0], Config())

    first = of("Acme", "&lt;p class='a'&gt;Hello&lt;/p&gt;", "2026-11-18T10:00:00Z")
    assert of("Acme", "&lt;p class='b'&gt;Hello&lt;/p&gt;", "2026-11-19T10:00:00Z") == first
    assert of("Acme", "&lt;p&gt;Hello!&lt;/p&gt;", "2026-11-18T10:00:00Z") != first
    assert of("Acme!", "&lt;p&gt;Hello&lt;/p&gt;", "2026-11-18T10:00:00Z") != first


@pytest.mark.parametrize(
    ("link", "page"),
    [
        ("https://www.google.com/url?rct=j&url=https://b.example/x%3Fa%3D1&ct=ga", "https://b.example/x?a=1"),
        ("https://google.de/url?q=http://b.example/&sa=t", "http://b.example/"),
        ("https://www.google.com/url?url=javascript:alert(1)", "https://www.google.com/url?url=javascript:alert(1)"),
        ("https://notgoogle.com/url?url=https://b.example/", "https://notgoogle.com/url?url=https://b.example/"),
        ("https://x.example/url?url=https://b.example/", "https://x.example/url?url=https://b.example/"),
        ("http://[broken", "http://[broken"),
    ],
)
def test_links_of_google_alerts_are_unwrapped(link: str, page: str) -> None:
    assert wire.unwrapped(link) == page


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Wed, 18 Nov 2026 09:30:00 -0500", "2026-11-18T14:30:00+00:00"),
        ("2026-11-18T10:00:00.123Z", "2026-11-18T10:00:00.123000+00:00"),
        ("2026-11-18", "2026-11-18T00:00:00+00:00"),
        ("18.11.2026 10:00", "2026-11-18T10:00:00+00:00"),
        ("November 18, 2026", "2026-11-18T00:00:00+00:00"),
        ("1795000000", "2026-11-18T11:06:40+00:00"),
        ("1795000000123", "2026-11-18T11:06:40+00:00"),
        ("1970-01-01T00:00:00Z", None),
        ("9999-12-31T23:59:59-12:00", None),
        ("0000-00-00", None),
        ("sometime", None),
        ("", None),
        ("9" * 500, None),
    ],
)
def test_dates_of_every_shape_are_read_or_left_out(text: str, expected: str | None) -> None:
    at = dates.from_text(text)
    assert (at.isoformat() if at else None) == expected


def test_our_own_site_and_people_are_ours() -> None:
    entry = {"id": "1", "link": "https://www.blog.acme.example/1", "title": "News"}
    item = Item("x:1", {"feed": {}, "entry": entry})
    assert not _mention(item).is_own
    ours = ADAPTER.parse(item, Config(addresses=("blog.acme.example",)))
    assert ours is not None
    assert ours.is_own


@pytest.mark.parametrize("content", [b"", b"  ", b"\x00\x01\x02", b"[]", b"{", b"just text", b"<a><b></a>"])
def test_what_is_no_feed_is_malformed(content: bytes) -> None:
    with pytest.raises(Malformed):
        ADAPTER.split(FeedDocument(content), Config())


def test_a_locked_feed_asks_for_credentials() -> None:
    sites = Sites()
    sites.replies["/a"] = Reply(401, b"")
    with serving(sites.answer) as server, pytest.raises(AuthFailed):
        list(ADAPTER.fetch(_config(server, "/a"), None))
