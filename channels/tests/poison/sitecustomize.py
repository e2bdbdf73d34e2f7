"""Real crashes: an item with a marker kills the process that parses it. Python imports this automatically from
PYTHONPATH; `channels.tests.poisoning` puts it there. It replaces the function that unpacks an item, below every
adapter.
"""

import sys


def _end(how: str) -> None:
    import os
    import re
    import signal
    import time

    if how == "spin":  # C code that never returns to Python, so that no Python signal handler ever runs
        re.match(r"(a+)+$", "a" * 100 + "b")
    elif how == "loop":
        while True:
            pass
    elif how == "sleep":
        time.sleep(3600)
    elif how == "memory":
        hoard = []
        while True:
            hoard.append(bytearray(1 << 20))
    elif how == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    elif how == "crash":
        os.kill(os.getpid(), signal.SIGSEGV)


if "channels.parsing.child" in sys.orig_argv:
    import json

    _loads = json.loads

    def loads(text, **how):
        whole = text if isinstance(text, bytes) else text.encode("utf-8", "surrogatepass")
        at = whole.find(b"POISON-")
        if at >= 0:
            _end(whole[at + 7 : at + 30].split(b"-")[0].decode())
        return _loads(text, **how)

    json.loads = loads
