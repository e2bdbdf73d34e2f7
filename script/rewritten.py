"""`python script/rewritten.py` writes what pytest makes of the tests (asserts that explain themselves) where it looks.

Each of its workers would do so again while the others do. pytest has no command for it: a change of its insides shows
as an error here, and costs a run some seconds.
"""

from __future__ import annotations

import os
import sys
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from _pytest.assertion import rewrite

ROOT = Path(__file__).resolve().parent.parent
FROM_NOWHERE: Any = SimpleNamespace(getini=lambda _name: False, trace=lambda _words: None)
"""Stands in for pytest's settings, of which it asks one that we have not changed, and for where it traces."""


def modules() -> list[Path]:
    """Those whose asserts are rewritten: tests and `conftest.py`."""
    found: list[Path] = []
    for folder, inner, names in os.walk(ROOT):
        inner[:] = [name for name in inner if not name.startswith((".", "__"))]
        found += [Path(folder, name) for name in names if name == "conftest.py" or name.startswith("test_")]
    return sorted(path for path in found if path.suffix == ".py")


def rewrite_one(path: Path) -> None:
    folder = rewrite.get_cache_dir(path)
    written = folder / (path.name.removesuffix(".py") + rewrite.PYC_TAIL)
    if rewrite._read_pyc(path, written) is None:
        folder.mkdir(parents=True, exist_ok=True)
        source_hash, code = rewrite._rewrite_test(path, FROM_NOWHERE)
        rewrite._write_pyc(FROM_NOWHERE, code, source_hash, written)


if __name__ == "__main__":
    with ProcessPoolExecutor() as processes:
        sys.exit(any(processes.map(rewrite_one, modules(), chunksize=20)))
