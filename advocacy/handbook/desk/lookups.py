"""The handbook's sources for answers: the status page, the issues, the forum, the support desk's solved tickets."""

from __future__ import annotations

from typing import Any

from channels.contract import Purpose

TEAM = ["advocate", "manager", "admin"]


def rows() -> list[tuple[str, dict[str, Any]]]:
    """(key, values) of each."""
    return [
        _row(Purpose.STATUS_PAGE, "Status page", "statuspage", "status-page", "https://status.$domain", 10),
        _row(Purpose.TRACKER, "Issues", "gitlab", "trackers", "https://gitlab.com/$handle/community/-/issues", 20,
             settings={"projects": ["$handle/community"]}),
        _row(Purpose.FORUM, "Forum topics", "discourse", "forum", "https://forum.$domain", 30),
        # Its credentials give access to every customer's ticket: not for volunteers, and off until they are entered.
        _row(Purpose.SUPPORT, "Solved by support", "zendesk", "", "https://$domain/getting-help/", 40, visible_to=TEAM,
             is_trusted=True, is_active=False, address="https://$handle.zendesk.com"),
    ]  # fmt: skip


def _row(
    purpose: Purpose, name: str, kind: str, connection: str, page: str, position: int, **more: Any
) -> tuple[str, dict[str, Any]]:
    values = {
        "is_active": True,
        "name": name,
        "kind": kind,
        "connection": connection,
        "page_url": page,
        "position": position,
    }
    return purpose.value, {"address": "", "settings": {}, "visible_to": [], "is_trusted": False, **values, **more}
