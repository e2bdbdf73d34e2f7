"""Charts as files: SVG and PNG for slides and emails, and the script that draws them in the browser."""

from __future__ import annotations

from functools import cache
from importlib.metadata import version
from typing import Any

from django.utils.translation import gettext as _

PNG_SCALE = 2.0  # sharp on a projector


def with_zone(spec: dict[str, Any], zone: str) -> dict[str, Any]:
    """A spec that names its time zone, for a file, which has no page around it that does."""
    words = {"text": _("Days and hours of %(zone)s") % {"zone": zone}, "orient": "bottom", "anchor": "start"}
    looks = {"color": spec["config"]["axis"]["labelColor"], "fontSize": 12, "fontWeight": "normal", "offset": 12}
    return {**spec, "title": {**words, **looks}}


def svg(spec: dict[str, Any]) -> str:
    import vl_convert

    return str(vl_convert.vegalite_to_svg(spec))


def png(spec: dict[str, Any]) -> bytes:
    import vl_convert

    return bytes(vl_convert.vegalite_to_png(spec, scale=PNG_SCALE))


@cache
def browser_bundle() -> str:
    """Vega, Vega-Lite and vega-embed in one script (0.9 MB); built once per process, in a quarter of a second."""
    import vl_convert

    return str(vl_convert.javascript_bundle("window.deskVega = {embed: vegaEmbed};"))


@cache
def bundle_version() -> str:
    """Changes whenever the bundle does, so browsers can cache it forever."""
    return version("vl-convert-python")
