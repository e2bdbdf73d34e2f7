"""`script/bench [--short] [name …]`: runs every benchmark, or the named ones, each alone on an empty database.

A benchmark is a module of this package with a function `run() -> bool`: it reports its ratios with `bench.measure` and
returns whether its bars hold. A table of all results follows at the end. `--short` runs everything at a small size
without judging bars: it shows that the benchmarks work.
"""

from __future__ import annotations

import argparse
import ast
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from urllib.parse import urlsplit

from bench import measure

HERE = Path(__file__).parent
KEYS = {
    "DESK_SECRET_KEY": "only-for-benchmarks-0123456789-abcdefghijklmnopqrstuvwxyz",
    "DESK_ENCRYPTION_KEYS": "b25seS1mb3ItdGVzdHMtMDEyMzQ1Njc4OS1hYmNkZWY=",
    "DESK_LOG_LEVEL": "WARNING",
    "DJANGO_SETTINGS_MODULE": "advocacy.settings",
}
_ALONE = "import sys, bench.__main__ as main; sys.exit(main.alone(sys.argv[1]))"
QUICK_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
"""Nobody logs in with a password here, and hashing one well takes a good part of a second."""
MIGRATED = "bench_migrated"
"""The database that every benchmark gets a copy of."""


def names() -> list[str]:
    """The modules of this package that define `run`."""
    return sorted(path.stem for path in HERE.glob("[a-z]*.py") if _defines_run(path))


def _defines_run(path: Path) -> bool:
    return any(isinstance(node, ast.FunctionDef) and node.name == "run" for node in ast.parse(path.read_text()).body)


def main(arguments: list[str]) -> int:
    """0 if every bar holds, 1 if one does not, 2 for an unknown name."""
    parser = argparse.ArgumentParser(prog="script/bench", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--short", action="store_true", help="small sizes, no bars")
    parser.add_argument("names", nargs="*", metavar="name", help=", ".join(names()))
    options = parser.parse_args(arguments)
    if unknown := set(options.names) - set(names()):
        print(f"No benchmark named {', '.join(sorted(unknown))}; there are: {', '.join(names())}.")
        return 2
    with tempfile.TemporaryDirectory() as folder:
        results = Path(folder) / "results"
        crashed = _run(options.names or names(), results, options.short)
        rows = [json.loads(line) for line in results.read_text().splitlines()] if results.exists() else []
    return _table(rows, crashed, options.short)


def _run(chosen: list[str], results: Path, short: bool) -> list[str]:
    """Run them; return those that ended with an error."""
    from advocacy.embedded.redis import RedisServer
    from advocacy.tests import migrated

    postgres, redis = migrated.temporary(), RedisServer()
    postgres.start()
    redis.start()
    environment = {**os.environ, **KEYS, "REDIS_URL": redis.url, "DATABASE_URL": postgres.url}
    environment |= {measure.RESULTS: str(results), measure.SHORT: "1" if short else ""}
    try:
        _migrate(environment)
        return [
            name for name in chosen if subprocess.run([sys.executable, "-c", _ALONE, name], env=environment).returncode
        ]
    finally:
        redis.stop()
        postgres.stop()


def _migrate(environment: dict[str, str]) -> None:
    """Make MIGRATED, in a process that ends with it: nobody may be connected to a database that is copied."""
    from advocacy.tests import migrated

    server = environment["DATABASE_URL"]
    if migrated.is_at_hand():  # the server's own database has the tables
        _own_database(server, MIGRATED, urlsplit(server).path.removeprefix("/"))
        return
    own = {**environment, "DATABASE_URL": _own_database(server, MIGRATED, "template1")}
    command = [sys.executable, "-m", migrated.QUICK, "migrate", "--verbosity", "0"]
    subprocess.run(command, env=own, check=True)


def alone(name: str) -> int:
    """Run in a separate process, so that benchmarks can't affect each other."""
    import importlib

    import django

    os.environ["DATABASE_URL"] = _own_database(os.environ["DATABASE_URL"], f"bench_{name}", MIGRATED)
    django.setup()
    from django.conf import settings
    from django.db import connections

    settings.PASSWORD_HASHERS = QUICK_HASHERS
    measure.begin(name)
    importlib.import_module(f"bench.{name}").run()
    connections.close_all()
    return 0


def _own_database(url: str, name: str, like: str) -> str:
    import psycopg2

    server = psycopg2.connect(url)
    server.autocommit = True
    with server.cursor() as cursor:
        cursor.execute(f'CREATE DATABASE "{name}" TEMPLATE "{like}"')
    server.close()
    return urlsplit(url)._replace(path=f"/{name}").geturl()


def _table(rows: list[dict[str, str]], crashed: list[str], short: bool) -> int:
    heads = {"name": "benchmark", "what": "what", "ratio": "ratio", "bar": "bar", "verdict": "verdict"}
    lines = [heads, *rows, *({"name": name, "what": "ended with an error", "verdict": "FAILED"} for name in crashed)]
    widths = {key: max(len(line.get(key, "")) for line in lines) for key in heads}
    print()
    for line in lines:
        print("  ".join(line.get(key, "").ljust(widths[key]) for key in heads).rstrip())
    missed = [row for row in rows if row["verdict"] == measure.MISSED]
    return 1 if crashed or (missed and not short) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
