"""Panels next to a ticket. Upper floors register theirs at app start; the desk names none of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest

from mentions.db import prepared
from mentions.models import Ticket
from mentions.tickets.conversation import Thread


@dataclass(frozen=True)
class Panel:
    """`context(request, ticket, thread)` returns the context of `template`, or None to show nothing. Low positions come
    first.

    `rows`: an SQL condition on `%(ticket)s`, whether there is anything to read. Those of all panels are one statement.
    Where it doesn't hold, `blank(request, ticket)` returns the context; without `blank`, nothing is shown."""

    name: str
    title: Any
    template: str
    context: Callable[[HttpRequest, Ticket, Thread], Mapping[str, Any] | None]
    position: int = 100
    permission: str = "mentions.view_ticket"
    rows: str = ""
    blank: Callable[[HttpRequest, Ticket], Mapping[str, Any] | None] | None = None


@dataclass(frozen=True)
class FilledPanel:
    panel: Panel
    context: Mapping[str, Any]


_panels: dict[str, Panel] = {}


def register(panel: Panel) -> None:
    """Raises ValueError if another panel has the name."""
    if _panels.get(panel.name, panel) != panel:
        raise ValueError(f"There is a panel {panel.name!r} already.")
    _panels[panel.name] = panel


def registered() -> list[Panel]:
    return sorted(_panels.values(), key=lambda panel: (panel.position, panel.name))


def shown_for(request: HttpRequest, ticket: Ticket, thread: Thread) -> list[FilledPanel]:
    """The panels this person sees next to this ticket, in order."""
    out, without = [], _without_rows(ticket)
    for panel in registered():
        if not request.user.has_perm(panel.permission):
            continue
        if panel.name not in without:
            context = panel.context(request, ticket, thread)
        else:
            context = panel.blank(request, ticket) if panel.blank else None
        if context is not None:
            out.append(FilledPanel(panel, context))
    return out


def _without_rows(ticket: Ticket) -> set[str]:
    """The panels that have nothing to read for this ticket."""
    asking = [panel for panel in registered() if panel.rows]
    if not asking:
        return set()
    found = prepared.run(f"SELECT {', '.join(f'({panel.rows})' for panel in asking)}", {"ticket": ticket.pk})[0]
    return {panel.name for panel, has_rows in zip(asking, found, strict=True) if not has_rows}
