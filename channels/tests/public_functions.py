"""Every public function and method of a package that takes text, found by walking its modules."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, is_dataclass
from functools import cache, cached_property
from types import ModuleType
from typing import Any

from channels.adapters.email.mime.headers import Headers
from channels.adapters.email.mime.mime import Part
from channels.contract import Adapter, Config
from channels.registry.finding_adapters import all_adapters
from channels.tests.argument_makers import CannotMake, Maker
from channels.web_pages.page_markup import Markup

NOT_WALKED = ("tests", "migrations", "management")
READ_CLASSES = (Headers, Part, Markup)


@dataclass(frozen=True)
class Taker:
    """A function that takes text, or a method of an object that contains some."""

    name: str
    function: Callable[..., object]
    owner: type | None = None

    def call(self, maker: Maker) -> Callable[[], object]:
        """A call with its arguments; a returned iterator is read to its end."""
        arguments = maker.arguments(self.function)
        if self.owner is not None:
            arguments = {"self": maker.value(self.owner, 0), **arguments}
        return lambda: _drained(self.function(**arguments))

    def takes_text(self) -> bool:
        """Whether any parameter can hold text, and all the others can be made."""
        return self._made == "text"

    def why_not_called(self) -> str | None:
        """Why a function with a parameter that may be text cannot be called; None if it can, or takes no text."""
        return None if self._made in ("text", "nothing") or not self._asks_for_text() else self._made

    def _asks_for_text(self) -> bool:
        hints = [str(hint) for name, hint in inspect.get_annotations(self.function).items() if name != "return"]
        return any("str" in hint or "bytes" in hint for hint in hints)

    @cached_property
    def _made(self) -> str:
        maker = maker_for(self.function, "text")
        try:
            self.call(maker)
        except CannotMake as error:
            return str(error)
        return "text" if maker.used else "nothing"

    @cached_property
    def shapes(self) -> list[tuple[bool, str]]:
        """(many, json): long lists as well as long texts, and objects as well as texts, where that makes a
        difference."""
        text = str(list(inspect.signature(self.function).parameters.values())) + (
            self.owner.__name__ if self.owner else ""
        )
        lists = any(word in text for word in ("Iterable", "Sequence", "list[", "tuple[", "frozenset[", "Mention"))
        shapes = [(False, "text")]
        if "Json" in text or "Any" in text or "Item" in text:
            shapes.append((False, "object"))
        return [*shapes, (True, "text")] if lists else shapes


def modules_of(package: str) -> Iterator[str]:
    """Dotted names, without those of tests and migrations."""
    walked = pkgutil.walk_packages(importlib.import_module(package).__path__, f"{package}.")
    return (found.name for found in walked if not set(found.name.split(".")) & set(NOT_WALKED))


def takers_in(module: ModuleType) -> Iterator[Taker]:
    for name, value in vars(module).items():
        if name.startswith("_"):
            continue
        function = inspect.unwrap(value) if callable(value) and not inspect.isclass(value) else None
        if inspect.isfunction(function) and function.__module__ == module.__name__:
            yield Taker(f"{module.__name__}.{name}", function)
        elif inspect.isclass(value) and value.__module__ == module.__name__ and _is_of_values(value):
            yield from _methods(module, value)


def _is_of_values(kind: type) -> bool:
    return is_dataclass(kind) or hasattr(kind, "_fields") or kind in READ_CLASSES


def _methods(module: ModuleType, kind: type) -> Iterator[Taker]:
    for name, value in vars(kind).items():
        function = getattr(value, "fget", None) or getattr(value, "func", None) or value
        if inspect.isfunction(function) and not name.startswith("_"):
            yield Taker(f"{module.__name__}.{kind.__name__}.{name}", inspect.unwrap(function), kind)


def maker_for(function: Callable[..., object], text: str, *, many: bool = False, json: str = "text") -> Maker:
    adapter = _adapter_of(function.__module__)
    return Maker(text, many=many, json=json, adapter=adapter, config=config_of(adapter))


def _adapter_of(module: str) -> Adapter:
    parts = module.split(".")
    return all_adapters().get(parts[2] if parts[1] == "adapters" else "", all_adapters()["email"])


@cache
def config_of(adapter: Adapter) -> Config:
    """The connection for parsing the adapter's own payloads."""
    from channels.tests.adapters.test_adapter_fuzz import (
        configs,  # it is a test module: imported only by tests that run
    )

    return configs(adapter.platform)[0]


def _drained(value: Any) -> None:
    if isinstance(value, Iterator):
        for _, _each in zip(range(200), value, strict=False):
            pass


__all__ = ["CannotMake", "Taker", "maker_for", "modules_of", "takers_in"]
