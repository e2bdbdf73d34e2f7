"""The Slack message of a request: its text and the expert's choices. Pure but for the setting and the language.

https://docs.slack.dev/reference/block-kit/blocks/actions-block
"""

from __future__ import annotations

from uuid import UUID

from django.conf import settings
from django.utils.translation import gettext as _

from channels.contract import Json

ACKNOWLEDGE, REDIRECT, DRAFT, DECLINE = (
    "outreach_acknowledge",
    "outreach_redirect",
    "outreach_draft",
    "outreach_decline",
)
MAX_SECTION = 2900
"""Slack allows 3000 characters in the text of a section."""


def request(text: str, key: UUID, respond_url: str) -> list[Json]:
    """Sections with the text, then the choices; without interactivity, one link to the page with the same choices."""
    return [
        *_sections(text),
        {"type": "actions", "block_id": f"outreach:{key}", "elements": _choices(key, respond_url)},
    ]


def _sections(text: str) -> list[Json]:
    parts, rest = [], text
    while len(rest) > MAX_SECTION:
        cut = max(rest.rfind("\n", 0, MAX_SECTION), rest.rfind(" ", 0, MAX_SECTION))
        cut = cut if cut > 0 else MAX_SECTION
        parts.append(rest[:cut])
        rest = rest[cut:].lstrip()
    return [{"type": "section", "text": {"type": "mrkdwn", "text": part}} for part in [*parts, rest] if part]


def _choices(key: UUID, respond_url: str) -> list[Json]:
    if not settings.SLACK_SIGNING_SECRET:
        return [_button(_("Answer, redirect or decline"), "outreach_page", url=respond_url)]
    redirect: Json = {
        "type": "users_select",
        "action_id": REDIRECT,
        "placeholder": {"type": "plain_text", "text": _("Not me, try …")},
    }
    return [
        _button(_("I’ll answer"), ACKNOWLEDGE, value=str(key), style="primary"),
        redirect,
        _button(_("Here is a draft"), DRAFT, url=respond_url, value=str(key)),
        _button(_("I can’t"), DECLINE, value=str(key)),
    ]


def _button(words: str, action: str, **more: Json) -> Json:
    return {"type": "button", "action_id": action, "text": {"type": "plain_text", "text": words}, **more}
