"""The query language: what counts as a mention, and what an ignore rule stops. Pure; documented in docs/queries.md.

    "acme runner" (install OR proxy*) -author:acme-bot -site:jobs.example lang:en

Words match whole words, case-insensitively, also next to letters of scripts without spaces. All must match (AND is
implied); `OR` and parentheses give alternatives, `NOT` or `-` excludes. `word*` matches a prefix, `=Word` or
`case:"Acme Runner"` is case-sensitive. Filters: author: site: lang: title: in: is: has:
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

from django.utils.translation import gettext as _

from channels.queries import terms
from channels.queries.terms import Clause, Subject, subject_of

__all__ = ["Clause", "Query", "QueryError", "Subject", "parse", "subject_of"]

MAX_LENGTH = 4000
MAX_TERMS = 300
DEEPEST = 40
IS = ("own", "auto", "reply")
HAS = ("link", "attachment")
_QUOTES = {'"': '"', "“": "”", "„": "“”", "«": "»"}
_SPECIAL = '()"“”„«»'
_NAME = re.compile(r"([A-Za-z]+):(?!//)")
_WORD = re.compile(rf"[^\s{re.escape(_SPECIAL)}]+")


class QueryError(ValueError):
    """An invalid query. `position`: 0-based character of the error; the message names it (1-based)."""

    def __init__(self, words: str, position: int) -> None:
        super().__init__(_("At character %(place)d: %(words)s") % {"place": position + 1, "words": words})
        self.position = position


@dataclass(frozen=True, slots=True)
class Query:
    """A valid query. An empty one matches everything."""

    text: str
    root: terms.Term | None

    def matches(self, subject: Subject) -> bool:
        return self.root is None or self.root.matches(subject)

    def explain(self, subject: Subject) -> list[Clause]:
        """The deciding clauses, in the order written; empty for an empty query."""
        return [] if self.root is None else self.root.explain(subject, True)


@lru_cache(maxsize=512)
def parse(text: str) -> Query:
    """The compiled query (cached per text). Raises only QueryError."""
    if len(text) > MAX_LENGTH:
        raise QueryError(
            _("the query is too long; the limit is %(most)d characters.") % {"most": MAX_LENGTH}, MAX_LENGTH
        )
    tokens = _tokens(text)
    if not tokens:
        return Query(text, None)
    return Query(text, _Parser(tokens, len(text)).whole())


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    """( ) - and or not, or term"""
    at: int
    term: terms.Term | None = None


def _tokens(text: str) -> list[_Token]:
    found: list[_Token] = []
    at, count = 0, 0
    while at < len(text):
        letter = text[at]
        if letter.isspace():
            at += 1
        elif letter in "()":
            found.append(_Token(letter, at))
            at += 1
        elif letter == "-" and text[at + 1 : at + 2].strip(" \t\r\n\f\v-"):
            found.append(_Token("not", at))
            at += 1
        else:
            token, at = _term(text, at)
            found.append(token)
            count += 1
        if count > MAX_TERMS:
            raise QueryError(_("too many words; the limit is %(most)d.") % {"most": MAX_TERMS}, at)
    return found


def _term(text: str, at: int) -> tuple[_Token, int]:
    """The word, phrase or filter that starts at `at`, and where it ends."""
    begin = at
    exact = text[at] == "="
    at += exact
    name = "" if exact else ((match := _NAME.match(text, at)) and match[1].lower()) or ""
    at += len(name) + 1 if name else 0
    value, is_phrase, end = _value(text, at)
    source = text[begin:end]
    if not name and not exact and not is_phrase and value in ("AND", "OR", "NOT"):
        return _Token(value.lower(), begin), end
    if not name and not is_phrase and not value.strip("-"):
        if exact:
            raise QueryError(_("= needs a word after it, such as =Acme."), begin)
        raise QueryError(_("- needs a term right after it, without a space."), begin)
    make = _FILTERS.get(name)
    if make is None:
        known = ", ".join(f"{known}:" for known in _FILTERS if known)
        message = _("there is no filter “%(name)s:”. Use one of %(known)s, or put text with a colon in quotes.")
        raise QueryError(message % {"name": name, "known": known}, begin)
    if not value.strip():
        message = _("the quotes are empty.") if is_phrase else _("“%(name)s:” needs a value.")
        raise QueryError(message % {"name": name}, begin)
    return _Token("term", begin, make(source, value, exact, is_phrase, begin)), end


def _value(text: str, at: int) -> tuple[str, bool, int]:
    """(value, whether it was quoted, where it ends). A star after the closing quote belongs to the value."""
    closing = _QUOTES.get(text[at : at + 1])
    if closing is None:
        match = _WORD.match(text, at)
        if match is None and text[at : at + 1] in ("”", "»"):
            raise QueryError(_("this closing quote has no opening quote."), at)
        return (match[0], False, match.end()) if match else ("", False, at)
    end = min((place for mark in closing if (place := text.find(mark, at + 1)) >= 0), default=-1)
    if end < 0:
        raise QueryError(_("this quote is not closed; add a quote after the phrase."), at)
    star = text[end + 1 : end + 2] == "*"
    return text[at + 1 : end] + ("*" if star else ""), True, end + 1 + star


Make = Callable[[str, str, bool, bool, int], terms.Term]


def _words(source: str, value: str, exact: bool, is_phrase: bool, at: int, titles: bool = False) -> terms.Term:
    begins = value.endswith("*")
    phrase = value.removesuffix("*").rstrip() if begins else value
    if not phrase.strip():
        raise QueryError(_("* needs the start of a word before it, such as acme*."), at)
    if not is_phrase and "*" in phrase:
        message = _("* works only at the end of a word; put the text in quotes to search for the star itself.")
        raise QueryError(message, at)
    return terms.words_term(source, phrase, begins=begins, exact=exact, titles=titles)


def _case(source: str, value: str, exact: bool, is_phrase: bool, at: int) -> terms.Term:
    return _words(source, value, True, is_phrase, at)


def _title(source: str, value: str, exact: bool, is_phrase: bool, at: int) -> terms.Term:
    return _words(source, value, False, is_phrase, at, titles=True)


def _author(source: str, value: str, exact: bool, is_phrase: bool, at: int) -> terms.Term:
    if not value.strip("@* "):
        raise QueryError(_("“author:” needs a handle, an address or a name."), at)
    return terms.author_is(source, value.strip())


def _site(source: str, value: str, exact: bool, is_phrase: bool, at: int) -> terms.Term:
    host = value.strip().lower().removeprefix("https://").removeprefix("http://").removeprefix("*.").strip("./")
    if not host or not re.fullmatch(r"[\w.-]+", host):
        raise QueryError(_("“site:” needs only a host name, such as site:example.com; subdomains are included."), at)
    return terms.OnSite(source, host.removeprefix("www."))


def _lang(source: str, value: str, exact: bool, is_phrase: bool, at: int) -> terms.Term:
    language = value.strip().lower().replace("_", "-")
    if not re.fullmatch(r"[a-z]{2,3}(-[a-z0-9]{1,8})*", language):
        raise QueryError(_("“lang:” needs a language code, such as lang:en or lang:pt-br."), at)
    return terms.InLanguage(source, language)


def _in(source: str, value: str, exact: bool, is_phrase: bool, at: int) -> terms.Term:
    return terms.WrittenTo(source, terms.plain_name(value))


def _fact(name: str, known: tuple[str, ...]) -> Make:
    def make(source: str, value: str, exact: bool, is_phrase: bool, at: int) -> terms.Term:
        if value.lower() not in known:
            words = {"name": name, "value": value, "known": ", ".join(f"{name}:{each}" for each in known)}
            raise QueryError(_("“%(name)s:%(value)s” is unknown; use one of %(known)s.") % words, at)
        return terms.HasFact(source, f"{name}:{value.lower()}")

    return make


_FILTERS: dict[str, Make] = {
    "": _words,
    "author": _author,
    "site": _site,
    "lang": _lang,
    "title": _title,
    "in": _in,
    "is": _fact("is", IS),
    "has": _fact("has", HAS),
    "case": _case,
}


class _Parser:
    """either: both (OR both)*; both: one (AND? one)*; one: NOT* ( "(" either ")" | term )"""

    def __init__(self, tokens: list[_Token], end: int) -> None:
        self.tokens, self.end = tokens, end
        self.place = self.depth = 0

    def whole(self) -> terms.Term:
        found = self._either()
        if (token := self._next) is not None:  # only a closing parenthesis ends an expression early
            raise QueryError(_("this parenthesis has no opening one."), token.at)
        return found

    @property
    def _next(self) -> _Token | None:
        return self.tokens[self.place] if self.place < len(self.tokens) else None

    def _takes(self, kind: str) -> bool:
        if self._next is None or self._next.kind != kind:
            return False
        self.place += 1
        return True

    def _either(self) -> terms.Term:
        parts = [self._both()]
        while self._takes("or"):
            parts.append(self._both())
        return parts[0] if len(parts) == 1 else terms.AnyOf(tuple(parts))

    def _both(self) -> terms.Term:
        parts = [self._one()]
        while self._takes("and") or (self._next is not None and self._next.kind not in ("or", ")")):
            parts.append(self._one())
        return parts[0] if len(parts) == 1 else terms.All(tuple(parts))

    def _one(self) -> terms.Term:
        negated = False
        while self._takes("not"):
            negated = not negated
        token = self._next
        if token is None:
            raise QueryError(_("a term is missing here."), self.end)
        self.place += 1
        if token.term is not None:
            found = token.term
        elif token.kind == "(":
            found = self._nested(token)
        elif token.kind == ")":
            raise QueryError(_("a term is missing before this parenthesis."), token.at)
        else:
            message = _("%(name)s needs a word on both sides; put it in quotes to search for it.")
            raise QueryError(message % {"name": token.kind.upper()}, token.at)
        return terms.Not(found) if negated else found

    def _nested(self, token: _Token) -> terms.Term:
        self.depth += 1
        if self.depth > DEEPEST:
            raise QueryError(_("the parentheses are nested too deeply."), token.at)
        found = self._either()
        if not self._takes(")"):
            raise QueryError(_("this parenthesis is not closed."), token.at)
        self.depth -= 1
        return found
