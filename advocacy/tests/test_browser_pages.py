"""Every page at every width and in every theme: WCAG checked by axe, nothing clipped, and no violation of the strict
CSP."""

import json
import re
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

import pytest
from django.urls import resolve
from playwright.sync_api import expect

from advocacy.tests.all_pages import SPACES, arguments_of, closed_incident, found_pages, practised, team_with_hours
from advocacy.tests.browser import WRONG, axe_finds_nothing, bring_axe, marks
from mentions.text import times

pytestmark = marks

NOWHERE = "/nothing/here/"
PAGES = {
    "login": ("", "/accounts/login/"),
    "play": ("sam", "/play/"),
    "queue": ("sam", "/queue/"),
    "ticket": ("sam", "/tickets/{ticket}/"),
    "mail": ("sam", "/tickets/{mail}/"),
    "share": ("sam", "/tickets/{ticket}/share/"),
    "merge": ("sam", "/tickets/{ticket}/merge/"),
    "open an issue": ("sam", "/tickets/{ticket}/issue/"),
    "codes": ("admin", "/codes/"),
    "programs": ("sam", "/programs/"),
    "links": ("sam", "/tickets/{ticket}/links/"),
    "erase": ("admin", "/authors/{author}/erase/"),
    "search": ("sam", "/search/?q=acme"),
    "author": ("sam", "/authors/{author}/"),
    "me": ("sam", "/me/"),
    "keys": ("sam", "/keys/"),
    "experts": ("sam", "/experts/"),
    "outreaches": ("sam", "/outreaches/"),
    "my outreaches": ("sam", "/outreaches/?of=mine"),
    "thanks": ("mo", "/outreaches/thanks/"),
    "one expert": ("sam", "/experts/{expert}/"),
    "import experts": ("admin", "/experts/import/"),
    "team page": ("admin", "/experts/pages/{team_page}/"),
    "ask whom": ("sam", "/tickets/{ticket}/ask/"),
    "ask": ("sam", "/tickets/{ticket}/ask/?expert={expert}"),
    "overview": ("mo", "/reports/overview/"),
    "wall": ("mo", "/reports/wall/"),
    "first reply": ("mo", "/reports/first-reply/"),
    "activity": ("mo", "/reports/activity/"),
    "tags": ("mo", "/reports/tags/"),
    "figures of channels": ("mo", "/reports/channels/"),
    "outcomes": ("mo", "/reports/outcomes/?period=90d"),
    "figures of experts": ("mo", "/reports/experts/?period=90d"),
    "hours": ("mo", "/reports/hours/?period=90d"),
    "requests behind a figure": ("mo", "/reports/tickets/?figure=requests&period=90d"),
    "alerts": ("mo", "/reports/alerts/"),
    "packages": ("mo", "/reports/packages/"),
    "exports": ("mo", "/reports/export/"),
    "behind a figure": ("mo", "/reports/tickets/?figure=answered"),
    "channels": ("mo", "/channels/"),
    "channels and buttons": ("admin", "/channels/"),
    "query": ("mo", "/channels/hn-mentions/query/"),
    "query to switch on": ("admin", "/channels/hn-mentions/query/"),
    "kept out": ("admin", "/channels/ignored/"),
    "kept out by queries": ("admin", "/channels/ignored/query/"),
    "imports": ("admin", "/channels/imports/"),
    "import": ("admin", "/channels/imports/{batch}/"),
    "coverage": ("sam", "/coverage/"),
    "coverage, a month": ("mo", "/coverage/?view=month"),
    "the team by month": ("mo", "/coverage/months/"),
    "release days": ("sam", "/releases/"),
    "release day": ("mo", "/releases/{release}/"),
    "expertises": ("mo", "/expertises/"),
    "feedback": ("sam", "/feedback/"),
    "route feedback": ("sam", "/tickets/{ticket}/feedback/"),
    "contributors": ("mo", "/contributors/"),
    "contributors' steps": ("mo", "/contributors/steps/"),
    "import contributors": ("mo", "/contributors/import/"),
    "volunteers": ("sam", "/volunteers/"),
    "coverage, a team": ("sam", "/coverage/?team={team}"),
    "coverage, a team's month": ("sam", "/coverage/?view=month&team={team}"),
    "training": ("sam", "/volunteers/training/"),
    "practice ticket": ("sam", "/volunteers/training/question/"),
    "practice tickets that are all solved": ("admin", "/volunteers/training/play/"),
    "practice macro": ("sam", "/volunteers/training/question/macro/?macro=thank-and-link"),
    "an invitation that is over": ("", "/volunteers/answer/nonsense/"),
    "meetings": ("sam", "/meetings/"),
    "meeting": ("sam", "/meetings/{meeting}/"),
    "contacts": ("sam", "/contacts/"),
    "hand-over": ("sam", "/hand-over/"),
    "incidents": ("sam", "/incidents/"),
    "incident": ("sam", "/incidents/{incident}/"),
    "bulk reply": ("sam", "/incidents/{incident}/reply/answer/"),
    "checklist": ("sam", "/checklist/"),
    "post": ("sam", "/post/"),
    "forms": ("mo", "/forms/"),
    "a form": ("", "/forms/form-education/"),
    "add": ("sam", "/add/"),
    "audit log": ("admin", "/audit/"),
    "sessions": ("sam", "/accounts/sessions/"),
    "email address": ("sam", "/accounts/email/"),
    "second factor": ("sam", "/accounts/2fa/"),
    "change password": ("sam", "/accounts/password/change/"),
    "reset password": ("", "/accounts/password/reset/"),
    "reset mail sent": ("", "/accounts/password/reset/done/"),
    "reset link gone": ("", "/accounts/password/reset/key/1-nonsense/"),
    "confirm link gone": ("", "/accounts/confirm-email/nonsense/"),
    "not delivered": ("sam", "/delivery/"),
    "held back": ("admin", "/channels/held/"),
    "not found": ("sam", NOWHERE),
    "gone": ("", "/respond/nonsense/"),
}
NOT_FOUND = "status of 4(04|10)"
OF_COLOURS = {**WRONG, "runOnly": {"type": "rule", "values": ["color-contrast", "link-in-text-block"]}}
"""What axe looks for in the dark: the rest does not depend on the theme."""
OF_TICKETS = "SELECT item_id FROM mentions_message WHERE ticket_id IS NOT NULL"

