from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command

from channels.contract import Item
from channels.tests.fakes import FakeAdapter

pytestmark = pytest.mark.usefixtures("fake")
GOOD = [{"id": 1, "text": "one\ud83d"}, {"id": 2, "text": None}, {"id": 3, "text": "drei ü"}]


def write_file(tmp_path: Path, name: str, content: object) -> str:
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else json.dumps(content).encode())
    return str(path)


def inspect(capsys, *files: str, **options: str) -> tuple[int, list[str], list[str]]:
    """(exit code, lines of stdout, lines of stderr); any use of the database fails, since no test here asks for one."""
    try:
        call_command("inspect_payload", "fake", *files, **options)
        code = 0
    except SystemExit as error:
        code = int(error.code or 0)
    out, err = capsys.readouterr()
    return code, out.splitlines(), err.splitlines()


def test_one_json_object_a_line_with_every_key(capsys, tmp_path) -> None:
    code, out, err = inspect(capsys, write_file(tmp_path, "a.json", GOOD))
    assert (code, err) == (0, [])
    first, second = (json.loads(line) for line in out)
    assert list(first) == [
        *("external_id", "thread_id", "parent_id", "author", "subject", "text", "html", "posted_at", "url"),
        *("is_auto", "is_own", "is_deleted", "edited_at", "links", "attachments"),
    ]
    assert first["text"] == "one\ud83d"
    assert (second["external_id"], second["text"]) == ("3", "drei ü")
    assert second["posted_at"] == "2026-01-01T00:00:00Z"
    assert "ü" in out[1]


def test_no_mentions_prints_nothing_and_succeeds(capsys, tmp_path) -> None:
    assert inspect(capsys, write_file(tmp_path, "a.json", [])) == (0, [], [])


@pytest.mark.parametrize("content", [b"{", b"", b"<html>", {"error": "expired"}, b"\xff\xfe\x00", b"[" * 100_000])
def test_a_broken_file_is_one_line_and_the_next_is_read(capsys, tmp_path, content) -> None:
    bad, good = write_file(tmp_path, "bad.json", content), write_file(tmp_path, "good.json", GOOD)
    code, out, err = inspect(capsys, bad, good)
    assert (code, len(out), len(err)) == (1, 2, 1)
    assert err[0].startswith(f"{bad}: ")
    assert "Traceback" not in err[0]


def test_a_broken_item_keeps_the_others(capsys, tmp_path) -> None:
    path = write_file(tmp_path, "a.json", [{"id": 1}, {"id": 2, "text": "fine"}, {"id": 3}])
    code, out, err = inspect(capsys, path)
    assert (code, len(out)) == (1, 1)
    assert err == [f"{path}: a post without text (and 1 more problems)"]


def test_a_bug_of_the_parser_is_one_line(capsys, tmp_path, fake: FakeAdapter, monkeypatch) -> None:
    def parse(item: Item, config: object) -> None:
        raise RuntimeError("two\nlines")

    monkeypatch.setattr(fake, "parse", parse)
    path = write_file(tmp_path, "a.json", GOOD[:1])
    code, out, err = inspect(capsys, path)
    assert (code, out) == (1, [])
    assert err == [f"{path}: the parser failed; please report it with this file: RuntimeError: two lines"]


def test_missing_files_and_folders_are_named(capsys, tmp_path) -> None:
    missing = str(tmp_path / "none.json")
    code, out, err = inspect(capsys, missing, str(tmp_path), write_file(tmp_path, "good.json", GOOD))
    assert (code, len(out), len(err)) == (1, 2, 2)
    assert missing in err[0]
    assert "No such file" in err[0]


def test_settings_reach_the_adapter(capsys, tmp_path, fake: FakeAdapter, monkeypatch) -> None:
    seen = []
    monkeypatch.setattr(fake, "split", lambda document, config: seen.append(config) or [])
    given = json.dumps({"phrases": ["Acme"], "port": "8", "addresses": ["@Acme"], "own": ["77"]})
    assert inspect(capsys, write_file(tmp_path, "a.json", []), connection_settings=given)[0] == 0
    (config,) = seen
    assert config.setting("phrases") == ["Acme"]
    assert config.setting("port") == 8
    assert config.addresses == ("acme",)
    assert config.own == {"acme", "77"}


@pytest.mark.parametrize("given", ["{", "[]", "3", '{"port": "x"}', '{"own": "me"}', '{"channel_settings": [1]}'])
def test_wrong_settings_are_explained(tmp_path, given: str) -> None:
    with pytest.raises(CommandError, match="--settings") as caught:
        call_command("inspect_payload", "fake", write_file(tmp_path, "a.json", []), connection_settings=given)
    assert "\n" not in str(caught.value)


def test_an_unknown_platform_names_the_known_ones(tmp_path) -> None:
    with pytest.raises(CommandError, match="fake, maillike"):
        call_command("inspect_payload", "nope", "x")


def run(*arguments: str, **options: object) -> subprocess.CompletedProcess[str]:
    """A separate process, with neither database nor keys in its environment."""
    bare = {"PATH": os.environ["PATH"], "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    command = [sys.executable, str(settings.BASE_DIR / "manage.py"), "inspect_payload", *arguments]
    return subprocess.run(command, env=bare, capture_output=True, encoding="utf-8", timeout=60, check=False, **options)


HN_HIT = {"objectID": "9", "created_at_i": 1700000000, "author": "jane", "title": "Acme über alles", "_tags": ["story"]}


def test_the_command_runs_on_a_bare_machine(tmp_path) -> None:
    path = write_file(tmp_path, "hn.json", {"hits": [HN_HIT]})
    done = run("hackernews", path, "--settings", '{"phrases": ["Acme"]}')
    assert (done.returncode, done.stderr) == (0, "")
    assert "über" in done.stdout
    assert run("hackernews", path, '--settings={"phrases": ["other"]}').stdout == ""
    refused = run("hackernews", path, "--settings", "{")
    assert refused.returncode == 1
    assert len(refused.stderr.strip().splitlines()) == 1


def test_a_reader_who_has_had_enough_gets_no_traceback(tmp_path) -> None:
    path = write_file(tmp_path, "hn.json", {"hits": [{**HN_HIT, "objectID": str(n)} for n in range(5000)]})
    manage = settings.BASE_DIR / "manage.py"
    script = f'"{sys.executable}" "{manage}" inspect_payload hackernews "{path}" | head -n 1'
    done = subprocess.run(["sh", "-c", script], capture_output=True, encoding="utf-8", timeout=60, check=False)
    assert len(done.stdout.splitlines()) == 1
    assert done.stderr == ""
