"""No item is parsed by the polling process: one that crashes its parser is stored, and the poll continues."""

from __future__ import annotations

import inspect
import sys
from typing import Any

import pytest
from django.core.cache import cache

from advocacy.tests import scenario
from advocacy.tests.test_scenarios_every_platform import THERE, author_of
from channels.adapters.lobsters import fetching as lobsters
from channels.models import Connection, InboundItem
from channels.polling import polling
from channels.tests.poisoning import marker, poisoned

desk, outside = scenario.desk, scenario.outside
pytestmark = pytest.mark.timeout(120)
PUSHED = {"form"}
"""Nothing is polled there."""


@pytest.fixture
def parsed_here(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """Adapter modules that parse in this process."""
    found: set[str] = set()
    modules = {name: module for name, module in sys.modules.items() if name.startswith("channels.adapters.")}
    for name, module in modules.items():
        parse = vars(module).get("parse")
        if inspect.isfunction(parse):

            def watched(*args: Any, name: str = name, parse: Any = parse) -> Any:
                found.add(name)
                return parse(*args)

            monkeypatch.setattr(module, "parse", watched)
    assert len(modules) > 100
    return found


def test_what_adapters_look_at_before_it_is_stored_is_parsed_apart(desk, parsed_here, monkeypatch):
    monkeypatch.setattr(lobsters, "PAUSE_S", 0.0)
    cache.clear()
    places = {place.platform: place for place in THERE.values() if place.platform not in PUSHED}
    for platform, place in places.items():
        text = f"How do I get Acme to work? {marker('kill')}"
        desk.outside.post(platform, **{"text": text, "author": author_of(place, "q"), **place.asked})
    polled = Connection.objects.filter(platform__in=places, is_active=True)
    with poisoned():
        done = [polling.poll(pk, desk.now()) for pk in polled.values_list("pk", flat=True)]
    errors = [each.error for each in done if each.error]
    assert (errors, parsed_here) == ([], set())
    stored = InboundItem.objects.filter(payload__icontains="POISON-kill-", state="pending")
    assert set(stored.values_list("connection__platform", flat=True)) == set(places) - {"email"}
