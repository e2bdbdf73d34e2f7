"""Classifies Slack's error codes. Pure.

https://docs.slack.dev/reference/methods/chat.postMessage#errors
"""

CREDENTIALS = frozenset(
    (
        *("invalid_auth", "not_authed", "account_inactive", "token_revoked", "token_expired", "missing_scope"),
        *("no_permission", "access_denied", "not_allowed_token_type", "team_access_not_granted", "ekm_access_denied"),
    )
)
"""Only an admin can fix these."""
# "It's possible some aspect of the operation succeeded before the error was raised."
UNCLEAR = frozenset(("fatal_error", "internal_error", "request_timeout", "service_unavailable", "team_added_to_org"))
"""The outcome is unknown."""
TOO_OFTEN = frozenset(("ratelimited", "rate_limited"))
