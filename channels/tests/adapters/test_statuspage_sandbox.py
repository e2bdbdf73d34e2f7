"""The status page's adapter against the sandbox's page."""

from __future__ import annotations

from pathlib import Path

from channels.adapters.statuspage import Statuspage
from channels.contract import Config, Network
from sandbox import launch

ADAPTER = Statuspage()


def test_every_update_comes_in_as_ours(tmp_path: Path) -> None:
    with launch.start(tmp_path) as running:
        opened = running.post("statuspage", kind="outage")
        running.post("statuspage", kind="maintenance")
        running.control("post", platform="statuspage", reply_to=opened["id"], text="Fine again.", status="resolved")
        settings = running._call("/control/access")["statuspage"]["settings"]
        network = Network(allowed_private=(f"{running.host}:{running.http_port}",))
        config = Config(settings, network=network)
        found = [ADAPTER.parse(i, config) for page in ADAPTER.fetch(config, None) for i in page.items]
        truth = running.truth("statuspage")
        assert {m.external_id for m in found if m and m.is_own} == {entry["id"] for entry in truth["ours"]}
        assert truth["mentions"] == []
        assert opened["url"] in {m.url for m in found if m}
        running.control("edit", platform="statuspage", id=opened["id"], text="We are looking into it, again.")
        edited = [ADAPTER.parse(i, config) for page in ADAPTER.fetch(config, None) for i in page.items]
        (now,) = [m for m in edited if m and m.external_id == opened["id"]]
        assert now.text == "Investigating: We are looking into it, again."
