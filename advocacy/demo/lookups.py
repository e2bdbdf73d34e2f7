"""Connects the preset's lookups to the sandbox, plus one for the documentation, which the handbook doesn't have."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from channels.models import Lookup
from channels.secrets import vault
from mentions.models import PresetRecord

Access = Mapping[str, Mapping[str, Any]]
"""Platform → settings for connecting to it."""
PAGES = {"status_page": ("statuspage", ""), "tracker": ("gitlab", "/api/v4"), "forum": ("discourse", "")}
"""The preset's key → the sandbox page: a platform's API address without its last part."""
DOCS = "Documentation"


def connect(access: Access) -> None:
    """Update the sandbox's addresses, which may have changed; everything else stays as people left it."""
    for key, (platform, end) in PAGES.items():
        if platform in access:
            page = str(access[platform]["settings"]["api_base"]).removesuffix(end)
            _preset(key).update(page_url=f"{page}/")
    if "zendesk" in access:
        _connect(_preset("support"), access["zendesk"])
    if "algolia" in access:
        if not Lookup.objects.filter(name=DOCS).exists():
            Lookup.objects.create(name=DOCS, kind="algolia", position=50)
        _connect(Lookup.objects.filter(name=DOCS), access["algolia"])


def _preset(key: str) -> Any:
    known = PresetRecord.objects.filter(kind="lookup", key=key).values("object_id")
    return Lookup.objects.filter(pk__in=known)


def _connect(rows: Any, access: Mapping[str, Any]) -> None:
    settings = {name: value for name, value in access["settings"].items() if name != "api_base"}
    for lookup in rows:
        lookup.address = access["settings"]["api_base"]
        if not lookup.secrets:
            lookup.settings = {**lookup.settings, **settings}
            lookup.secrets = {name: vault.seal(value) for name, value in access["secrets"].items()}
            lookup.is_active = True
        lookup.save()
