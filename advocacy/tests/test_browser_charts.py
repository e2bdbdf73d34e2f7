"""The charts render under the strict CSP, in the page's colours, and can be downloaded."""

import re
import zipfile

import pytest
from playwright.sync_api import expect

from advocacy.tests.browser import axe, marks
from advocacy.tests.living_desk import PATIENCE_S

pytestmark = marks
REPORTS = {"overview": 2, "first-reply": 2, "activity": 2, "hours": 2}

INK = """(canvas) => {
  const {data} = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height), seen = new Set();
  for (let at = 0; at < data.length; at += 4) seen.add((data[at] << 16) | (data[at + 1] << 8) | data[at + 2]);
  return [seen.size, data[0] + data[1] + data[2]];
}"""


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("name", REPORTS)
def test_charts_are_drawn_in_the_colours_of_the_page(windows, name, dark):
    page = windows.open("mo", f"/reports/{name}/", dark=dark)
    expect(page.locator("figure.chart picture")).to_have_count(0)  # a chart that is drawn has taken its place
    canvases = page.locator("figure.chart canvas")
    expect(canvases).to_have_count(REPORTS[name])
    for canvas in canvases.all():
        colours, ground = canvas.evaluate(INK)
        assert colours > 20, "the canvas is empty"
        assert (ground < 200) is dark


def test_the_pointer_on_a_bar_shows_its_tooltip(windows):
    page = windows.open("mo", "/reports/channels/")
    chart = page.locator("figure.chart").first.locator(".chart-host")
    expect(chart).to_have_attribute("data-points", "")
    tooltip = page.locator("#vg-tooltip-element.visible")
    chart.scroll_into_view_if_needed()
    chart.focus()
    page.keyboard.press("ArrowRight")  # to the first bar: its focus ring gives the position
    ring = page.locator(".chart-ring:visible").bounding_box()
    page.keyboard.press("Escape")
    expect(tooltip).to_have_count(0)
    page.mouse.move(ring["x"] + ring["width"] / 2, ring["y"] + ring["height"] / 2)
    expect(tooltip).to_contain_text(re.compile(r"channel.+mentions\d", re.DOTALL))
    page.mouse.move(0, 0)
    expect(tooltip).to_have_count(0)


@pytest.mark.parametrize("name", ["channels", "activity", "hours"])
def test_the_arrow_keys_go_from_point_to_point_and_each_is_shown_and_read_out(windows, name):
    page = windows.open("mo", f"/reports/{name}/", height=500)
    chart = page.locator("figure.chart").first.locator(".chart-host")  # whichever chart is drawn first
    expect(chart).to_have_attribute("data-points", "")
    tooltip, said = page.locator("#vg-tooltip-element.visible"), page.locator("[data-report-status]")
    chart.focus()
    expect(tooltip).to_have_count(0)
    heard, places = [], []
    for key in ("ArrowRight", "ArrowDown", "End", "ArrowRight", "ArrowLeft", "Home"):
        page.keyboard.press(key)
        words = said.inner_text()
        shown = dict(row.split("\t") for row in tooltip.locator("tr").all_inner_texts())
        assert words == ", ".join(f"{what}: {value}" for what, value in shown.items())
        ring = page.locator(".chart-ring:visible").bounding_box()
        heard.append(words)
        places.append((ring["x"], ring["y"]))
    first, second, last, beyond, back, home = heard
    assert len({first, second, last, back}) == 4
    assert (beyond, home) == (last, first), "it stays at the ends"
    assert places[0] == places[5] != places[2], "the ring goes along"
    page.keyboard.press("Escape")
    if name == "hours":  # its cells have no gaps: the pointer there finds the same
        page.mouse.move(places[5][0] + 9, places[5][1] + 9)
        expect(tooltip).to_have_count(1)
        assert tooltip.locator("td.value").all_inner_texts() == [each.split(": ")[1] for each in home.split(", ")]
        page.mouse.move(0, 0)
    expect(tooltip).to_have_count(0)
    expect(chart).not_to_be_focused()
    assert page.locator(".chart-ring:visible").count() == 0
    found = axe(page, within="figure.chart")
    assert found.violations_count == 0, found.generate_report()


