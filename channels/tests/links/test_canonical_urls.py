"""One canonical form for all addresses of a page."""

from __future__ import annotations

import pytest

from channels.links.canonical_urls import MAX_CANONICAL, canonical


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("https://www.Acme.example/blog/post/", "acme.example/blog/post"),
        ("http://acme.example:80/blog/post?utm_source=x&fbclid=1", "acme.example/blog/post"),
        ("https://acme.example:8443/a", "acme.example:8443/a"),
        ("https://acme.example/a?b=2&a=1", "acme.example/a?a=1&b=2"),
        ("https://acme.example/blog/post#the-second-heading", "acme.example/blog/post"),
        ("https://acme.example/blog/post#comment-5318", "acme.example/blog/post#comment-5318"),
        ("https://matrix.to/#/!room:acme.example/$event1", "matrix.to#/!room:acme.example/$event1"),
        ("https://x.com/jane/status/5?s=20", "twitter.com/jane/status/5"),
        ("https://youtu.be/abc?si=1", "youtube.com/watch?v=abc"),
        ("https://m.youtube.com/watch?v=abc&feature=share", "youtube.com/watch?v=abc"),
        ("https://old.reddit.com/r/acme/comments/1/x/?context=3", "reddit.com/r/acme/comments/1/x"),
        ("https://acme.example/%7Ejane/ü", "acme.example/~jane/%C3%BC"),
        ("https://acme.example/index.html", "acme.example"),
        ("javascript:alert(1)", ""),
        ("http://[::1", ""),
        ("https://acme.example:0x/", ""),
        ("", ""),
    ],
)
def test_canonical_is_the_same_for_all_addresses_of_a_page(address: str, expected: str) -> None:
    assert canonical(address) == expected


def test_canonical_of_long_addresses_differs_and_fits() -> None:
    long = "https://acme.example/" + "a" * 600
    first, second = canonical(long + "1"), canonical(long + "2")
    assert first != second
    assert len(first) <= MAX_CANONICAL
