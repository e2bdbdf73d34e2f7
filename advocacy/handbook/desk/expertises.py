"""The processes that have an owner in the handbook: community-advocacy, "Expertises"."""

from __future__ import annotations

from typing import Any

EXPERTISES: tuple[dict[str, Any], ...] = (
    {"name": "Merchandise", "description": "Requests, inventory, the shop and swag for contributors",
     "channels": ["mail-merch", "slack-swag"], "words": ["swag", "merch", "merchandise", "t-shirt", "stickers"]},
    {"name": "Education, Open Source and Startups Programs", "description": "Applications, and licences",
     "channels": ["form-education", "form-opensource", "form-startups", "mail-education", "mail-opensource",
                  "mail-startups", "slack-education-oss"], "words": ["open source program", "education program"]},
    {"name": "Desk integrations", "description": "Connections, channels and queries of the mention desk",
     "channels": [], "words": []},
    {"name": "Forum", "description": "Categories, moderation and accounts of the forum",
     "channels": ["forum"], "words": []},
)  # fmt: skip


def rows() -> list[tuple[str, dict[str, Any]]]:
    """(key, values)"""
    return [(each["name"], {**each, "position": number * 10}) for number, each in enumerate(EXPERTISES, start=1)]
