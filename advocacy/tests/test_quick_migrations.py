"""The tests' quick migrations see the same models as Django's own."""

import pytest
from django.db.migrations.autodetector import MigrationAutodetector
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.migration import Migration
from django.db.migrations.state import ModelState, ProjectState
from django.db.models import Field

from advocacy.tests import quick_migrations

DJANGOS_CLONE, DJANGOS_STEP = Field.clone, Migration.mutate_state
"""As this module is read, before a test runs."""


def told(models):
    """model → its definition, for comparison: fields with all their arguments, in order."""
    apart = MigrationAutodetector(ProjectState(), ProjectState()).deep_deconstruct
    return {
        key: ([(name, apart(field)) for name, field in model.fields.items()], model.options, model.bases)
        for key, model in models.items()
    }


def models_made(clone):
    """(definitions, names of all attributes) of the models, as the newest migrations see them."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Field, "clone", clone)
        made = MigrationLoader(None).project_state().apps.get_models()
    names = {model._meta.label: [field.name for field in model._meta.get_fields()] for model in made}
    return told({model._meta.label: ModelState.from_model(model) for model in made}), names


def test_copied_fields_make_the_same_models():
    made = models_made(DJANGOS_CLONE)
    assert len(made[0]) > 50
    assert models_made(quick_migrations.copying(DJANGOS_CLONE)) == made


def test_a_migration_leads_to_the_same_state():
    loader = MigrationLoader(None)
    for app, name in loader.graph.leaf_nodes():
        before = loader.project_state((app, name), at_end=False)
        models = before.apps.get_models()
        after = loader.disk_migrations[app, name].mutate_state(before)
        assert told(after.models) == told(DJANGOS_STEP(loader.disk_migrations[app, name], before).models)
        assert before.apps.get_models() == models, "the state before stays as it is"
        assert "apps" not in after.__dict__
