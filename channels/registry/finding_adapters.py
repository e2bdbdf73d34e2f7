"""Finds the adapters: every module or package in `channels.adapters` that defines a concrete Adapter."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Mapping
from functools import cache
from types import MappingProxyType

from channels import adapters as adapters_package
from channels.contract import Adapter


class DuplicatePlatform(RuntimeError):
    """Two adapters claim the same platform name."""


class UnknownPlatform(LookupError):
    """No adapter exists for this platform."""


def scan(package: object = adapters_package) -> dict[str, Adapter]:
    """Import all adapters in a package: platform name → instance. Raises DuplicatePlatform, IncompleteAdapter."""
    found: dict[str, Adapter] = {}
    for info in sorted(pkgutil.iter_modules(package.__path__), key=lambda m: m.name):  # type: ignore[attr-defined]
        module = importlib.import_module(f"{package.__name__}.{info.name}")  # type: ignore[attr-defined]
        for cls in vars(module).values():
            if not _is_adapter_of(cls, module.__name__):
                continue
            cls.require_verbs()
            if cls.platform in found:
                raise DuplicatePlatform(f"{cls.__qualname__} in {module.__name__}: {cls.platform!r} is taken.")
            found[cls.platform] = cls()
    return found


def _is_adapter_of(cls: object, module_name: str) -> bool:
    return (
        inspect.isclass(cls)
        and issubclass(cls, Adapter)
        and (cls.__module__ == module_name or cls.__module__.startswith(module_name + "."))
    )


@cache
def all_adapters() -> Mapping[str, Adapter]:
    return MappingProxyType(scan())


def adapter_for(platform: str) -> Adapter:
    try:
        return all_adapters()[platform]
    except KeyError as error:
        platforms = ", ".join(all_adapters()) or "none"
        raise UnknownPlatform(f"No adapter for platform {platform!r}; there are: {platforms}.") from error


def adapter_called(name: str) -> Adapter:
    """The adapter with this platform name or alias, for command lines. Raises UnknownPlatform."""
    named = (adapter for adapter in all_adapters().values() if name in adapter.aliases)
    return next(named, None) or adapter_for(name)


def not_polled() -> list[str]:
    """Platforms that are never polled."""
    return [platform for platform, adapter in all_adapters().items() if not adapter.is_polled]
