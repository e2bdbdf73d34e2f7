"""The floors: imports only point down, there are no import cycles, and no template of a lower floor refers to an upper
one."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FLOORS = ["sandbox", "audit", "channels", "mentions", "experts", "team", "metrics", "advocacy"]  # from the ground up
LEVEL = {name: level for level, name in enumerate(FLOORS)}
TEMPLATE_OWNERS = [name for name in FLOORS if (ROOT / "templates" / name).is_dir()]


def sources(app, *, tests=False):
    for path in sorted((ROOT / app).rglob("*.py")):
        if tests or "tests" not in path.relative_to(ROOT).parts:
            yield path


def module_name(path):
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {module_name(path): path for app in FLOORS for path in sources(app)}


@cache
def tree_of(path):
    return ast.parse(path.read_text(), str(path))


def typing_only(tree):
    """Nodes that only a type checker reads: they can't form a cycle at run time."""
    return {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)
        for inner in ast.walk(node)
    }


@cache
def imported(path, *, at_import_only=False):
    """Dotted names that a file imports, `from a import b` as both a and a.b."""
    return tuple(imports_in(path, at_import_only))


def imports_in(path, at_import_only):
    tree = tree_of(path)
    skipped = typing_only(tree) if at_import_only else set()
    package = path.relative_to(ROOT).parts[:-1]
    nodes = top_level(tree) if at_import_only else ast.walk(tree)
    for node in nodes:
        if id(node) in skipped:
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            start = list(package[: len(package) - node.level + 1]) if node.level else []
            base = ".".join([*start, *([node.module] if node.module else [])])
            yield base
            yield from (f"{base}.{alias.name}" for alias in node.names)


def top_level(tree):
    """Every node that runs when the module is imported, so no function bodies."""
    todo = list(tree.body)
    while todo:
        node = todo.pop()
        yield node
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            todo += ast.iter_child_nodes(node)


@pytest.mark.parametrize("app", FLOORS)
def test_imports_point_down(app):
    wrong = [
        f"{path.relative_to(ROOT)} imports {name}"
        for path in sources(app)
        for name in imported(path)
        if LEVEL.get(name.split(".")[0], -1) > LEVEL[app]
    ]
    assert not wrong


def test_sandbox_imports_nothing_of_ours():
    ours = set(FLOORS) - {"sandbox"}
    wrong = [
        f"{path.relative_to(ROOT)} imports {name}"
        for path in sources("sandbox", tests=True)
        for name in imported(path)
        if name.split(".")[0] in ours
    ]
    assert not wrong


@pytest.mark.parametrize("app", ["audit", "channels", "mentions", "experts", "team", "metrics"])
def test_product_does_not_need_the_sandbox(app):
    wrong = [str(path) for path in sources(app) for name in imported(path) if name.split(".")[0] == "sandbox"]
    assert not wrong


def edges():
    graph = {}
    for name, path in MODULES.items():
        targets = {target for target in imported(path, at_import_only=True) if target in MODULES}
        # `from package import module` runs the package first; a module naming its own package is no cycle.
        graph[name] = {t for t in targets if t != name and not name.startswith(f"{t}.")}
    return graph


def find_circle(graph):
    done, path = set(), []

    def visit(node):
        if node in path:
            return [*path[path.index(node) :], node]
        if node in done:
            return None
        path.append(node)
        for target in sorted(graph[node]):
            if circle := visit(target):
                return circle
        path.pop()
        done.add(node)
        return None

    return next((circle for node in sorted(graph) if (circle := visit(node))), None)


def test_no_circle_between_files():
    graph = edges()
    assert len(graph) > 50
    assert find_circle(graph) is None


def test_circle_is_found_when_there_is_one():
    assert find_circle({"a": {"b"}, "b": {"c"}, "c": {"a"}}) == ["a", "b", "c", "a"]


PACKAGES = {name for name, path in MODULES.items() if path.name == "__init__.py"}
MAX_FILES = 14
ONE_ROOM = ("channels.adapters", "sandbox.platforms")
"""Platforms stand side by side, however many there are; none knows of another."""


def room_of(name):
    """The package that a module is in. A file beside packages is a room of its own."""
    for room in ONE_ROOM:
        if name == room or name.startswith(f"{room}."):
            return room
    package = name if name in PACKAGES else name.rpartition(".")[0]
    has_rooms = any(other.startswith(f"{package}.") for other in PACKAGES)
    return name if has_rooms else package


