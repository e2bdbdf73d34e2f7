"""WhiteNoise scans its files once per configuration: no test adds a static file while it runs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.conf import settings

SET_UP = ("static_prefix", "max_age", "allow_all_origins", "charset", "add_headers_function", "index_file")
PLACES = ("STATICFILES_DIRS", "STATICFILES_FINDERS", "INSTALLED_APPS", "STATIC_URL")


class StaticFilesOnce:
    """Replaces `WhiteNoiseMiddleware.add_files_from_finders`, which is `whole`."""

    def __init__(self, whole: Callable[[Any], None]) -> None:
        self.whole = whole
        self.known: dict[str, dict[str, Any]] = {}

    def __call__(self, middleware: Any) -> None:
        if middleware.files:  # other files than the finders'
            self.whole(middleware)
            return
        names = [getattr(middleware, name) for name in SET_UP] + [getattr(settings, name) for name in PLACES]
        key = repr(names)
        if key not in self.known:
            self.whole(middleware)
            self.known[key] = dict(middleware.files)
        middleware.files.update(self.known[key])
