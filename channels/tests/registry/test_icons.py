"""Every platform has an icon: a symbol of the sprite, or its letter."""

import re
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest
from django.contrib.staticfiles import finders

from channels.registry.finding_adapters import all_adapters
from channels.registry.icons import SPRITE, icon_of, platform_of, symbols, with_platform

SVG = "{http://www.w3.org/2000/svg}"


def sprite() -> ElementTree.Element:
    return ElementTree.parse(str(finders.find(SPRITE))).getroot()


@pytest.mark.parametrize("platform", sorted(all_adapters()))
def test_every_adapter_has_an_icon(platform: str) -> None:
    icon = icon_of(platform)
    assert icon.label == all_adapters()[platform].label
    drawn = [each for each in sprite() if each.get("id") == platform]
    assert len(drawn) == (1 if icon.symbol else 0)
    assert icon.symbol == platform or icon.letter.isalnum()


@pytest.mark.parametrize("platform", sorted(symbols()))
def test_every_symbol_is_a_drawing_for_an_adapter(platform: str) -> None:
    (drawn,) = (each for each in sprite() if each.get("id") == platform)
    assert platform in all_adapters()
    assert drawn.get("viewBox") == "0 0 24 24"
    assert [path.get("d") for path in drawn.iter(f"{SVG}path")] != []


def test_sprite_is_tinted_by_the_page_and_holds_nothing_but_shapes() -> None:
    names = {each.tag for each in sprite().iter() if isinstance(each.tag, str)}
    assert names == {f"{SVG}svg", f"{SVG}symbol", f"{SVG}path"}
    attributes = {name for each in sprite().iter() for name in each.attrib}
    assert attributes == {"id", "viewBox", "d"}


def test_every_symbol_has_its_source_and_licence_written_down() -> None:
    licence = Path(str(finders.find(SPRITE))).with_name("platforms.LICENSE.md").read_text()
    named = set(re.findall(r"`(\w+)`", licence))
    assert named == symbols()
    assert len(named) >= 20


@pytest.mark.parametrize(("platform", "letter"), [("usenet", "U"), ("9gag", "9"), ("", "?")])
def test_platform_without_a_symbol_has_its_letter(platform: str, letter: str) -> None:
    icon = icon_of(platform)
    assert (icon.symbol, icon.letter, icon.label) == ("", letter, platform)


def test_namespace_leads_to_its_platform() -> None:
    assert [platform_of(name) for name in ("twitter", "discourse:forum.acme.example")] == ["twitter", "discourse"]


def test_platform_is_named_where_no_icon_can_be_shown_but_once() -> None:
    assert with_platform("@acme", "twitter") == "@acme (Twitter)"
    assert with_platform("Twitter: @acme", "twitter") == "Twitter: @acme"