CLIPPED = """() => {
  const found = [], wide = document.documentElement.scrollWidth - innerWidth;
  if (wide > 0) found.push(`the page is ${wide} px too wide`);
  const inside = (at) => { for (let up = at; up; up = up.parentElement) {
    const style = getComputedStyle(up);
    if (style.overflowX !== "visible" || style.position === "fixed") return true;
    if (up.matches(".visually-hidden, .skip")) return true;
  } return false; };
  for (const at of document.querySelectorAll("main *, header *, aside *, nav *")) {
    const box = at.getBoundingClientRect(), style = getComputedStyle(at);
    if (!box.width || !box.height || style.visibility === "hidden" || inside(at)) continue;
    if (box.right > innerWidth + 1 || box.left < -1) found.push(`outside: ${at.outerHTML.slice(0, 120)}`);
  }
  for (const at of document.querySelectorAll("button, .button, summary, h1, h2, label, th")) {
    const style = getComputedStyle(at);
    if (style.overflowX === "hidden" && style.textOverflow !== "ellipsis" && !at.matches(".visually-hidden")
        && at.scrollWidth > at.clientWidth + 1) found.push(`cut off: ${at.outerHTML.slice(0, 120)}`);
  }
  const words = /(?<![\\p{L}\\p{N}./@:_-])[A-Za-z]{4,20}(?![\\p{L}\\p{N}/@:_-]|\\.\\p{L})/gu;
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT), range = document.createRange();
  const unseen = (at) => { for (; at; at = at.parentElement) if (at.offsetWidth === 1) return true; return false; };
  for (let text; (text = texts.nextNode());) for (const word of text.data.matchAll(words)) {
    range.setStart(text, word.index);
    range.setEnd(text, word.index + word[0].length);
    const lines = [...range.getClientRects()].filter((line) => line.width).map((line) => Math.round(line.top));
    if (new Set(lines).size < 2 || unseen(text.parentElement)) continue;
    found.push(`broken: ${word[0]} in ${text.data.trim().slice(0, 80)}`);
  }
  return found;
}"""

