"""Words of the demo's desk: guidelines beside the composer, a signature, names of views."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _

_VOICE = """**Do** thank them, answer every point, link to the issue or the docs, ask for feedback.

**Don't** bash competitors, argue, or answer with one word.

On criticism: acknowledge, apologise, ask how we can do better, end on a friendly note.
"""

TWITTER: dict[str, str] = {
    "acme": _VOICE + "\nBugs and ideas: find the issue and link it. A question of support: a topic of the forum first.",
    "movingtoacme": "Thank them for the move, and ask **what they gained** by it.\n\n" + _VOICE,
    "acmestatus": "Only about availability, or under an earlier update. Infrastructure posts the updates themselves.",
    "acmesupport": "Ask which installation they use. Nothing about accounts or invoices in public.\n\n" + _VOICE,
}
HACKER_NEWS = (
    "Answer on Hacker News with **your own account**, and say that you work here. No marketing language. "
    "An engineer who built it answers better than we do: involve an expert.\n\n" + _VOICE
)
MAIL = _VOICE + "\nAnswer from the alias they wrote to. Nothing that you would not want to read in public."
SIGNATURE = "Acme Community Team\nhttps://acme.example/community"

ViewRow = tuple[str, str, dict[str, Any], str]


def views() -> list[ViewRow]:
    """(slug, name, filters, order) of a view for each platform; `mentions.presets` brings the common ones."""
    return [
        ("twitter", _("Twitter"), {"channels": [f"twitter-{name}" for name in TWITTER]}, "oldest"),
        ("hacker-news", _("Hacker News"), {"channels": ["hn-mentions"]}, "oldest"),
        ("mail", _("Mail"), {"channels": [f"mail-{name}" for name in _ALIASES]}, "oldest"),
    ]


_ALIASES = ("merch", "community", "movingto", "education", "opensource", "startups", "sam")
