"""The table of settings, the settings module and docs/settings.md agree; every setting refuses wrong values."""

import ast
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from advocacy.configuration import environment, kinds, service_kinds
from advocacy.configuration.table import SETTINGS

ROOT = Path(__file__).resolve().parents[2]
ROW = re.compile(r"^\| `([A-Z_]+)` \| (.+?) \| (.+) \|$")
BY_NAME = {setting.name: setting for setting in SETTINGS}
RIGHT = {
    "DATABASE_URL": "postgresql://desk@db.internal/desk",
    "REDIS_URL": "redis://redis.internal:6379/0",
    "DESK_SECRET_KEY": "only-for-tests-0123456789-abcdefghijklmnopqrstuvwxyz-ABCDEFG",
    "DESK_ENCRYPTION_KEYS": "b25seS1mb3ItdGVzdHMtMDEyMzQ1Njc4OS1hYmNkZWY=",
}
"""What is needed, so that nothing else is complained of."""


def wrong_values(kind):
    """Three or more texts that this kind of setting must refuse. A new kind needs a line here."""
    match kind:
        case kinds.Flag():
            return ["maybe", "2", "Truee", "yes please"]
        case kinds.Whole():
            return [str(kind.least - 1), str(kind.most + 1), "many", "1.5", "0x10", "9" * 40, "١٢"]
        case kinds.Text():
            return ["a\nb", "x" * (kind.most + 1), "nul\x00"]
        case kinds.Choice():
            return ["LOUD", "1", "INFO,DEBUG"]
        case kinds.Listing():
            wrong = [text for text in wrong_values(kind.each) if "," not in text]
            return [*wrong, ",", *(f"{wrong[0]},{text}" for text in wrong)]
        case kinds.Host():
            return ["http://a.example", "a b", "a/b", "-", *(["a:0", "a:99999", "a:x"] if kind.with_port else [])]
        case kinds.Mail():
            return ["nobody", "a@", "@b.example", "a b@c.example", "two@a.example two@b.example"]
        case kinds.Address():
            wrong = ["nonsense", "http://[", "https://", "ftp://a.example", "http://a.example:port", "http://a b"]
            return [*wrong, *(["https://a.example/path", "https://a.example?x=1"] if kind.bare else [])]
        case kinds.Folder():
            return ["relative/path", ".", "~/static"]
        case kinds.SigningKey():
            return ["short", "ab" * 40, "django-insecure-" + "x1y2z3" * 12]
        case kinds.EncryptionKey():
            return ["not-a-key", "A" * 43, "ü" * 44]
        case service_kinds.DatabaseAddress():
            return [
                "db.internal",
                "mysql://a.example/desk",
                "sqlite:///desk.db",
                "postgresql://db.internal",
                "postgresql://db.internal/desk?sslmode=verify",
                "postgresql://db.internal/desk?sslrootcert=/nowhere/ca.pem",
            ]
        case service_kinds.RedisAddress():
            return ["redis.internal", "http://redis.internal", "redis://", "redis://a.example/first"]
        case service_kinds.MailServer():
            return ["smtp.example.com", "imap://a.example", "smtp+tls://"]
    raise AssertionError(f"no wrong values are known for {kind}")


WRONG = [(setting.name, text) for setting in SETTINGS for text in wrong_values(setting.kind)]


# --- the table, the module, the document ----------------------------------------------------------------------------


def documented():
    rows = map(ROW.match, (ROOT / "docs" / "settings.md").read_text().splitlines())
    return {row[1]: (row[2], row[3]) for row in rows if row}


def read_by_the_settings():
    """The names in every `GIVEN["NAME"]` of the module."""
    tree = ast.parse((ROOT / "advocacy" / "settings.py").read_text())
    subscripts = (node for node in ast.walk(tree) if isinstance(node, ast.Subscript))
    return [node.slice.value for node in subscripts if ast.unparse(node.value) == "GIVEN"]


def test_every_setting_is_documented_and_no_other():
    assert set(documented()) == set(BY_NAME)


def test_documented_defaults_are_those_of_the_table():
    rows = documented()
    assert {name: rows[name][0] for name in BY_NAME} == {s.name: s.documented_default for s in SETTINGS}


def test_every_setting_of_the_table_is_read_and_no_other():
    assert set(read_by_the_settings()) == set(BY_NAME)


def test_settings_reach_the_environment_through_the_table_only():
    source = (ROOT / "advocacy" / "settings.py").read_text()
    assert source.count("os.environ") == 1


def test_no_other_module_reads_a_setting_of_the_desk_from_the_environment():
    pattern = re.compile(r"""environ(?:\.get\(|\[)\s*["'](?:DESK_|DATABASE_URL|REDIS_URL)""")
    apps = ("audit", "channels", "mentions", "experts", "team", "metrics", "advocacy")
    paths = (path for app in apps for path in (ROOT / app).rglob("*.py") if "tests" not in path.parts)
    assert [str(path) for path in paths if pattern.search(path.read_text())] == []


@pytest.mark.parametrize("name", [s.name for s in SETTINGS if not s.is_needed and s.default not in ("", [])])
def test_a_default_is_a_value_that_may_be_given(name):
    setting = BY_NAME[name]
    text = ",".join(setting.default) if isinstance(setting.default, list) else str(setting.default)
    assert environment.read({**RIGHT, name: text})[name] == setting.default


# --- wrong values ---------------------------------------------------------------------------------------------------


def test_three_wrong_values_or_more_are_tried_for_each_setting():
    tried = [name for name, _ in WRONG]
    assert {name for name in BY_NAME if tried.count(name) < 3} == set()


