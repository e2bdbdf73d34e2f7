"""A worker process that is killed half way: `python -m channels.tests.doomed poll|send CONNECTION FILE`. It prints
"now" at the critical moment, then waits for SIGKILL.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import django


def wait_for_death() -> None:
    print("now", flush=True)  # noqa: T201
    time.sleep(60)


def main(what: str, connection_id: int, file: Path) -> None:
    os.environ["DJANGO_SETTINGS_MODULE"] = "advocacy.settings"
    django.setup()
    from channels.outbox import outbox
    from channels.polling import polling
    from channels.registry import finding_adapters
    from channels.tests.factories import NOW, page_of
    from channels.tests.fakes import FakeAdapter

    adapter = FakeAdapter()
    finding_adapters.scan = lambda *args: {"fake": adapter}  # type: ignore[assignment]

    def fetch(config: object, cursor: object) -> Iterator[Any]:
        yield page_of(("1", "a"), ("2", "b"), cursor=1)
        wait_for_death()

    def posted(outgoing: Any) -> None:
        file.write_text(outgoing.key)
        wait_for_death()

    adapter.on_fetch, adapter.after_send = fetch, posted
    if what == "poll":
        polling.poll(connection_id, NOW)
    else:
        outbox.send_due(NOW)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), Path(sys.argv[3]))
