"""Which handle should answer a message, and why.

A message that names several of our handles is answered from the main one (lowest rank), unless it is about
availability. A follow-up is answered from the handle that was right for the question, even if another one answered it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _

from channels.models import Channel
from mentions.handle_rules import availability
from mentions.handle_rules.talks import Talk, TalkMessage
from mentions.people import own_side


@dataclass(frozen=True, slots=True)
class Advice:
    """The handle to answer from; `why` explains it if another one would be expected, else ""."""

    channel: Channel
    why: str = ""


def advice(said: TalkMessage | None, talk: Talk, among: Sequence[Channel]) -> Advice | None:
    """The handle that should answer a message, and why. `among`: the handles to choose from, best rank first; None if
    it is empty."""
    if not among:
        return None
    if said is None:
        return Advice(_usual(among))
    channel = right_for(said, talk, among)
    return Advice(channel, _why(channel, said, talk, among))


def right_for(said: TalkMessage, talk: Talk, among: Sequence[Channel]) -> Channel:
    """The handle that should answer; `among` isn't empty."""
    named = [channel for channel in among if channel.pk in said.seen_by]
    restricted = [channel for channel in named if availability.is_restricted(channel)]
    for channel in restricted:
        if availability.may_answer(channel, said, talk):
            return channel
    above = talk.answer_above(said)
    asked = talk.answered_by(above) if above is not None else None
    if above is None or asked is None:
        return _usual([channel for channel in named if channel not in restricted] or among)
    before = right_for(asked, talk, among)
    # People who reply to us name the handle that answered, right or wrong; any other handle they name deliberately.
    added = [c for c in named if c not in restricted and not above.is_by(c)]
    return min([before, *added], key=lambda channel: (channel.rank, channel.pk)) if added else before


def _usual(among: Sequence[Channel]) -> Channel:
    return next((channel for channel in among if not availability.is_restricted(channel)), among[0])


def _why(channel: Channel, said: TalkMessage, talk: Talk, among: Sequence[Channel]) -> str:
    above = talk.answer_above(said)
    used = next((c for c in among if above is not None and above.is_by(c)), None)
    if used is not None and used != channel:
        return _("The last answer went out from %(used)s. The right handle for this conversation is %(right)s.") % {
            "used": own_side.account_of(used),
            "right": own_side.account_of(channel),
        }
    if channel.pk in said.seen_by:
        return ""
    wrong = next((c for c in among if c.pk in said.seen_by and availability.is_restricted(c)), None)
    if wrong is None:
        return ""
    return _("They wrote to %(used)s, which only answers about availability. Reply from %(right)s.") % {
        "used": own_side.account_of(wrong),
        "right": own_side.account_of(channel),
    }
