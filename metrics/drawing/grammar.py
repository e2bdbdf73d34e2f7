"""The grammar of the charts: altair, imported when the first chart is drawn.

It would check what is built against the whole schema of Vega-Lite, at each step, which takes longer than the rest. The
tests check each finished chart instead."""

from __future__ import annotations

from functools import cache
from typing import Any


@cache
def altair() -> Any:
    import altair as alt
    from altair.utils import schemapi

    schemapi.disable_debug_mode()
    return alt
