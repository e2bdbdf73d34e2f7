"""A browser test that fails beside others has one more try, and the run's summary names it.

A real browser, a desk of six processes and two more workers share the machine's cores, so that any wait may come to
nothing. No other test is tried again: what they find is not about time. Nor is anything in a run without xdist.

https://docs.pytest.org/en/stable/reference/reference.html#pytest.hookspec.pytest_runtest_protocol
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from _pytest.runner import runtestprotocol

if TYPE_CHECKING:
    from _pytest.terminal import TerminalReporter

AGAIN = "tried again"
"""The outcome of a first try that failed; a report's other outcomes are pytest's."""


def has_second_try(item: pytest.Item) -> bool:
    return "PYTEST_XDIST_WORKER" in os.environ and item.get_closest_marker("browser") is not None


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item, nextitem: pytest.Item | None) -> bool | None:
    if not has_second_try(item):
        return None
    item.ihook.pytest_runtest_logstart(nodeid=item.nodeid, location=item.location)
    reports = runtestprotocol(item, log=False, nextitem=nextitem)
    if any(report.failed for report in reports):
        for report in reports:
            if report.failed:
                report.outcome = AGAIN  # type: ignore[assignment]
                item.ihook.pytest_runtest_logreport(report=report)
        item._initrequest()  # type: ignore[attr-defined]
        reports = runtestprotocol(item, log=False, nextitem=nextitem)
    for report in reports:
        item.ihook.pytest_runtest_logreport(report=report)
    item.ihook.pytest_runtest_logfinish(nodeid=item.nodeid, location=item.location)
    return True


def pytest_report_teststatus(report: pytest.TestReport | pytest.CollectReport) -> tuple[str, str, str] | None:
    return (AGAIN, "R", "AGAIN") if report.outcome == AGAIN else None


def pytest_terminal_summary(terminalreporter: TerminalReporter) -> None:
    first_tries = terminalreporter.getreports(AGAIN)
    if first_tries:
        terminalreporter.section("browser tests that failed at the first try")
    for report in first_tries:
        terminalreporter.line(f"{report.nodeid} ({report.when})")
        terminalreporter.line(report.longreprtext)
