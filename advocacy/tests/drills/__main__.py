"""`script/soak`: all drills, then the soak; ends with a table and writes docs/soak.md."""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
import time
import traceback
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

from advocacy.tests.drills import report
from advocacy.tests.drills.outages import DRILLS
from advocacy.tests.drills.steady import Kill, soak
from advocacy.tests.drills.verdict import Verdict
from advocacy.tests.living_desk import ROOT


def main() -> int:
    wanted = arguments()
    folder = Path(tempfile.mkdtemp(prefix="desk-soak-"))
    verdicts: list[Verdict] = []
    kills: list[Kill] = []
    try:
        names = wanted.drill or ([] if wanted.no_drills else list(DRILLS))
        with ThreadPoolExecutor(wanted.at_once) as several:
            verdicts += several.map(lambda each: played(each[1], folder / each[1], wanted, each[0]), enumerate(names))
        if wanted.minutes:
            verdict = guarded("soak", lambda: _soaked(folder, wanted, kills))
            verdicts.append(verdict)
    finally:
        if wanted.keep:
            sys.stdout.write(f"Logs are in {folder}.\n")
        else:
            shutil.rmtree(folder, ignore_errors=True)
    sys.stdout.write(report.table(verdicts, kills))
    if not wanted.drill and not wanted.no_drills and wanted.minutes:
        (ROOT / "docs" / "soak.md").write_text(report.page(verdicts, kills, wanted, datetime.now(UTC)))
    return 0 if all(verdict.passed for verdict in verdicts) else 1


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="script/soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=30, help="of steady load (30); 0: only the drills")
    parser.add_argument("--drill", action="append", choices=list(DRILLS), help="only this one; may be given again")
    parser.add_argument("--no-drills", action="store_true", help="only the steady load")
    parser.add_argument("--quick", action="store_true", help="shorter outages")
    parser.add_argument(
        "--at-once", type=int, default=1, metavar="N", help="drills side by side; each has its own desk"
    )
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--keep", action="store_true", help="keep the logs of all processes")
    wanted = parser.parse_args()
    if wanted.drill:
        wanted.minutes = 0
    return wanted


def played(name: str, folder: Path, wanted: argparse.Namespace, number: int) -> Verdict:
    folder.mkdir(parents=True)
    return guarded(name, lambda: DRILLS[name].play(name, folder, wanted.seed + number, wanted.quick))


def guarded(name: str, play: Callable[[], Verdict]) -> Verdict:
    """A drill that crashes counts as failed; the others continue."""
    began = time.monotonic()
    sys.stdout.write(f"· {name} …\n")
    sys.stdout.flush()
    try:
        verdict = play()
    except Exception as error:
        traceback.print_exc()
        verdict = Verdict(
            name, DRILLS[name].what if name in DRILLS else name, wrong=[f"{type(error).__name__}: {error}"]
        )
    result = "passed" if verdict.passed else "FAILED"
    sys.stdout.write(f"  {name}: {result} after {time.monotonic() - began:.0f} s\n")
    for words in verdict.wrong[:20]:
        sys.stdout.write(f"    {words[:600]}\n")
    sys.stdout.flush()
    return verdict


def _soaked(folder: Path, wanted: argparse.Namespace, kills: list[Kill]) -> Verdict:
    (folder / "soak").mkdir()
    verdict, done = soak(folder / "soak", wanted.seed, wanted.minutes)
    kills += done
    return verdict


if __name__ == "__main__":
    sys.exit(main())
