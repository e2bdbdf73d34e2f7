"""Migrations in a fraction of the time: tests walk over all of them a dozen times, forwards and back.

Django rebuilds a model whenever an operation changes it or a related one, which here is nearly every model, and clones
each field by deconstructing it. Here intermediate states have no models until one is requested, and fields are copied,
as they are for inheriting models. A change of a model rebuilds it alone: that is enough to write the table's
statements, and before Python code of a migration runs, Django makes all of them anew (`clear_delayed_apps_cache`).
Adding or removing an index or a constraint rebuilds none. Processes started by tests migrate as Django does, and
`test_demo_command.py` compares the tables.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest
from django.db.migrations.migration import Migration
from django.db.migrations.state import ProjectState
from django.db.models import Field

OF_INDEXES = ("_append_option", "_remove_option", "_alter_option")
"""Django's own methods for both, indexes and constraints."""


def install(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Field, "clone", copying(Field.clone))
    patch.setattr(Migration, "mutate_state", _without_models(Migration.mutate_state))
    patch.setattr(ProjectState, "_find_reload_model", _itself)
    for name in OF_INDEXES:
        patch.setattr(ProjectState, name, in_place(getattr(ProjectState, name)))


def copying(whole: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """The replacement of `Field.clone`, which is `whole`."""

    def clone(field: Any) -> Any:
        if hasattr(field, "model"):  # it is bound to a model by now, and its copy would be, too
            return whole(field)
        made = copy.deepcopy(field)
        made.creation_counter = Field.creation_counter  # a model's fields are ordered by creation
        Field.creation_counter += 1
        return made

    return clone


def _without_models(whole: Callable[..., Any]) -> Callable[..., Any]:
    def mutate_state(migration: Migration, state: Any, preserve: bool = True) -> Any:
        changed = state.clone() if preserve else state
        changed.__dict__.pop("apps", None)  # a cached property: recreated at the next access
        return whole(migration, changed, preserve=False)

    return mutate_state


def _itself(state: Any, app_label: str, model_name: str, delay: bool = False) -> set[tuple[str, str]]:
    """What stands in for `ProjectState._find_reload_model`: which models to make anew."""
    state.is_delayed = True
    return {(app_label, model_name)}


def in_place(whole: Callable[..., None]) -> Callable[..., None]:
    """What stands in for a method of OF_INDEXES, which is `whole`."""

    def change(state: Any, app_label: str, model_name: str, option: str, *how: Any) -> None:
        made = state.__dict__.pop("apps", None)  # without models, none of them is made anew
        whole(state, app_label, model_name, option, *how)
        if made is not None:
            state.apps = made
            about = made.get_model(app_label, model_name)._meta
            listed = state.models[app_label, model_name].options[option]
            about.original_attrs[option] = listed
            setattr(about, option, about._format_names(listed))
            about.__dict__.pop("total_unique_constraints", None)

    return change
