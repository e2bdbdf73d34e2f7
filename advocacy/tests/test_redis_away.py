"""Every page, and a login with a password, while Redis is down: the code of a web process on a real PostgreSQL."""

import json

import pytest

from advocacy.tests.bare_desk import BareDesk
from advocacy.tests.test_pooler import visit

pytestmark = pytest.mark.timeout(900)


@pytest.fixture(scope="module")
def answers(tmp_path_factory):
    with BareDesk(tmp_path_factory.mktemp("desk")) as desk:
        visit(desk, "fill")
        desk.redis.stop()
        yield json.loads(visit(desk).rpartition("ANSWERS ")[2])


def test_no_page_ends_in_an_error(answers):
    assert {address: status for address, status in answers.items() if status >= 500} == {}


def test_login_queue_and_landing_page_work(answers):
    assert answers["login"] == 302
    assert (answers["/"], answers["/queue/"]) in [(200, 200), (302, 200)]


def test_enough_was_looked_at(answers):
    assert len(answers) > 60
    assert sum(status == 200 for status in answers.values()) > 40
