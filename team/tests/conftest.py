import pytest

from mentions.tests.conftest import sam  # noqa: F401  (an advocate, logged in)


@pytest.fixture(autouse=True)
def _database(db):
    """Nearly every test here needs it, with the roles that `migrate` has made."""
