"""What children inherit of signals: a runner that ignores SIGINT and SIGHUP (`nohup`, or a script's background) must
not make its tests' children deaf."""

from __future__ import annotations

import signal

MUTED = (signal.SIGINT, signal.SIGHUP)


def hear_for_children() -> None:
    """What this process ignores it goes on ignoring, but by a handler: `exec` gives the children the default then."""
    for number in MUTED:
        if signal.getsignal(number) is signal.SIG_IGN:
            signal.signal(number, lambda _number, _frame: None)
