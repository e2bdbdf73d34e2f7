"""Reading other people's pages: metadata in any format, bounded, guarded, and only as text."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.cache import cache

from channels import tasks
from channels.contract import Network
from channels.errors import BlockedAddress, Rejected, Transient
from channels.tests.growth import assert_linear
from channels.tests.loopback import Answering, Reply, serving
from channels.web_pages import page_reading
from channels.web_pages.page_reading import ReadPage, parse, read

URL = "https://blog.example/2026/acme?utm_source=x"
LONG = "We have moved four hundred projects and would do it again, although the importer took a whole weekend."

RICH = f"""<!doctype html><HTML lang="en-GB"><head><title>Blog | Acme</title>
<META Property='og:title' content="Moving to Acme &amp; back">
<meta name=author content="Ada Reid"><meta property="article:published_time" content="2026-11-19T08:00:00+01:00">
<meta property="og:description" content="A teaser.">
<link rel="canonical" href="/2026/acme">
</head><body><nav><p>Menu</p></nav><article><h1>Moving</h1><p>{LONG}</p><script>alert("no")</script>
<p>Second <b>paragraph</b> &lt;here&gt;.<p>Third, never closed</article><footer><p>Imprint</p></footer></body></html>"""

LINKED = """<html><head><script type="application/ld+json">{"@context":"https://schema.org","@graph":[
{"@type":"WebPage","name":"x"},
{"@type":["BlogPosting"],"headline":"Acme in schools","author":[{"@type":"Person","name":"Ben"},{"name":"Cy"}],
"datePublished":"2026-11-18","inLanguage":"de-AT","articleBody":"LONG"}]}</script>
<title>Other</title></head><body></body></html>""".replace("LONG", LONG)


def test_open_graph_paragraphs_and_the_canonical_address() -> None:
    assert parse(RICH, URL) == ReadPage(
        url="https://blog.example/2026/acme",
        title="Moving to Acme & back",
        author="Ada Reid",
        text=f"{LONG}\n\nSecond paragraph <here>.\n\nThird, never closed",
        posted_at="2026-11-19T07:00:00+00:00",
        language="en",
    )


def test_linked_data_tells_all() -> None:
    found = parse(LINKED, URL)
    assert (found.title, found.author, found.text) == ("Acme in schools", "Ben, Cy", LONG)
    assert (found.posted_at, found.language, found.url) == ("2026-11-18T00:00:00+00:00", "de", URL)


@pytest.mark.parametrize(
    ("source", "field", "value"),
    [
        ("<title>Only a <i>title</i></title>", "title", "Only a title"),
        ("<h1 class=x>Only a heading</h1>", "title", "Only a heading"),
        ('<meta name="twitter:title" content="Card">', "title", "Card"),
        ('<meta name="twitter:creator" content="@ada_dev">', "author", "@ada_dev"),
        ('<meta property="article:author" content="https://facebook.example/ada">', "author", ""),
        ('<meta property="article:author" content="Ada">', "author", "Ada"),
        ('<meta content="Described > so" name="description">', "text", "Described > so"),
        ("<main><p>Short.</p></main>", "text", "Short."),
        ('<time datetime="2026-11-01">', "posted_at", "2026-11-01T00:00:00+00:00"),
        ('<time datetime="soon"><meta name="date" content="0001-01-01">', "posted_at", ""),
        ('<html lang="x"><meta property="og:locale" content="pt_BR">', "language", "pt"),
        ('<link rel="canonical" href="https://bank.example/">', "url", URL),
        ('<link rel="canonical" href="javascript:alert(1)">', "url", URL),
        ('<link rel="canonical" href="http://[">', "url", URL),
        ('<script type="application/ld+json">{broken</script><title>T</title>', "title", "T"),
        ('<script type="application/ld+json">[[[{"@type":"Article","author":7}]]]</script>', "author", ""),
        ("<titles>No</titles><title>N\0ul \ud800</title>", "title", "Nul ?"),
        ("", "title", ""),
    ],
)
def test_each_way_in_which_a_page_tells(source: str, field: str, value: str) -> None:
    found = getattr(parse(source, URL), field)
    assert found.replace("\ufffd", "?") == value


@pytest.mark.parametrize(
    "piece",
    ["<meta ", '<meta a="', "<p", "<p>", "<article>", '<script type="application/ld+json">', "<link rel='", "<",
     "<title", "<!--", "=" * 50, 'a="', "<html lang=", "<time ", "</p"],
)  # fmt: skip
def test_a_hostile_page_costs_little_time_and_little_text(piece: str) -> None:
    size = 1_500_000 // len(piece)
    assert_linear(lambda count: parse(piece * count, URL), size)
    found = parse(piece * size, URL)
    assert len(found.text) <= page_reading.MAX_TEXT
    assert len(found.title) <= page_reading.MAX_LINE


# --- over the network --------------------------------------------------------------------------------------------


def page(body: bytes, kind: str = "text/html; charset=utf-8", status: int = 200, **headers: str) -> Answering:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda seen: Reply(status, body, {"Content-Type": kind, **named})


def test_a_page_is_read_over_the_network_in_its_own_charset() -> None:
    with serving(page("<title>Größe</title>".encode("latin-1"), "text/html; charset=iso-8859-1")) as server:
        assert read(server.network(), f"{server.url}/x").title == "Größe"
    with serving(page("<meta charset='windows-1252'><title>“Ja”</title>".encode("cp1252"), "text/html")) as server:
        assert read(server.network(), f"{server.url}/x").title == "“Ja”"


@pytest.mark.parametrize(
    ("answer", "error", "words"),
    [
        (page(b"%PDF", "application/pdf"), Rejected, "not a web page but application/pdf"),
        (page(b"gone", status=404), Rejected, "404"),
        (page(b"x" * (page_reading.MAX_BYTES + 1)), Transient, "sends more than"),
        (page(b"", status=302, Location="http://169.254.169.254/latest/meta-data/"), BlockedAddress, "169.254"),
        (page(b"", status=302, Location="file:///etc/passwd"), Rejected, "web address"),
    ],
)
def test_what_cannot_be_read_is_explained_in_words(answer: Answering, error: type[Exception], words: str) -> None:
    with serving(answer) as server, pytest.raises(error, match=words):
        read(server.network(), f"{server.url}/x")


@pytest.mark.parametrize("url", ["http://127.0.0.1:1/", "http://localhost/", "http://[::1]/", "http://10.0.0.1/x"])
def test_addresses_of_the_own_network_are_refused(url: str) -> None:
    with pytest.raises(BlockedAddress):
        read(Network(), url)


@pytest.mark.parametrize("url", ["javascript:alert(1)", "file:///etc/passwd", "ftp://x.example/", "blog.example", ""])
def test_what_is_no_web_address_is_refused(url: str) -> None:
    with pytest.raises(Rejected, match="not a web address"):
        read(Network(), url)


def test_the_task_leaves_the_page_or_the_problem_where_it_is_looked_for(settings: Any) -> None:
    with serving(page(RICH.encode())) as server:
        settings.ALLOWED_PRIVATE_HOSTS = [server.address]
        assert tasks.read_page(f"{server.url}/2026/acme", "reading:a")
    assert cache.get("reading:a")["page"]["title"] == "Moving to Acme & back"
    assert not tasks.read_page("http://10.0.0.1/", "reading:b")
    assert "not on the public internet" in cache.get("reading:b")["problem"]
    with serving(lambda seen: Reply(drop=True)) as server:
        settings.ALLOWED_PRIVATE_HOSTS = [server.address]
        assert not tasks.read_page(server.url, "reading:c")
    assert "retries" not in cache.get("reading:c")["problem"]
