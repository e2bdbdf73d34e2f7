#!/usr/bin/env python
"""Django's command line for the desk."""

import os
import re
import sys


def without_clash(argv: list[str]) -> list[str]:
    """In `inspect_payload`, `--settings JSON` means a connection's settings; Django would take it for its settings
    module before the command sees it."""
    if argv[1:2] != ["inspect_payload"]:
        return argv
    return [re.sub(r"\A--settings(?==|\Z)", "--connection-settings", word) for word in argv]


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "advocacy.settings")
    from django.core.management import execute_from_command_line
    from django.db import NotSupportedError

    try:
        execute_from_command_line(without_clash(sys.argv))
    except NotSupportedError as error:  # PostgreSQL is too old: `channels.db.db_session` says what is needed
        sys.exit(f"{error}")


if __name__ == "__main__":
    main()
