"""What an admin configures, and the frozen `Config` that adapters receive. Pure data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from channels.contract.mention import Json


class FieldKind(StrEnum):
    TEXT = "text"
    SECRET = "secret"  # noqa: S105
    INTEGER = "integer"
    BOOLEAN = "boolean"
    CHOICE = "choice"
    LIST = "list"  # one entry per line
    URL = "url"


@dataclass(frozen=True, slots=True)
class Field:
    """One input of the admin form."""

    name: str
    label: str
    help: str = ""
    kind: FieldKind = FieldKind.TEXT
    required: bool = False
    default: Json = None
    choices: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Network:
    """Network limits of `channels.http.client`: set by the process, never by a user."""

    user_agent: str = "mention-desk/1.0"
    connect_timeout_s: float = 5.0
    read_timeout_s: float = 20.0
    max_bytes: int = 20 * 1024 * 1024
    allowed_private: tuple[str, ...] = ()
    """host:port pairs on the internal network that are allowed (the sandbox)."""
    proxies: Mapping[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class Config:
    """A connection as an adapter sees it: plain values, frozen, no model.

    `addresses`: lower-case handles (no @) or mail aliases of its channels. `own`: lower-case account ids or handles
    that post for us. Secrets never show in a repr.
    """

    settings: Mapping[str, Json] = field(default_factory=dict)
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)
    addresses: tuple[str, ...] = ()
    own: frozenset[str] = frozenset()
    network: Network = field(default_factory=Network)
    channel_settings: Mapping[str, Mapping[str, Json]] = field(default_factory=dict)
    """Address → values of the adapter's `channel_fields` (a Twitter handle's user id)."""
    channel_secrets: Mapping[str, Mapping[str, str]] = field(default_factory=dict, repr=False)
    """Address → secrets of that channel (a Twitter handle's access token)."""
    personal: Mapping[str, str] = field(default_factory=dict, repr=False)
    """One advocate's values for the adapter's `personal_fields`; empty if the connection's own account posts."""

    def setting(self, name: str, default: Json = None) -> Json:
        value = self.settings.get(name)
        return default if value is None or value == "" else value

    def secret(self, name: str) -> str:
        return self.secrets.get(name, "")

    def address(self, name: str, default: str = "") -> str:
        """A URL setting, without trailing slashes."""
        return str(self.setting(name, default)).rstrip("/")

    def entries(self, name: str) -> list[str]:
        """A LIST setting, without surrounding spaces and empty lines; [] if it isn't set."""
        values = self.settings.get(name)
        return [text for value in values if (text := str(value).strip())] if isinstance(values, list | tuple) else []
