"""Finds people by name or handle, by word prefixes, on every platform at once."""

from __future__ import annotations

import re
from dataclasses import dataclass

from django.contrib.postgres.search import SearchQuery
from django.db.models import Case, Count, IntegerField, Q, Value, When
from django.db.models.functions import Lower

from mentions.models import Author
from mentions.models.author import CALLED
from mentions.people import access

FOUND = 6
CANDIDATES = 200
"""Candidates examined before those the viewer may not see are dropped."""
_WORD = re.compile(r"[^\s\"'&|!():*<>\\]+")
MAX_WORDS = 6


@dataclass(frozen=True, slots=True)
class FoundAuthor:
    """`conversations`: those they requested and the viewer may see."""

    pk: int
    name: str
    handle: str
    namespace: str
    conversations: int


def find(text: str, user: access.User, limit: int = FOUND) -> list[FoundAuthor]:
    """Exact matches first. Only people with conversations that `user` may see."""
    query = _query(text)
    if query is None or not user.has_perm(access.VIEW):
        return []
    asked = " ".join(text.split()).lower().removeprefix("@")
    is_exact = Q(handle_lower=asked) | Q(name_lower=asked) | Q(handle_lower=f"@{asked}")
    called = Author.objects.annotate(called=CALLED, handle_lower=Lower("handle"), name_lower=Lower("name"))
    other = Case(When(is_exact, then=Value(0)), default=Value(1), output_field=IntegerField())
    authors = list(called.filter(called=query).annotate(other=other).order_by("other", "-pk")[:CANDIDATES])
    visible = access.visible_tickets(user).filter(requester__in=[author.pk for author in authors]).order_by()
    counts = dict(visible.values_list("requester").annotate(number=Count("pk")))
    return [FoundAuthor(a.pk, str(a), a.handle, a.namespace, counts[a.pk]) for a in authors if a.pk in counts][:limit]


def _query(text: str) -> SearchQuery | None:
    """A text search query with every word as a prefix; None if nothing is left to search for."""
    words = [word.lstrip("@") for word in _WORD.findall(text.replace("\0", " "))][:MAX_WORDS]
    words = [word for word in words if any(letter.isalnum() for letter in word)]
    if not words:
        return None
    return SearchQuery(" & ".join(f"'{word}':*" for word in words), config="simple", search_type="raw")
