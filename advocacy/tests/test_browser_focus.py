"""A key acts on the focused element; the focus lands where the user is looking; the newest draft wins."""

import pytest
from playwright.sync_api import expect

from advocacy.tests.browser import in_sequence, marks, settled, write

pytestmark = marks

LOOK = "document.dispatchEvent(new Event('visibilitychange'))"


@pytest.fixture
def playing(windows, world):
    """(page, asked): sam plays a ticket."""
    asked = world.ask("twitter", "@acme can {word} be used from the keyboard?", to="acme")
    return windows.open("sam", f"/play/{asked.view}/"), asked


def replies(living, asked):
    return living.rows("SELECT * FROM mentions_reply WHERE ticket_id = %s", (asked.ticket,))


def draft(living, asked):
    found = living.rows("SELECT text FROM mentions_draft WHERE ticket_id = %s", (asked.ticket,))
    return found[0]["text"] if found else ""


# --- keys -------------------------------------------------------------------------------------------------------------


def test_ctrl_enter_in_the_note_saves_the_note_and_sends_nothing(playing, living):
    page, asked = playing
    page.keyboard.press("r")
    page.keyboard.type("Not ready to be read by anybody")
    page.keyboard.press("Escape")
    page.keyboard.press("n")
    page.keyboard.type("for the team only")
    page.keyboard.press("Control+Enter")
    expect(page.locator("article.note")).to_contain_text("for the team only")
    expect(page.locator("article.note")).to_be_focused()
    expect(page.locator("#text")).to_have_value("Not ready to be read by anybody")
    assert replies(living, asked) == []


def test_a_held_or_doubled_ctrl_enter_saves_one_note(playing, living):
    page, asked = playing
    posted = []
    page.on("request", lambda request: posted.append(request.url) if request.method == "POST" else None)
    page.keyboard.press("n")
    page.keyboard.type("once")
    page.keyboard.down("Control")
    for _ in range(4):
        page.keyboard.press("Enter")
    page.keyboard.up("Control")
    expect(page.locator("article.note")).to_contain_text("once")
    page.wait_for_load_state("networkidle")
    assert len([url for url in posted if url.endswith("/note/")]) == 1
    assert len(living.rows("SELECT 1 FROM mentions_note WHERE ticket_id = %s", (asked.ticket,))) == 1


def test_what_is_typed_into_a_menu_filters_it_and_nothing_else(playing):
    page, _ = playing
    page.keyboard.press("m")
    items = page.locator("#macros .menu-body a")
    expect(items.first).to_be_focused()
    page.keyboard.type("praise")
    expect(page.locator("#macros .menu-filter")).to_have_text("praise")
    shown = [item.inner_text() for item in items.all() if item.is_visible()]
    assert shown
    assert all("praise" in text.lower() for text in shown)
    page.keyboard.type(" x no down")
    assert [item for item in items.all() if item.is_visible()] == []
    assert len(page.context.pages) == 1
    expect(page.locator("#macros")).to_have_attribute("open", "")
    for _ in range(10):
        page.keyboard.press("Backspace")
    expect(page.locator("#macros a:focus")).to_contain_text("Praise")
    page.keyboard.press("Escape")
    page.keyboard.press("m")
    expect(page.locator("#macros .menu-filter")).to_be_hidden()
    expect(items.first).to_be_focused()


def test_enter_in_the_palette_means_what_was_typed_last(playing, windows):
    page, asked = playing
    page.keyboard.press("Control+k")
    page.keyboard.type(f"#{asked.ticket}")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/tickets/{asked.ticket}/")


def test_g_p_plays_the_view_that_is_on_screen(playing):
    page, asked = playing
    page.goto(f"/queue/{asked.view}/")
    in_sequence(page, "g", "p")
    page.wait_for_url(f"**/play/{asked.view}/")
    in_sequence(page, "g", "p")
    page.wait_for_url(f"**/play/{asked.view}/")


def test_the_keyboard_passes_priorities_without_setting_them(playing, world):
    page, asked = playing
    page.wait_for_load_state()
    page.evaluate("window.submits = 0; addEventListener('submit', () => { window.submits += 1; }, true)")
    page.locator("#priority").focus()
    for key in ("ArrowDown", "ArrowUp", "ArrowUp"):
        page.keyboard.press(key)
    assert page.evaluate("window.submits") == 0
    assert world.ticket(asked)["priority"] == 30
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator("#tags-panel")).to_be_focused()
    assert world.ticket(asked)["priority"] == 20


# --- where the focus lands --------------------------------------------------------------------------------------------


def test_the_focus_lands_where_the_eye_is(playing, living):
    page, _ = playing
    page.keyboard.press("t")
    page.keyboard.type("keyboard")
    page.keyboard.press("Enter")
    expect(page.locator(".chips")).to_contain_text("keyboard")
    expect(page.locator("#tags-panel")).to_be_focused()
    page.keyboard.press("m")
    page.keyboard.type("Thanks::Praise")
    page.keyboard.press("Enter")
    expect(page.locator("#macro-form button.primary")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#text")).to_be_focused()
    expect(page.locator("#text")).not_to_have_value("")
    settled(page)
    page.keyboard.press("Control+Enter")
    expect(page.locator("#toasts")).to_contain_text("answered")
    expect(page.locator("#main")).to_be_focused()
    page.keyboard.press("z")
    expect(page.locator("#toasts")).to_contain_text("Undone")
    expect(page.locator("#text")).to_be_focused()
    page.keyboard.press("Escape")
    page.keyboard.press("p")
    for _ in range(4):
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator("#toasts")).to_contain_text("parked")
    expect(page.locator("#main")).to_be_focused()


