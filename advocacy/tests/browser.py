"""Real Chromium on a running desk: windows that catch whatever a page must not do, and incoming mentions.

`living` is one desk for the whole session. Chromium runs for one module only: while Playwright's loop runs in this
thread, Django refuses to use a database in it.

The machine may stall for seconds at any line. So nothing here counts on a moment: `World.end_undo` ends the undo
window, `settled` waits by the page's own clock, `in_sequence` holds that clock.
"""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from functools import wraps
from typing import Any, Literal
from urllib.parse import urlsplit

import psycopg2
import pytest
from axe_playwright_python.base import AXE_SCRIPT, AxeResults
from celery import Celery
from playwright.sync_api import (
    BrowserContext,
    ConsoleMessage,
    Page,
    Request,
    WebError,
    expect,
    sync_playwright,
)

from advocacy.tests.chromium import Chromium, chromium_program
from advocacy.tests.living_desk import PATIENCE_S, LivingDesk
from sandbox.world import SLACK_TOKEN

marks = [pytest.mark.browser, pytest.mark.timeout(600)]
"""`pytestmark` of every module here."""

UNDO_S = 60
"""More than any stall between sending and undoing. Nobody waits for its end: `World.end_undo`."""
SENT_SHOWN_MS = 90_000
"""An open ticket asks every 15 s how its replies stand, and the page may be older than what the worker writes."""
HERE = ("127.0.0.1", "localhost")
TELL_VIOLATIONS = """
document.addEventListener("securitypolicyviolation",
  (event) => console.error(`policy violated: ${event.violatedDirective} by ${event.blockedURI} ${event.sample}`));
"""
LASTING_TOASTS = """(() => {
  const { setTimeout } = window;
  window.setTimeout = (act, ms, ...more) => setTimeout(act, ms >= 5000 ? 100 * ms : ms, ...more);
})();"""
"""A toast goes after 6 s, which may be over before a test has looked."""
FADED = """Promise.all(document.getAnimations().filter((each) => each instanceof CSSTransition)
  .map((each) => each.finished.catch(() => {}))).then(() => null)"""
FORGET = """if (window === top && location.protocol !== "about:") sessionStorage.clear();"""
"""Drafts of the page before: a window that is used again has none, as a new one."""
QUIET = "/livez"
"""Where such a window waits: a page without scripts."""
NEW = "about:blank"
"""Where a window is that has shown no page yet."""
Theme = Literal["light", "dark"]
WRONG = {"resultTypes": ["violations"]}


@pytest.fixture(scope="session")
def program() -> str:
    return chromium_program()


@pytest.fixture(scope="session")
def living(program: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LivingDesk]:
    """With three days of history, so that every page has something to show; nothing new comes in on its own."""
    settings = {"DESK_UNDO_SECONDS": str(UNDO_S), "DESK_SLACK_TOKEN": SLACK_TOKEN}
    with LivingDesk(tmp_path_factory.mktemp("living"), settings=settings, history_days=3) as desk:
        desk.sandbox.control("stream", reactions=False)
        for name in ("worker", "beat", "web"):
            desk.start(name)
        yield desk


@pytest.fixture(scope="module")
def chromium(program: str) -> Iterator[Chromium]:
    expect.set_options(timeout=30_000)
    with sync_playwright() as playwright:
        browser = Chromium(playwright, program)
        yield browser
        browser.close()


def keyed_when_loaded(page: Page) -> None:
    """A page shows before its key handlers load, on a busy machine by seconds. People don't notice, and these tests
    shouldn't either: a key waits until the page on screen has loaded."""
    keyboard = page.keyboard
    for name in ("press", "type"):
        setattr(keyboard, name, _loaded_first(page, getattr(keyboard, name)))


def _loaded_first(page: Page, act: Callable[..., None]) -> Callable[..., None]:
    @wraps(act)
    def waiting(*args: Any, **options: Any) -> None:
        page.wait_for_load_state()
        act(*args, **options)

    return waiting


