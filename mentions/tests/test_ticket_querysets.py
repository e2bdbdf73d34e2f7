"""Every ticket state that `TicketQuerySet` defines is used by the desk."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

from mentions.models.ticket import TicketQuerySet

ROOT = Path(__file__).resolve().parents[2]


def test_every_state_is_asked_for_by_the_desk_itself() -> None:
    states = [
        name for name, _ in inspect.getmembers(TicketQuerySet, inspect.isfunction) if name in vars(TicketQuerySet)
    ]
    sources = [p.read_text() for p in (ROOT / "mentions").rglob("*.py") if "tests" not in p.relative_to(ROOT).parts]
    assert states
    assert [name for name in states if not any(re.search(rf"\)?\.{name}\(", source) for source in sources)] == []
