"""Handles with the setting `availability_only` only say whether the service is up: they answer questions about
availability and replies to their own updates."""

from __future__ import annotations

import re

from django.utils.translation import gettext as _

from channels.models import Channel
from mentions.handle_rules.talks import Talk, TalkMessage
from mentions.models import Message, ThreadPost

TAG = "availability"
"""Marks a ticket as being about availability if its words don't show it."""
WORDS = (
    *("down", "outage", "offline", "unavailable", "unreachable", "status", "incident", "degraded", "slow"),
    *("timeout", "timing out", "502", "503", "504", "500 error", "maintenance"),
)
"""Defaults for the channel setting `availability_words`."""


def is_restricted(channel: Channel) -> bool:
    return bool(channel.settings.get("availability_only"))


def may_answer(channel: Channel, said: TalkMessage, talk: Talk) -> bool:
    """Whether this restricted handle may answer `said`."""
    if talk.has_tag or _is_about_it(said.text, channel):
        return True
    above = talk.answer_above(said)
    if above is None:
        return _is_under_an_update(said, channel)
    # A follow-up is about the original question, and an answer from this handle doesn't turn it into one about
    # availability.
    asked = talk.answered_by(above)
    return asked is not None and may_answer(channel, asked, talk)


def _is_about_it(text: str, channel: Channel) -> bool:
    words = channel.settings.get("availability_words") or WORDS
    pattern = "|".join(re.escape(str(word)) for word in words)
    return bool(re.search(rf"(?<!\w)(?:{pattern})(?!\w)", text, re.IGNORECASE))


def _is_under_an_update(said: TalkMessage, channel: Channel) -> bool:
    if not said.parent_id:
        return False
    parent = {"namespace": said.namespace, "external_id": said.parent_id}
    return (
        ThreadPost.objects.filter(**parent, author_handle__iexact=channel.address).exists()
        or Message.objects.filter(**parent, author__handle__iexact=channel.address).exists()
    )


def refusal(used: str, right: str) -> str:
    """Why a restricted handle was refused, and what to do. `right`: the handle to use, "" if there is none."""
    why = _("%(used)s only answers questions about availability and replies to its own updates.") % {"used": used}
    instead = _("Reply from %(right)s instead.") % {"right": right} if right else _("Answer on the platform instead.")
    tag = _("If this is about availability, tag the ticket “%(tag)s” first.") % {"tag": TAG}
    return f"{why} {instead} {tag}"