NOW, LONGEST = datetime(2026, 6, 1, 12, tzinfo=UTC), timedelta(hours=5, minutes=58)
TIMES = {
    "ago": times.ago(NOW - LONGEST, NOW),
    "ahead": times.ahead(NOW + LONGEST, NOW),
    "due": times.due(NOW + LONGEST, NOW, soon_at=NOW),
}
LENGTHEN_TIMES = f"""() => {{
  const words = {json.dumps(TIMES)};
  for (const at of document.querySelectorAll("time[data-time]")) at.textContent = words[at.dataset.time];
}}"""
"""Which times are on a page depends on when the tests run."""


@pytest.fixture(scope="module")
def ids(living):
    """What the URLs in PAGES are about, by name."""

    def one(sql):
        return living.rows(sql)[0]["id"]

    found = {
        "ticket": one("SELECT id FROM mentions_ticket WHERE first_reply_at IS NOT NULL ORDER BY id LIMIT 1"),
        "mail": one("SELECT ticket_id AS id FROM mentions_message WHERE html <> '' AND ticket_id > 0 LIMIT 1"),
        "author": one("SELECT requester_id AS id FROM mentions_ticket ORDER BY id LIMIT 1"),
        "expert": one("SELECT id FROM experts_expert ORDER BY id LIMIT 1"),
        "team_page": one("SELECT id FROM experts_teampage ORDER BY id LIMIT 1"),
        "release": one("SELECT id FROM team_release ORDER BY day LIMIT 1"),
        "meeting": one("SELECT id FROM team_meeting ORDER BY month LIMIT 1"),
        "incident": closed_incident(living),
        "team": team_with_hours(living),
        "batch": one(
            "SELECT batch_id AS id FROM mentions_message m JOIN channels_inbounditem i ON i.id = m.item_id LIMIT 1"
        ),
    }
    practised(living, "admin")
    return found


@pytest.fixture
def shown(windows, same_windows, ids):
    """Opens a page by its name in PAGES and waits until it is loaded. `windows`: nobody holds a ticket."""
    same_windows.expect(NOT_FOUND)
    opened = []

    def show(name, **how):
        who, path = PAGES[name]
        page = same_windows.again(who, **how)
        opened.append((who, page))
        page.goto(path.format(**ids))
        bring_axe(page)  # while the page comes to rest
        page.wait_for_load_state("networkidle")
        return page

    yield show
    for who, page in opened:
        same_windows.put_back(who, page)
    same_windows.check()


@pytest.mark.parametrize("name", PAGES)
def test_nothing_is_clipped_at_any_width_and_axe_finds_nothing_in_either_theme(shown, name):
    page = shown(name, width=360, height=740)
    for width, height in ((360, 740), (1920, 1080)):
        page.set_viewport_size({"width": width, "height": height})
        assert page.evaluate(f"() => {{ ({LENGTHEN_TIMES})(); return ({CLIPPED})(); }}") == [], f"{width} px"
    page.set_viewport_size({"width": 1280, "height": 800})
    axe_finds_nothing(page, dark=OF_COLOURS)


def test_no_page_is_missing_here(windows, world, living):
    """`PAGES` covers every page: it has one URL of each."""
    asked = world.ask("twitter", "@acme is {word} on every page?", to="acme")
    practised(living, "admin")
    windows.open("sam", f"/play/{asked.view}/").close()
    windows.expect("status of 40[34]")
    listed = {
        resolve(urlsplit(re.sub(r"{\w+}", "1", path)).path).view_name
        for _who, path in PAGES.values()
        if path != NOWHERE
    }
    found = {name for space in SPACES for name, _who, _path in found_pages(windows, space, arguments_of(living, asked))}
    assert len(found) > 40
    missing = sorted(found - listed)
    assert not missing, f"name an address of each in PAGES: {missing}"