def rooms():
    """Room → rooms that its files import anywhere, in functions and for types, too."""
    graph = {}
    for name, path in MODULES.items():
        targets = {room_of(target) for target in imported(path) if target in MODULES}
        graph.setdefault(room_of(name), set()).update(t for t in targets if not name.startswith(f"{t}."))
    return {room: (targets & graph.keys()) - {room, *FLOORS} for room, targets in graph.items()}


def test_no_circle_between_rooms():
    graph = rooms()
    assert len(graph) > 80
    assert find_circle(graph) is None


@pytest.mark.parametrize("app", FLOORS)
def test_no_room_is_crowded(app):
    folders = {path.parent for path in sources(app)} - {ROOT / room.replace(".", "/") for room in ONE_ROOM}
    counts = {str(f.relative_to(ROOT)): len(list(f.glob("*.py"))) for f in folders if f.name != "migrations"}
    assert {folder: count for folder, count in counts.items() if count > MAX_FILES} == {}


@pytest.mark.parametrize("app", FLOORS)
def test_every_room_says_what_it_is_for(app):
    silent = [
        str(path.relative_to(ROOT))
        for path in sources(app)
        if path.name == "__init__.py"
        and not {"migrations", "management", "commands", "templatetags"} & set(path.parts)
        and not ast.get_docstring(tree_of(path))
    ]
    assert silent == []


@pytest.mark.parametrize("app", ["sandbox", "channels", "mentions", "experts"])
def test_rooms_hold_nothing_but_their_files(app):
    """`models` and `contract` say what may be imported from them, `admin` registers, an adapter or a platform may be a
    package. Any other `__init__.py` has a docstring only, so that every name has one place."""
    wrong = [
        str(path.relative_to(ROOT))
        for path in sources(app)
        if path.name == "__init__.py"
        and not {"models", "contract", "adapters", "platforms", "admin"} & set(path.relative_to(ROOT).parts)
        and len(tree_of(path).body) > 1
    ]
    assert wrong == []


_WRITES = re.compile(r"\b(?:INSERT INTO|UPDATE|DELETE FROM|TRUNCATE)\s+(?:ONLY\s+)?([a-z]+)_[a-z]+", re.IGNORECASE)
_VERBS = {"create", "update", "delete", "bulk_create", "bulk_update", "get_or_create", "update_or_create"}


def tables_written(path, owners):
    """Floors whose tables a file writes: by SQL, or by `Model.objects…update()` of an imported model."""
    tree = tree_of(path)
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            found |= {match[1].lower() for match in _WRITES.finditer(node.value)}
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in _VERBS:
            root = node.func.value
            while isinstance(root, ast.Call | ast.Attribute):
                root = root.func if isinstance(root, ast.Call) else root.value
            if isinstance(root, ast.Name) and root.id in owners:
                found.add(owners[root.id])
    return found


def owners_in(path):
    """Names of models that a file imports → the floor that owns them."""
    return {
        alias.asname or alias.name: node.module.split(".")[0]
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[1:2] == ["models"]
        for alias in node.names
    }


PREPARES = ("advocacy/demo/", "advocacy/handbook/")
"""They fill an empty desk, writing the tables of every floor."""


@pytest.mark.parametrize("app", ["channels", "mentions", "experts", "team", "metrics", "advocacy"])
def test_no_floor_writes_the_tables_of_another(app):
    """The lower floor has a verb for it, or sends a signal."""
    wrong = {}
    for path in sources(app):
        name = str(path.relative_to(ROOT))
        if "migrations" in path.parts or name.startswith(PREPARES):
            continue
        if others := (tables_written(path, owners_in(path)) & set(FLOORS)) - {app}:
            wrong[name] = sorted(others)
    assert wrong == {}


def test_writing_is_noticed(tmp_path):
    file = tmp_path / "x.py"
    file.write_text(
        "from channels.models import Item\nItem.objects.filter(pk=1).update(a=2)\n_X = 'DELETE FROM audit_entry'"
    )
    assert tables_written(file, owners_in(file)) == {"channels", "audit"}


@pytest.mark.parametrize("app", TEMPLATE_OWNERS)
def test_templates_name_no_upper_floor(app):
    upper = [name for name in FLOORS if LEVEL[name] > LEVEL[app] and name != "advocacy"]
    pattern = re.compile(rf"""['"](?:{"|".join(upper)})[:/.]""") if upper else None
    wrong = [
        f"{path.relative_to(ROOT)}: {found.group()}"
        for path in (ROOT / "templates" / app).rglob("*.html")
        if pattern and (found := pattern.search(path.read_text()))
    ]
    assert not wrong
