"""Calls the desk's webhooks: in order, after commit, with retries, as real platforms do."""

from __future__ import annotations

import queue
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping

from sandbox.store import Store

TRIES = 5
TIMEOUT_S = 10.0
_NO_PROXY = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class Webhooks:
    """Each platform's target: `{"url", "secret"}`, kept in the store. One thread makes all calls."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.answered: list[tuple[str, int]] = []
        """(platform, status) of the answered calls, latest last."""
        self._waiting: queue.Queue[tuple[str, bytes, Mapping[str, str]] | None] = queue.Queue()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="webhooks", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        self._waiting.put(None)

    def set(self, platform: str, url: str, secret: str) -> None:
        """An empty url stops the calls."""
        if url:
            self.store.put("webhook", platform, {"url": url, "secret": secret})
        else:
            self.store.drop("webhook", platform)

    def call(self, platform: str, signed: Callable[[str], tuple[bytes, Mapping[str, str]]]) -> None:
        hook = self.store.get("webhook", platform)
        if hook is not None:
            body, headers = signed(hook["secret"])
            self.store.after_commit(lambda: self._waiting.put((platform, body, headers)))

    def _run(self) -> None:
        while (call := self._waiting.get()) is not None:
            for attempt in range(TRIES):
                if self._deliver(*call) or self._stop.wait(0.2 * 2**attempt):
                    break

    def _deliver(self, platform: str, body: bytes, headers: Mapping[str, str]) -> bool:
        hook = self.store.get("webhook", platform)
        if hook is None:
            return True
        try:
            request = urllib.request.Request(hook["url"], body, {**headers})  # noqa: S310
            with _NO_PROXY.open(request, timeout=TIMEOUT_S) as answer:
                status = answer.status
        except urllib.error.HTTPError as error:
            status = error.code
        except (OSError, ValueError):
            return False
        self.answered.append((platform, status))
        return bool(status < 500 and status != 429)
