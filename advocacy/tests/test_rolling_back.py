"""Each migration one step back and forth, with a row in every table: nothing changes except what is listed."""

import datetime
import json
import re
import uuid
from decimal import Decimal

import pytest
from django.apps import apps
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.search import SearchVectorField
from django.core.management import call_command
from django.db import IntegrityError, connection, models, transaction
from django.db.migrations.loader import MigrationLoader
from django.utils import timezone

from channels.db import rollback

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(1200)]

OURS = [config.label for config in apps.get_app_configs() if rollback.is_ours(config.label)]
LOSSY = {
    "channels_outbounditem.state": "the release before knows no held items: they are uncertain there, and stay so",
    "channels_outbounditem.not_before": "and are looked for at once when the newer release is back",
    "metrics_changedhour is new": "whoever changes a ticket leaves a note, and so does what restores its columns",
    "metrics_changedticket is new": "the same of what was said of it",
}
"""What going back and forth does change, and why that is right (see docs/running.md)."""
WALKED = ("channels.0009", "channels.0002", "mentions.0002")
"""The steps that drop the most, and take steps of every other app with them; each costs some seconds."""
SPECIAL = {
    ("mentions", "ticket"): {"status": "open"},
    ("mentions", "coveredspan"): {"ends_at": datetime.datetime(2100, 1, 1, tzinfo=datetime.UTC)},
    ("mentions", "roleterm"): {"ends_at": datetime.datetime(2100, 1, 1, tzinfo=datetime.UTC)},
    ("team", "calendarentry"): {"absence": None},
    ("experts", "expert"): {"work_starts": 9, "work_ends": 17},
}


def all_models():
    return [m for m in apps.get_models(include_auto_created=True) if m._meta.app_label in OURS and m._meta.managed]


def value_of(field, number, made):
    """A valid value for this field, other than its default if possible."""
    if isinstance(field, models.ForeignKey):
        return made.get(field.related_model)
    if field.choices:
        values = [value for value, _label in field.flatchoices]
        return values[0]
    match field:
        case models.UUIDField():
            return uuid.UUID(int=number + 1)
        case models.BooleanField():
            return bool(field.default) if field.has_default() else False
        case models.DateTimeField():
            return timezone.now().replace(microsecond=number) + datetime.timedelta(minutes=place_of(field))
        case models.DateField():
            return datetime.date(2026, 1, 5) + datetime.timedelta(days=place_of(field))
        case models.IntegerField():
            return 1
        case models.DecimalField() | models.FloatField():
            return Decimal(1)
        case models.JSONField():
            return field.get_default() if field.has_default() else {"kept": number}
        case ArrayField():
            return []
        case models.BinaryField():
            return b"0123456789abcdef"
        case models.DurationField():
            return datetime.timedelta(seconds=number)
        case models.GenericIPAddressField():
            return "127.0.0.1"
        case SearchVectorField():
            return None
        case models.CharField() | models.TextField():
            return f"v{number}"[: getattr(field, "max_length", None) or 50]
    return None


def place_of(field):
    """Ends come after starts."""
    return field.model._meta.concrete_fields.index(field)


def make_one(model, number, made, sparse):
    """`sparse`: only required values, where a constraint forbids the rest."""
    values = {}
    for field in model._meta.concrete_fields:
        if isinstance(field, models.AutoField) or getattr(field, "generated", False) or field.name in skipped(field):
            continue
        if not (sparse and field.null):
            values[field.name] = value_of(field, number, made)
    values |= SPECIAL.get((model._meta.app_label, model._meta.model_name), {})
    with transaction.atomic():
        return model._base_manager.create(**{name: value for name, value in values.items() if value is not None})


def skipped(field):
    """Columns to leave out: a ticket isn't merged into itself, and a claim is complete or absent."""
    return (
        {field.name}
        if field.null and isinstance(field, models.ForeignKey) and field.related_model is field.model
        else ()
    )


def fill():
    """A row in every table; model → row. Referenced rows come first."""
    made, waiting, number = {}, all_models(), 0
    user = apps.get_model("auth", "User")
    made[user] = user.objects.create(username="somebody")
    group = apps.get_model("auth", "Group")
    made[group] = group.objects.create(name="somebodies")
    while waiting:
        later, errors = [], {}
        for model in waiting:
            number += 1
            needed = {
                f.related_model for f in model._meta.concrete_fields
                if isinstance(f, models.ForeignKey) and not f.null and f.related_model is not model
            }  # fmt: skip
            if needed - set(made):
                later.append(model)
                continue
            for sparse in (False, True):
                try:
                    made[model] = make_one(model, number, made, sparse)
                    errors.pop(model, None)
                    break
                except (IntegrityError, ValueError) as error:
                    errors[model] = error
        assert not errors, errors
        assert len(later) < len(waiting), f"in a circle: {later}"
        waiting = later
    return made


def everything():
    """table → rows of all our tables, as PostgreSQL writes them."""
    found = {}
    with connection.cursor() as cursor:
        for model in all_models():
            table = model._meta.db_table
            names = sorted(field.column for field in model._meta.concrete_fields)
            listed = ", ".join(f'"{name}"' for name in names)
            cursor.execute(f'SELECT row_to_json(t)::text FROM (SELECT {listed} FROM "{table}" ORDER BY 1) t')
            found[table] = [row[0] for row in cursor.fetchall()]
    return found


def differences(table, before, after):
    """As readable text for a failure."""
    rows, now = ({json.loads(row).get("id", row): json.loads(row) for row in each} for each in (before, after))
    for key in rows.keys() | now.keys():
        if key not in now or key not in rows:
            yield f"{table} {key} is {'lost' if key in rows else 'new'}"
        else:
            yield from (
                f"{table}.{column}: {rows[key][column]!r} → {now[key][column]!r}"
                for column in rows[key]
                if rows[key][column] != now[key][column]
            )


def steps():
    """(app, migration, the one before it), the newest first. Initial ones of an app are one step, to nothing."""
    loader, initial = MigrationLoader(connection), set()
    for app, name in sorted(loader.disk_migrations, reverse=True):
        if app not in OURS or app in initial:
            continue
        parents = [parent for parent in loader.graph.node_map[app, name].parents if parent.key[0] == app]
        if loader.disk_migrations[app, name].initial or not parents:
            initial.add(app)
        yield app, name, "zero" if app in initial else parents[0].key[1]


@pytest.mark.crash
def test_a_step_back_and_forth_changes_nothing():
    fill()
    before = everything()
    assert [table for table, rows in before.items() if not rows] == []
    changed = set()
    for app, name, previous in steps():
        if f"{app}.{name[:4]}" in WALKED:
            call_command("migrate", app, previous, verbosity=0)
            call_command("migrate", verbosity=0)
            after = everything()
            changed |= {line for table in before for line in differences(table, before[table], after[table])}
            before = after
    assert {re.sub(r" \d+ is new$", " is new", line.partition(":")[0]) for line in changed} == set(LOSSY), changed
    assert [name for name in connection.introspection.table_names() if name.startswith("kept_")] == []
