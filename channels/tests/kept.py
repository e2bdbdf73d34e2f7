"""Rows shared by all tests of a module: created once, in a transaction around the tests' own, and rolled back at the
end. A test sees them as created, whatever earlier tests did with them. It fetches its own objects by their keys: the
shared objects would keep attributes set by other tests.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import transaction


@contextmanager
def kept(blocker: Any) -> Iterator[None]:
    """For a fixture with `scope="module"`; `blocker` is `django_db_blocker`, and `django_db_setup` must have run."""
    with blocker.unblock():
        around = transaction.atomic()
        around._from_testcase = True  # type: ignore[attr-defined] # what has to be outermost may be inside of it
        with around:
            yield
            transaction.set_rollback(True)
