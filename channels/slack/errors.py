"""Interprets Slack's refusals: wait (`rate_limits`), try again, ask an admin, or give up."""

from __future__ import annotations

import re

from django.utils.translation import gettext as _
from slack_sdk.errors import SlackApiError

from channels.errors import AuthFailed, ChannelError, Rejected, Transient, Uncertain
from channels.slack import rate_limits
from channels.slack.codes import CREDENTIALS, UNCLEAR

_CODE = re.compile(r"[a-z0-9_]{1,80}\Z")


def channel_error(error: SlackApiError, changes: bool) -> ChannelError:
    """What a refused call means. `changes`: the call may have posted something."""
    response = error.response
    status = int(getattr(response, "status_code", 0) or 0)
    data = getattr(response, "data", None)
    code = str(data.get("error") or "") if isinstance(data, dict) else ""
    if not _CODE.match(code):  # slack_sdk puts "Received a response in a non-JSON format: …" in place of a code
        code = ""
    if rate_limits.is_one(status, code):
        return rate_limits.wait(getattr(response, "headers", None) or {})
    if status >= 500 or not code or code in UNCLEAR:
        return (Uncertain if changes else Transient)(
            _("Slack sent an invalid response (%(what)s).") % {"what": code or status}
        )
    if code in CREDENTIALS:
        return AuthFailed(_in_words(code))
    return Rejected(_in_words(code))


def _in_words(code: str) -> str:
    known = {
        "not_in_channel": _("The desk's Slack app is not a member of that channel. Invite it there, then try again."),
        "channel_not_found": _("Slack cannot find that channel, or it is private and the desk's app is not a member."),
        "is_archived": _("That Slack channel is archived."),
        "msg_too_long": _("The message is too long for Slack."),
        "no_text": _("The message has no text."),
        "invalid_blocks": _("Slack does not accept the blocks of the message."),
        "restricted_action": _("A Slack workspace setting stops the desk from posting there."),
        "thread_not_found": _("The Slack thread no longer exists."),
        "invalid_auth": _("Slack refuses the token. Set DESK_SLACK_TOKEN to a valid one."),
        "not_authed": _("Slack refuses the token. Set DESK_SLACK_TOKEN to a valid one."),
        "token_revoked": _("The Slack token was revoked. Set DESK_SLACK_TOKEN to a new one."),
        "account_inactive": _("The Slack app or its user was removed. Reinstall the app and set DESK_SLACK_TOKEN."),
        "missing_scope": _("The Slack token lacks a required scope. Add it to the app and reinstall the app."),
    }
    return known.get(code) or _("Slack refuses it: %(code)s.") % {"code": code}
