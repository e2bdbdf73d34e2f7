"""Signal dispositions that children inherit: a runner that ignores SIGINT and SIGHUP (`nohup`, or a background job)
must not make its tests' child processes ignore them."""

from __future__ import annotations

import signal

MUTED = (signal.SIGINT, signal.SIGHUP)


def hear_for_children() -> None:
    """This process keeps ignoring its ignored signals, but with a handler, so that `exec` resets them to the default in
    children."""
    for number in MUTED:
        if signal.getsignal(number) is signal.SIG_IGN:
            signal.signal(number, lambda _number, _frame: None)
