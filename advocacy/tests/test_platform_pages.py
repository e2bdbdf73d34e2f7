"""Every adapter has a documentation page for the admin who connects it, with all required sections."""

from __future__ import annotations

from pathlib import Path

import pytest

from channels.contract import Capability, FieldKind
from channels.registry.finding_adapters import all_adapters

PAGES = Path(__file__).resolve().parents[2] / "docs" / "platforms"
HEADINGS = ("What comes in", "How answers go out", "Set it up", "Rights", "Limits", "Sources")


def page_of(platform: str) -> str:
    return (PAGES / f"{platform}.md").read_text()


@pytest.mark.parametrize("platform", sorted(all_adapters()))
def test_a_platform_has_a_page_for_admins(platform: str) -> None:
    lines = page_of(platform).splitlines()
    assert lines[0].startswith("# ")
    headings = [line.removeprefix("## ") for line in lines if line.startswith("## ")]
    assert [heading for heading in HEADINGS if heading not in headings] == []


@pytest.mark.parametrize("platform", sorted(all_adapters()))
def test_its_page_names_every_secret_to_enter(platform: str) -> None:
    adapter, text = all_adapters()[platform], page_of(platform).lower()
    fields = (*adapter.fields, *adapter.channel_fields, *adapter.personal_fields)
    secrets = [field for field in fields if field.kind is FieldKind.SECRET]
    assert [f.name for f in secrets if f.label.lower() not in text and f.name.lower() not in text] == []
    if adapter.can(Capability.WEBHOOK):
        assert "/hooks/" in text


def test_no_page_is_about_nothing() -> None:
    assert {path.stem for path in PAGES.glob("*.md")} - {"README"} <= set(all_adapters())
