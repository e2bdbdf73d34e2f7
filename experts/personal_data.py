"""Requests to experts, where the data of a person is exported or erased."""

from __future__ import annotations

from collections.abc import Iterable

from experts.models import Outreach
from mentions.personal_data.scope import Part, Scope, register
from mentions.personal_data.scrubbing import ERASED, Names


def _rows(scope: Scope) -> Iterable[Outreach]:
    return Outreach.objects.filter(ticket__in=scope.own).order_by("pk")


def _erase(scope: Scope, names: Names) -> int:
    """Requests about their tickets lose their words; those about others lose the person's names."""
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