def test_targets_are_large_enough_for_a_thumb(shown):
    """44 px on a narrow page (links in running text aside)."""
    page = shown("play", width=360, height=740)
    page.get_by_role("button", name="More", exact=True).click()
    page.locator("#outcomes").wait_for(state="visible")
    heights = page.locator(".actions button:visible, .actions .button:visible, .topbar nav a:visible").evaluate_all(
        "all => all.map((at) => [at.textContent.trim(), at.getBoundingClientRect().height])"
    )
    assert len(heights) > 5
    assert [each for each in heights if each[1] < 43.5] == []


def test_a_narrow_play_page_has_its_details_behind_a_tab(shown):
    page = shown("play", width=360, height=740)
    expect(page.locator("aside.panels")).to_be_hidden()
    page.get_by_role("button", name="Details").click()
    expect(page.locator("aside.panels")).to_be_visible()
    expect(page.locator(".thread")).to_be_hidden()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_chosen_theme_wins_over_the_system(windows, living, theme):
    page = windows.open("vera", "/me/", dark=theme == "light")
    page.locator(".segmented label", has_text=theme).click()
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.locator("html")).to_have_attribute("data-theme", theme)
    ground = page.evaluate("getComputedStyle(document.documentElement).backgroundColor")
    assert (sum(int(c) for c in ground.strip("rgb()").split(",")) < 382) is (theme == "dark")


HOME = {"sam": "/queue/", "vera": "/queue/", "admin": "/queue/", "mo": "/reports/overview/"}


@pytest.mark.parametrize("who", HOME)
def test_each_role_starts_where_its_work_is(windows, who):
    page = windows.open(who, "/")
    assert page.url.endswith(HOME[who])


def test_a_volunteer_plays_but_opens_no_reports_admin_or_channels(windows):
    page = windows.open("vera", "/queue/")
    menu = page.get_by_role("navigation", name="Pages")
    expect(menu.get_by_role("link", name="Play")).to_be_visible()
    assert menu.get_by_role("link", name="Reports").count() == menu.get_by_role("link", name="Experts").count() == 0
    windows.expect("status of 403")
    for path in ("/reports/first-reply/", "/experts/", "/channels/"):
        assert page.goto(path).status == 403
    page.goto("/admin/channels/connection/")
    assert "/admin/login/" in page.url or "/accounts/login/" in page.url or page.locator("#changelist").count() == 0


def test_a_volunteer_deletes_nothing_on_the_platform_and_merges_nothing(windows, living):
    sent = "SELECT id, ticket_id FROM mentions_reply WHERE state = 'sent' LIMIT 1"
    page = windows.open("vera", "/queue/")
    windows.expect("status of 40[34]")
    token = page.locator("[name=csrfmiddlewaretoken]").first.input_value()
    ticket = living.rows("SELECT id FROM mentions_ticket ORDER BY id LIMIT 1")[0]["id"]
    paths = [f"/tickets/{ticket}/merge/"] + [f"/replies/{row['id']}/delete/" for row in living.rows(sent)]
    for path in paths:
        answer = page.request.post(path, form={"csrfmiddlewaretoken": token, "into": "2"})
        assert answer.status in (403, 404), path
    page.goto(f"/tickets/{ticket}/")
    assert page.locator("[href$='/merge/'], [action$='/merge/']").count() == 0  # a mention may say "merge", too
    assert page.get_by_text("Delete on the platform").count() == 0


def test_a_manager_reads_reports_but_cannot_play(windows):
    page = windows.open("mo", "/reports/first-reply/")
    expect(page.get_by_role("heading", name="Median First Reply Time", level=1)).to_be_visible()
    windows.expect("status of 403")
    assert page.goto("/play/").status == 403
