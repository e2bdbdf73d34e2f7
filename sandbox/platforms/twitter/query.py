"""The query language of recent search, as far as a desk needs it.

Words, "phrases", from: to: conversation_id: @handle #tag lang: url: is:retweet is:reply has:links, - and OR and
parentheses: https://docs.x.com/x-api/posts/search/integrate/operators. AND binds tighter than OR.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from sandbox.platforms.twitter.posts import Posts
from sandbox.store import Doc

Test = Callable[[Doc], bool]
_TOKEN = re.compile(r'\s*(-?\(|\)|-?"[^"]*"|-?[a-z_]+:"[^"]*"|[^\s()]+)')
_WORD = re.compile(r"[\w']+")
MAX_LENGTH = 512


class BadQuery(Exception):
    """The text says what is wrong with the query."""


def compile_query(query: str, posts: Posts) -> Test:
    """Compiles a predicate over tweets. Raises BadQuery."""
    if not query.strip():
        raise BadQuery("query: must not be empty")
    if len(query) > MAX_LENGTH:
        raise BadQuery(f"query: {len(query)} characters, at most {MAX_LENGTH}")
    tokens = [match.group(1) for match in _TOKEN.finditer(query)]
    test, rest = _either(tokens, posts)
    if rest:
        raise BadQuery(f"no viable alternative at input '{rest[0]}'")
    return test


def _either(tokens: list[str], posts: Posts) -> tuple[Test, list[str]]:
    tests: list[Test] = []
    while True:
        test, tokens = _both(tokens, posts)
        tests.append(test)
        if not tokens or tokens[0] != "OR":
            return (lambda tweet: any(t(tweet) for t in tests)), tokens
        tokens = tokens[1:]


def _both(tokens: list[str], posts: Posts) -> tuple[Test, list[str]]:
    tests: list[Test] = []
    while tokens and tokens[0] not in (")", "OR"):
        test, tokens = _one(tokens, posts)
        tests.append(test)
    if not tests:
        raise BadQuery("missing a term")
    return (lambda tweet: all(t(tweet) for t in tests)), tokens


def _one(tokens: list[str], posts: Posts) -> tuple[Test, list[str]]:
    token, tokens = tokens[0], tokens[1:]
    if token.startswith("-") and len(token) > 1:
        inside, tokens = _one([token[1:], *tokens], posts)
        return (lambda tweet: not inside(tweet)), tokens
    if token == "(":  # noqa: S105
        inside, tokens = _either(tokens, posts)
        if not tokens or tokens[0] != ")":
            raise BadQuery("missing ')'")
        return inside, tokens[1:]
    return _term(token, posts), tokens


def _words(text: str) -> list[str]:
    return [w.lower() for w in _WORD.findall(text)]


def _phrase(wanted: list[str]) -> Test:
    def test(tweet: Doc) -> bool:
        words = _words(tweet["plain"])
        return any(words[i : i + len(wanted)] == wanted for i in range(len(words) - len(wanted) + 1))

    return test


def _term(token: str, posts: Posts) -> Test:
    name, colon, value = token.partition(":")
    if colon and name in _OPERATORS:
        return _OPERATORS[name](value.strip('"').lstrip("@").lower(), posts)
    if colon and not token.startswith(('"', "http")):
        raise BadQuery(f"unknown operator '{name}:'")
    if token.startswith("@"):
        return lambda tweet: token[1:].lower() in posts.named(tweet)
    if token.startswith("#"):
        return lambda tweet: token.lower() in tweet["plain"].lower().split()
    wanted = _words(token)
    if not wanted:
        raise BadQuery(f"no viable alternative at input '{token}'")
    return _phrase(wanted)


def _from(value: str, posts: Posts) -> Test:
    user_id = posts.user_ids.get(value, value)
    return lambda tweet: tweet["author_id"] == user_id


def _to(value: str, posts: Posts) -> Test:
    user_id = posts.user_ids.get(value, value)
    return lambda tweet: tweet["reply_to_user"] == user_id


def _conversation(value: str, posts: Posts) -> Test:
    return lambda tweet: tweet["conversation_id"] == value


def _is(value: str, posts: Posts) -> Test:
    kind = {"retweet": "retweeted", "reply": "replied_to", "quote": "quoted"}.get(value)
    if kind is None:
        raise BadQuery(f"unknown is:{value}")
    return lambda tweet: any(ref["type"] == kind for ref in tweet["refs"])


def _has(value: str, posts: Posts) -> Test:
    part = {"links": "urls", "mentions": "mentions", "hashtags": "hashtags"}.get(value)
    if part is None:
        raise BadQuery(f"unknown has:{value}")
    return lambda tweet: part in tweet["wire"]["entities"]


def _lang(value: str, posts: Posts) -> Test:
    return lambda tweet: tweet["lang"] == value


def _url(value: str, posts: Posts) -> Test:
    return lambda tweet: any(value in url["expanded_url"].lower() for url in tweet["wire"]["entities"].get("urls", ()))


_OPERATORS: dict[str, Callable[[str, Posts], Test]] = {
    "from": _from,
    "to": _to,
    "conversation_id": _conversation,
    "is": _is,
    "has": _has,
    "lang": _lang,
    "url": _url,
}
