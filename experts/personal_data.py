"""Outreaches in the export and erasure of a person's data."""

from __future__ import annotations

from collections.abc import Iterable

from experts.models import Outreach
from mentions.personal_data.scope import Part, Scope, register
from mentions.personal_data.scrubbing import ERASED, Names


def _rows(scope: Scope) -> Iterable[Outreach]:
    return Outreach.objects.filter(ticket__in=scope.own).order_by("pk")


def _erase(scope: Scope, names: Names) -> int:
    """Clears the text of outreaches on the person's tickets, and removes the person's names from others."""
    own = Outreach.objects.filter(ticket__in=scope.own).exclude(text=ERASED)
    count = own.update(text=ERASED, error="", slack_url="")
    for outreach in Outreach.objects.filter(ticket__in=scope.near):
        text, error = names.text(outreach.text), names.text(outreach.error)
        if (text, error) != (outreach.text, outreach.error):
            outreach.text, outreach.error = text, error
            outreach.save(update_fields=["text", "error"])
            count += 1
    return count


register(Part("requests to experts", _rows, _erase))