@pytest.mark.parametrize(("name", "text"), WRONG)
def test_wrong_value_is_refused_with_its_name_and_the_remedy(name, text):
    given = environment.read({**RIGHT, name: text})
    (problem,) = given.problems
    assert problem.name == name
    assert name in problem.said
    assert len(problem.remedy.split()) >= 4
    setting = BY_NAME[name]
    assert given[name] == (None if setting.is_needed else setting.default)
    if setting.secret:
        assert text not in problem.said.replace(name, "")


def test_what_is_needed_and_missing_is_reported_with_its_remedy():
    assert [problem.said for problem in environment.read({"DESK_SECRET_KEY": "  "}).problems] == [
        f"{name} is not set." for name in RIGHT
    ]


def test_an_empty_variable_counts_as_not_set():
    given = environment.read({**RIGHT, "DESK_UNDO_SECONDS": "", "DESK_DEBUG": " "})
    assert (given["DESK_UNDO_SECONDS"], given["DESK_DEBUG"], given.problems) == (10, False, [])


def test_malformed_encryption_key_is_named_by_its_place():
    (problem,) = environment.read(
        {**RIGHT, "DESK_ENCRYPTION_KEYS": f"{RIGHT['DESK_ENCRYPTION_KEYS']},not-a-key"}
    ).problems
    assert "position 2" in problem.said
    assert "not-a-key" not in problem.said + problem.remedy


@pytest.mark.parametrize("text", ["::1", "[::1]", "10.0.0.7", ".example.com", "desk", "my_host.internal"])
def test_hosts_as_they_are_written_are_taken(text):
    assert environment.read({**RIGHT, "DESK_ALLOWED_HOSTS": text})["DESK_ALLOWED_HOSTS"] == [text]


@pytest.mark.parametrize("text", ["127.0.0.1:8100", "localhost", "forum.internal:443", "[::1]:8080", "::1"])
def test_private_hosts_as_they_are_written_are_taken(text):
    assert environment.read({**RIGHT, "DESK_ALLOWED_PRIVATE_HOSTS": text})["DESK_ALLOWED_PRIVATE_HOSTS"] == [text]


@pytest.mark.parametrize("text", ["team@example.com", "Mention desk <desk@example.com>"])
def test_senders_as_they_are_written_are_taken(text):
    assert environment.read({**RIGHT, "DESK_EMAIL_FROM": text}).problems == []


# --- misspelt names -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [name for name in BY_NAME if name.startswith("DESK_")])
def test_misspelt_name_is_reported_with_the_one_that_was_meant(name):
    for misspelt in (name[:-1], name + "S", name[:7] + name[8:]):
        if misspelt not in BY_NAME:
            (stranger,) = environment.read({**RIGHT, misspelt: "1"}).unknown
            assert (stranger.name, stranger.nearest) == (misspelt, name)


def test_name_of_somebody_else_is_reported_without_a_guess():
    (stranger,) = environment.read({**RIGHT, "DESK_SERVICE_PORT_8000_TCP": "tcp://10.0.0.1:80"}).unknown
    assert stranger.nearest is None


@pytest.mark.parametrize("name", ["DESK_CHANNEL_TWITTER_TOKEN", "DESK_TEST_REDIS_URL", "DESK_CHROMIUM", "HOME"])
def test_names_that_are_meant_are_not_reported(name):
    assert environment.read({**RIGHT, name: "x"}).unknown == []


# --- starts ---------------------------------------------------------------------------------------------------------


def started(program, **variables):
    ours = ("DESK_", "DATABASE_URL", "REDIS_URL", "DJANGO_")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    return subprocess.run(
        [sys.executable, *program], cwd=ROOT, env={**kept, **variables}, capture_output=True, text=True, timeout=120
    )


PROGRAMS = {
    "web": ["-m", "gunicorn", "advocacy.wsgi", "--bind", "127.0.0.1:0", "--no-control-socket"],
    "manage": ["manage.py", "check"],
    "worker": ["-m", "celery", "-A", "advocacy", "worker", "--concurrency", "1"],
    "beat": ["-m", "celery", "-A", "advocacy", "beat", "--pidfile="],
}
ALL_WRONG = {setting.name: wrong_values(setting.kind)[0] for setting in SETTINGS}


@pytest.mark.parametrize("program", PROGRAMS)
def test_start_is_refused_with_every_wrong_setting_its_remedy_and_no_traceback(program, tmp_path):
    given = {**ALL_WRONG, "DESK_TEAM_SLACK_CHANEL": "#x"}
    given = {name: text for name, text in given.items() if "\x00" not in text}
    schedule = ["--schedule", str(tmp_path / "beat")] if program == "beat" else []
    result = started([*PROGRAMS[program], *schedule], **given)
    output = result.stdout + result.stderr
    assert result.returncode != 0
    assert [s.name for s in SETTINGS if f"{s.name} " not in output or s.help not in output] == []
    assert "Did you mean DESK_TEAM_SLACK_CHANNEL?" in output
    assert "Traceback" not in output


@pytest.mark.parametrize("program", PROGRAMS)
def test_start_without_settings_says_what_to_set(program, tmp_path):
    schedule = ["--schedule", str(tmp_path / "beat")] if program == "beat" else []
    result = started([*PROGRAMS[program], *schedule])
    assert result.returncode != 0
    assert [name for name in RIGHT if f"{name} is not set." not in result.stdout + result.stderr] == []
    assert "Traceback" not in result.stderr
