"""Messages in the Slack channels of releases, in the export and erasure of a person's data: they may name them."""

from __future__ import annotations

from collections.abc import Iterable

from mentions.personal_data.scope import Part, Scope, register
from mentions.personal_data.scrubbing import Names
from team.models import RoomMessage


def _rows(scope: Scope) -> Iterable[RoomMessage]:
    return RoomMessage.objects.filter(ticket__in=scope.own).order_by("pk")


def _erase(scope: Scope, names: Names) -> int:
    """Colleagues wrote these: the text stays, without the name. All rows are checked; they are kept for some weeks
    only."""
    count = 0
    for message in RoomMessage.objects.only("pk", "text").iterator():
        if (text := names.text(message.text)) != message.text:
            RoomMessage.objects.filter(pk=message.pk).update(text=text)
            count += 1
    return count


register(Part("messages in Slack on release days", _rows, _erase))
