"""Urgent calls in the export and erasure of a person's data: why it was urgent may name them."""

from __future__ import annotations

from collections.abc import Iterable

from mentions.personal_data.scope import Part, Scope, register
from mentions.personal_data.scrubbing import Names
from team.models import UrgentCall


def _rows(scope: Scope) -> Iterable[UrgentCall]:
    return UrgentCall.objects.filter(ticket__in=scope.own).order_by("pk")


def _erase(scope: Scope, names: Names) -> int:
    """On their own tickets the text is erased, on others only their names."""
    count = UrgentCall.objects.filter(ticket__in=scope.own).exclude(why="").update(why="")
    for call in UrgentCall.objects.filter(ticket__in=scope.near):
        if (why := names.text(call.why)) != call.why:
            UrgentCall.objects.filter(pk=call.pk).update(why=why[:300])
            count += 1
    return count


register(Part("urgent calls", _rows, _erase))
