"""A package as one ZIP file."""

from __future__ import annotations

import io
import zipfile

from metrics.models import Package


def zipped(package: Package) -> bytes:
    """A ZIP of the package's files in one folder, named after the month; the same bytes every time."""
    out = io.BytesIO()
    at = (package.asked_at.year, package.asked_at.month, package.asked_at.day, 0, 0, 0)
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in package.files.order_by("name"):
            entry = zipfile.ZipInfo(f"{stem(package)}/{file.name}", at)
            archive.writestr(entry, bytes(file.content), zipfile.ZIP_DEFLATED)
    return out.getvalue()


def stem(package: Package) -> str:
    """`mentions-2026-10`."""
    return f"mentions-{package}"
