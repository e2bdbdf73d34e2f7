"""A lookup's row as the config its kind reads, and the page that macros link."""

from __future__ import annotations

from dataclasses import replace

from channels.contract import Config, Field, FieldKind, Purpose
from channels.links.web_addresses import web_address
from channels.lookups.finding_kinds import UnknownKind, all_kinds, kind_for
from channels.models import Lookup
from channels.registry.configs import config_for, network
from channels.registry.fields import InvalidSettings, cleaned
from channels.registry.finding_adapters import UnknownPlatform
from channels.secrets.vault import SealedSecrets

CONNECT_TIMEOUT_S = 3.0
READ_TIMEOUT_S = 6.0
"""Somebody is waiting, so a slow system is reported as slow instead."""
MAX_BYTES = 2 * 1024 * 1024


def config_of(lookup: Lookup, *, complete: bool = True) -> Config:
    """Its own settings and secrets over those of its connection. Raises UnknownKind, UnknownPlatform, InvalidSettings;
    without `complete`, required fields may be missing."""
    kind = kind_for(lookup.kind)
    base = config_for(lookup.connection) if lookup.connection is not None else Config(network=network())
    secrets = {**(lookup.connection.secrets if lookup.connection is not None else {}), **lookup.secrets}
    given = {**base.settings, **lookup.settings, **({"api_base": lookup.address} if lookup.address else {})}
    if complete:
        _require(kind.fields, secrets)
    way_out = replace(
        base.network,
        connect_timeout_s=CONNECT_TIMEOUT_S,
        read_timeout_s=min(READ_TIMEOUT_S, base.network.read_timeout_s),
        max_bytes=min(MAX_BYTES, base.network.max_bytes),
    )
    settings = cleaned(kind.fields, given, complete=complete)
    return replace(base, settings=settings, secrets=SealedSecrets(secrets), network=way_out)


def _require(fields: tuple[Field, ...], secrets: dict[str, str]) -> None:
    """Raises InvalidSettings for a missing secret; `cleaned` checks the rest."""
    needed = [field for field in fields if field.kind is FieldKind.SECRET and field.required]
    missing = {field.name: "This field is required." for field in needed if not secrets.get(field.name)}
    if missing:
        raise InvalidSettings(missing, {field.name: field.label for field in needed})


def page_of(lookup: Lookup) -> str:
    """The page that anybody can open; "" if there is none."""
    if lookup.page_url:
        return web_address(lookup.page_url)
    try:
        return web_address(kind_for(lookup.kind).home(config_of(lookup, complete=False)))
    except (UnknownKind, UnknownPlatform, InvalidSettings):
        return ""


def page_for(purpose: Purpose) -> str:
    """The page of the first active lookup with this purpose; "" without one."""
    kinds = [name for name, kind in all_kinds().items() if kind.purpose is purpose]
    rows = Lookup.objects.filter(is_active=True, kind__in=kinds).select_related("connection")
    return next((page for lookup in rows if (page := page_of(lookup))), "")
