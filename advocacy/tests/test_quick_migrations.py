"""The tests' quick migrations see the same models as Django's own."""

import pytest
from django.db.migrations.autodetector import MigrationAutodetector
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.migration import Migration
from django.db.migrations.state import ModelState, ProjectState, StateApps
from django.db.models import Field

from advocacy.tests import quick_migrations

DJANGOS_CLONE, DJANGOS_STEP = Field.clone, Migration.mutate_state
"""As this module is read, before a test runs."""


def definitions(models):
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
    return definitions({model._meta.label: ModelState.from_model(model) for model in made}), names


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
        assert definitions(after.models) == definitions(DJANGOS_STEP(loader.disk_migrations[app, name], before).models)
        assert before.apps.get_models() == models, "the state before stays as it is"
        assert "apps" not in after.__dict__


def everything_of(models):
    """What each is made of, and all that it has."""
    state = definitions({model._meta.label: ModelState.from_model(model) for model in models})
    unique = {model._meta.label: model._meta.total_unique_constraints for model in models}
    names = {model._meta.label: sorted(field.name for field in model._meta.get_fields()) for model in models}
    return state, {model._meta.label: (model._meta.indexes, model._meta.constraints) for model in models}, unique, names


def made_anew(state):
    return everything_of(StateApps(state.real_apps, state.models).get_models())


def test_models_whose_indexes_change_are_like_those_that_are_made_anew():
    """Without any of theirs, and with all of them again."""
    state = MigrationLoader(None).project_state()
    models = state.apps.get_models()
    has = [
        (*key, kind, model.options[kind]) for key, model in state.models.items() for kind in ("indexes", "constraints")
    ]
    assert sum(len(each) for *_key, each in has) > 100
    with pytest.MonkeyPatch.context() as patch:
        quick_migrations.install(patch)
        for app, name, kind, listed in has:
            for one in listed:
                state._remove_option(app, name, kind, one.name)
        assert everything_of(state.apps.get_models()) == made_anew(state)
        for app, name, kind, listed in has:
            for one in listed:
                state._append_option(app, name, kind, one)
        assert everything_of(state.apps.get_models()) == made_anew(state)
        for app, name, kind, listed in has:
            for one in listed:
                state._alter_option(app, name, kind, one.name, one)
    assert everything_of(state.apps.get_models()) == made_anew(state)
    assert state.apps.get_models() == models, "none was made anew"
