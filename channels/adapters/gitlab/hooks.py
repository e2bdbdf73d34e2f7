"""Incoming GitLab webhooks: https://docs.gitlab.com/user/project/integrations/webhooks/"""

from __future__ import annotations

import hmac
from datetime import datetime

from channels.adapters.gitlab import parsing, wire
from channels.contract import Config, Hook, HookAnswer, Json
from channels.errors import Refused
from channels.http.webhooks import json_of


def receive(config: Config, hook: Hook, now: datetime) -> HookAnswer:
    """GitLab sends the secret in plain text; a repeated call changes nothing, since items have ids."""
    secret = config.secret("webhook_secret")
    if not secret or not hmac.compare_digest(hook.headers.get("x-gitlab-token", "").encode(), secret.encode()):
        raise Refused("The webhook secret token is missing or wrong.")
    body = json_of(hook)
    if not isinstance(body, dict) or not _is_chosen(body, config):
        return HookAnswer()
    items = [item for item in wire.split(body, config) if parsing.parse(item, config) is not None]
    if config.setting("include_notes", True) is False:
        items = [item for item in items if item.payload["kind"] != "note"]
    return HookAnswer(items)


def _is_chosen(body: Json, config: Config) -> bool:
    """Whether a webhook (possibly instance-wide) concerns a project of this connection. A project's path doesn't reveal
    a group selected by id, so then every project counts."""
    number, path = wire.project_of(body)
    projects, groups = parsing.names(config, "projects"), parsing.names(config, "groups")
    if path in projects or number in projects or not (projects or groups):
        return True
    return any(group.isdigit() or path.startswith(f"{group}/") for group in groups)
