"""The browser tests' Chromium: one that doesn't respond blocks no test, and is replaced."""

import os
import signal
from contextlib import contextmanager

import pytest
from playwright.sync_api import sync_playwright

from advocacy.tests import browser
from advocacy.tests.chromium import Chromium

pytestmark = browser.marks


@contextmanager
def launched(program, patience_s):
    with sync_playwright() as playwright:
        made = Chromium(playwright, program, patience_s)
        yield made
        made.close()


@pytest.fixture
def hasty(program):
    with launched(program, patience_s=2) as made:
        yield made


@pytest.fixture
def patient(program):
    with launched(program, patience_s=120) as made:
        yield made


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


def test_browser_that_answers_is_left_alive(patient):
    first, second = patient.new_context(), patient.new_context()
    (group,) = patient.groups()
    patient.close(first)
    second.new_page().set_content("<p>still here</p>")
    assert patient.groups() == {group}
    patient.close()
    assert not patient.groups()
