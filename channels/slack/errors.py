"""What Slack's refusals mean: wait (429), try again, ask an admin, or give up. https://docs.slack.dev/apis/web-api/rate-limits"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _
from slack_sdk.errors import SlackApiError

from channels.errors import AuthFailed, ChannelError, RateLimited, Rejected, Transient, Uncertain
from channels.slack.codes import CREDENTIALS, TOO_OFTEN, UNCLEAR

_DEFAULT_WAIT_S = 30.0
_CODE = re.compile(r"[a-z0-9_]{1,80}\Z")


def channel_error(error: SlackApiError, changes: bool) -> ChannelError:
    """What a refused call means. 429: wait for `Retry-After` (30 s if Slack names none), then `channels.outbox.sending`
    tries again. `changes`: the call may have posted something."""
    response = error.response
    status = int(getattr(response, "status_code", 0) or 0)
    data = getattr(response, "data", None)
    code = str(data.get("error") or "") if isinstance(data, dict) else ""
    if not _CODE.match(code):  # slack_sdk puts "Received a response in a non-JSON format: …" in place of a code
        code = ""
    if status == 429 or code in TOO_OFTEN:
        wait_s = _retry_after_s(getattr(response, "headers", None) or {})
        return RateLimited(_("Slack rate limit reached; waiting."), retry_after_s=wait_s)
    if status >= 500 or not code or code in UNCLEAR:
        return (Uncertain if changes else Transient)(
            _("Slack sent an invalid response (%(what)s).") % {"what": code or status}
        )
    if code in CREDENTIALS:
        return AuthFailed(_in_words(code))
    return Rejected(_in_words(code))


def _retry_after_s(headers: Mapping[str, Any]) -> float:
    told = next((value for name, value in headers.items() if name.lower() == "retry-after"), None)
    try:
        return max(1.0, float(told[0] if isinstance(told, list) else told))  # type: ignore[arg-type]
    except (TypeError, ValueError, IndexError):
        return _DEFAULT_WAIT_S


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
