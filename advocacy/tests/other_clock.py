"""`python -m advocacy.tests.other_clock SECONDS -m MODULE …`: runs a module with a clock that is that far ahead. The
monotonic clock is unchanged, as on a real machine. Forked children have the other clock too.
"""

from __future__ import annotations

import runpy
import sys
from datetime import UTC, datetime, timedelta

import time_machine


def main() -> None:
    ahead, dash, module = timedelta(seconds=float(sys.argv[1])), sys.argv[2], sys.argv[3]
    if dash != "-m":
        raise SystemExit(__doc__)
    sys.argv = [module, *sys.argv[4:]]
    with time_machine.travel(datetime.now(UTC) + ahead, tick=True):
        runpy.run_module(module, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
