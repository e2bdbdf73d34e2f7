"""docs/settings.md and the settings module say the same: names, and the defaults that can be read off."""

import ast
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
ROW = re.compile(r"^\| `([A-Z_]+)` \| (.+?) \| (.+) \|$")
NEEDED = {"DATABASE_URL", "REDIS_URL", "DESK_SECRET_KEY", "DESK_ENCRYPTION_KEYS"}


def documented():
    rows = map(ROW.match, (ROOT / "docs" / "settings.md").read_text().splitlines())
    return {row[1]: row[2] for row in rows if row}


def read_by_the_settings():
    """Variable → its default, for every `env.…("NAME", default=…)` of the module."""
    found = {}
    for node in ast.walk(ast.parse((ROOT / "advocacy" / "settings.py").read_text())):
        if isinstance(node, ast.Call) and re.fullmatch(r"env(\.[a-z_]+)?", ast.unparse(node.func)):
            if not node.args or not isinstance(node.args[0], ast.Constant):
                continue
            default = next((k.value for k in node.keywords if k.arg == "default"), None)
            found[node.args[0].value] = eval(ast.unparse(default), {}) if default else None
    return found


def as_written(default):
    if default in ("", [], None):
        return "empty"
    return f"`{','.join(default) if isinstance(default, list) else default}`"


def test_every_setting_is_in_the_table_and_no_other():
    assert set(documented()) == set(read_by_the_settings())


def test_defaults_of_the_table_are_those_of_the_module():
    told = documented()
    wrong = {
        name: (told[name], as_written(default))
        for name, default in read_by_the_settings().items()
        if told[name] != ("needed" if name in NEEDED else as_written(default))
    }
    assert wrong == {}


def test_no_other_module_reads_a_setting_of_the_desk_from_the_environment():
    pattern = re.compile(r"""environ(?:\.get\(|\[)\s*["'](?:DESK_|DATABASE_URL|REDIS_URL)""")
    apps = ("channels", "mentions", "experts", "metrics", "advocacy")
    paths = (path for app in apps for path in (ROOT / app).rglob("*.py") if "tests" not in path.parts)
    assert [str(path) for path in paths if pattern.search(path.read_text())] == []
