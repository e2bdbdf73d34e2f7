"""Acme's own pages with comments: three forums, each with a few articles. Pure data."""

from __future__ import annotations

FORUMS: dict[str, str] = {
    "acme-blog": "The Acme blog",
    "acme-comparison": "Acme compared with others",
    "acme-docs": "The Acme documentation",
}
ARTICLES: dict[str, tuple[tuple[str, str, str], ...]] = {
    "acme-blog": (
        ("acme-19-released", "Acme 19.0 released", "What is new, what is gone, and how to upgrade."),
        ("faster-pipelines", "How we made pipelines & caching faster", "Three changes that halved our own waiting."),
        ("remote-reviews", "Code review across nine time zones", "What we learnt from a year of asynchronous review."),
    ),
    "acme-comparison": (
        ("northwind", "Acme and Northwind", "Where each of them is the better choice."),
        ("build-your-own", "Acme and a tool chain of your own", "What it costs to keep eleven tools together."),
    ),
    "acme-docs": (
        ("runner-install", "Install a runner", "On Linux, macOS, Windows, and in a container."),
        ("backup-restore", "Back up and restore", "What to keep, how often, and how to try it."),
        ("single-sign-on", "Single sign-on", "SAML and OpenID Connect, step by step."),
    ),
}
"""Forum → (slug, title, first line) of its articles."""

AUTHORS: dict[str, str] = {
    "acme-19-released": "Jonas Meyer",
    "faster-pipelines": "Nadia Petrova",
    "remote-reviews": "Ines Guest",
}
"""Slug of a post → who wrote it: people of the team, and a guest."""


def thread_ids() -> dict[tuple[str, str], str]:
    """(forum, slug) → the thread's Disqus number."""
    places = [(forum, slug) for forum, articles in ARTICLES.items() for slug, _, _ in articles]
    return {place: str(9_310_000_000 + number) for number, place in enumerate(places, 1)}


THREADS = thread_ids()
PLACES = {number: place for place, number in THREADS.items()}


def article(thread: str) -> tuple[str, str, str, str]:
    """(forum, slug, title, first line) of a thread."""
    forum, slug = PLACES[thread]
    title, line = next((title, line) for s, title, line in ARTICLES[forum] if s == slug)
    return forum, slug, title, line
