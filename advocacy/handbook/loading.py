"""Loads the preset: adds missing rows, updates values nobody has changed, and leaves the rest alone.

Each row is recorded as loaded (`mentions.PresetRecord`), value by value: a value that differs was changed by a person
and is kept; a deleted row stays deleted. So loading twice changes nothing, and a newer preset updates everything still
unchanged from the older one.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from django.db import IntegrityError, transaction

from advocacy.handbook import preset
from advocacy.handbook.company import Company
from advocacy.handbook.managed import KINDS, Kind, NoConnection, Values
from audit import log
from audit.kinds import EntryKind
from mentions.models import PresetRecord

NAMES = "company"
Path = tuple[str, ...]
"""A column, or a column and a key in it."""


class LoadAction(StrEnum):
    """What happens to a row."""

    ADD = "add"
    UPDATE = "update"
    SAME = "same"
    KEEP = "keep"  # changed by a person, or older than the preset
    GONE = "gone"  # deleted by a person
    CLASH = "clash"  # something else has its name or address, or is the default of its connection


@dataclass(frozen=True, slots=True)
class Change:
    """`updated` and `kept`: names of the values the preset updates, or leaves as changed by a person."""

    deed: LoadAction
    kind: str
    key: str
    name: str
    updated: tuple[str, ...] = ()
    kept: tuple[str, ...] = ()


class _Undone(Exception):
    """Rolls back a dry run."""


def load(company: Company, *, now: datetime, dry_run: bool = False) -> list[Change]:
    """Load everything or nothing; a dry run does the same and rolls back. `now` is aware UTC."""
    changes: list[Change] = []
    try:
        with transaction.atomic():
            changes = [_load(row, now) for row in preset.rows(company)]
            _remember(company, now)
            _record(changes, now)
            if dry_run:
                raise _Undone
    except _Undone:
        pass
    return changes


def remembered() -> Company:
    """The names loaded last: a reload without names must not use another company's."""
    record = PresetRecord.objects.filter(kind=NAMES, key=NAMES).first()
    return Company(**record.values) if record is not None else Company()


def _remember(company: Company, now: datetime) -> None:
    values = {"values": asdict(company), "loaded_at": now}
    PresetRecord.objects.update_or_create(kind=NAMES, key=NAMES, defaults=values)


def _record(changes: list[Change], now: datetime) -> None:
    made = {
        deed.value: [f"{c.kind} {c.name}" for c in changes if c.deed is deed]
        for deed in (LoadAction.ADD, LoadAction.UPDATE)
    }
    if any(made.values()):
        log.record(EntryKind.HANDBOOK_LOADED, now=now, actor_name="manage.py load_handbook", details=made)


def _load(row: preset.Row, now: datetime) -> Change:
    kind = KINDS[row.kind]
    record = PresetRecord.objects.filter(kind=row.kind, key=row.key).first()
    found = kind.by_id(record.object_id) if record else None
    if record is not None and found is None:
        return Change(LoadAction.GONE, row.kind, row.key, _name(row))
    wanted = flat(row.values, kind.nested)
    if record is None or found is None:
        found = kind.by_nature(row.values)
        if found is None:
            return _add(kind, row, now)
        # The row is older than the preset: equal values are taken over, different ones count as changed by a person.
        present = _present(kind, found, wanted)
        known = {path: value for path, value in wanted.items() if present.get(path, _MISSING) == value}
        record = PresetRecord(kind=row.kind, key=row.key, object_id=found.pk, values=_stored(known))
    return _update(kind, row, found, record, wanted, now)


def _add(kind: Kind, row: preset.Row, now: datetime) -> Change:
    try:
        with transaction.atomic():
            made = _create(kind, kind.prepare(dict(row.values)))
    except NoConnection:
        return Change(LoadAction.GONE, row.kind, row.key, _name(row))
    except IntegrityError:
        return Change(LoadAction.CLASH, row.kind, row.key, _name(row))
    values = _stored(flat(row.values, kind.nested))
    PresetRecord.objects.create(kind=row.kind, key=row.key, object_id=made.pk, values=values, loaded_at=now)
    return Change(LoadAction.ADD, row.kind, row.key, _name(row))


def _create(kind: Kind, columns: Values) -> Any:
    plain = {name: value for name, value in columns.items() if name not in kind.many}
    made = kind.model._default_manager.create(**plain)
    for name in kind.many & columns.keys():
        getattr(made, name).set(columns[name])
    return made


def _update(
    kind: Kind, row: preset.Row, found: Any, record: PresetRecord, wanted: dict[Path, Any], now: datetime
) -> Change:
    """Value by value: updated only if the current value is the one that was loaded."""
    loaded = {tuple(name.split("/", 1)): value for name, value in record.values.items()}
    present = _present(kind, found, wanted)
    updated: dict[Path, Any] = {}
    kept: list[str] = []
    for path, value in wanted.items():
        current = present.get(path, _MISSING)
        if current == value:
            continue
        if (path in loaded and loaded[path] == current) or (path not in loaded and current is _MISSING):
            updated[path] = value
        else:
            kept.append(".".join(path))
    if updated:
        _write(kind, found, updated)
    known = {path: loaded[path] for path in loaded if path in wanted}
    known |= {path: value for path, value in wanted.items() if path in updated or present.get(path) == value}
    if record.pk is None or _stored(known) != record.values:
        record.values, record.loaded_at = _stored(known), now
        record.save()
    deed = LoadAction.UPDATE if updated else LoadAction.KEEP if kept else LoadAction.SAME
    return Change(deed, row.kind, row.key, _name(row), tuple(".".join(path) for path in updated), tuple(kept))


def _write(kind: Kind, found: Any, updated: dict[Path, Any]) -> None:
    columns: Values = {}
    for path, value in updated.items():
        if len(path) == 1:
            columns[path[0]] = value
        else:
            columns.setdefault(path[0], dict(getattr(found, path[0])))[path[1]] = value
    for name, value in kind.prepare(columns).items():
        if name in kind.many:
            getattr(found, name).set(value)
        else:
            setattr(found, name, value)
    found.save(update_fields=[name for name in columns if name not in kind.many])


_MISSING = object()


def _present(kind: Kind, found: Any, wanted: Iterable[Path]) -> dict[Path, Any]:
    """The row's current values for the wanted paths."""
    present: dict[Path, Any] = {}
    for path in wanted:
        value = kind.read(found, path[0])
        if len(path) == 1:
            present[path] = value
        elif path[1] in value:
            present[path] = value[path[1]]
    return present


def flat(values: Values, nested: frozenset[str]) -> dict[Path, Any]:
    """Values by path: nested columns key by key."""
    paths: dict[Path, Any] = {}
    for name, value in values.items():
        if name in nested:
            paths |= {(name, key): entry for key, entry in value.items()}
        else:
            paths[name,] = value
    return paths


def _stored(values: dict[Path, Any]) -> dict[str, Any]:
    return {"/".join(path): value for path, value in values.items()}


def _name(row: preset.Row) -> str:
    return str(row.values.get("name") or row.values.get("slug") or row.key)
