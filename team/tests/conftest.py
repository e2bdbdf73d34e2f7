import pytest

from mentions.people import roles
from mentions.tests.conftest import sam  # noqa: F401  (an advocate, logged in)


@pytest.fixture(autouse=True)
def _roles(db):
    """The groups with their rights, as after `migrate`."""
    roles.ensure()
