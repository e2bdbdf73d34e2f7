"""Collects the verbs of an adapter's package from its files: `parse` from `parsing.py`, `send` from `posting.py`, and
so on.

The file names are the same in every package, and a file exists only if it has content. `Adapter` takes the functions
from there, so that no class has methods that only pass their arguments on. A verb defined in the class itself wins.
"""

from __future__ import annotations

import importlib
import inspect
import sys
from collections.abc import Callable, Iterator
from importlib.util import find_spec

FILES = {
    "wire": ("documents", "split"),
    "parsing": ("namespace", "parse", "fingerprint", "fingerprint_of"),
    "fetching": ("fetch", "check", "token_expires_at"),
    "threads": ("fetch_thread", "lookup"),
    "posting": ("send", "find_own", "delete", "like", "current_account", "reply_length"),
    "hooks": ("receive",),
    "issues": ("issue_projects", "issue_reference", "open_issue", "find_issue", "read_issue", "assign_issue"),
}
"""File of the package → the verbs that it may hold, with the parameters of the `Adapter` method of the same name."""
FILE_OF = {verb: file for file, verbs in FILES.items() for verb in verbs}


class IncompleteAdapter(TypeError):
    """An adapter lacks a verb, or has one with other parameters. Raised at startup; says what to add where."""


def take_verbs(cls: type) -> set[str]:
    """Set the functions in a package's files as methods of its adapter class; returns their names. A class in a single
    module keeps its own methods. Raises IncompleteAdapter for a function whose parameters aren't the verb's."""
    package, taken = sys.modules[cls.__module__], set()
    for verb, function in _functions(package.__name__) if hasattr(package, "__path__") else ():
        if verb not in vars(cls):
            _require_parameters(cls, verb, function)
            setattr(cls, verb, staticmethod(function))
            taken.add(verb)
    return taken


def _functions(package: str) -> Iterator[tuple[str, Callable[..., object]]]:
    for file, verbs in FILES.items():
        if find_spec(f"{package}.{file}") is None:
            continue
        module = importlib.import_module(f"{package}.{file}")
        for verb in verbs:
            function = vars(module).get(verb)
            if inspect.isfunction(function) and function.__module__ == module.__name__:
                yield verb, function


def _require_parameters(cls: type, verb: str, function: Callable[..., object]) -> None:
    expected = list(inspect.signature(getattr(cls, verb)).parameters)[1:]
    parameters = inspect.signature(function).parameters.values()
    actual = [parameter.name for parameter in parameters if parameter.default is parameter.empty]
    if actual != expected:
        raise IncompleteAdapter(
            f"{function.__module__}.{verb} takes ({', '.join(actual)}), but every adapter's {verb} takes "
            f"({', '.join(expected)}): see channels/contract/adapter.py."
        )
