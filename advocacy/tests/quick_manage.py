"""`manage.py`, migrating as quickly as tests do: `python -m advocacy.tests.quick_manage migrate experts zero`."""

import os
import sys

import pytest
from django.core.management import execute_from_command_line

from advocacy.tests import quick_migrations

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "advocacy.settings")
    with pytest.MonkeyPatch.context() as patch:
        quick_migrations.install(patch)
        execute_from_command_line(sys.argv)
