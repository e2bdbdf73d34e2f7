"""Row types of the preset. Pure data; `$company`, `$handle` and `$domain` are filled in later."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

LOW, NORMAL, HIGH = 10, 20, 30
ONE_DAY = 1440


@dataclass(frozen=True, slots=True)
class ChannelRow:
    """One row of the handbook's table. `key` never changes; an admin may change `slug` and everything else."""

    key: str
    slug: str
    name: str
    source: str
    workflow: str
    guidelines: str = ""
    address: str = ""
    rank: int = 100
    is_default: bool = False
    is_active: bool = True
    to_queue: bool = True
    slack: tuple[str, ...] = ()
    priority: int = NORMAL
    target_minutes: int | None = None
    """The channel's target; the default goals are 7 hours, 5 for high priority."""
    web_url: str = ""
    is_checked_weekly: bool = False
    settings: dict[str, Any] = field(default_factory=dict)
    more: dict[str, Any] = field(default_factory=dict)
    """Other columns of Channel: visible_to, post_roles, skips_weekends, tool_links, …"""


@dataclass(frozen=True, slots=True)
class ConnectionRow:
    """A connection that fills its channels. It stays paused until it has credentials."""

    key: str
    platform: str
    name: str
    channels: tuple[ChannelRow, ...]
    settings: dict[str, Any] = field(default_factory=dict)
    is_active: bool = True
    """False if none of its channels is active in the handbook."""
