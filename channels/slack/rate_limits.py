"""Handles Slack's 429: the call waits at least as long as Slack says. https://docs.slack.dev/apis/web-api/rate-limits

- Our messages: `channels.outbox.sending` posts them then; after eight attempts they fail, and people are told.
- Threads of experts: `experts.listening.threads` pauses reading all of them.
- Channels that are polled: the connection pauses, as on every platform: `channels.http.errors` tells a 429 by
  its status, `channels.polling.polling.failure_pause_s` says for how long.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _

from channels.errors import RateLimited
from channels.slack.codes import TOO_OFTEN

DEFAULT_WAIT_S = 30.0
"""If Slack names no time."""


def is_one(status: int, code: str) -> bool:
    """Whether a response reports too many calls: by its HTTP status, or Slack's own code."""
    return status == 429 or code in TOO_OFTEN


def wait(headers: Mapping[str, Any]) -> RateLimited:
    """The error that waits for `Retry-After` seconds, at least one."""
    header = next((value for name, value in headers.items() if name.lower() == "retry-after"), None)
    try:
        wait_s = max(1.0, float(header[0] if isinstance(header, list) else header))  # type: ignore[arg-type]
    except (TypeError, ValueError, IndexError):
        wait_s = DEFAULT_WAIT_S
    return RateLimited(_("Slack rate limit reached; waiting."), retry_after_s=wait_s)
