"""The icon of a platform as markup, rendered once per platform: lists show a hundred of them."""

from __future__ import annotations

from functools import lru_cache

from django.template.loader import render_to_string
from django.utils.safestring import SafeString

from channels.registry.icons import SPRITE, icon_of, platform_of


def icon(namespace: str, beside: str = "") -> SafeString:
    """The icon for a platform or namespace; "" for none. Hidden from screen readers if the text beside it names the
    platform already, else it has the platform's name as its text alternative."""
    platform = platform_of(namespace)
    if not platform:
        return SafeString("")
    return _markup(platform, icon_of(platform).label.lower() not in beside.lower())


@lru_cache(maxsize=256)
def _markup(platform: str, is_named: bool) -> SafeString:
    context = {"icon": icon_of(platform), "sprite": SPRITE, "is_named": is_named}
    return SafeString(render_to_string("mentions/_icon.html", context).strip())
