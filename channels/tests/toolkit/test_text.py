"""HTML to text, whole words, links."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels.tests.growth import assert_linear
from channels.toolkit.text import (
    clean,
    composed,
    html_links,
    html_to_text,
    names_phrase,
    text_links,
    unescaped,
    without_punctuation,
)


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("", ""),
        ("plain &amp; simple", "plain & simple"),
        ("one<p>two<p>three", "one\n\ntwo\n\nthree"),
        ("<p>one</p>\n<p>two</p>", "one\n\ntwo"),
        ("a<br>b<br/>c", "a\nb\nc"),
        ("it&#x27;s &#34;it&#34; &lt;b&gt; &amp;lt;", 'it\'s "it" <b> &lt;'),
        ("a <i>b</i>\n  c", "a b c"),
        ("x<pre><code>  a\n    b</code></pre>y", "x\n\n  a\n    b\n\ny"),
        ("<ul><li>a</li><li>b</li></ul>c", "- a\n- b\n\nc"),
        ("a<script>alert('<p>')</script>b<style>p{}</style>c<!-- <p> -->d", "abcd"),
        ("a<script>never closed", "a"),
        ("<header>kept</header>", "kept"),
        ("1 < 2 and 3 > 2", "1 < 2 and 3 > 2"),
        ("a&nbsp;b", "a b"),
        ('<a href="https://x.example/a">here</a>', "here"),
        ('<a href="https://x.example/a/very/long">https://x.example/a/v...</a>.', "https://x.example/a/very/long."),
        ('<a title="a > b" href="https://x.example">t</a>', "t"),
    ],
)
def test_html_reads_as_a_reader_would_see_it(html: str, text: str) -> None:
    assert html_to_text(html) == text


def test_a_shortened_link_to_somewhere_else_is_not_written_out() -> None:
    assert html_to_text('<a href="https://evil.example/">https://bank.example...</a>') == "https://bank.example..."


def test_links_are_decoded_and_only_web_addresses() -> None:
    html = "<a href=\"https:&#x2F;&#x2F;x.example&#x2F;?a=1&amp;b=2\">x</a><a href=javascript:alert(1)>y</a><a href='HTTP://z'>"
    assert html_links(html + html) == ("https://x.example/?a=1&b=2", "HTTP://z")


def test_links_in_text_end_before_punctuation() -> None:
    text = "see https://a.example/b. (https://a.example/c) and https://en.example/wiki/A_(b), https://a.example/b!"
    assert text_links(text) == ("https://a.example/b", "https://a.example/c", "https://en.example/wiki/A_(b)")


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Acme", True),
        ("acme!", True),
        ("ACME's", True),
        ("(acme)", True),
        ("https://acme.example/x", True),
        ("leaving-acme", True),
        ("我用Acme很好", True),
        ("Acmeはいい", True),
        ("acmes", False),
        ("acmeist", False),
        ("acne", False),
        ("my_acme", False),
        ("Acmé", False),
        ("éacme", False),
        ("acme2", False),
        ("", False),
    ],
)
def test_a_phrase_is_found_as_a_whole_word(text: str, found: bool) -> None:
    assert names_phrase(["Acme"], text) is found


def test_phrases_of_several_words_and_signs() -> None:
    assert names_phrase(["moving to acme"], None, "They are moving\n to  Acme.")
    assert names_phrase(["@acme", "C++"], "I like C++, really")
    assert not names_phrase(["@acme"], "mail me@acme")
    assert names_phrase([], "anything")
    assert names_phrase(["  "], "anything")


@given(st.text())
def test_cleaned_text_can_be_stored(text: str) -> None:
    assert "\x00" not in clean(text)
    clean(text + "\ud83d\x00").encode()


@given(st.text(alphabet="<>/ap\"'&=! -#x;\n", max_size=300))
def test_any_markup_is_read_without_an_error(source: str) -> None:
    html_to_text(source)
    html_links(source)


@pytest.mark.parametrize("piece", ['<a "', "<a '", "<", "<a href=", "<script>", "<!--", "<a ", "&#", "<pre>"])
def test_hostile_markup_costs_linear_time(piece: str) -> None:
    assert_linear(lambda count: html_to_text(piece * count), 40_000)
    assert_linear(lambda count: html_links(piece * count), 40_000)


@pytest.mark.parametrize("closing", [")", "]", ".", "…", ")."])
def test_punctuation_behind_an_address_costs_linear_time(closing: str) -> None:
    assert_linear(lambda count: text_links("http://a.example/" + closing * count), 470_000)
    assert text_links("http://a.example/" + closing * 10_000) == ("http://a.example/",)


def test_a_bracket_that_was_opened_in_the_address_stays() -> None:
    assert without_punctuation("http://a.example/(b)(c))).") == "http://a.example/(b)(c)"


@pytest.mark.parametrize("blank", ["&nbsp;", "\xa0", " ", "\t", "\n", "&nbsp;\n"])
def test_blanks_in_markup_cost_linear_time(blank: str) -> None:
    assert_linear(lambda count: html_to_text("<p>a" + blank * count + "b"), 64_000)


def test_blanks_at_the_ends_of_lines_are_left_out() -> None:
    assert html_to_text("a&nbsp; <br>&nbsp;<br>&nbsp; <br>b&nbsp;c") == "a\n\nb c"


def test_a_number_that_is_no_character_is_no_error() -> None:
    assert unescaped("&#" + "9" * 5000 + ";a&#x" + "f" * 5000 + ";&#65;") == "\ufffda\ufffdA"


def test_composing_is_linear_in_stacked_marks() -> None:
    assert_linear(lambda count: composed("a" + "\u0301\u0327\u0345" * count), 100_000)
    assert composed("e\u0301") == "é"
    assert composed("a" + "\u0327\u0301" * 20_000) == composed("a" + "\u0327\u0301" * 15)
