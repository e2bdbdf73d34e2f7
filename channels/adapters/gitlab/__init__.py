"""GitLab, gitlab.com or self-managed: issues of selected projects and groups, and their notes.

https://docs.gitlab.com/api/rest/ and https://docs.gitlab.com/user/project/integrations/webhooks/
"""

from __future__ import annotations

from datetime import timedelta

from channels.adapters.gitlab import issues, parsing, posting, wire
from channels.contract import Adapter, Capability, Config, Field, FieldKind
from channels.toolkit.list_sources import BACKFILL_DAYS


class GitLab(Adapter):
    """Polled and pushed by webhooks; both yield the same items. Replies are notes by the token's account."""

    platform = "gitlab"
    label = "GitLab"
    answering = (
        "Comment on the issue or merge request from your own account.",
        "Say what happens next: a milestone, a label, a linked issue, or that it won’t be done and why.",
        "Ask for what is missing in one comment, instead of one question a day.",
    )
    handle_prefix = "@"
    fields = (
        Field("token", "Access token", "Scope api (to read only: read_api).", FieldKind.SECRET, required=True),
        Field("projects", "Projects", "One per line: full path (acme/desk) or number.", FieldKind.LIST),
        Field("groups", "Groups", "One per line; includes all their projects and subgroups.", FieldKind.LIST),
        Field("labels", "Only with labels", "One per line; an issue must have all of them.", FieldKind.LIST),
        Field("include_notes", "Include notes on issues", kind=FieldKind.BOOLEAN, default=True),
        Field(
            "confidential",
            "Include confidential items",
            "Confidential issues and internal notes. They go only to a channel with the address “<project "
            "path>!confidential”; without one they are left out.",
            FieldKind.BOOLEAN,
            default=False,
        ),
        Field("own_accounts", "Our accounts", "One per line: user names or IDs of team members.", FieldKind.LIST),
        BACKFILL_DAYS,
        Field("webhook_secret", "Webhook secret token", "As entered in GitLab.", FieldKind.SECRET),
        Field("api_base", "API", "Self-managed: https://gitlab.example.com/api/v4", FieldKind.URL, default=wire.API),
    )
    channel_fields = (
        Field("account_id", "Account number", "The ID of the token's account, as “Test connection” shows it."),
    )  # fmt: skip
    capabilities = frozenset({Capability.EDITS})
    expected_silence = timedelta(days=2)
    max_reply_length = posting.MAX_LENGTH
    over_states = issues.OVER

    def namespace(self, config: Config) -> str:
        return f"gitlab:{parsing.host(config)}"
