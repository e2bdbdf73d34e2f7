"""`script/sbom [FILE]`: the software bill of materials, CycloneDX 1.6 in JSON, of what requirements.lock installs.

The same lock and the same commit give the same file, byte by byte. https://cyclonedx.org/docs/1.6/json/
"""

from __future__ import annotations

import importlib.metadata
import json
import subprocess
import sys
import uuid
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from lockfile import LOCK, ROOT, Locked, locked, normal
from packaging.requirements import Requirement

NAME = "mention-desk"


def bill(packages: list[Locked], version: str, at: datetime) -> dict[str, Any]:
    """The document. `at`: aware UTC."""
    desk = {"type": "application", "bom-ref": NAME, "name": NAME, "version": version}
    content = json.dumps([[each.purl, each.hashes] for each in packages]) + version
    return {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, content)}",
        "version": 1,
        "metadata": {"timestamp": at.strftime("%Y-%m-%dT%H:%M:%SZ"), "component": desk},
        "components": [component(each) for each in packages],
        "dependencies": dependencies(packages),
    }


def component(package: Locked) -> dict[str, Any]:
    files = [
        {"type": "distribution", "url": package.purl, "hashes": [{"alg": "SHA-256", "content": content}]}
        for content in package.hashes
    ]
    about: dict[str, Any] = {
        "type": "library",
        "bom-ref": package.purl,
        "name": package.name,
        "version": package.version,
        "purl": package.purl,
        "externalReferences": files,
    }
    if licence := _licence(package.name):
        about["licenses"] = [{"license": {"name": licence}}]
    return about


def dependencies(packages: list[Locked]) -> list[dict[str, Any]]:
    """What each package asks for, as far as it is in the lock; the desk asks for all of them."""
    purls = {normal(each.name): each.purl for each in packages}
    found = [{"ref": NAME, "dependsOn": sorted(purls.values())}]
    return found + [
        {"ref": each.purl, "dependsOn": sorted({purls[name] for name in _asked_for(each.name) if name in purls})}
        for each in packages
    ]


def _asked_for(name: str) -> set[str]:
    try:
        return {normal(Requirement(text).name) for text in importlib.metadata.requires(name) or []}
    except importlib.metadata.PackageNotFoundError:  # for another version of Python
        return set()


def _licence(name: str) -> str:
    try:
        about = importlib.metadata.metadata(name)
    except importlib.metadata.PackageNotFoundError:
        return ""
    said = about.get("License-Expression") or about.get("License") or ""
    classified = [text.rpartition(" :: ")[2] for text in about.get_all("Classifier") or [] if "License ::" in text]
    return said if said and len(said) < 80 and "\n" not in said else ", ".join(classified)


def _git(*arguments: str) -> str:
    done = subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=False)
    return done.stdout.strip()


def main() -> None:
    at = datetime.fromtimestamp(int(_git("log", "-1", "--format=%ct") or LOCK.stat().st_mtime), UTC)
    text = json.dumps(bill(locked(), _git("rev-parse", "--short=12", "HEAD") or "unknown", at), indent=1) + "\n"
    if len(sys.argv) > 1:
        Path(sys.argv[1]).write_text(text)
    else:
        sys.stdout.write(text)


if __name__ == "__main__":
    main()
