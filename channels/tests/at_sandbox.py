"""An adapter against its platform in the sandbox: the connection, and the mentions it brings in."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from channels.contract import Adapter, Config, Item, Json, Mention, Network
from sandbox import launch


def config_of(
    platform: str,
    running: launch.Running,
    person: str = "",
    *,
    addresses: tuple[str, ...] | None = (),
    own: Iterable[str] = (),
    secrets: Mapping[str, str] | None = None,
    read_timeout_s: float = 20,
    **settings: Any,
) -> Config:
    """A desk's connection to the platform, with other settings or secrets. `person`: who replies from their own
    account; `addresses`: of its channels, None for all of the platform's."""
    access: dict[str, Any] = running._call("/control/access")[platform]
    return Config(
        {**access["settings"], **settings},
        {**access["secrets"], **(secrets or {})},
        tuple(access["channels"]) if addresses is None else addresses,
        frozenset(name.lower() for name in own),
        Network(allowed_private=(f"127.0.0.1:{running.http_port}",), read_timeout_s=read_timeout_s),
        personal=(access.get("personal") or {}).get(person, {}),
    )


def parsed(adapter: Adapter, config: Config, items: Iterable[Item], *, all_are: bool = False) -> dict[str, Mention]:
    """Mentions by id. `all_are`: everything fetched must be a mention."""
    found = [adapter.parse(item, config) for item in items]
    assert not all_are or None not in found
    return {mention.external_id: mention for mention in found if mention is not None}


def poll(
    adapter: Adapter, config: Config, into: dict[str, Mention], cursor: Json = None, *, all_are: bool = False
) -> Json:
    """Adds new items, and returns the cursor."""
    for page in adapter.fetch(config, cursor):
        cursor = page.cursor
        into |= parsed(adapter, config, page.items, all_are=all_are)
    return cursor


def fetched(adapter: Adapter, config: Config, cursor: Json = None) -> tuple[dict[str, Mention], Json]:
    found: dict[str, Mention] = {}
    return found, poll(adapter, config, found, cursor)


def thread(adapter: Adapter, config: Config, thread_id: str) -> dict[str, Mention]:
    return parsed(adapter, config, adapter.fetch_thread(config, thread_id))
