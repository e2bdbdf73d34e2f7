"""Issues in the outbox: opened once per key, and assigned."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from django.utils.translation import gettext as _

from channels.contract import Capability, Json, NewIssue, Receipt
from channels.errors import Rejected
from channels.models import OutboundItem
from channels.registry.configs import ConnectionSource

Kind = OutboundItem.Kind
KINDS = (Kind.ISSUE, Kind.ASSIGN)
NEEDED: Mapping[str, tuple[str, ...]] = {
    Kind.ISSUE: ("project", "title", "text"),
    Kind.ASSIGN: ("external_id", "assignees"),
}
"""Required keys of each kind's payload."""


def issue_of(key: str, payload: Mapping[str, Json]) -> NewIssue:
    return NewIssue(
        key=key,
        project=str(payload["project"]),
        title=str(payload["title"]),
        text=str(payload["text"]),
        is_confidential=payload.get("is_confidential") is True,
        assignees=_names(payload),
    )


def _names(payload: Mapping[str, Json]) -> tuple[str, ...]:
    return tuple(str(name) for name in payload.get("assignees") or ())


def prepared(kind: str, key: str, payload: Mapping[str, Json], source: ConnectionSource) -> Callable[[], Receipt]:
    """A function that sends the item. Raises Rejected if the platform has no issues."""
    adapter, config = source.adapter, source.config
    if not adapter.can(Capability.ISSUES):
        raise Rejected(f"{adapter.label} {_('has no issues that the desk could open')}.")
    if kind == Kind.ISSUE:
        issue = issue_of(key, payload)
        return lambda: adapter.open_issue(config, issue)
    reference, names = str(payload["external_id"]), _names(payload)

    def assign() -> Receipt:
        adapter.assign_issue(config, reference, names)
        return Receipt(reference)

    return assign
