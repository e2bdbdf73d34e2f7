"""Finds the platforms and puts them into one universe."""

from __future__ import annotations

import importlib
import pkgutil
from pathlib import Path

import sandbox.platforms
from sandbox.base.platform import Platform
from sandbox.base.universe import Universe


def assemble(folder: Path, *, seed: int = 7, history_days: int = 0) -> Universe:
    """The universe stored in `folder` with every platform, or a new one."""
    return Universe(folder, found_platforms(), seed=seed, history_days=history_days)


def found_platforms() -> list[type[Platform]]:
    """The `PLATFORM` class of each module in `sandbox/platforms/`, in name order."""
    names = sorted(module.name for module in pkgutil.iter_modules(sandbox.platforms.__path__))
    return [importlib.import_module(f"sandbox.platforms.{name}").PLATFORM for name in names]
