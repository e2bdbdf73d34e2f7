"""`script/bench [name …]`: every benchmark, or the named ones, on an empty database of its own.

A benchmark is a module of this package with `run() -> bool`: it prints its ratios and says whether its bars hold.
"""

from __future__ import annotations

import importlib
import os
import sys
from pathlib import Path

NAMES = sorted(path.stem for path in Path(__file__).parent.glob("*.py") if "def run(" in path.read_text())
KEYS = {
    "DESK_SECRET_KEY": "only-for-benchmarks-0123456789-abcdefghijklmnopqrstuvwxyz",
    "DESK_ENCRYPTION_KEYS": "b25seS1mb3ItdGVzdHMtMDEyMzQ1Njc4OS1hYmNkZWY=",
    "DESK_LOG_LEVEL": "WARNING",
}


def main(names: list[str]) -> int:
    if unknown := set(names) - set(NAMES):
        print(f"No benchmark named {', '.join(sorted(unknown))}; there are: {', '.join(NAMES)}.")
        return 2
    from advocacy.embedded.postgres import PostgresServer
    from advocacy.embedded.redis import RedisServer

    postgres, redis = PostgresServer.temporary(), RedisServer()
    postgres.start()
    redis.start()
    try:
        return _run(names or NAMES, postgres.url, redis.url)
    finally:
        redis.stop()
        postgres.stop()


def _run(names: list[str], database_url: str, redis_url: str) -> int:
    os.environ.update(KEYS, DATABASE_URL=database_url, REDIS_URL=redis_url, DJANGO_SETTINGS_MODULE="advocacy.settings")
    import django
    from django.core.management import call_command
    from django.db import connections

    django.setup()
    call_command("migrate", verbosity=0)
    held = [importlib.import_module(f"bench.{name}").run() for name in names]
    connections.close_all()
    return 0 if all(held) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
