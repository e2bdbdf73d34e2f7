"""Attackers' repetitive texts: one short unit many times, between a beginning and an end that keep a parser busy."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

UNITS = {
    "opening brackets": "(",
    "closing brackets": ")",
    "opening square brackets": "[",
    "closing square brackets": "]",
    "opening braces": "{",
    "closing braces": "}",
    "opening angles": "<",
    "closing angles": ">",
    "pairs of brackets": "([{<",
    "spaces": " ",
    "no-break spaces": "\xa0",
    "no-break spaces as entities": "&nbsp;",
    "tabs": "\t",
    "newlines": "\n",
    "CRLF": "\r\n",
    "bare CR": "\r",
    "lines of spaces": " \n",
    "odd blanks": "\u2028\x85\x0b\u3000",
    "combining marks": "\u0301",
    "unordered marks": "\u0301\u0327\u0345",
    "double quotes": '"',
    "single quotes": "'",
    "curly quotes": "“”",
    "backticks": "`",
    "quote levels": ">",
    "spaced quote levels": "> ",
    "quoted lines": "> a\n",
    "flowed lines": "a \n",
    "tag openers": "<a ",
    "link openers": '<a href="',
    "links": "<a href=x>y</a>",
    "open elements": "<b>",
    "closed elements": "</b>",
    "blocks": "<div>",
    "quotation elements": "<blockquote>",
    "tables": "<table><tr><td>",
    "attributes": " a=b",
    "comments": "<!--",
    "declarations": "<!",
    "instructions": "<?",
    "character data": "<![CDATA[",
    "scripts": "<script>",
    "half a script": "<script",
    "ends of scripts": "</script",
    "preformatted": "<pre>",
    "images": "<img src=x>",
    "images in Markdown": "![a](",
    "links in Markdown": "[a](b",
    "emphasis": "*a_",
    "entities": "&#",
    "whole entities": "&#65;",
    "ampersands": "&",
    "encoded word openers": "=?utf-8?q?",
    "encoded words": "=?utf-8?q?a?= ",
    "base64 words": "=?utf-8?b?YQ==?=",
    "changing charsets": "=?utf-8?q?a?= =?latin1?q?a?= ",
    "halves of encoded words": "=?",
    "high surrogates": "\ud83d",
    "low surrogates": "\udc00",
    "digits": "9",
    "other digits": "١",
    "zero-width spaces": "\u200b",
    "right-to-left marks": "\u202e",
    "families": "👩\u200d👩\u200d👧\u200d👦",
    "flags": "🇩🇪",
    "hashtags": "#a ",
    "hashes": "#",
    "handles": "@a ",
    "at signs": "@",
    "addresses": "a@a.example, ",
    "angle addresses": "<a@a.example> ",
    "web addresses": "http://a.example/ ",
    "schemes": "https://",
    "commas": ",",
    "semicolons": ";",
    "colons": ":",
    "equals": "=",
    "parameters": ";a=b",
    "query parameters": "&a=b",
    "numbered parameters": ";a*1=b",
    "backslashes": "\\",
    "dots": ".",
    "ellipses": "…",
    "hyphens": "-",
    "underscores": "_",
    "rules": "----------\n",
    "signatures": "-- \n",
    "slashes": "/",
    "percent signs": "%",
    "escaped bytes": "%41",
    "asterisks": "*",
    "pipes": "|",
    "tildes": "~",
    "letters": "a",
    "capitals": "A",
    "accents": "é",
    "letters that grow with their case": "İ",
    "Chinese": "语",
    "words": "acme ",
    "names of fields": "a:b ",
    "headers": "a: b\n",
    "folded lines": "\n b",
    "mailbox lines": "From a\n",
    "attributions": "On 1\n",
    "ends of attributions": "wrote:\n",
    "header blocks": "From: a\nTo: b\n",
    "dates": "2026-01-01 ",
    "times": "12:00:00 ",
    "bearers": "bearer ",
    "tokens": "token=",
    "secrets": "secret",
    "placeholders": "{{ a }}",
    "half placeholders": "{{",
    "NUL": "\x00",
    "Slack links": "<http://a|",
    "JSON": '{"a":',
    "lists": "[[",
    "uuencoded": "begin 644 a\n",
}


@dataclass(frozen=True, slots=True)
class Form:
    """One way to fill a text of a given length."""

    name: str
    before: str
    unit: str
    after: str

    def text(self, length: int, mark: str = "") -> str:
        """About `length` characters; `mark` makes it a different text of the same kind, so that no cache has it."""
        return self.before + self.unit * max(1, length // len(self.unit)) + self.after + mark


def plain_forms() -> Iterator[Form]:
    """Every unit alone, and after an address in the middle of other text: a search that fails at its end restarts."""
    for name, unit in UNITS.items():
        yield Form(name, "", unit, "")
    for name, unit in UNITS.items():
        yield Form(f"{name} behind an address", "x http://a.example/", unit, "\ny")


def mixed_forms(step: int) -> Iterator[Form]:
    """Every unit alternating with the one `step` after it."""
    names = list(UNITS)
    for place, name in enumerate(names):
        other = names[(place + step) % len(names)]
        yield Form(f"{name} and {other} by turns", "", UNITS[name] + UNITS[other], "")


def all_mixed_forms() -> Iterator[Form]:
    for step in range(1, len(UNITS)):
        yield from mixed_forms(step)
