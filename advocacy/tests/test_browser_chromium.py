"""The browser tests' Chromium: one that doesn't respond blocks no test, and is replaced."""

import os
import signal

import pytest
from playwright.sync_api import sync_playwright

from advocacy.tests import browser
from advocacy.tests.chromium import Chromium

pytestmark = browser.marks


@pytest.fixture
def hasty(program):
    with sync_playwright() as playwright:
        made = Chromium(playwright, program, patience_s=2)
        yield made
        made.close()


def test_hung_browser_is_killed_and_another_is_launched(hasty):
    context = hasty.new_context()
    context.new_page().set_content("<p>here</p>")
    (group,) = hasty.groups()
    os.killpg(group, signal.SIGSTOP)
    hasty.close(context)
    page = hasty.new_context().new_page()
    page.set_content("<p>here again</p>")
    assert page.inner_text("p") == "here again"
    assert hasty.groups().isdisjoint({group})


def test_browser_that_answers_is_left_alive(hasty):
    first, second = hasty.new_context(), hasty.new_context()
    (group,) = hasty.groups()
    hasty.close(first)
    second.new_page().set_content("<p>still here</p>")
    assert hasty.groups() == {group}
    hasty.close()
    assert not hasty.groups()
