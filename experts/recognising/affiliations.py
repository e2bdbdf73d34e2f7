"""Whether a text says that its author works for us: "Acme engineer here", "I'm on the CI team at Acme". Pure."""

from __future__ import annotations

import re
from functools import lru_cache

READ = 600
"""Characters: people say so at the beginning, or in the last line."""
MAX_NAME = 100
_JOBS = (
    r"engineer|developer|dev|employee|pm|manager|designer|writer|advocate|evangelist|support|founder|co-?founder|cto"
    r"|ceo|staff|team member|maintainer|architect|lead"
)


def says_it_works_here(text: str, company: str) -> bool:
    """`company`: the name as people write it."""
    said = f"{text[:READ]}\n{text[-READ:]}"
    pattern, denied = _patterns(company)
    return bool(company) and any(not denied.search(line) and pattern.search(line) for line in _sentences(said))


def _sentences(said: str) -> list[str]:
    """The text's sentences, without quoted lines, which are somebody else's."""
    own = [line for line in said.splitlines() if not line.lstrip().startswith(">")]
    return [sentence for line in own for sentence in re.split(r"[.!?;]\s|[()]", line)]


@lru_cache(maxsize=8)
def _patterns(company: str) -> tuple[re.Pattern[str], re.Pattern[str]]:
    us = re.escape(company[:MAX_NAME])
    says = (
        rf"\bI(?:'m| am|’m)?\s(?:\w+\s){{0,6}}?(?:work|working|employed)\s(?:at|for|on)\s(?:\w+\s){{0,3}}?{us}\b",
        rf"\b(?:{_JOBS})s?\s(?:at|for|from|@|of)\s?{us}\b",
        rf"\b{us}\s(?:\w+\s){{0,3}}?(?:{_JOBS})\b(?:\shere\b|:|,)",
        rf"\bI(?:'m| am|’m)\s(?:\w+\s){{0,5}}?(?:at|from|with)\s{us}\b",
        rf"\bsomebody\swho\sworks\s(?:at|for)\s{us}\b",
    )
    other = (
        r"\b(?:not|never|no longer|used to|formerly|ex-|friend|anybody|anyone|does|do you|wish|love)\b"
        r"|\b(?:don|isn|wasn)['’]t\b"
    )
    return re.compile("|".join(says), re.IGNORECASE), re.compile(other, re.IGNORECASE)
