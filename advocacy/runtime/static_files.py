"""Checks that the collected static files match this release: a page with a style sheet missing from the manifest
fails."""

from __future__ import annotations

import filecmp
from functools import cache
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.staticfiles.finders import get_finders
from django.contrib.staticfiles.storage import ManifestFilesMixin, staticfiles_storage

REMEDY = "run `manage.py upgrade`"


class NotCollected(Exception):
    """What is missing, and how to fix it."""


def collected() -> str:
    """A short confirmation. Raises NotCollected."""
    storage: Any = staticfiles_storage
    folder = root()
    if folder is None or not isinstance(storage, ManifestFilesMixin):
        return "served from source"
    if not (folder / storage.manifest_name).is_file():
        raise NotCollected(f"not collected: {REMEDY}")
    if old := stale(folder):
        raise NotCollected(f"{len(old)} are missing or from another release: {REMEDY}")
    if any(name not in storage.hashed_files for name, _ in sources()):
        raise NotCollected("collected after this process started: restart it")
    return "collected"


def stale(folder: Path) -> list[str]:
    """Names of files missing in `folder`, or from another release."""
    return [name for name, source in sources() if not _is_same(source, folder / name)]


@cache
def sources() -> list[tuple[str, Path]]:
    """Name → file, for everything `collectstatic` would copy; the first finder wins."""
    found: dict[str, Path] = {}
    for finder in get_finders():
        for path, storage in finder.list([]):
            prefix = getattr(storage, "prefix", None)
            found.setdefault(f"{prefix}/{path}" if prefix else path, Path(storage.path(path)))
    return list(found.items())


def _is_same(source: Path, copy: Path) -> bool:
    return copy.is_file() and filecmp.cmp(source, copy, shallow=False)


def root() -> Path | None:
    """The target folder; None: files are served from the source."""
    return Path(settings.STATIC_ROOT) if settings.STATIC_ROOT else None
