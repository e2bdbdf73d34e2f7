"""Finds who wrote a draft, and whether a message contains it: then it is their answer."""

from __future__ import annotations

import re
from difflib import SequenceMatcher

from experts.models import Outreach
from mentions.models import Person

MIN_WORDS = 4
"""Shorter drafts are not recognised by their text: anybody could have written it."""


def drafter(outreach: Outreach) -> Person | None:
    """The draft's author: by name, else the person asked."""
    person: Person | None = Person.objects.filter(is_us=True, name=outreach.draft_by).order_by("pk").first()
    return person or (outreach.expert.person if outreach.expert else None)


def is_same_text(said: str, draft: str) -> bool:
    """Whether a message contains the draft, apart from a few changed words. Pure."""
    squashed_text, squashed_draft = _squashed(said), _squashed(draft)
    if not squashed_text or len(squashed_draft.split()) < MIN_WORDS:
        return False
    return (
        squashed_draft in squashed_text
        or SequenceMatcher(None, squashed_text[:4000], squashed_draft[:4000], autojunk=False).ratio() > 0.9
    )


def _squashed(text: str) -> str:
    return re.sub(r"\W+", " ", text).strip().lower()
