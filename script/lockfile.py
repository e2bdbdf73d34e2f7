"""Reads requirements.lock: what is installed, and which files of it are allowed.

`python script/lockfile.py requirements-production` writes that lock: the part of requirements.lock that its .txt names.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LOCK = ROOT / "requirements.lock"
_PIN = re.compile(r"^([A-Za-z0-9][A-Za-z0-9._-]*)==(\S+)")
_HASH = re.compile(r"--hash=sha256:([0-9a-f]{64})")


@dataclass(frozen=True)
class Locked:
    """One package. `hashes`: SHA-256 of each file (wheels, source) that pip may install for it."""

    name: str
    version: str
    hashes: tuple[str, ...]

    @property
    def purl(self) -> str:
        """https://github.com/package-url/purl-spec/blob/main/types-doc/pypi-definition.md"""
        return f"pkg:pypi/{normal(self.name)}@{self.version}"


def normal(name: str) -> str:
    """https://packaging.python.org/en/latest/specifications/name-normalization/"""
    return re.sub(r"[-_.]+", "-", name).lower()


def locked(path: Path = LOCK) -> list[Locked]:
    """In the order of the file. Raises ValueError for a package without a hash."""
    return list(_read(path.read_text().replace("\\\n", " ")))


def _read(text: str) -> Iterator[Locked]:
    for line in text.splitlines():
        if match := _PIN.match(line.strip()):
            hashes = tuple(_HASH.findall(line))
            if not hashes:
                raise ValueError(f"{match[1]} is locked without a hash: run script/lock")
            yield Locked(match[1], match[2], hashes)


def subset(name: str) -> str:
    """The lock of `NAME.txt`, whose pins are all in requirements.lock too. Raises ValueError for one that isn't."""
    wanted = {normal(match[1]): match[2] for match in map(_PIN.match, _lines(ROOT / f"{name}.txt")) if match}
    blocks = re.split(r"\n(?=[A-Za-z0-9])", LOCK.read_text().rstrip("\n"))
    kept = [block for block in blocks if (match := _PIN.match(block)) and wanted.get(normal(match[1])) == match[2]]
    if len(kept) != len(wanted):
        raise ValueError(f"{name}.txt pins a package that requirements.lock lacks or has in another version")
    return "\n".join([f"# Made by script/lock from {name}.txt; the reasons for each package are there.", *kept]) + "\n"


def _lines(path: Path) -> list[str]:
    """Without extras: `celery[redis]==5` is locked as `celery==5`."""
    return [re.sub(r"\[[^\]]*\]", "", line) for line in path.read_text().splitlines()]


if __name__ == "__main__":
    for name in sys.argv[1:]:
        (ROOT / f"{name}.lock").write_text(subset(name))
