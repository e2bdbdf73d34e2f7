"""Builds Slack notices: pure functions from plain values to Slack's text and blocks.

All outside text is escaped: it can neither mention everybody nor disguise a link.
https://docs.slack.dev/reference/block-kit/blocks and .../messaging/formatting-message-text
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from channels.links.web_addresses import web_address
from channels.outbox.slack_posts import escaped
from mentions.text.rendering import excerpt

MAX_QUOTE = 500
MAX_LINE = 160
MAX_LINES = 20
"""A Slack message is limited to fifty blocks and 40,000 characters; nobody reads more than a screenful."""


@dataclass(frozen=True, slots=True)
class NoticedMention:
    """One mention and its current state. `ticket_url` is empty on a notify-only channel."""

    author: str
    author_url: str
    channel: str
    title: str
    text: str
    url: str
    ticket_url: str
    ticket: int | None
    state: str
    """new, claimed, waiting, answered, solved, no_reply, deleted."""
    who: str = ""
    """Who holds it, or answered."""
    after: timedelta | None = None
    """From the mention to the first reply."""
    add_url: str = ""
    """The page that makes a ticket of a mention without one."""


@dataclass(frozen=True, slots=True)
class Post:
    """The arguments of chat.postMessage and chat.update."""

    text: str
    blocks: list[dict[str, Any]]

    @property
    def digest(self) -> bytes:
        return hashlib.blake2b(json.dumps([self.text, self.blocks]).encode(), digest_size=16).digest()


def single(said: NoticedMention) -> Post:
    """Who, where, what, the links, and its state."""
    first = f"*{link(said.author_url, said.author)}* · {escaped(said.channel)}"
    title = f"\n*{link(said.url, excerpt(said.title, MAX_LINE))}*" if said.title else ""
    lines = [] if _is_gone(said) else _cut(said.text).splitlines()
    quote = "".join(f"\n> {escaped(line)}" for line in lines)
    blocks: list[dict[str, Any]] = [
        {"type": "section", "text": {"type": "mrkdwn", "text": (first + title + quote)[:2990]}},
        {"type": "context", "elements": [{"type": "mrkdwn", "text": _footer(said)}]},
    ]
    gist = "" if _is_gone(said) else f": {escaped(excerpt(said.title or said.text, 120))}"
    return Post(f"{_sign(said)} {escaped(said.author)} · {escaped(said.channel)}{gist}", blocks)


def _cut(text: str) -> str:
    """The first non-empty lines."""
    lines = [line.strip() for line in text[: 2 * MAX_QUOTE].splitlines() if line.strip()]
    shown = "\n".join(lines[:8])
    is_whole = len(lines) <= 8 and len(text) <= 2 * MAX_QUOTE and len(shown) <= MAX_QUOTE
    return shown if is_whole else shown[:MAX_QUOTE].rstrip() + " …"


def several(all_said: Sequence[NoticedMention], *, is_digest: bool) -> Post:
    """One message for several mentions: a line each, in the given order."""
    count = len(all_said)
    if is_digest:
        head = ngettext("%(count)d mention since the last digest", "%(count)d mentions since the last digest", count)
    else:
        head = ngettext("%(count)d mention at once", "%(count)d mentions at once", count)
    head = head % {"count": count}
    lines = [_line(said) for said in all_said[:MAX_LINES]]
    if count > MAX_LINES:
        lines.append(_("… and %(count)d more, in the desk.") % {"count": count - MAX_LINES})
    chunks = [lines[at : at + 5] for at in range(0, len(lines), 5)]
    blocks: list[dict[str, Any]] = [{"type": "section", "text": {"type": "mrkdwn", "text": f"*{head}*"}}]
    blocks += [{"type": "section", "text": {"type": "mrkdwn", "text": "\n".join(chunk)[:2990]}} for chunk in chunks]
    return Post(head, blocks)


def _line(said: NoticedMention) -> str:
    words = "" if _is_gone(said) else excerpt(said.title or said.text, MAX_LINE).replace("\n", " ")
    where = f" · {link(said.ticket_url, f'#{said.ticket}')}" if said.ticket_url else ""
    there = link(said.url, said.channel)
    return f"{_sign(said)} *{escaped(said.author)}* · {there}{where}: {escaped(words)} _{_state(said)}_"


def _footer(said: NoticedMention) -> str:
    parts = [f"{_sign(said)} {_state(said)}"]
    if web_address(said.url):
        parts.append(link(said.url, _("Open original")))
    if said.ticket_url:
        parts.append(link(said.ticket_url, _("Ticket #%(number)d") % {"number": said.ticket or 0}))
    elif said.add_url and not _is_gone(said):
        parts.append(link(said.add_url, _("Make a ticket")))
    return "  ·  ".join(parts)


def link(url: str, label: str) -> str:
    """`<url|label>`; only the label without a URL."""
    words = escaped(label).replace("|", "¦").replace("\n", " ")
    address = web_address(url)
    if not address:
        return words
    safe = address.replace("&", "&amp;").replace("<", "%3C").replace(">", "%3E").replace("|", "%7C")
    return f"<{safe}|{words}>"


def _is_gone(said: NoticedMention) -> bool:
    return said.state == "deleted"


_SIGNS = {
    "new": "🆕",
    "claimed": "👀",
    "waiting": "⏳",
    "answered": "💬",
    "solved": "✅",
    "no_reply": "➖",
    "deleted": "🗑️",
}


def _sign(said: NoticedMention) -> str:
    return _SIGNS.get(said.state, "•")


def _state(said: NoticedMention) -> str:
    who = escaped(said.who)
    match said.state:
        case "claimed":
            return _("%(who)s is on it") % {"who": who} if who else _("somebody is on it")
        case "waiting":
            return _("waiting for an expert or an answer")
        case "answered" | "solved" if said.after is not None:
            text = _("answered by %(who)s after %(span)s") if who else _("answered after %(span)s")
            return text % {"who": who, "span": _span(said.after)}
        case "solved":
            return _("solved")
        case "no_reply":
            return _("no reply needed")
        case "deleted":
            return _("deleted by its author")
    return _("waiting for an answer") if said.ticket_url else _("for your information")


def _span(span: timedelta) -> str:
    minutes = max(0, int(span.total_seconds() // 60))
    if minutes < 60:
        return _("%(minutes)d min") % {"minutes": minutes}
    if minutes < 48 * 60:
        return _("%(hours)d h %(minutes)d min") % {"hours": minutes // 60, "minutes": minutes % 60}
    return _("%(days)d d") % {"days": minutes // 1440}
