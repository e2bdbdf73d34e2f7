import pytest

from mentions.people import roles


@pytest.fixture(autouse=True)
def _roles(request):
    """The groups with their rights, as after `migrate`."""
    if request.node.get_closest_marker("django_db"):
        request.getfixturevalue("db")
        roles.ensure()
