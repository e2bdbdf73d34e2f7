"""Channels on the weekly checklist only; an admin can switch them on."""

from __future__ import annotations

from typing import Any

from advocacy.handbook import words
from advocacy.handbook.rows import LOW, ChannelRow, ConnectionRow


def _quiet(
    key: str, platform: str, name: str, source: str, workflow: str, web_url: str, settings: dict[str, Any]
) -> ConnectionRow:
    channel = ChannelRow(
        key, key, name, source, workflow, words.VOICE, rank=85, is_default=True, is_active=False, priority=LOW,
        web_url=web_url, is_checked_weekly=True, more={"may_reply": False},
    )  # fmt: skip
    return ConnectionRow(key, platform, name, (channel,), settings, is_active=False)


CONNECTIONS = (
    _quiet("irc", "chatlog", "IRC", "IRC support", words.CHAT, "https://web.libera.chat/#$handle",
           {"format": "irc", "phrases": ["$company"]}),
    _quiet("gitter", "chatlog", "Gitter", "Gitter support", words.CHAT,
           "https://matrix.to/#/#$handle:gitter.im", {"format": "matrix", "phrases": ["$company"]}),
    _quiet("mailing-list", "feed", "Mailing list", "${handle}hq Google Group (deprecated)", words.MAILING_LIST,
           "https://groups.google.com/g/${handle}hq", {}),
    _quiet("quora", "feed", "Quora", "$company Quora topic", words.QUORA, "https://www.quora.com/topic/$company", {}),
    _quiet("community-content", "feed", "Wider community content", "Blog post comments", words.CONTENT,
           "https://www.google.com/search?q=%22$company%22+blog", {}),
    _quiet("docker-hub", "feed", "Docker Hub", "Image page", words.DOCKER,
           "https://hub.docker.com/r/$handle/$handle", {}),
)  # fmt: skip
"""Only the team knows its feeds, such as the comment feed of a blog post: an admin enters their URLs."""
