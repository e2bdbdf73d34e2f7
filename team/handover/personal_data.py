"""Notes of hand-overs in the export and erasure of a person's data."""

from __future__ import annotations

from collections.abc import Iterable

from mentions.personal_data.scope import Part, Scope, register
from mentions.personal_data.scrubbing import Names
from team.models import HandOver, HandOverItem


def _rows(scope: Scope) -> Iterable[HandOverItem]:
    return HandOverItem.objects.filter(ticket__in=scope.own).order_by("pk")


def _erase(scope: Scope, names: Names) -> int:
    """On their own tickets the notes are erased; elsewhere, and in the notes of the day, only their names."""
    count = HandOverItem.objects.filter(ticket__in=scope.own).exclude(note="").update(note="")
    for item in HandOverItem.objects.filter(ticket__in=scope.near).exclude(note=""):
        if (note := names.text(item.note)) != item.note:
            HandOverItem.objects.filter(pk=item.pk).update(note=note[:500])
            count += 1
    about = HandOver.objects.filter(items__ticket__in=[*scope.own, *scope.near]).exclude(note="").distinct()
    for day in about:
        if (note := names.text(day.note)) != day.note:
            HandOver.objects.filter(pk=day.pk).update(note=note[:1000])
            count += 1
    return count


register(Part("hand-overs", _rows, _erase))
