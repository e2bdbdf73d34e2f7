"""A working day without a mouse: everything has a key, and the focus is always somewhere visible."""

import re
from contextlib import nullcontext

import pytest
from playwright.sync_api import expect

from advocacy.tests.browser import in_sequence, marks

pytestmark = marks

SEEN = """() => {
  const at = document.activeElement, style = getComputedStyle(at);
  const drawn = style.outlineStyle !== "none" && parseFloat(style.outlineWidth) > 0
    || style.boxShadow !== "none" || style.borderColor !== getComputedStyle(document.body).borderColor;
  const box = at.getBoundingClientRect();
  return at !== document.body && drawn && box.width > 0 && box.height > 0 ? "" : at.outerHTML.slice(0, 120);
}"""


def focus_is_seen(page):
    assert page.evaluate(SEEN) == ""


@pytest.fixture
def playing(windows, world):
    """(page, asked): sam plays a ticket, nothing has the focus yet."""
    asked = world.ask("twitter", "@acme can {word} be used from the keyboard?", to="acme")
    return windows.open("sam", f"/play/{asked.view}/"), asked


def test_pages_are_reached_by_two_keys(windows):
    page = windows.open("sam", "/me/")
    of_the_team = (("c", "/contacts/"), ("i", "/incidents/"), ("h", "/hand-over/"))
    for key, path in (("q", "/queue/"), ("s", "/search/"), ("r", "/reports/"), *of_the_team, ("p", "/play/")):
        page.locator("body").press("Escape")
        in_sequence(page, "g", key)
        page.wait_for_url(f"**{path}**")


def test_help_and_palette_open_close_and_give_the_focus_back(windows):
    page = windows.open("sam", "/queue/")
    page.keyboard.press("j")
    row = page.locator("#rows .row.selected a")
    expect(row).to_be_focused()
    focus_is_seen(page)
    page.keyboard.press("?")
    expect(page.locator("dialog#keys")).to_be_visible()
    expect(page.locator("dialog#keys")).to_contain_text("involve an expert")
    page.keyboard.press("Escape")
    expect(page.locator("dialog#keys")).to_be_hidden()
    expect(row).to_be_focused()
    page.keyboard.press("Control+k")
    expect(page.locator("#palette-text")).to_be_focused()
    page.keyboard.press("Escape")
    expect(row).to_be_focused()
    page.keyboard.press("Control+k")
    page.keyboard.type("experts")
    expect(page.locator("#palette [aria-selected=true]")).to_contain_text("Experts")
    page.keyboard.press("Enter")
    page.wait_for_url("**/experts/")


def test_the_list_is_walked_previewed_and_opened(windows):
    page = windows.open("sam", "/queue/")
    page.keyboard.press("j")
    first = page.locator("#rows .row.selected").get_attribute("data-id")
    page.keyboard.press("j")
    second = page.locator("#rows .row.selected").get_attribute("data-id")
    assert first != second
    page.keyboard.press("k")
    page.keyboard.press("Space")
    expect(page.locator("#rows .peek .message:visible").first).to_be_visible()
    page.keyboard.press("Space")
    expect(page.locator("#rows .peek")).to_have_count(0)
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/tickets/{first}/")
    page.keyboard.press("u")
    page.wait_for_url("**/queue/**")


def test_a_whole_ticket_is_worked_by_keys(playing, world):
    page, asked = playing
    page.keyboard.press("n")
    expect(page.locator("#note")).to_be_focused()
    focus_is_seen(page)
    page.keyboard.type("asked the team")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator("article.note")).to_contain_text("asked the team")
    page.keyboard.press("t")
    expect(page.locator("#tag")).to_be_focused()
    page.keyboard.type("keyboard")
    page.keyboard.press("Enter")
    expect(page.locator(".chips")).to_contain_text("keyboard")
    page.keyboard.press("r")
    page.keyboard.type("Half an ans")
    page.keyboard.press("Escape")
    expect(page.locator("#text")).not_to_be_focused()
    page.keyboard.press("r")
    expect(page.locator("#text")).to_be_focused()
    page.keyboard.press("End")
    page.keyboard.type("wer.")
    page.keyboard.press("Control+Shift+Enter")
    expect(page.locator("#toasts")).to_contain_text("pending")
    page.keyboard.press("z")
    expect(page.locator("#text")).to_have_value("Half an answer.")
    assert world.ticket(asked)["status"] in ("new", "open")


@pytest.mark.parametrize(("key", "menu"), [("x", "no-reply"), ("p", "park"), ("h", "hand-back"), ("o", "answered")])
def test_the_ways_out_open_take_the_focus_and_give_it_back(playing, key, menu):
    page, _ = playing
    with page.context.expect_page() if key == "o" else nullcontext():
        page.keyboard.press(key)
    expect(page.locator(f"#{menu} .menu-body :focus")).to_have_count(1)
    focus_is_seen(page)
    page.keyboard.press("Escape")
    expect(page.locator(f"#{menu}")).not_to_have_attribute("open", "")
    expect(page.locator(f"#{menu} > summary")).to_be_focused()


def test_a_macro_is_chosen_by_keys(playing):
    page, _ = playing
    page.keyboard.press("m")
    expect(page.locator("#macros .menu-body a").first).to_be_focused()
    page.keyboard.press("ArrowDown")
    expect(page.locator("#macros .menu-body a").nth(1)).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#macro-form")).to_be_visible()
    focus_is_seen(page)


def test_no_reply_needed_parking_and_handing_back_by_keys(playing, world, living):
    page, asked = playing
    page.keyboard.press("x")
    page.keyboard.press("Enter")
    expect(page.locator("#toasts")).to_contain_text("no reply needed")
    page.keyboard.press("z")
    expect(page.locator("#toasts")).to_contain_text("Undone")
    page.keyboard.press("p")
    for _ in range(4):
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    living.wait_until(lambda: world.ticket(asked)["waiting_on"] or None, "the ticket to be parked")


def test_skip_link_leads_to_the_content(windows):
    page = windows.open("sam", "/queue/")
    page.keyboard.press("Tab")
    expect(page.locator(".skip")).to_be_focused()
    focus_is_seen(page)
    page.keyboard.press("Enter")
    expect(page.locator("#main")).to_be_focused()


def test_an_answer_is_found_elsewhere_and_its_link_inserted_by_keys(windows, world):
    asked = world.ask("twitter", "@acme the ci runner ignores our proxy, {word}?", to="acme")
    page = windows.open("sam", f"/play/{asked.view}/")
    expect(page.locator("#lookup")).to_have_value(re.compile("runner"))
    page.keyboard.press("r")
    page.keyboard.type("See ")
    page.keyboard.press("Escape")
    page.keyboard.press("l")
    expect(page.locator("#lookup")).to_be_focused()
    page.locator("#links [aria-busy]").first.wait_for(state="detached")
    found = (
        page.locator("#links .lookup", has=page.get_by_role("heading", name="Documentation"))
        .locator("[data-hit]")
        .first
    )
    expect(found).to_contain_text("runner")
    for _ in range(20):
        page.keyboard.press("ArrowDown")
        focus_is_seen(page)
        if found.evaluate("hit => hit === document.activeElement"):
            break
    page.keyboard.press("i")
    address = found.get_attribute("href")
    assert address.startswith("https://docs.")
    expect(page.locator("#text")).to_have_value(f"See {address}")
    page.locator("#text").press("Control+z")
    expect(page.locator("#text")).to_have_value("See ")