def test_pictures_and_table_are_downloaded(windows):
    page = windows.open("mo", "/reports/first-reply/")
    starts = {"PNG": b"\x89PNG", "SVG": b"<svg", "CSV": "\ufeffChannel,".encode()}
    for label, start in starts.items():
        with page.expect_download() as download:
            page.get_by_role("link", name=label, exact=True).first.click()
        assert download.value.path().read_bytes().startswith(start), label
        assert re.fullmatch(r"[-\w]+\.(png|svg|csv)", download.value.suggested_filename)


def test_without_scripts_the_charts_are_pictures(windows):
    page = windows.open("mo", "/reports/first-reply/", java_script_enabled=False)
    for picture in page.locator("figure.chart img").all():
        assert picture.evaluate("at => at.complete && at.naturalWidth > 100")


def test_a_figure_leads_to_exactly_its_tickets(windows, living):
    page = windows.open("mo")

    def leads_there():
        page.goto("/reports/first-reply/")
        link = page.locator("#figures tbody tr").nth(2).locator("td a").first
        count = link.inner_text().replace(",", "")
        link.click()
        page.wait_for_url("**/reports/tickets/**")
        return f"{count} ticket" in page.locator(".report-note").first.inner_text()

    # Figures are counted every 30 s: a ticket of the test before this one may be missing in them.
    living.wait_until(leads_there, "as many tickets as the figure says", every_s=1)


def test_the_period_is_chosen_and_kept_in_the_address(windows):
    page = windows.open("mo", "/reports/first-reply/")
    page.get_by_label("Period", exact=True).select_option("7d")
    page.locator(".report-filters summary").click()
    page.get_by_label("@acme", exact=True).check()
    page.get_by_role("button", name="Show").click()
    page.wait_for_url(re.compile(r"period=7d.*channel=twitter-acme"))
    rows = page.locator("#figures tbody th").all_inner_texts()
    assert "@acme" in rows
    assert "merch@acme.example" not in rows


def test_a_question_mark_tells_what_the_figure_means(windows):
    page = windows.open("mo", "/reports/overview/")
    mark = page.get_by_role("button", name="What “Backlog” means")
    explanation = page.get_by_text("Tickets that are new or open, parked ones included.")
    expect(explanation).to_be_hidden()
    mark.press("Enter")
    expect(explanation).to_be_visible()
    page.keyboard.press("Escape")
    expect(explanation).to_be_hidden()


def test_a_table_sorts_by_a_press_on_a_head(windows):
    page = windows.open("mo", "/reports/first-reply/")
    head = page.locator("#figures").get_by_role("columnheader", name=re.compile("^Mentions"))
    names = page.locator("#figures tbody th").all_inner_texts()
    head.get_by_role("button", name="Mentions", exact=True).click()
    expect(head).to_have_attribute("aria-sort", "descending")
    column = page.locator("#figures tbody tr:not([data-pinned]) td:nth-child(2)")
    counts = [int(text.replace(",", "")) for text in column.all_inner_texts()]
    assert counts == sorted(counts, reverse=True)
    assert page.locator("#figures tbody th").all_inner_texts()[:2] == names[:2], "totals stay on top"
    head.get_by_role("button", name="Mentions", exact=True).press("Enter")
    expect(head).to_have_attribute("aria-sort", "ascending")
    counts = [int(text.replace(",", "")) for text in column.all_inner_texts()]
    assert counts == sorted(counts)


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_a_package_is_pressed_watched_and_downloaded(windows, dark):
    page = windows.open("mo", "/reports/packages/", dark=dark, width=360, height=740)
    page.get_by_label("Month").select_option(index=1)
    page.get_by_role("button", name="Make it").click()
    link = page.locator("article").first.get_by_role("link", name="Download")
    expect(link).to_be_visible(timeout=1000 * PATIENCE_S)
    with page.expect_download() as download:
        link.click()
    with zipfile.ZipFile(download.value.path()) as archive:
        assert {name.partition("/")[2] for name in archive.namelist()} >= {"slides.pptx", "summary.txt", "tags-UTC.csv"}
    found = axe(page)
    assert found.violations_count == 0, found.generate_report()
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
