"""The wall display in a browser: readable from across a room, keeps the focus on refresh, and shows when it can't
refresh."""

import pytest
from playwright.sync_api import expect

from advocacy.tests.browser import marks

pytestmark = marks
WALL = "/reports/wall/"
LONGEST = ["—", "8", "10,888", "8\u00a0h 8\u00a0min", "20\u00a0h 48\u00a0min", "88\u00a0d 20\u00a0h"]
"""What any tile may show at some time of a day."""
TOO_LARGE = """() => {
  const root = document.documentElement;
  const tiles = [...document.querySelectorAll(".wall-value")].map((at) => at.scrollWidth - at.clientWidth);
  return [root.scrollHeight - innerHeight, root.scrollWidth - innerWidth, ...tiles].filter((px) => px > 0);
}"""
REFRESH = "htmx.ajax('GET', '/reports/wall/', {target: '#wall-figures', swap: 'innerHTML'})"
OVERLAPS = """() => {
  const boxes = [...document.querySelectorAll(".wall-figure > *")].map((at) => [at, at.getBoundingClientRect()]);
  return boxes.flatMap(([a, one]) => boxes.filter(([b, two]) => a !== b && one.left < two.right - 1
    && two.left < one.right - 1 && one.top < two.bottom - 1 && two.top < one.bottom - 1).map(([b]) => b.outerHTML));
}"""


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_it_fills_a_large_screen_with_large_figures_without_scrolling(windows, dark):
    page = windows.open("mo", WALL, dark=dark, width=1920, height=1080)
    sizes = page.locator(".wall-value").evaluate_all(
        "all => all.map((at) => parseFloat(getComputedStyle(at).fontSize))"
    )
    assert len(sizes) == 6
    assert min(sizes) >= 96
    for value in LONGEST:
        page.locator(".wall-value").evaluate_all("(all, text) => all.forEach((at) => at.textContent = text)", value)
        assert page.evaluate(TOO_LARGE) == [], value
        assert page.evaluate(OVERLAPS) == [], value
    smallest = page.locator(".wall *").evaluate_all(
        "all => Math.min(...all.filter((at) => at.offsetWidth"
        " && [...at.childNodes].some((node) => node.nodeType === Node.TEXT_NODE && node.data.trim()))"
        ".map((at) => parseFloat(getComputedStyle(at).fontSize)))"
    )
    assert smallest >= 20
    expect(page.locator(".topbar")).to_have_count(0)


def test_it_refreshes_without_losing_the_focus(windows):
    page = windows.open("mo", WALL)
    page.clock.install()
    page.reload()
    back = page.get_by_role("link", name="Overview")
    back.focus()
    counted = page.locator("[data-counted]").get_attribute("data-counted")
    with page.expect_response(lambda answer: answer.url.endswith(WALL)):
        page.clock.run_for(61_000)
    expect(page.locator("[data-counted]")).not_to_have_attribute("data-counted", counted)
    expect(back).to_be_focused()
    expect(page.get_by_role("alert")).to_be_hidden()


def test_it_says_that_it_cannot_refresh_keeps_its_figures_and_recovers(windows):
    page = windows.open("mo", WALL)
    windows.expect("Failed to load resource|htmx|ERR_FAILED|status of 503|Status Error Code 503")
    late = page.locator("[data-wall-late]")
    figures = page.locator("#wall-figures").inner_text()
    for answer in (lambda route: route.abort(), lambda route: route.fulfill(status=503, body="away")):
        page.route(f"**{WALL}", answer)
        page.evaluate(REFRESH + ".catch(() => {})")
        expect(late).to_contain_text("Not refreshed")
        assert page.locator("#wall-figures").inner_text() == figures
        page.unroute(f"**{WALL}")
        page.evaluate(REFRESH)
        expect(late).to_be_hidden()
        figures = page.locator("#wall-figures").inner_text()
    page.route(f"**{WALL}", lambda route: route.fulfill(status=200, body="<h1>Log in</h1>", content_type="text/html"))
    page.evaluate(REFRESH)
    expect(late).to_contain_text("Not refreshed")
    assert page.locator("#wall-figures").inner_text() == figures, "a login page is no figure"


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_the_heat_map_keeps_its_width_on_a_phone_and_is_scrolled(windows, dark):
    page = windows.open("mo", "/reports/hours/?period=90d", dark=dark, width=360, height=740)
    boxes = page.locator(".plot.wide")
    expect(boxes.first.locator("canvas")).to_be_visible()
    expect(boxes.locator("picture")).to_have_count(0)  # a chart that is drawn has taken its place
    for box in boxes.all():
        assert box.locator("canvas").bounding_box()["width"] >= 740, "24 hours with their numbers"
        assert box.evaluate("at => at.scrollWidth > at.clientWidth && at.tabIndex === 0")
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
