"""Existing answers to people's questions: solved support tickets, issues elsewhere, documentation pages.

Made from the subjects that people write about, so that a search with a ticket's words finds something.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class HowTo:
    """One subject: its name, the problem, the solution, and its documentation page."""

    words: str
    trouble: str
    help: str
    page: str


KNOWN = (
    HowTo(
        "ci runner proxy",
        "CI runner fails behind a proxy",
        "Set the proxy in the runner's environment.",
        "runner/proxy",
    ),
    HowTo("pipeline cache", "Pipeline cache is not restored", "Use the same cache key in both jobs.", "ci/caching"),
    HowTo("container registry push", "Push to the container registry is denied", "Renew the token.", "registry/login"),
    HowTo(
        "merge request review",
        "Merge request shows no diff",
        "Reload after the import has ended.",
        "merge-requests/diff",
    ),
    HowTo("import repository", "Import of a repository stops", "Import it in parts.", "import/large"),
    HowTo("saml sso login", "Login by SSO ends in a loop", "Check the clock of the identity provider.", "sso/saml"),
    HowTo(
        "upgrade self-managed",
        "Upgrade of a self-managed server fails",
        "Go through each major version.",
        "update/path",
    ),
    HowTo("pages domain certificate", "Pages show a wrong certificate", "Verify the domain again.", "pages/domains"),
)


def matching(words: list[str]) -> list[tuple[int, HowTo]]:
    """(number, subject) of each subject with all the words."""
    rows = enumerate(KNOWN, start=1)
    return [
        (number, each)
        for number, each in rows
        if all(w.lower() in f"{each.words} {each.trouble}".lower() for w in words)
    ]
