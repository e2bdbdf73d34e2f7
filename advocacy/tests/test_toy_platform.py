"""Adding a platform by following `docs/adding-a-platform.md` to the letter: only new files, and everything works."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
GUIDE = ROOT / "docs" / "adding-a-platform.md"
_BLOCK = re.compile(r'^```\w+ title="([^"]+)"\n(.*?)^```$', re.MULTILINE | re.DOTALL)
_LEFT_OUT = (".git", ".venv", ".local", "__pycache__", "node_modules", ".mypy_cache", ".ruff_cache", ".pytest_cache")

END_TO_END = """
import json, sys
from pathlib import Path
from urllib.request import urlopen
from channels.contract import Config, Network, Outgoing
from channels.registry.finding_adapters import adapter_for
from sandbox import launch

with launch.start(Path(sys.argv[1])) as world:
    access = json.loads(urlopen(world.http_url + "/control/access").read())["towncrier"]
    network = Network(allowed_private=(world.http_url.removeprefix("http://"),))
    settings = {**access["settings"], "phrases": ["Acme"]}
    config = Config(settings, access["secrets"], own=frozenset({"acme"}), network=network)
    adapter = adapter_for("towncrier")
    asked = world.post("towncrier", text="How do I move to Acme?", author="jane")
    mention = [adapter.parse(item, config) for page in adapter.fetch(config, None) for item in page.items][0]
    assert (mention.text, mention.author.handle) == ("How do I move to Acme?", "jane"), mention
    adapter.send(config, Outgoing("key", "Like this.", in_reply_to=mention.external_id))
    truth = world.truth("towncrier")
    assert [entry["text"] for entry in truth["desk"]] == ["Like this."], truth
    assert [entry["id"] for entry in truth["mentions"]] == [asked["id"]], truth
print("end to end: well")
"""


def blocks() -> dict[str, str]:
    return dict(_BLOCK.findall(GUIDE.read_text()))


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the project on disk, in a separate repository, with the guide's files added."""
    place = tmp_path_factory.mktemp("toy") / "desk"
    shutil.copytree(ROOT, place, ignore=shutil.ignore_patterns(*_LEFT_OUT))
    for command in (["init", "-q"], ["add", "-A"], ["-c", "user.name=t", "-c", "user.email=t@t", "commit", "-qm", "t"]):
        subprocess.run(["git", *command], cwd=place, check=True, capture_output=True)
    for path, text in blocks().items():
        file = place / path
        assert not file.exists(), f"{path} is there already"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    _more_payloads(place / "channels/tests/payloads/towncrier")
    return place


def _more_payloads(folder: Path) -> None:
    """The guide asks for ten; two are enough to show how."""
    for number in range(10):
        notice = {
            "id": 100 + number,
            "by": "jane",
            "says": f"Fish number {number}!",
            "cried_at": "2025-11-21T10:00:00Z",
        }
        (folder / f"fish_{number}.json").write_text(json.dumps({"notices": [notice]}))
        (folder / f"fish_{number}.expected.json").write_text("[]")


def run(place: Path, *command: str) -> subprocess.CompletedProcess[str]:
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(place.parent),
        "DESK_SECRET_KEY": "only-for-a-test-0123456789-abcdefghijklmnopqrstuvwxyz",
        "DESK_ENCRYPTION_KEYS": "b25seS1mb3ItdGVzdHMtMDEyMzQ1Njc4OS1hYmNkZWY=",
        "DATABASE_URL": "postgres://nobody:nothing@127.0.0.1:1/none",
        "REDIS_URL": "redis://127.0.0.1:1/0",
        "DJANGO_SETTINGS_MODULE": "advocacy.settings",
        "PYTHONPATH": str(place),
    }
    return subprocess.run(command, cwd=place, env=environment, capture_output=True, text=True, timeout=300)


def test_only_new_files_are_touched(copy: Path) -> None:
    changed = subprocess.run(
        ["git", "status", "--porcelain", "-uall"], cwd=copy, capture_output=True, text=True, check=True
    ).stdout.splitlines()
    assert changed
    assert [line for line in changed if not line.startswith("?? ")] == []
    assert {line[3:].split("/")[0] for line in changed} == {"channels", "sandbox", "docs"}


def test_no_migration_is_needed(copy: Path) -> None:
    done = run(copy, sys.executable, "manage.py", "makemigrations", "--check", "--dry-run", "--skip-checks")
    assert "No changes detected" in done.stdout, done.stdout + done.stderr


def test_the_contract_holds(copy: Path) -> None:
    tests = (
        "channels/tests/adapters/test_contract.py",
        "advocacy/tests/test_platform_pages.py",
        "sandbox/tests/test_refusals.py",
    )
    done = run(copy, sys.executable, "-m", "pytest", "-q", "-p", "no:xdist", *tests, "-k", "towncrier")
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]
    assert re.search(r"\d\d passed", done.stdout), done.stdout[-500:]


def test_payloads_can_be_inspected(copy: Path) -> None:
    file = "channels/tests/payloads/towncrier/two_notices.json"
    done = run(
        copy, sys.executable, "manage.py", "inspect_payload", "towncrier", file, "--settings", '{"phrases": ["Acme"]}'
    )
    assert json.loads(done.stdout)["author"]["handle"] == "jane", done.stderr


def test_a_notice_comes_in_and_the_answer_is_seen(copy: Path, tmp_path: Path) -> None:
    done = run(copy, sys.executable, "-c", END_TO_END, str(tmp_path))
    assert "end to end: well" in done.stdout, done.stderr[-3000:]


def test_its_own_code_is_clean(copy: Path) -> None:
    for command in (
        (sys.executable, "-m", "ruff", "check", "channels/adapters/towncrier.py", "sandbox/platforms/towncrier.py"),
        (sys.executable, "-m", "mypy", "--strict", "channels/adapters/towncrier.py"),
    ):
        done = run(copy, *command)
        assert done.returncode == 0, done.stdout + done.stderr