@dataclass
class Windows:
    """Opens windows and checks each of them: no console message, no request to other hosts, no CSP violation."""

    browser: Chromium
    living: LivingDesk
    states: dict[str, Any] = field(default_factory=dict)
    contexts: list[BrowserContext] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    expected: list[str] = field(default_factory=list)
    waiting: dict[str, list[Page]] = field(default_factory=dict)

    def open(
        self, who: str = "", path: str = "", *, width: int = 1280, height: int = 800, dark: bool = False, **more: Any
    ) -> Page:
        """A new window at `path` of the desk, logged in as `who` ("" for nobody)."""
        context = self.browser.new_context(
            base_url=self.living.base_url,
            viewport={"width": width, "height": height},
            color_scheme="dark" if dark else "light",
            storage_state=self._state(who),
            accept_downloads=True,
            **more,
        )
        context.set_default_timeout(1000 * PATIENCE_S)
        self.contexts.append(context)
        context.add_init_script(TELL_VIOLATIONS)
        context.add_init_script(LASTING_TOASTS)
        context.on("console", self._console)
        context.on("weberror", self._error)
        context.on("request", self._request)
        context.on("page", keyed_when_loaded)
        page = context.new_page()
        if path:
            page.goto(path)
        return page

    def again(self, who: str, *, width: int = 1280, height: int = 800) -> Page:
        """As `open`, but a window that `who` has put back, if there is one: its process has started, and its cache is
        filled."""
        waiting = self.waiting[who] = [page for page in self.waiting.get(who, []) if not page.is_closed()]
        if waiting:
            page = waiting.pop()
            page.set_viewport_size({"width": width, "height": height})
            page.emulate_media(color_scheme="light")
            return page
        page = self.open(who, width=width, height=height)
        page.context.add_init_script(FORGET)
        return page

    def put_back(self, who: str, page: Page) -> None:
        """It leaves its page, and waits for `again`."""
        if page.url != NEW:
            page.goto(QUIET)
        self.waiting.setdefault(who, []).append(page)

    def expect(self, *patterns: str) -> None:
        """Console messages that the test itself causes, such as Chromium's line about a 409."""
        self.expected += patterns

    def leave(self, page: Page) -> None:
        """Close one of several windows; `close` says what was noticed in it."""
        self.contexts.remove(page.context)
        self.browser.close(page.context)

    def close(self) -> None:
        """Raises AssertionError with everything that was noticed."""
        for context in self.contexts:
            self.browser.close(context)
        self.contexts.clear()
        self.waiting.clear()
        self.check()

    def check(self) -> None:
        """Raises AssertionError with everything that was noticed since the last time."""
        noticed = [p for p in self.problems if not any(re.search(pattern, p) for pattern in self.expected)]
        self.problems.clear()
        assert not noticed, "the pages did what they must not do:\n" + "\n".join(noticed)

    def _state(self, who: str) -> Any:
        if who and who not in self.states:
            context = self.browser.new_context(base_url=self.living.base_url)
            context.set_default_timeout(1000 * PATIENCE_S)
            log_in(context.new_page(), who, self.living.logins[who])
            self.states[who] = context.storage_state()
            self.browser.close(context)
        return self.states.get(who)

    def _console(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.problems.append(f"{message.page and message.page.url}: {message.type}: {message.text}")

    def _error(self, error: WebError) -> None:
        self.problems.append(f"{error.page and error.page.url}: {error.error}")

    def _request(self, request: Request) -> None:
        place = urlsplit(request.url)
        if place.scheme not in ("data", "blob", "about") and place.hostname not in HERE:
            self.problems.append(f"request to {request.url}")


@pytest.fixture(scope="session")
def logged_in() -> dict[str, Any]:
    """User name → login cookies, created when first needed. No test logs out of them."""
    return {}


@pytest.fixture(scope="module")
def same_windows(chromium: Chromium, living: LivingDesk, logged_in: dict[str, Any]) -> Iterator[Windows]:
    """For a walk over many pages, one test each: `again`, `put_back`, and `check` at the end of each test."""
    made = Windows(chromium, living, logged_in)
    yield made
    made.close()


@pytest.fixture
def windows(chromium: Chromium, living: LivingDesk, logged_in: dict[str, Any]) -> Iterator[Windows]:
    """At the start of a test nobody holds a ticket."""
    write(living, "UPDATE mentions_ticket SET claimed_by_id = NULL, claim_token = NULL, claim_expires_at = NULL")
    made = Windows(chromium, living, logged_in)
    yield made
    made.close()


def log_in(page: Page, who: str, password: str) -> None:
    page.goto("/accounts/login/")
    page.get_by_label("Login").or_(page.get_by_label("Username")).first.fill(who)
    page.get_by_label("Password").first.fill(password)
    page.get_by_role("button", name="Log in").click()
    page.wait_for_url(lambda url: "/accounts/" not in url)


# --- pages ------------------------------------------------------------------------------------------------------------


def settled(page: Page) -> None:
    """A press counts: just after loading, the page takes it for the second of two quick ones (`SETTLED_MS`)."""
    page.wait_for_load_state()
    page.evaluate("new Promise((done) => setTimeout(done, 600))")


def in_sequence(page: Page, *keys: str) -> None:
    """Keys that count only together, such as g p. The page's clock stands still: it would soon forget the first."""
    page.wait_for_load_state()
    page.evaluate("performance.now = ((at) => () => at)(performance.now())")
    for key in keys:
        page.keyboard.press(key)


def show_in(page: Page, theme: Theme) -> None:
    """Returns when no colour is on its way from one theme to the other."""
    page.emulate_media(color_scheme=theme)
    page.evaluate(FADED)


def axe_finds_nothing(page: Page, name: str = "", dark: Mapping[str, Any] = WRONG) -> None:
    """In either theme; the page is dark afterwards. `dark`: what axe looks for then."""
    themes: dict[Theme, Mapping[str, Any]] = {"light": WRONG, "dark": dark}
    for theme, options in themes.items():
        show_in(page, theme)
        found = axe(page, options)
        assert found.violations_count == 0, f"{name} {theme}: {found.generate_report()}"


def bring_axe(page: Page) -> None:
    """Half a megabyte, to each page only once."""
    if not page.evaluate("typeof axe === 'object'"):
        page.evaluate(f"{AXE_SCRIPT};0")


def axe(page: Page, options: Mapping[str, Any] = WRONG, within: str | None = None) -> AxeResults:
    """As `Axe().run`; only what is wrong comes back."""
    bring_axe(page)
    run = "([within, options]) => axe.run(within || document, options).then(({violations}) => ({violations}))"
    return AxeResults(page.evaluate(run, [within, dict(options)]))


# --- mentions ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Asked:
    """A mention that has come in. `word`: in no other mention; `view`: the slug of a view with only this mention."""

    word: str
    id: str
    url: str
    author: str
    ticket: int
    view: str


@dataclass
class World:
    """People outside, and control of the desk's polls."""

    living: LivingDesk
    views: list[str] = field(default_factory=list)

    def ask(self, platform: str, text: str, **more: Any) -> Asked:
        """Post a mention with `{word}` in its text, wait until it is a ticket, and make a view of it alone."""
        word = new_word()
        made = self.living.sandbox.post(platform, text=text.format(word=word), **more)
        return self.arrived(word, made, platform)

    def arrived(self, word: str, made: dict[str, Any], platform: str = "") -> Asked:
        self.until(lambda: self.ticket_with(word), f"a ticket that says {word}", platform=platform)
        self.views.append(word)
        insert = """INSERT INTO mentions_view (name, slug, filters, "order", position)
            VALUES (%s, %s, %s, 'oldest', 900)"""
        write(self.living, insert, (f"Only {word}", word, json.dumps({"text": word})))
        ticket = self.ticket_with(word)
        assert ticket is not None
        return Asked(word, made["id"], made["url"], made["author"], ticket, word)

    def ticket_with(self, word: str) -> int | None:
        sql = "SELECT ticket_id FROM mentions_message WHERE ticket_id > 0 AND concat(subject, text) ILIKE %s"
        found = self.living.rows(sql, (f"%{word}%",))
        return found[0]["ticket_id"] if found else None

    def ticket(self, asked: Asked) -> dict[str, Any]:
        return self.living.rows("SELECT * FROM mentions_ticket WHERE id = %s", (asked.ticket,))[0]

    def until(self, there: Any, what: str, within_s: float = PATIENCE_S, *, platform: str = "") -> None:
        """Wait for `there()` while the desk keeps polling the platforms, or this one."""

        def looked() -> bool:
            if there():
                return True
            self.hurry(platform)
            return bool(there())

        self.living.wait_until(looked, what, within_s, every_s=0.7)

    def hurry(self, platform: str = "") -> None:
        """Make every poll due and dispatch it now, as if all pauses were over."""
        of_it = "(SELECT id FROM channels_connection WHERE %s IN ('', platform))"
        write(self.living, f"UPDATE channels_connection SET next_poll_at = now() WHERE id IN {of_it}", (platform,))
        write(self.living, f"UPDATE channels_followed SET next_at = now() WHERE connection_id IN {of_it}", (platform,))
        self.send("channels.dispatch_polls")
        self.send("channels.refetch_followed", "polls")

    def hear_experts(self) -> None:
        """Make the Slack thread of every request to an expert due and read it now."""
        write(self.living, "UPDATE experts_outreach SET thread_due_at = now() WHERE thread_due_at IS NOT NULL")
        self.send("experts.read_threads")

    def end_undo(self, asked: Asked) -> None:
        """The undo window of its reply is over, as if all of it had passed."""
        its = "ticket_id = %s AND state = 'scheduled'"
        found = f"SELECT 1 FROM mentions_reply WHERE {its}"
        self.living.wait_until(lambda: self.living.rows(found, (asked.ticket,)), "a reply in its undo window")
        write(self.living, f"UPDATE mentions_reply SET send_at = now() WHERE {its}", (asked.ticket,))
        self.send("mentions.hand_over_due")

    def finish(self, *tasks: str) -> None:
        """Run these once more, each to its end."""
        for task in tasks:
            done = f"Task {task}[{self.send(task)}] succeeded"
            self.living.wait_until(lambda done=done: done in self.living.log("worker"), done)

    def send(self, task: str, queue: str = "desk") -> str:
        """Now, as beat does when it is due; its id."""
        app = Celery(broker=self.living.redis_url, set_as_current=False)
        with app.connection_for_write() as connection:
            return str(app.send_task(task, queue=queue, connection=connection, ignore_result=True).id)

    def close(self) -> None:
        write(self.living, "DELETE FROM mentions_view WHERE slug = ANY(%s)", (self.views,))


@pytest.fixture
def world(living: LivingDesk) -> Iterator[World]:
    made = World(living)
    yield made
    made.close()


def write(living: LivingDesk, sql: str, values: Sequence[Any] = ()) -> None:
    with closing(psycopg2.connect(living.database_url)) as connection, connection, connection.cursor() as at:
        at.execute(sql, values or None)


def new_word() -> str:
    """Letters that appear in no text of the sandbox and that no stemmer shortens."""
    return "zq" + "".join(random.SystemRandom().choices("bcdfghjkmnpqrtvwxz", k=10))


def posted_by_desk(living: LivingDesk, platform: str, text: str) -> list[dict[str, Any]]:
    """The desk's actual posts there, according to the platform."""
    return [post for post in living.sandbox.truth(platform)["desk"] if text in json.dumps(post)]


def cells(page: Page, channel: str) -> Sequence[str]:
    """A channel's row in the first-reply report: mentions, answered, median, …; empty while nothing has come there."""
    page.locator("#figures tbody tr").first.wait_for()  # the totals
    named = re.compile(rf"(?:^|\s){re.escape(channel)}$")  # after the platform, named by its icon
    row = page.locator("#figures tbody tr").filter(has=page.get_by_role("rowheader", name=named))
    return [text.strip() for text in row.locator("td").all_inner_texts()]
