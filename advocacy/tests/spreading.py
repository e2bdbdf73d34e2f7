"""Assigns tests to xdist workers: by group, like `--dist loadgroup`, the longest first.

xdist 3.8 can't tell groups from the node ids of pytest 9.2, walks over everything finished after each test, and starts
with the groups that have the most tests.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from xdist.scheduler import LoadScopeScheduling

ROOT = Path(__file__).resolve().parents[2]
TOGETHER = {
    "advocacy/tests/test_browser_": "browser",
    "advocacy/tests/test_demo_command.py": "demo",
}
"""Files by the start of their paths: each name belongs to one worker, so one desk and one Chromium at a time."""
LONGEST = (
    *("browser", "advocacy/tests/test_crash.py", "advocacy/tests/test_drills.py", "demo"),
    *("advocacy/tests/test_poisoned_desk.py", "advocacy/tests/test_rolling_back.py", "advocacy/tests/test_upgrade.py"),
    *("advocacy/tests/test_bench.py", "advocacy/tests/test_pooler.py", "advocacy/tests/test_forty_channels.py"),
    *("advocacy/tests/test_upgraded_data.py", "experts/tests/test_labelled_answers.py"),
    *("advocacy/tests/test_migrations.py", "advocacy/tests/test_restore.py", "team/tests/test_month.py"),
)
"""What would keep one worker busy after the others are done; the longest first."""


@cache
def group_of(file: str) -> str:
    """The group that runs in one worker; "" for a file whose tests may be split between workers."""
    for prefix, name in TOGETHER.items():
        if file.startswith(prefix):
            return name
    # A module's shared desk or sandbox must not be started by two workers.
    source = (ROOT / file).read_text()
    sets_up_once = file.startswith("sandbox/") or 'scope="module"' in source or "\n@cache\n" in source
    return file if sets_up_once or file in LONGEST else ""


class ByGroup(LoadScopeScheduling):  # type: ignore[misc, unused-ignore]
    def _split_scope(self, nodeid: str) -> str:
        return group_of(nodeid.partition("::")[0]) or nodeid

    def _assign_work_unit(self, node: Any) -> None:
        first = next((name for name in LONGEST if name in self.workqueue), None)
        if first is not None:
            self.workqueue.move_to_end(first, last=False)
        super()._assign_work_unit(node)

    def mark_test_complete(self, node: Any, item_index: int, duration: float = 0) -> None:
        nodeid = self.registered_collections[node][item_index]
        units = self.assigned_work[node]
        scope = self._split_scope(nodeid)
        units[scope][nodeid] = True
        if all(units[scope].values()):
            del units[scope]
        self._reschedule(node)