def test_a_toast_that_goes_does_not_take_the_focus_along(playing):
    page, _ = playing
    page.keyboard.press("n")
    page.keyboard.type("noted")
    page.keyboard.press("Control+Enter")
    expect(page.locator("#toasts .close")).to_be_visible()
    page.locator("#toasts .close").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#toasts .toast")).to_have_count(0)
    expect(page.locator("#main")).to_be_focused()


def test_a_list_brought_up_to_date_leaves_the_focus_and_what_is_typed(playing, living):
    page, asked = playing
    page.goto(f"/queue/{asked.view}/")
    link = page.locator(".views a").first
    link.focus()
    change = "UPDATE mentions_ticket SET subject = %s WHERE id = %s"
    write(living, change, ("once changed", asked.ticket))
    page.evaluate(LOOK)
    expect(page.locator("#rows")).to_contain_text("once changed")
    expect(link).to_be_focused()
    page.locator("#find").fill("half a wo")
    write(living, change, ("twice changed", asked.ticket))
    page.evaluate(LOOK)
    page.evaluate("fetch(location.href, {headers: {'X-Fragment': '1'}}).then((answer) => answer.text())")
    page.evaluate("new Promise((done) => setTimeout(done, 300))")  # what it may have asked for has been answered, too
    expect(page.locator("#find")).to_have_value("half a wo")
    expect(page.locator("#rows")).to_contain_text("once changed")


# --- drafts -----------------------------------------------------------------------------------------------------------


def test_a_reload_at_once_keeps_the_newest_words(playing, living):
    page, asked = playing
    page.keyboard.press("r")
    page.keyboard.type("An older thought")
    page.keyboard.press("Escape")
    living.wait_until(lambda: draft(living, asked) == "An older thought", "the first save")
    page.keyboard.press("r")
    page.keyboard.press("Control+a")
    page.keyboard.type("The newest thought")
    page.reload()
    expect(page.locator("#text")).to_have_value("The newest thought")
    living.wait_until(lambda: draft(living, asked) == "The newest thought", "the last save")


def test_words_that_never_reached_the_desk_survive_a_reload(playing, living, windows):
    page, asked = playing
    windows.expect("ERR_FAILED")
    page.route("**/draft/", lambda route: route.abort())
    page.evaluate("navigator.sendBeacon = () => true")
    page.keyboard.press("r")
    page.keyboard.type("Typed in a tunnel")
    page.reload()
    page.unroute_all()
    expect(page.locator("#text")).to_have_value("Typed in a tunnel")
    page.keyboard.press("r")
    page.keyboard.press("Escape")
    living.wait_until(lambda: draft(living, asked) == "Typed in a tunnel", "the save")


def test_two_windows_follow_each_other_and_lose_nothing(playing, living, windows):
    page, asked = playing
    other = page.context.new_page()
    other.goto(f"/play/{asked.view}/")
    other.keyboard.press("r")
    other.keyboard.type("Written in the other window")
    other.keyboard.press("Escape")
    living.wait_until(lambda: draft(living, asked) == "Written in the other window", "the save")
    page.bring_to_front()
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    expect(page.locator("#text")).to_have_value("Written in the other window")

    windows.expect("ERR_FAILED")
    page.route("**/draft/", lambda route: route.abort())  # the other one's is saved first
    for window, text in ((other, " and more"), (page, " but different")):
        window.locator("#text").focus()
        window.keyboard.press("Control+End")
        window.keyboard.type(text)
    other.locator("#text").blur()
    living.wait_until(lambda: draft(living, asked).endswith("and more"), "the other one's save")
    page.unroute_all()
    page.locator("#text").blur()
    expect(page.locator("#draft-state")).to_contain_text("draft in another window")
    assert draft(living, asked).endswith("and more")
    page.get_by_role("button", name="Keep this text").click()
    living.wait_until(lambda: draft(living, asked).endswith("but different"), "this one's save")


def test_what_a_macro_makes_pending_ctrl_enter_makes_pending(playing, world, living):
    page, asked = playing
    ready = "is_active AND actions::text LIKE %s AND actions::text LIKE %s AND actions::text NOT LIKE %s"
    wanted = ('%"do": "reply"%', '%"status": "pending"%', "%request_fields%")
    macros = living.rows(f"SELECT name FROM mentions_macro WHERE {ready} ORDER BY position LIMIT 1", wanted)
    page.keyboard.press("m")
    page.keyboard.type(macros[0]["name"])
    page.keyboard.press("Enter")
    expect(page.locator("#macro-form button.primary")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("[data-send=default]")).to_contain_text("Reply & pending")
    expect(page.locator("#after")).to_contain_text("pending")
    page.keyboard.press("Control+End")
    page.keyboard.type(" Thanks")
    page.keyboard.press("Control+Enter")
    expect(page.locator("#toasts")).to_contain_text("pending")
    assert world.ticket(asked)["status"] == "pending"
