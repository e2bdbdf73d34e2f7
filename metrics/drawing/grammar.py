"""The grammar of the charts: altair, imported when the first chart is drawn.

By default, it validates every step against the whole schema of Vega-Lite, which takes longer than everything else. The
tests validate each finished chart instead."""

from __future__ import annotations

from functools import cache
from typing import Any


@cache
def altair() -> Any:
    import altair as alt
    from altair.utils import schemapi

    schemapi.disable_debug_mode()
    return alt
