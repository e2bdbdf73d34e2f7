"""The pages about channels, and every platform's ticket: the menu at every width, touch targets, charts, errors."""

import pytest
from playwright.sync_api import expect

from advocacy.tests.browser import axe_finds_nothing, marks, write
from advocacy.tests.test_browser_pages import CLIPPED

pytestmark = marks

LONG_ERROR = "The platform refused the token: it was revoked. " * 6
WIDTHS = (320, 360, 480, 760, 761, 900, 960, 961, 1160, 1161, 1280)
OVERFLOW = """() => {
  const nav = document.querySelector(".topbar > nav"), bar = document.querySelector(".topbar");
  return [nav.scrollWidth - nav.clientWidth, bar.scrollWidth - bar.clientWidth];
}"""


@pytest.fixture
def troubled(living):
    """The mailbox with a long error, for one test; leased by nobody, so that no poll clears the error meanwhile."""
    update = """UPDATE channels_connection SET trouble = %s, last_error = %s, lease_token = gen_random_uuid(),
        lease_until = now() + %s::interval WHERE platform = 'email'"""
    write(living, update, ("auth", LONG_ERROR, "1 hour"))
    yield
    write(living, update, ("", "", "0"))


def test_every_page_is_in_the_menu_in_every_width_and_nothing_of_it_is_cut_off(windows):
    page = windows.open("admin", "/channels/", width=1440)
    menu = page.locator(".topbar")
    names = menu.get_by_role("navigation", name="Pages", exact=True).get_by_role("link").all_inner_texts()
    assert {"Play", "Queue", "Search", "Post", "Add", "Experts", "Channels", "Reports"} <= set(names)
    menu.locator(".menu > summary").click()
    seldom = menu.get_by_role("navigation", name="More pages").get_by_role("link").all_inner_texts()
    page.keyboard.press("Escape")
    assert {"Checklist", "Contacts", "Codes", "Audit log"} <= set(seldom)
    assert not set(seldom) & set(names)
    names += seldom
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 740})
        assert max(page.evaluate(OVERFLOW)) <= 0, width
        menu.locator(".menu > summary").click()
        for name in names:
            expect(menu.get_by_role("link", name=name, exact=True).first).to_be_visible()
        page.keyboard.press("Escape")


@pytest.mark.parametrize("width", [360, 760, 1161, 1381])
def test_nothing_of_the_channels_is_cut_off_between_phone_and_screen(windows, troubled, width):
    page = windows.open("admin", "/channels/", width=width)
    assert page.evaluate(CLIPPED) == []
    box = page.locator(".table-box").first
    assert box.evaluate("at => at.scrollWidth - at.clientWidth") <= 0


@pytest.fixture
def unreadable(living):
    """An unreadable item with long words everywhere; its connection and its id."""
    (connection,) = living.rows("SELECT id FROM channels_connection WHERE platform = 'email' LIMIT 1")
    insert = """INSERT INTO channels_inbounditem (connection_id, external_id, role, payload, digest, state, error,
        ignored_why, attempts, revision, fetched_at, acknowledged_at)
        VALUES (%s, %s, 'mention', %s, %s, 'failed', %s, '', 2, 1, now(), now())"""
    values = ("x" * 180, '{"text": "' + "long" * 400 + '"}', b"0" * 16, f"ParserError: {'nospaces' * 40}")
    write(living, insert, (connection["id"], *values))
    (item,) = living.rows("SELECT id FROM channels_inbounditem WHERE external_id = %s", [values[0]])
    yield connection["id"], item["id"]
    write(living, "DELETE FROM channels_inbounditem WHERE id = %s", (item["id"],))


def test_what_could_not_be_read_fits_a_phone_in_the_dark(windows, unreadable):
    connection, item = unreadable
    page = windows.open("admin", f"/channels/{connection}/unreadable/", width=360, height=740, dark=True)
    for path in (f"/channels/{connection}/unreadable/", f"/channels/unreadable/{item}/"):
        page.goto(path)
        expect(page.get_by_text("nospaces").first).to_be_visible()
        assert page.evaluate("document.documentElement.scrollWidth") <= 360
        assert page.evaluate(CLIPPED) == []
        axe_finds_nothing(page)


@pytest.mark.parametrize("path", ["/channels/", "/channels/ignored/", "/channels/imports/", "/checklist/", "/add/"])
def test_what_is_pressed_is_large_enough_for_a_thumb(windows, path):
    page = windows.open("admin", path, width=360, height=740)
    pressed = page.locator("main :is(button, .button, td a):visible, .topbar > nav a:visible")
    heights = pressed.evaluate_all(
        "all => all.filter((at) => at.matches('button, .button, nav a, .act a'))"
        ".map((at) => [at.textContent.trim(), at.getBoundingClientRect().height])"
    )
    assert len(heights) > 4
    assert [each for each in heights if each[1] < 43.5] == []


def test_charts_say_their_numbers_to_eyes_and_ears(windows):
    page = windows.open("mo", "/channels/")
    charts = page.locator(".spark")
    assert charts.count() > 20
    for chart in charts.all()[:5]:
        said = chart.get_attribute("aria-label")
        assert " in 14 days: " in said
        assert said.count(",") >= 13
        assert chart.locator("title").text_content() == said


def test_the_admin_is_accessible(windows, living):
    """On Django's pages the CSP refuses axe's own styles, and logs it."""
    windows.expect("style-src", "preload assets")
    number = living.rows("SELECT id FROM channels_connection WHERE platform = 'twitter'")[0]["id"]
    page = windows.open("admin", "/admin/")
    for path in (
        *("", "connection/", "connection/add/", "connection/add/?platform=reddit", f"connection/{number}/change/"),
        *("ignorerule/", "ignorerule/add/", "inbounditem/", "outbounditem/"),
    ):
        page.goto(f"/admin/channels/{path}")
        expect(page.locator("#content")).to_be_visible()
        axe_finds_nothing(page, path)


def test_a_long_error_is_folded_and_opens(windows, troubled):
    page = windows.open("admin", "/channels/")
    folded = page.locator("details.long", has_text="it was revoked")
    expect(folded.locator("p")).to_be_hidden()
    assert len(folded.locator(".short").inner_text()) < 120
    folded.locator("summary").click()
    expect(folded.locator("p")).to_contain_text(LONG_ERROR.strip())
    axe_finds_nothing(page)


@pytest.mark.parametrize(("who", "shown"), [("sam", "Reply as"), ("admin", "Add your account")])
def test_the_composer_of_a_platform_that_takes_single_people_only(windows, living, who, shown):
    """Sam has entered his own account's token there, the admin hasn't."""
    find = """SELECT t.id FROM mentions_ticket t JOIN channels_channel h ON h.id = t.channel_id
        JOIN channels_connection c ON c.id = h.connection_id WHERE c.platform = 'reddit' ORDER BY t.id LIMIT 1"""
    page = windows.open(who, f"/tickets/{living.rows(find)[0]['id']}/", width=360, height=740)
    page.get_by_role("button", name="claim").click()
    expect(page.locator("#composer-box")).to_contain_text(shown)
    assert page.evaluate(CLIPPED) == []
    page.set_viewport_size({"width": 1920, "height": 1080})
    assert page.evaluate(CLIPPED) == []
    axe_finds_nothing(page)
