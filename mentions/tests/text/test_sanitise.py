"""Hostile HTML stays text: nothing runs, nothing is fetched without a click."""

import re

import pytest

from mentions.text.rendering import body, linked, markdown
from mentions.text.sanitise import clean_mail

HOSTILE = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<svg onload=alert(1)><script>alert(1)</script></svg>",
    '<a href="javascript:alert(1)">x</a>',
    '<a href=" &#106;avascript:alert(1)">x</a>',
    '<a href="data:text/html,<script>alert(1)</script>">x</a>',
    '<iframe src="https://evil.example"></iframe>',
    '<object data="https://evil.example"></object><embed src="https://evil.example">',
    '<form action="https://evil.example"><input name="password"></form>',
    '<link rel="stylesheet" href="https://evil.example/a.css">',
    "<style>@import url(https://evil.example/a.css)</style>",
    '<div style="background:url(https://evil.example/a.png)">x</div>',
    '<table background="https://evil.example/a.png"><tr><td>x</td></tr></table>',
    '<meta http-equiv="refresh" content="0;url=https://evil.example">',
    '<base href="https://evil.example/">',
    '<video src="https://evil.example/a.mp4" poster="https://evil.example/a.png"></video>',
    '<img srcset="https://evil.example/a.png 2x">',
    "<math><mtext><table><mglyph><style><img src=x onerror=alert(1)>",
    '<noscript><p title="</noscript><img src=x onerror=alert(1)>">',
]


@pytest.mark.parametrize("source", HOSTILE)
@pytest.mark.parametrize("show_remote", [False, True])
def test_hostile_mail_loses_everything_that_acts(source, show_remote):
    html = clean_mail(source, {}, show_remote=show_remote).html.lower()
    assert not re.search(r"<(script|style|iframe|object|embed|form|input|link|meta|base|video|svg|math)", html)
    assert not re.search(r"\son\w+\s*=|javascript:|data:|srcset|style=|background=", html)
    assert "evil.example" not in html


def test_remote_pictures_are_counted_and_blocked_until_asked_for():
    source = '<p>Hi</p><img src="https://tracker.example/1.gif" alt="Logo"><img src="http://other.example/2.png">'
    blocked = clean_mail(source, {})
    assert blocked.remote == 2
    assert "src=" not in blocked.html
    assert 'alt="Logo"' in blocked.html
    shown = clean_mail(source, {}, show_remote=True)
    assert 'src="https://tracker.example/1.gif"' in shown.html


def test_pictures_inside_the_mail_come_from_our_attachments():
    clean = clean_mail('<img src="cid:logo@mail"><img src="cid:unknown">', {"logo@mail": "/attachments/7/"})
    assert 'src="/attachments/7/"' in clean.html
    assert "cid:" not in clean.html
    assert clean.remote == 0


def test_a_picture_from_our_own_pages_is_not_fetched():
    assert "src=" not in clean_mail('<img src="/accounts/logout/">', {}, show_remote=True).html


def test_links_of_mails_open_elsewhere_and_tell_nothing():
    html = clean_mail('<a href="https://example.org/" onclick="x()">here</a>', {}).html
    assert 'rel="noopener noreferrer nofollow"' in html
    assert 'target="_blank"' in html
    assert "onclick" not in html


def test_ordinary_layout_of_a_mail_stays():
    source = '<table><tr><td colspan="2">Plan</td></tr></table><blockquote>old</blockquote><ul><li>one</li></ul>'
    html = clean_mail(source, {}).html
    for piece in ('colspan="2"', "<blockquote>old</blockquote>", "<li>one</li>"):
        assert piece in html


@pytest.mark.parametrize(
    ("text", "url", "after"),
    [
        ("See https://a.example/x.", "https://a.example/x", "."),
        ("(https://a.example/y)", "https://a.example/y", ")"),
        ("https://a.example/Foo_(bar) ok", "https://a.example/Foo_(bar)", " ok"),
        ("https://a.example/?a=1&b=2", "https://a.example/?a=1&amp;b=2", ""),
    ],
)
def test_addresses_in_text_become_links_without_their_punctuation(text, url, after):
    html = str(linked(text))
    assert f'href="{url}"' in html
    assert html.endswith(f"</a>{after}")


@pytest.mark.parametrize("text", ['<b onclick="x">', 'https://a.example/"onmouseover="x', "https://a.example/<script>"])
def test_markup_in_text_stays_text(text):
    for render in (linked, body):
        html = re.sub(r"</?a[^>]*>|</?details[^>]*>|</?summary>|</?div>", "", str(render(text)))
        assert "<" not in html
        assert not re.search(r"<a[^>]*onmouse", str(render(text)))


def test_quotes_and_signature_are_folded_and_nothing_is_lost():
    text = "Thanks!\n\nOn Mon, 2 Nov 2026 at 10:00, Sam wrote:\n> Which plan?\n\n-- \nRuth"
    html = str(body(text))
    assert html.startswith("Thanks!")
    assert html.count('<details class="quote">') == 2
    assert "Which plan?" in html
    assert "Ruth" in html


def test_guidelines_are_markdown_without_raw_html():
    html = str(markdown("**Do** [read](https://a.example)\n\n<script>alert(1)</script> [x](javascript:alert(1))"))
    assert "<strong>Do</strong>" in html
    assert 'target="_blank"' in html
    assert "<script" not in html
    assert 'href="javascript' not in html
