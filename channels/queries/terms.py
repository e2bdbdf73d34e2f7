"""Query terms: words and filters, joined by AND, OR and NOT. Pure; on the hot path of ingest.

`channels.queries.matching` parses query text into these. Each one matches a `Subject` and explains where.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol
from urllib.parse import urlsplit

from channels.contract import Mention
from channels.toolkit.text import UNSPACED, composed

_SPACED_WORD = re.compile(rf"[^\W{UNSPACED}]")
_BEFORE, _AFTER = rf"(?<![^\W{UNSPACED}])", rf"(?![^\W{UNSPACED}])"


@dataclass(frozen=True, slots=True)
class Subject:
    """A mention as queries see it. Names and languages are lower case; texts are in Unicode NFC."""

    text: str
    title: str = ""
    """The mention's own subject."""
    thread_title: str = ""
    lowered: tuple[str, str, str] = ("", "", "")
    """`title`, `text`, `thread_title` in lower case if ASCII, else "": a fast pre-check."""
    names: tuple[str, ...] = ()
    """The author's handle (without @), id or address, and name."""
    urls: tuple[str, ...] = ()
    language: str = ""
    places: frozenset[str] = frozenset()
    """Handles and addresses it was sent to, and its thread."""
    facts: frozenset[str] = frozenset()
    """The `is:…` and `has:…` values that apply."""


def subject_of(mention: Mention) -> Subject:
    text, title, thread_title = (
        composed(mention.text),
        composed(mention.subject or ""),
        composed(mention.thread_title or ""),
    )
    author = mention.author
    return Subject(
        text,
        title,
        thread_title,
        (_lowered(title), _lowered(text), _lowered(thread_title)),
        tuple(plain_name(name) for name in (author.handle, author.id, author.name) if name),
        tuple(url for url in (mention.url, mention.about_url, *mention.links) if url),
        (mention.language or "").lower().replace("_", "-"),
        frozenset([plain_name(name) for tier in mention.addressed for name in tier] + [mention.thread_id.lower()]),
        frozenset(_facts(mention)),
    )


def plain_name(name: str) -> str:
    return composed(name).strip().lower().removeprefix("@")


def _lowered(text: str) -> str:
    return text.lower() if text.isascii() else ""


def _facts(mention: Mention) -> Iterator[str]:
    if mention.is_own:
        yield "is:own"
    if mention.is_auto:
        yield "is:auto"
    if mention.parent_id:
        yield "is:reply"
    if mention.links:
        yield "has:link"
    if mention.attachments:
        yield "has:attachment"


@dataclass(frozen=True, slots=True)
class Span:
    """A match: `field` is text, title or thread_title; offsets are into that field of the Subject."""

    field: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Clause:
    """A deciding part of a query. `source`: as written; `found`: the mention has it; `wanted`: it must have it (False
    after NOT)."""

    source: str
    found: bool
    wanted: bool
    spans: tuple[Span, ...] = ()


class Term(Protocol):
    def matches(self, subject: Subject) -> bool: ...

    def explain(self, subject: Subject, wanted: bool) -> list[Clause]:
        """Only the deciding parts: for a failed AND, the first part that failed."""


@dataclass(frozen=True, slots=True)
class Words:
    """A word, prefix or phrase in the text and subject, or only in the titles."""

    source: str
    pattern: re.Pattern[str]
    needle: str
    """Lower-case ASCII: a text without it can't match the pattern. "" if there is no such shortcut."""
    fields: tuple[str, ...] = ("title", "text")

    def matches(self, subject: Subject) -> bool:
        for field in self.fields:
            text = _field(subject, field)
            if text and self._may_be_in(subject, field) and self.pattern.search(text):
                return True
        return False

    def _may_be_in(self, subject: Subject, field: str) -> bool:
        lowered = subject.lowered[_PLACES[field]]
        return not self.needle or not lowered or self.needle in lowered

    def explain(self, subject: Subject, wanted: bool) -> list[Clause]:
        spans = tuple(
            Span(field, match.start(), match.end())
            for field in self.fields
            for match in self.pattern.finditer(_field(subject, field))
            if match.end() > match.start()
        )
        return [Clause(self.source, bool(spans), wanted, spans)]


_PLACES = {"title": 0, "text": 1, "thread_title": 2}


def _field(subject: Subject, field: str) -> str:
    return subject.text if field == "text" else subject.title if field == "title" else subject.thread_title


