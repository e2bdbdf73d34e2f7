"""`python -m sandbox --state DIR`: start the pretend outside world; see `--help`."""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
import threading
from pathlib import Path

from sandbox.control import Control
from sandbox.openid import OpenIdProvider
from sandbox.pages.index import Index
from sandbox.server import Server
from sandbox.stories import history
from sandbox.stream import Stream
from sandbox.universe import Universe


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m sandbox", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8100, help="HTTP; 0 is any free port, here and below")
    parser.add_argument("--imap-port", type=int, default=8143)
    parser.add_argument("--smtp-port", type=int, default=8025)
    parser.add_argument("--state", type=Path, required=True, help="folder in which the world is kept")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--history-days", type=int, default=14, help="past that a new world is born with")
    parser.add_argument("--rate", type=float, default=6, help="new things a minute")
    parser.add_argument("--with-parent", type=int, metavar="PID", help="end when this parent process ends")
    parser.add_argument("--quiet", action="store_true", help="no line for each request")
    return parser.parse_args()


def main() -> int:
    args = arguments()
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    universe = Universe(args.state, seed=args.seed, history_days=args.history_days)
    universe.reactions = args.rate > 0
    universe.ports = {"host": args.host, "imap": args.imap_port, "smtp": args.smtp_port}
    stream = Stream(universe, args.rate)
    router = universe.router()
    Control(universe, stream).register(router)
    Index(universe, stream).register(router)
    OpenIdProvider().register(router)
    server = Server(
        (args.host, args.port), router, universe.faults, universe.store, universe.platforms, quiet=args.quiet
    )
    universe.public_url = f"http://{args.host}:{server.server_port}"
    history.be_born(universe)
    universe.start()
    threading.Thread(target=server.serve_forever, name="http", args=(0.2,), daemon=True).start()
    stream.start()
    ports = {"http": server.server_port, "imap": universe.ports["imap"], "smtp": universe.ports["smtp"]}
    sys.stdout.write(json.dumps(ports) + "\n")
    sys.stdout.flush()
    while not stop.wait(1):
        if args.with_parent and os.getppid() != args.with_parent:
            break
    server.stopping.set()
    stream.stop()
    server.shutdown()
    universe.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main())
