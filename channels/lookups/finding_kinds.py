"""Finds the kinds of lookups: every module in `channels.lookup_kinds`."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Mapping
from functools import cache
from types import MappingProxyType

from channels import lookup_kinds
from channels.contract import LookupKind


class UnknownKind(LookupError):
    """No kind of lookup has this name."""


@cache
def all_kinds() -> Mapping[str, LookupKind]:
    """Name → kind, in name order."""
    modules = sorted(module.name for module in pkgutil.iter_modules(lookup_kinds.__path__))
    classes = [
        cls
        for name in modules
        for cls in vars(importlib.import_module(f"{lookup_kinds.__name__}.{name}")).values()
        if inspect.isclass(cls) and issubclass(cls, LookupKind) and not inspect.isabstract(cls)
    ]
    return MappingProxyType({cls.name: cls() for cls in sorted(classes, key=lambda cls: cls.name)})


def kind_for(name: str) -> LookupKind:
    """Raises UnknownKind."""
    try:
        return all_kinds()[name]
    except KeyError:
        raise UnknownKind(f"No kind of lookup is called {name!r}; there are: {', '.join(all_kinds())}.") from None
