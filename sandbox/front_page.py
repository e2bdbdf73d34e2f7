"""The control page at `/` and the stylesheet."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from sandbox.base.platform import Platform
from sandbox.pages.elements import Markup, button, choice, el, link, page
from sandbox.wire.faults import KINDS
from sandbox.wire.http import Request, Response, Router

if TYPE_CHECKING:
    from sandbox.base.universe import Universe
    from sandbox.stream import Stream


class FrontPage:
    def __init__(self, universe: Universe, stream: Stream) -> None:
        self.universe, self.stream = universe, stream
        self._css = (Path(__file__).parent / "pages" / "sandbox.css").read_bytes()

    def register(self, router: Router) -> None:
        router.add("GET", "/", self.index)
        router.add("GET", "/static/sandbox.css", self.css)

    def css(self, request: Request) -> Response:
        return Response(self._css, 200, "text/css; charset=utf-8")

    def index(self, request: Request) -> Response:
        return page(
            "Simulated platforms",
            el("section", el("h2", "Platforms"), self._counts()),
            el(
                "section",
                el("h2", "Post something"),
                [self._post(p) for p in self.universe.platforms.values() if p.kinds],
            ),
            el("section", el("h2", "Stream"), self._stream()),
            el("section", el("h2", "Faults"), self._faults()),
            section="Sandbox",
        )

    def _counts(self) -> Markup:
        rows = []
        for name, platform in self.universe.platforms.items():
            counts = ", ".join(f"{number} {what}" for what, number in platform.counts().items())
            rows.append(el("tr", el("th", link(platform.home, name), scope="row"), el("td", counts)))
        return el("table", el("tbody", rows))

    def _post(self, platform: Platform) -> Markup:
        kinds = [("", "any kind")] + [(kind, kind.replace("_", " ")) for kind in platform.kinds]
        return el(
            "form",
            el("input", type="hidden", name="platform", value=platform.name),
            choice("kind", platform.name, kinds),
            el("button", "Post one", type="submit"),
            method="post",
            action="/control/post",
            class_="row",
        )

    def _stream(self) -> Markup:
        rate = el("label", "New posts per minute", el("input", type="number", name="rate", min=0, max=600, step="any",
                                                     value=f"{self.stream.rate:g}"))  # fmt: skip
        on = "true" if self.universe.reactions else "false"
        react = choice("reactions", "Customers react", [("true", "yes"), ("false", "no")], on)
        save = el("button", "Set", type="submit")
        return el("form", rate, react, save, method="post", action="/control/stream", class_="row")

    def _faults(self) -> Markup:
        names = [("all", "all platforms")] + [(name, name) for name in self.universe.platforms]
        form = el(
            "form",
            choice("platform", "Platform", names),
            choice("kind", "Fault", [(kind, kind.replace("_", " ")) for kind in KINDS]),
            el(
                "label",
                "Share of requests",
                el("input", type="number", name="rate", min=0, max=1, step="0.05", value="0.3"),
            ),
            el("label", "Number of times (empty: unlimited)", el("input", type="number", name="count", min=1)),
            el("button", "Switch on", type="submit"),
            method="post",
            action="/control/faults",
            class_="row",
        )
        active = [el("li", f"{f['platform']}: {f['kind']}, {f['rate']:.0%}") for f in self.universe.faults.active()]
        happened = [el("li", f"{name}: {count}") for name, count in self.universe.faults.happened.items()]
        return Markup(
            str(form)
            + (el("p", "Active") + el("ul", active) + button("/control/faults/clear", "Clear all") if active else "")
            + (el("p", "Injected so far") + el("ul", happened) if happened else "")
        )
