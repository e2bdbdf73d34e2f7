"""Adapters find their verbs in the files of their package, and report missing ones at startup."""

from __future__ import annotations

import re
import sys
import typing
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from channels.contract import Adapter, IncompleteAdapter
from channels.contract.verbs import FILE_OF, FILES
from channels.registry.finding_adapters import all_adapters, scan

ROOT = Path(__file__).parents[3]
CLASS = """
from channels.contract import Adapter, Capability

class Crier(Adapter):
    platform = "crier"
    label = "Crier"
    capabilities = frozenset({Capability.SEND})
"""
WHOLE = {
    "__init__.py": CLASS,
    "wire.py": "def split(document, config): return []",
    "parsing.py": "def parse(item, config): return None",
    "fetching.py": "def fetch(config, cursor): return iter(())",
    "posting.py": "def send(config, outgoing): return outgoing",
}
Scan = Callable[[dict[str, str]], dict[str, Adapter]]


@pytest.fixture
def scanned(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Scan]:
    """Writes a package of adapters with one platform, and scans it."""

    def run(files: dict[str, str]) -> dict[str, Adapter]:
        folder = tmp_path / "made_up_adapters" / "crier"
        folder.mkdir(parents=True)
        (folder.parent / "__init__.py").write_text("")
        for name, text in files.items():
            (folder / name).write_text(text)
        monkeypatch.syspath_prepend(str(tmp_path))
        return scan(__import__("made_up_adapters"))

    yield run
    for name in [name for name in sys.modules if name.split(".")[0] == "made_up_adapters"]:
        del sys.modules[name]


def test_the_functions_of_a_package_are_the_verbs_of_its_adapter(scanned: Scan) -> None:
    adapter = scanned(WHOLE)["crier"]
    sent: object = "sent"
    assert adapter.send(None, sent) is sent  # type: ignore[arg-type]
    assert adapter.split("", None) == []  # type: ignore[arg-type]
    assert adapter.namespace(None) == "crier"  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("missing", "problem"),
    [
        ("posting.py", "declares the capability SEND, but has no send. Add the function send to .*crier.posting"),
        ("parsing.py", "is an adapter, but has no parse. Add the function parse to .*crier.parsing"),
        ("fetching.py", "is an adapter, but has no fetch. Add the function fetch to .*crier.fetching"),
        ("wire.py", "is an adapter, but has no split. Add the function split to .*crier.wire"),
    ],
)
def test_a_verb_that_is_missing_is_named_with_its_place(scanned: Scan, missing: str, problem: str) -> None:
    with pytest.raises(IncompleteAdapter, match=f"Crier {problem}"):
        scanned({name: text for name, text in WHOLE.items() if name != missing})


def test_a_verb_with_other_parameters_is_refused(scanned: Scan) -> None:
    wrong = {**WHOLE, "parsing.py": "def parse(config, item): return None"}
    with pytest.raises(
        IncompleteAdapter, match=r"parse takes \(config, item\), but every adapter's parse takes \(item"
    ):
        scanned(wrong)


@pytest.mark.parametrize("adapter", all_adapters().values(), ids=list(all_adapters()))
def test_each_function_takes_and_returns_what_the_verb_promises(adapter: Adapter) -> None:
    """The type checker doesn't see that a package's function is its adapter's verb."""
    for verb in FILE_OF:
        function = getattr(type(adapter), verb)
        if function is getattr(Adapter, verb):
            continue
        given, wanted = typing.get_type_hints(function), typing.get_type_hints(getattr(Adapter, verb))
        assert {name: given.get(name) for name in wanted} == wanted, f"{adapter.platform}.{verb}"


def test_no_verb_lies_in_another_file() -> None:
    for path in (ROOT / "channels" / "adapters").glob("*/*.py"):
        found = set(re.findall(r"^def (\w+)\(", path.read_text(), re.MULTILINE)) & set(FILE_OF)
        assert found <= set(FILES.get(path.stem, ())), path
