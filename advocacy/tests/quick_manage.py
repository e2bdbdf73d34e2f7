"""`manage.py`, as quick as tests are with migrations and passwords: `python -m advocacy.tests.quick_manage migrate`.

A password is hashed in one round. Its first login hashes it anew, as after a release that has raised their number.
"""

import os
import sys

import pytest
from django.contrib.auth.hashers import PBKDF2PasswordHasher
from django.core.management import execute_from_command_line

from advocacy.tests import quick_migrations

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "advocacy.settings")
    with pytest.MonkeyPatch.context() as patch:
        quick_migrations.install(patch)
        patch.setattr(PBKDF2PasswordHasher, "iterations", 1)
        execute_from_command_line(sys.argv)
