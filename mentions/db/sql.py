"""WHERE fragments over `mentions_ticket`, shared by the claim (one raw statement) and querysets.

Each is written once, with named parameters. The caller fills in `%(me)s` (user id) and `%(now)s` (aware UTC).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.db.models import BooleanField
from django.db.models.expressions import RawSQL

_NAMED = re.compile(r"%\((\w+)\)s")


@dataclass(frozen=True)
class Fragment:
    """`sql` is one boolean expression; `params` its values by name, except `me` and `now`."""

    sql: str
    params: Mapping[str, Any] = field(default_factory=dict)

    def positional(self, **filled: Any) -> tuple[str, tuple[Any, ...]]:
        values = {**self.params, **filled}
        names = _NAMED.findall(self.sql)
        return _NAMED.sub("%s", self.sql), tuple(values[name] for name in names)

    def as_condition(self, **filled: Any) -> RawSQL:
        """For `.filter(...)` on a ticket queryset."""
        sql, params = self.positional(**filled)
        return RawSQL(sql, params, output_field=BooleanField())  # noqa: S611


def all_of(fragments: Iterable[Fragment]) -> Fragment:
    """The fragments joined with AND; true when there are none. Parameter names must differ."""
    parts = list(fragments)
    params = {name: value for part in parts for name, value in part.params.items()}
    return Fragment("\n  AND ".join(part.sql for part in parts) or "TRUE", params)
