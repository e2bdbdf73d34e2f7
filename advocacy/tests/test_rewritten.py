"""The tests' modules are rewritten before pytest's workers read them: all that they would rewrite, and as they do."""

import sys
from pathlib import Path

import pytest
from _pytest.assertion.rewrite import AssertionRewritingHook

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "script"))
import rewritten  # noqa: E402


def test_what_pytest_rewrites_of_ours_is_rewritten_before():
    loaded = [module for module in sys.modules.values() if isinstance(_loader(module), AssertionRewritingHook)]
    files = {Path(module.__file__) for module in loaded}
    ours = {file for file in files if file.is_relative_to(ROOT) and "site-packages" not in file.parts}
    assert Path(__file__) in ours
    assert ours <= set(rewritten.modules())


def _loader(module):
    return getattr(getattr(module, "__spec__", None), "loader", None)


def test_it_is_read_by_pytest_and_explains_a_failed_assert(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "pycache_prefix", str(tmp_path / "written"))
    module = tmp_path / "test_one.py"
    module.write_text("def test():\n    one = 1\n    assert one == 2\n")
    rewritten.rewrite_one(module)
    code = rewritten.rewrite._read_pyc(module, *(tmp_path / "written").rglob(f"*{rewritten.rewrite.PYC_TAIL}"))
    space = {}
    exec(code, space)  # what pytest itself does with it
    with pytest.raises(AssertionError, match="assert 1 == 2"):
        space["test"]()
    module.write_text("def test():\n    pass\n")
    rewritten.rewrite_one(module)
    assert len(list((tmp_path / "written").rglob("*.pyc"))) == 1, "anew, in its place"
