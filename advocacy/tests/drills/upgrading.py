"""The previous release is upgraded, rolled back and upgraded again, with real processes of each release."""

from __future__ import annotations

import re
import shutil
import subprocess
import time
from pathlib import Path
from typing import Any

from advocacy.tests.drills.place import DrillDesk
from advocacy.tests.drills.verdict import Verdict, heals, judge
from advocacy.tests.living_desk import ROOT

BEFORE = "30a1ffe"
"""The commit of the release before."""
APPS = re.compile(r"\d{4}_\w+")
KEPT = {
    "webhook addresses": "SELECT id, hook_id FROM channels_connection ORDER BY id",
    "imports": "SELECT id, connection_id, reason FROM channels_batch WHERE id <= %(batch)s ORDER BY id",
    "what the preset loaded": "SELECT kind, key, object_id FROM mentions_presetrecord ORDER BY 1, 2",
}


def play(name: str, folder: Path, seed: int, quick: bool) -> Verdict:
    verdict = Verdict(name, f"the release before ({BEFORE}) is upgraded, rolled back, upgraded", must_tell=False)
    old = checked_out(folder / "before")
    with DrillDesk(folder / "desk", seed=seed, root=old) as desk:
        _live(desk, 15)
        for step, root in enumerate((ROOT, old, ROOT)):
            desk.stop_programs_and_load()
            before = _facts(desk)
            if root == ROOT:
                desk.use(root)
                desk.run("manage.py", "migrate", "--verbosity", "0")
            else:
                _roll_back(desk, old)
                desk.use(root)
            verdict.wrong += [
                f"step {step + 1} changed {what}" for what, rows in _facts(desk).items() if rows != before[what]
            ]
            _live(desk, 15)
        heals(desk, verdict)
        return judge(desk, verdict)


def checked_out(folder: Path) -> Path:
    """The files of the previous release, without its history."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    archive = subprocess.run(["git", "archive", BEFORE], cwd=ROOT, capture_output=True, check=True, timeout=60)
    subprocess.run(["tar", "-x"], cwd=folder, input=archive.stdout, check=True, timeout=60)
    return folder


def _live(desk: DrillDesk, seconds: float) -> None:
    desk.open()
    desk.begin_load(10)
    time.sleep(seconds)


def _roll_back(desk: DrillDesk, old: Path) -> None:
    """With the newer release, back to the older one's migrations."""
    for app in ("metrics", "experts", "mentions", "channels", *sorted(_newer_apps(old))):
        last = max((path.stem for path in (old / app / "migrations").glob("0*.py")), default="zero")
        if (desk.places.root / app / "migrations").exists():
            desk.run("manage.py", "migrate", app, last, "--verbosity", "0")


def _newer_apps(old: Path) -> set[str]:
    return {path.parent.name for path in ROOT.glob("*/migrations") if not (old / path.parent.name).exists()}


def _facts(desk: DrillDesk) -> dict[str, list[dict[str, Any]]]:
    last = desk.rows("SELECT coalesce(max(id), 0) AS batch FROM channels_batch")[0]
    return {what: desk.rows(sql.replace("%(batch)s", str(last["batch"]))) for what, sql in KEPT.items()}