def words_term(source: str, phrase: str, *, begins: bool, exact: bool, titles: bool) -> Words:
    """`phrase` has at least one word; `begins`: the last word is a prefix; `exact`: case-sensitive."""
    parts = composed(phrase).split()
    joined = r"\s+".join(re.escape(part) for part in parts)
    before = "" if _is_unspaced(parts[0][0]) else _BEFORE
    after = "" if begins or _is_unspaced(parts[-1][-1]) else _AFTER
    pattern = re.compile(f"{before}{joined}{after}", re.NOFLAG if exact else re.IGNORECASE)
    longest = max(parts, key=len).lower()
    fields = ("title", "thread_title") if titles else ("title", "text")
    return Words(source, pattern, longest if longest.isascii() else "", fields)


def _is_unspaced(letter: str) -> bool:
    """Whether the letter belongs to a script without spaces between words, and so has no word boundary."""
    return letter.isalnum() and not _SPACED_WORD.match(letter)


@dataclass(frozen=True, slots=True)
class _Filter(ABC):
    """A filter on something other than a mention's words."""

    source: str
    value: str

    @abstractmethod
    def matches(self, subject: Subject) -> bool: ...

    def explain(self, subject: Subject, wanted: bool) -> list[Clause]:
        return [Clause(self.source, self.matches(subject), wanted)]


@dataclass(frozen=True, slots=True)
class AuthorIs(_Filter):
    """Matches the whole handle, address, id or name; `*` is a wildcard, `@acme.example` matches all addresses at that
    domain."""

    pattern: re.Pattern[str]

    def matches(self, subject: Subject) -> bool:
        return any(self.pattern.fullmatch(name) for name in subject.names)


def author_is(source: str, value: str) -> AuthorIs:
    plain = plain_name(value)
    joined = ".*".join(re.escape(part) for part in re.split(r"\*+", plain))
    if value.startswith("@") and "." in value:
        joined = f"(?:.*@)?{joined}"
    return AuthorIs(source, plain, re.compile(joined, re.DOTALL))


@dataclass(frozen=True, slots=True)
class OnSite(_Filter):
    """Matches the host (or a subdomain) of the mention's URL, of its topic, or of a link in it."""

    def matches(self, subject: Subject) -> bool:
        below = f".{self.value}"
        return any(self.value in url.lower() and f".{_host(url)}".endswith(below) for url in subject.urls)


def _host(url: str) -> str:
    try:
        return (urlsplit(url).hostname or "").rstrip(".")
    except ValueError:
        return ""


@dataclass(frozen=True, slots=True)
class InLanguage(_Filter):
    """`en` also matches `en-GB`. A mention of unknown language matches none."""

    def matches(self, subject: Subject) -> bool:
        return subject.language == self.value or subject.language.startswith(f"{self.value}-")


@dataclass(frozen=True, slots=True)
class WrittenTo(_Filter):
    def matches(self, subject: Subject) -> bool:
        return self.value in subject.places


@dataclass(frozen=True, slots=True)
class HasFact(_Filter):
    def matches(self, subject: Subject) -> bool:
        return self.value in subject.facts


@dataclass(frozen=True, slots=True)
class Not:
    inner: Term

    def matches(self, subject: Subject) -> bool:
        return not self.inner.matches(subject)

    def explain(self, subject: Subject, wanted: bool) -> list[Clause]:
        return self.inner.explain(subject, not wanted)


@dataclass(frozen=True, slots=True)
class All:
    parts: tuple[Term, ...]

    def matches(self, subject: Subject) -> bool:
        return all(part.matches(subject) for part in self.parts)

    def explain(self, subject: Subject, wanted: bool) -> list[Clause]:
        failed = next((part for part in self.parts if not part.matches(subject)), None)
        deciding = self.parts if failed is None else (failed,)
        return [clause for part in deciding for clause in part.explain(subject, wanted)]


@dataclass(frozen=True, slots=True)
class AnyOf:
    parts: tuple[Term, ...]

    def matches(self, subject: Subject) -> bool:
        return any(part.matches(subject) for part in self.parts)

    def explain(self, subject: Subject, wanted: bool) -> list[Clause]:
        matched = tuple(part for part in self.parts if part.matches(subject))
        return [clause for part in matched or self.parts for clause in part.explain(subject, wanted)]
