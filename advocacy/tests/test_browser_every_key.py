"""The keyboard is safe: in every field, menu and dialog of every page, a key acts only on the focused control."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from advocacy.tests.all_pages import SPACES, arguments_of, found_pages
from advocacy.tests.browser import NEW, marks
from advocacy.tests.keyboard import ACTIONS, FEW, Keyboard, prepare
from mentions.views.keymap import TABLE

pytestmark = marks


@pytest.fixture(scope="module")
def tried():
    """Already tested on any page: controls with all keys; controls, and kinds of them, with real key presses."""
    return set()


def every_key(page, tried):
    """(labels of the controls, problems as sentences)."""
    page.wait_for_load_state("networkidle")
    keyboard = Keyboard(page)
    if page.evaluate("document.body.dataset.keys") != "off":
        page.evaluate("document.activeElement.blur()")  # a search page begins in its field
        page.keyboard.press("?")
        expect(page.locator("dialog#keys button").first).to_be_visible()
    page.evaluate("window.isStillHere = true")
    places = keyboard.places()
    is_bare = page.locator(".topbar").count() == 0  # the wall display has dialogs only
    assert len(places) >= (2 if is_bare else 3), "the search box, the menu and the dialogs are on every page"
    kind = page.evaluate("[Boolean(document.getElementById('rows')), Boolean(document.getElementById('desk'))].join()")
    for place in places:
        if (place.signature, kind) in tried or not keyboard.sweep(place):
            continue
        tried.add((place.signature, kind))
        if place.signature not in tried:
            keyboard.press_all(place, FEW if place.sort in tried else None)
            tried |= {place.signature, place.sort}
    assert page.evaluate("window.isStillHere") is True
    return {place.label for place in places}, [f"{page.url}: {fault}" for fault in keyboard.faults]


def opened(windows, who, path, **how):
    """A page that is still loading; `every_key` waits for it."""
    page = windows.again(who, **how)
    if page.url == NEW:
        prepare(page.context)
    page.goto(path, wait_until="commit")
    return page


@pytest.fixture
def playing(windows, world):
    """The URL of a ticket that sam holds, with a mail's side panel, composer and menus."""
    asked = world.ask("twitter", "@acme can {word} be used from the keyboard?", to="acme")
    windows.open("sam", f"/play/{asked.view}/").close()
    return asked


@pytest.mark.timeout(900)
@pytest.mark.parametrize("width", [1280, 360])
def test_no_key_does_more_than_the_focus_asks_for_on_the_ticket(windows, playing, tried, width):
    page = opened(windows, "sam", f"/play/{playing.view}/", width=width)
    seen, faults = every_key(page, tried)
    for field in ("#text", "#note", "#tag", "#priority", "#lookup", "#channel"):
        assert field in seen
    for menu in ("macros", "answered", "no-reply", "park", "hand-back", "more"):
        assert any(label.startswith(f"menu #{menu} ›") for label in seen), menu
    assert "dialog #palette › #palette-text" in seen
    assert any(label.startswith("dialog #keys ›") for label in seen)
    assert faults == [], "\n".join(faults)


WANTED = {
    "mentions": {"queue", "search", "posts", "me", "add", "share", "merge", "ticket", "keys"},
    "experts": {"directory", "ask"},
    "metrics": {"report"},
    "channels": {"health"},
    "team": {"coverage", "contacts", "hand_over", "releases", "expertises", "meetings", "release", "meeting"},
    "audit": {"log"},
}


@pytest.mark.timeout(1200)
@pytest.mark.parametrize("space", SPACES)
def test_no_key_does_more_than_the_focus_asks_for_on_any_page(windows, playing, tried, living, space):
    windows.expect(r"/play/\w+/: .* 409 ")  # while all its keys are pressed, a page may outlive the claim it renews
    visited, faults = set(), []
    found = found_pages(windows, space, arguments_of(living, playing))
    pages = ((name, who, opened(windows, who, path)) for name, who, path in found)
    following = next(pages, None)
    while following:
        (name, who, page), following = following, next(pages, None)  # it loads while keys are pressed in this one
        faults += every_key(page, tried)[1]
        visited.add(name.partition(":")[2])
        windows.put_back(who, page)
    assert visited >= WANTED.get(space, set())
    assert faults == [], "\n".join(faults)


def test_the_test_knows_every_action_that_a_field_menu_or_dialog_may_ask_for():
    elsewhere = ("page", "list", "ticket", "chart", "off", "play")
    asked = {key.action for key in TABLE if key.scope not in elsewhere}
    assert asked <= set(ACTIONS)
