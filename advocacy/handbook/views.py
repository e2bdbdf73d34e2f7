"""Saved views: the default ones of every desk, and one for each kind of channel."""

from __future__ import annotations

from typing import Any

from advocacy.handbook.macros import GUIDELINES_TAG
from mentions.macros import presets

BY_CHANNEL: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("twitter", "Twitter and Facebook",
     ("twitter-$handle", "twitter-movingto$handle", "twitter-${handle}status", "twitter-${handle}support", "facebook")),
    ("hacker-news", "Hacker News and Reddit", ("hn-mentions", "reddit")),
    ("comments", "Website comments", ("blog-comments", "comparison-comments")),
    ("forum", "Forum and Stack Overflow", ("forum", "stack-overflow")),
    ("mail", "Mail",
     ("mail-merch", "mail-community", "mail-movingto$handle", "mail-education", "mail-opensource", "mail-startups",
      "mail-$person")),
    ("programs", "Programs and speakers", ("form-education", "form-opensource", "form-startups", "form-speakers")),
    ("trackers", "Issues and security", ("tracker-enterprise", "hackerone")),
    ("internal", "Internal questions",
     ("slack-community-advocates", "slack-community-relations", "slack-education-oss", "slack-swag", "tracker-team",
      "tracker-team-confidential")),
)  # fmt: skip
SUGGESTED: dict[str, Any] = {
    "slug": "guidelines-to-change",
    "name": "Guidelines to change",
    "filters": {"tags": [GUIDELINES_TAG], "statuses": ["new", "open", "pending", "solved", "closed"], "parked": "any"},
    "order": "newest",
    "position": 200,
}
"""What advocates suggest; remove the tag after editing the guidelines."""


def rows() -> list[dict[str, Any]]:
    """Values of each view."""
    common = [{"order": "oldest", **view} for view in presets.VIEWS]
    own = [
        {
            "slug": slug, "name": name, "filters": {"channels": list(channels)}, "order": "oldest",
            "position": 100 + number,
        }
        for number, (slug, name, channels) in enumerate(BY_CHANNEL, start=1)
    ]  # fmt: skip
    return [*common, *own, SUGGESTED]
