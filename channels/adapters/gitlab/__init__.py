"""GitLab, gitlab.com or self-managed: issues of selected projects and groups, and their notes.

https://docs.gitlab.com/api/rest/ and https://docs.gitlab.com/user/project/integrations/webhooks/
"""

from __future__ import annotations

import hmac
import json
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from channels.adapters.gitlab import fetching, posting, reading, wire
from channels.contract import (
    Adapter,
    Capability,
    Config,
    Document,
    Field,
    FieldKind,
    Grouping,
    Hook,
    HookAnswer,
    Item,
    Json,
    Mention,
    Outgoing,
    Page,
    Receipt,
)
from channels.errors import Malformed, Refused


class GitLab(Adapter):
    """Polled and pushed by webhooks; both yield the same items. Replies are notes by the token's account."""

    platform = "gitlab"
    label = "GitLab"
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
        Field("backfill_days", "Days of history", kind=FieldKind.INTEGER, default=14),
        Field("webhook_secret", "Webhook secret token", "As entered in GitLab.", FieldKind.SECRET),
        Field("api_base", "API", "Self-managed: https://gitlab.example.com/api/v4", FieldKind.URL, default=wire.API),
    )
    channel_fields = (
        Field("account_id", "Account number", "The ID of the token's account, as “Test connection” shows it."),
    )  # fmt: skip
    capabilities = frozenset(
        {
            Capability.FETCH_THREAD,
            Capability.SEND,
            Capability.DELETE,
            Capability.LIKE,
            Capability.FIND_OWN,
            Capability.EDITS,
            Capability.WEBHOOK,
        }
    )
    grouping = Grouping.AUTHOR_IN_THREAD
    expected_silence = timedelta(days=2)
    poll_interval_s = (60, 900)
    max_reply_length = posting.MAX_LENGTH

    def namespace(self, config: Config) -> str:
        return f"gitlab:{reading.host(config)}"

    def split(self, document: Document, config: Config) -> list[Item]:
        return list({item.external_id: item for item in wire.split(document)}.values())

    def parse(self, item: Item, config: Config) -> Mention | None:
        return reading.parse(item, config)

    def fingerprint(self, item: Item, config: Config) -> bytes:
        return reading.fingerprint(item, config)

    def receive(self, config: Config, hook: Hook, now: datetime) -> HookAnswer:
        """GitLab sends the secret in plain text; a repeated call changes nothing, since items have ids."""
        secret = config.secret("webhook_secret")
        if not secret or not hmac.compare_digest(hook.headers.get("x-gitlab-token", "").encode(), secret.encode()):
            raise Refused("The webhook secret token is missing or wrong.")
        try:
            body = json.loads(hook.body)
        except (ValueError, RecursionError) as error:
            raise Malformed(f"not valid JSON: {error}") from error
        if not isinstance(body, dict) or not _is_chosen(body, config):
            return HookAnswer()
        items = [item for item in self.split(body, config) if self.parse(item, config) is not None]
        if config.setting("include_notes", True) is False:
            items = [item for item in items if item.payload["kind"] != "note"]
        return HookAnswer(items)

    def fetch(self, config: Config, cursor: Json) -> Iterator[Page]:
        return fetching.fetch(config, cursor)

    def check(self, config: Config) -> str:
        return fetching.check(config)

    def fetch_thread(self, config: Config, thread_id: str) -> list[Item]:
        return fetching.fetch_thread(config, thread_id)

    def lookup(self, config: Config, thread_id: str, external_ids: Sequence[str]) -> list[Item]:
        return fetching.lookup(config, external_ids)

    def token_expires_at(self, config: Config) -> datetime | None:
        return fetching.token_expires_at(config)

    def send(self, config: Config, outgoing: Outgoing) -> Receipt:
        return posting.send(config, outgoing)

    def find_own(self, config: Config, outgoing: Outgoing, since: datetime) -> Receipt | None:
        return posting.find_own(config, outgoing, since)

    def delete(self, config: Config, external_id: str) -> None:
        posting.delete(config, external_id)

    def like(self, config: Config, external_id: str) -> None:
        posting.like(config, external_id)


def _is_chosen(body: Json, config: Config) -> bool:
    """Whether a webhook (possibly instance-wide) concerns a project of this connection. A project's path doesn't reveal
    a group selected by id, so then every project counts."""
    number, path = wire.project_of(body)
    projects, groups = reading.names(config, "projects"), reading.names(config, "groups")
    if path in projects or number in projects or not (projects or groups):
        return True
    return any(group.isdigit() or path.startswith(f"{group}/") for group in groups)
