"""The documents match the code: links, paths, verbs with their parameters, platforms, and the preset's rows."""

from __future__ import annotations

import importlib
import inspect
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.management.base import BaseCommand

from advocacy.handbook import preset
from advocacy.handbook.company import Company
from advocacy.management.commands import demo, load_handbook
from advocacy.runtime.beat import SCHEDULE
from channels.contract import Adapter, Capability
from channels.registry.finding_adapters import all_adapters

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
PAGES = sorted([*ROOT.glob("*.md"), *DOCS.rglob("*.md")])
TOP = (
    "advocacy",
    "audit",
    "bench",
    "channels",
    "docs",
    "experts",
    "mentions",
    "metrics",
    "sandbox",
    "script",
    "static",
    "team",
    "templates",
)

_CODE = re.compile(r"`([^`\n]+)`")
_FENCE = re.compile(r"^ *```.*?^ *```$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"(?<!`)\]\(([^)\s]+)\)")
_HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
_VERB = re.compile(r"^([\w.]+)(?:\((.*?)\)(?: -> (.+))?)?$")


def prose(path: Path) -> str:
    """Without fenced blocks, which are examples."""
    return _FENCE.sub("", path.read_text())


def tables(text: str, *, under: str = "") -> Iterator[list[str]]:
    """Cells of every row of the tables below a heading, without headers and rules; `under` empty: of the whole page."""
    is_wanted, is_body = not under, False
    for line in text.splitlines():
        if line.startswith("#"):
            is_wanted = not under or line.lstrip("# ") == under
        if not line.startswith("|"):
            is_body = False
        elif set(line) <= set("|-: "):
            is_body = True
        elif is_wanted and is_body:
            yield [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]


def named(path: Path) -> str:
    return str(path.relative_to(ROOT))


# --- links and paths ------------------------------------------------------------------------------------------------


def anchors(path: Path) -> set[str]:
    headings = _HEADING.findall(prose(path))
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_links_lead_somewhere(page: Path) -> None:
    wrong = []
    for link in _LINK.findall(prose(page)):
        if re.match(r"[a-z]+:", link):
            continue
        place, _, anchor = link.partition("#")
        target = (page.parent / place).resolve() if place else page
        if not target.exists() or (anchor and anchor not in anchors(target)):
            wrong.append(link)
    assert wrong == []


def is_path_of_ours(code: str) -> bool:
    return bool(re.fullmatch(rf"(?:{'|'.join(TOP)})/[\w./*-]+|[\w-]+\.(?:py|md|ini|toml|txt)", code))


def exists(code: str, page: Path) -> bool:
    if "*" in code:
        return any(ROOT.glob(code))
    if page.name == "adding-a-platform.md" and any(ROOT.glob(f"channels/adapters/*/{code}")):
        return True  # it names the files that every adapter's package has
    return any((folder / code).exists() for folder in (ROOT, page.parent))


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_files_that_are_named_exist(page: Path) -> None:
    paths = {code for code in _CODE.findall(prose(page)) if is_path_of_ours(code)} - MUST_NOT_EXIST
    assert sorted(path for path in paths if not exists(path, page)) == []


MUST_NOT_EXIST = {"utils.py"}


def test_a_path_that_is_gone_is_found() -> None:
    assert is_path_of_ours("channels/gone.py")
    assert not exists("channels/gone.py", DOCS / "running.md")
    assert not is_path_of_ours("conversations.history")


NOT_ROOMS = {"management", "migrations", "tests"}


def test_every_room_has_its_row_and_no_row_is_left_of_one_that_is_gone() -> None:
    page = (DOCS / "architecture.md").read_text()
    rows = set(re.findall(r"^\| `(\w+/\w+)/` \|", page, re.MULTILINE))
    floors = {row.partition("/")[0] for row in rows}
    packages = (path.parent for floor in floors for path in (ROOT / floor).glob("*/__init__.py"))
    rooms = {f"{path.parent.name}/{path.name}" for path in packages if path.name not in NOT_ROOMS}
    assert rows == rooms
    assert len(rooms) > 100


def test_every_page_is_reached_from_the_readme() -> None:
    todo, seen = [ROOT / "README.md"], set()
    while todo:
        page = todo.pop()
        if page in seen or not page.exists():
            continue
        seen.add(page)
        links = (link.partition("#")[0] for link in _LINK.findall(prose(page)))
        todo += [target for link in links if (target := (page.parent / link).resolve()).suffix == ".md" and link]
    platforms = {DOCS / "platforms" / f"{platform}.md" for platform in PRESET_PLATFORMS}
    own = {page for page in PAGES if page.parent != DOCS / "platforms"}
    assert sorted(named(page) for page in (own | platforms) - seen) == []


# --- verbs ----------------------------------------------------------------------------------------------------------

ARCHITECTURE = DOCS / "architecture.md"
VERBS = [
    (floor, code)
    for heading, floor in (("adapters", "channels"), *((name, name) for name in TOP))
    for row in tables(ARCHITECTURE.read_text(), under=heading)
    for code in _CODE.findall(row[0])
]


def resolved(floor: str, name: str) -> Any:
    """The function, class or method; None if it doesn't exist."""
    parts = name.split(".")
    for cut in range(len(parts) - 1, 0, -1):
        try:
            owner: Any = importlib.import_module(".".join([floor, *parts[:cut]]))
        except ModuleNotFoundError:
            continue
        for part in parts[cut:]:
            owner = getattr(owner, part, None)
        return owner
    return None


def call_as_documented(verb: Callable[..., Any], parameters: str) -> None:
    """Raises TypeError if the verb can't be called with the parameters of the table; those after `*` by name."""
    by_place, _, by_name = f"{parameters}, ".partition("*, ")
    first = [name for name in by_place.split(", ") if name]
    signature = inspect.signature(verb)
    names = [name for name in signature.parameters if name != "self"]
    if first != names[: len(first)]:
        raise TypeError(f"the parameters are ({', '.join(names)})")
    given = [None] * (len(first) + ("self" in signature.parameters))
    signature.bind(*given, **{name: None for name in by_name.split(", ") if name})


def test_there_is_a_table_of_verbs_for_every_floor_of_the_product() -> None:
    assert {floor for floor, _ in VERBS} == {"audit", "channels", "mentions", "experts", "team", "metrics", "advocacy"}
    assert len(VERBS) > 100


@pytest.mark.parametrize(("floor", "code"), VERBS)
def test_a_verb_of_the_table_can_be_called_as_documented(floor: str, code: str) -> None:
    match = _VERB.match(code)
    assert match, f"{code} is not `module.verb(parameters) -> result`"
    verb = resolved(floor, match[1])
    assert callable(verb), f"{floor}.{match[1]} is gone"
    if match[2] is not None:
        call_as_documented(verb, match[2])
        result = inspect.signature(verb).return_annotation
        assert (match[3] or "None").replace(" or ", " | ") == result


# --- platforms ------------------------------------------------------------------------------------------------------

PRESET_PLATFORMS = {row.platform for row in preset.CONNECTIONS} & set(all_adapters())
INDEX = {
    match[1]: row
    for row in tables((DOCS / "platforms" / "README.md").read_text())
    if (match := re.search(r"\(([a-z]+)\.md\)", row[0]))
}
"""Platform → its row: label, in, out, webhook, own account, polled every, who must act there."""


def reply_way(adapter: Adapter) -> str:
    if not adapter.can(Capability.SEND):
        return "outside"
    return "direct, own account" if adapter.personal_fields else "direct"


def polling_interval(adapter: Adapter) -> str:
    if not adapter.is_polled:
        return "never"
    ends = dict.fromkeys(f"{s // 60} min" if s % 60 == 0 else f"{s} s" for s in adapter.poll_interval_s)
    return " to ".join(ends)


def test_the_index_lists_the_platforms_that_there_are() -> None:
    """All platforms that the handbook's set-up connects; an added one is found without an entry."""
    assert set(INDEX) - set(all_adapters()) == set()
    assert PRESET_PLATFORMS - set(INDEX) == set()


@pytest.mark.parametrize("platform", sorted(INDEX))
def test_a_row_of_the_index_says_what_the_adapter_declares(platform: str) -> None:
    adapter, (label, _comes_in, out, webhook, own, every, who) = all_adapters()[platform], INDEX[platform]
    assert label == f"[{adapter.label}]({platform}.md)"
    assert out.startswith(reply_way(adapter).partition(",")[0])
    assert (webhook != "") == adapter.can(Capability.WEBHOOK)
    assert (own != "") == bool(adapter.personal_fields)
    assert every == polling_interval(adapter)
    assert who


def test_who_can_post_is_who_declares_it() -> None:
    line = next(line for line in (DOCS / "platforms" / "README.md").read_text().splitlines() if "that can post" in line)
    labels = {adapter.label for adapter in all_adapters().values() if adapter.can(Capability.POST)}
    assert set(line.rpartition(": ")[2].rstrip(".").split(", ")) == labels


def test_the_readme_names_every_platform_of_the_handbook() -> None:
    text = prose(ROOT / "README.md")
    assert [platform for platform in sorted(PRESET_PLATFORMS) if f"docs/platforms/{platform}.md" not in text] == []


# --- the preset -----------------------------------------------------------------------------------------------------

ROWS = list(preset.rows(Company()))
HANDBOOK = (DOCS / "handbook.md").read_text()


def test_every_channel_of_the_preset_is_on_the_handbooks_page() -> None:
    written = {row[2].strip("`"): row for heading in CHANNEL_TABLES for row in tables(HANDBOOK, under=heading)}
    channels = {row.values["slug"]: row.values for row in ROWS if row.kind == "channel"}
    assert set(written) == set(channels)
    for slug, row in written.items():
        values = channels[slug]
        slack = " ".join(values["slack_channels"])
        destinations = [*(["queue"] if values["to_queue"] else []), *([f"Slack `{slack}`"] if slack else [])]
        assert row[3] == " + ".join(destinations), slug
        assert row[4] == ("yes" if values["is_active"] else "no"), slug


CHANNEL_TABLES = ("The table of the handbook", "The support page", "In addition")


def test_the_handbooks_table_has_thirty_rows_of_which_twenty_three_are_active() -> None:
    rows = list(tables(HANDBOOK, under=CHANNEL_TABLES[0]))
    assert (len(rows), [row[4] for row in rows].count("yes")) == (30, 23)


def test_connections_that_start_at_once_need_no_credentials() -> None:
    sentence = re.search(r"start at once: (.+?)\.", HANDBOOK, re.DOTALL)
    assert sentence
    ready = {row.values["name"] for row in ROWS if row.kind == "connection" and row.values["is_active"]}
    assert set(re.findall(r"\*(.+?)\*", sentence[1])) == ready


def test_macros_tags_and_views_of_the_preset_are_named_in_its_page() -> None:
    of_interest = [row.values["name"] for row in ROWS if row.kind in ("macro", "tag", "role")]
    assert [name for name in of_interest if name not in HANDBOOK] == []
    counts = {kind: sum(row.kind == kind for row in ROWS) for kind in {row.kind for row in ROWS}}
    documented = {row[0]: int(row[1]) for row in tables(HANDBOOK, under="What is loaded")}
    assert documented == {f"{kind}s": count for kind, count in counts.items()}
    for page in (ROOT / "README.md", DOCS / "running.md"):
        assert set(re.findall(r"(\d+) channels", page.read_text())) == {str(counts["channel"])}, named(page)


# --- commands and schedules -----------------------------------------------------------------------------------------


def options_of(command: BaseCommand) -> set[str]:
    """Its own options, without those of every command."""
    of_all, own = BaseCommand().create_parser("", ""), command.create_parser("", "")
    return {name for name in set(own._option_string_actions) - set(of_all._option_string_actions) if name[:2] == "--"}


@pytest.mark.parametrize(("command", "page"), [(load_handbook, "handbook.md"), (demo, "running.md")])
def test_options_of_a_command_are_documented(command: Any, page: str) -> None:
    rows = tables((DOCS / page).read_text())
    documented = {match[1] for row in rows if (match := re.match(r"`(--[a-z-]+)", row[0]))}
    assert documented == options_of(command.Command())


def test_schedules_that_the_docs_promise_are_those_of_the_beat() -> None:
    assert SCHEDULE["alarms"]["schedule"] == 300  # architecture: every five minutes
    assert "every five minutes" in ARCHITECTURE.read_text()


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_no_document_names_a_place_of_the_machine_it_was_written_on(page: Path) -> None:
    assert re.findall(r"(?<![\w.])/(?:work|home|root|tmp)/\w+", page.read_text()) == []


EDITED_ELSEWHERE = ("README.md", "CHANGELOG.md")
READ_BY_PEOPLE = [
    path
    for folder in (*TOP, "")
    for kind in ("*.md", "*.html", "*.py", "*.txt", "*.js", "*.toml")
    for path in ((ROOT / folder).rglob(kind) if folder else ROOT.glob(kind))
    if path.name not in (*EDITED_ELSEWHERE, Path(__file__).name)
]


def test_email_has_one_spelling() -> None:
    """On pages, in messages, documents, docstrings and the preset."""
    assert len(READ_BY_PEOPLE) > 1000
    other = re.compile("e-" + "mail", re.IGNORECASE)
    wrong = [path for path in READ_BY_PEOPLE if other.search(path.read_text(errors="replace"))]
    assert [str(path.relative_to(ROOT)) for path in wrong] == []
