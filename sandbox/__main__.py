"""`python -m sandbox --state DIR`: starts the simulated platforms; see `--help`."""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
import threading
from pathlib import Path

from sandbox import team_page
from sandbox.assembly import assemble
from sandbox.control import Control
from sandbox.front_page import FrontPage
from sandbox.openid import OpenIdProvider
from sandbox.server import Server
from sandbox.stories import history
from sandbox.stream import Stream


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m sandbox", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8100, help="HTTP port; 0 picks a free one, also below")
    parser.add_argument("--imap-port", type=int, default=8143, help="IMAP port")
    parser.add_argument("--smtp-port", type=int, default=8025, help="SMTP port")
    parser.add_argument("--state", type=Path, required=True, help="folder for the world's state")
    parser.add_argument("--seed", type=int, default=7, help="seed of the generated content")
    parser.add_argument("--history-days", type=int, default=14, help="days of history in a new world")
    parser.add_argument("--rate", type=float, default=6, help="new posts and mails per minute")
    parser.add_argument("--with-parent", type=int, metavar="PID", help="exit when this parent process exits")
    parser.add_argument("--quiet", action="store_true", help="do not log requests")
    return parser.parse_args()


def main() -> int:
    args = arguments()
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    universe = assemble(args.state, seed=args.seed, history_days=args.history_days)
    universe.reactions = args.rate > 0
    universe.ports = {"host": args.host, "imap": args.imap_port, "smtp": args.smtp_port}
    stream = Stream(universe, args.rate)
    router = universe.router()
    Control(universe, stream).register(router)
    FrontPage(universe, stream).register(router)
    team_page.register(router)
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
