"""Incidents in the export of a person's data. Their texts are the team's own; only a name in a reason is erased."""

from __future__ import annotations

from collections.abc import Iterable

from django.db.models import Model

from mentions.personal_data.scope import Part, Scope, register
from mentions.personal_data.scrubbing import Names
from team.models import IncidentMention, IncidentReply


def _rows(scope: Scope) -> Iterable[Model]:
    yield from IncidentMention.objects.filter(ticket__in=scope.own).order_by("pk")
    yield from IncidentReply.objects.filter(ticket__in=scope.own).order_by("pk")


def _erase(scope: Scope, names: Names) -> int:
    """Erase their names from the reasons why tickets were left out."""
    count = 0
    for each in IncidentReply.objects.filter(ticket__in=[*scope.own, *scope.near]).exclude(why=""):
        if (why := names.text(each.why)) != each.why:
            count += IncidentReply.objects.filter(pk=each.pk).update(why=why[:400])
    return count


register(Part("incidents", _rows, _erase))
