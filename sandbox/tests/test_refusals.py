"""Every platform refuses as the real one does: without a token, with a wrong one, at an unknown path, above the quota,
and when a fault is injected. The first three tests cover a new platform automatically."""

import gzip

import pytest

from sandbox.assembly import assemble, found_platforms
from sandbox.tests.ways import WAYS, Client

NAMES = sorted(platform.name for platform in found_platforms())
WITHOUT_AN_API = {"email", "form"}
"""Mail is IMAP and SMTP, `test_email.py`; the website calls the desk."""
NOT_A_TOKEN = "sandbox-not-a-token"
FAULTS = ("429", "500", "expired")


@pytest.fixture(scope="module")
def universe(tmp_path_factory):
    made = assemble(tmp_path_factory.mktemp("unused"))
    yield made
    made.store.close()


@pytest.fixture(autouse=True)
def renewed(calm):
    calm.control("quotas/renew")
    yield
    calm.control("quotas/renew")


@pytest.fixture
def ask(calm, anybody):
    return lambda name: Client(calm, name, anybody)


def check_answer(answer, expected):
    """Checks the status, and that the JSON or text contains everything in `expected`."""
    status, wanted = expected
    assert answer.status_code == status, answer.text
    if isinstance(wanted, str):
        assert wanted in answer.text
    else:
        assert contains(answer.json(), wanted), answer.text


def contains(whole, part):
    if isinstance(part, dict):
        return isinstance(whole, dict) and all(name in whole and contains(whole[name], part[name]) for name in part)
    if isinstance(part, list):
        return isinstance(whole, list) and len(whole) >= len(part) and all(map(contains, whole, part))
    return whole == part


def test_only_what_is_in_the_json_is_contained():
    assert contains({"a": [{"b": 1, "c": 2}], "d": 0}, {"a": [{"b": 1}]})
    assert not contains({"a": [{"b": 2}]}, {"a": [{"b": 1}]})
    assert not contains({"a": []}, {"a": [{"b": 1}]})
    assert not contains({}, {"a": None})


def test_every_platform_with_an_api_says_where_it_is(universe):
    roots = universe.router().roots
    assert set(NAMES) - set(roots.values()) == WITHOUT_AN_API
    assert set(WAYS) <= set(roots.values())
    for name, way in WAYS.items():
        assert universe.router().owner(way.base) == name


@pytest.mark.parametrize("name", sorted(set(NAMES) - WITHOUT_AN_API))
def test_an_unknown_path_is_refused_in_the_words_of_its_platform(calm, anybody, universe, name):
    for root in (root for root, owner in universe.router().roots.items() if owner == name):
        answer = anybody.get(f"{calm.http_url}{root.rstrip('/')}/no/such/thing/any/where", timeout=20)
        assert (answer.status_code, answer.content) == same(universe, name, "404")


@pytest.mark.parametrize("kind", FAULTS)
@pytest.mark.parametrize("name", sorted(set(NAMES) - WITHOUT_AN_API))
def test_a_fault_hits_every_api_and_no_page(calm, anybody, universe, name, kind):
    route = next(r for r in routes(universe) if r.platform == name and r.method == "GET")
    path = route.path.replace("{", "").replace("}", "")
    calm.control("faults", platform=name, kind=kind, count=1)
    page = anybody.get(f"{calm.http_url}{universe.platforms[name].home}", timeout=20)
    assert page.status_code == 200
    answer = anybody.get(f"{calm.http_url}{path}", timeout=20)
    assert (answer.status_code, answer.content) == same(universe, name, kind)
    assert calm.state()["happened"][f"{name}:{kind}"] >= 1


def same(universe, name, kind):
    """Status and content of the platform's own refusal, unpacked."""
    refusal = universe.platforms[name].refusal(kind)
    is_packed = refusal.headers.get("Content-Encoding") == "gzip"
    return refusal.status, gzip.decompress(refusal.body) if is_packed else refusal.body


def routes(universe):
    return universe.router().routes()


@pytest.mark.parametrize("name", WAYS)
def test_the_right_credentials_are_answered(ask, name):
    assert ask(name)(WAYS[name].probe).status_code == 200


@pytest.mark.parametrize("name", WAYS)
def test_without_a_token(ask, name):
    answer = ask(name)(WAYS[name].probe, token="")
    check_answer(answer, WAYS[name].none or (200, ""))


@pytest.mark.parametrize("name", WAYS)
def test_with_a_wrong_token(ask, name):
    answer = ask(name)(WAYS[name].probe, token=NOT_A_TOKEN)
    check_answer(answer, WAYS[name].wrong or (200, ""))


@pytest.mark.parametrize("name", WAYS)
def test_at_an_unknown_path(ask, name):
    check_answer(ask(name)("no/such/thing/any/where"), WAYS[name].unknown)


@pytest.mark.parametrize("name", [name for name, way in WAYS.items() if way.size])
@pytest.mark.parametrize("value", ["ten", "1.5", "0x10"])
def test_a_page_length_that_is_no_number(ask, name, value):
    path, expected = WAYS[name].size
    assert ask(name)(f"{path}10").status_code == 200
    check_answer(ask(name)(f"{path}{value}"), expected)


@pytest.mark.parametrize("name", WAYS)
def test_over_the_quota_and_not_after_it_is_renewed(calm, ask, name):
    client, way = ask(name), WAYS[name]
    assert client(way.probe).status_code == 200
    before = calm.state()["overruns"].get(name, 0)
    calm.control("quotas/use_up")
    check_answer(client(way.probe), way.over or (200, ""))
    assert calm.state()["overruns"].get(name, 0) - before == (1 if way.over else 0)
    calm.control("quotas/renew")
    assert client(way.probe).status_code == 200


@pytest.mark.parametrize("kind", FAULTS)
@pytest.mark.parametrize("name", WAYS)
def test_with_a_fault(calm, ask, name, kind):
    client, way = ask(name), WAYS[name]
    calm.control("faults", platform=name, kind=kind, count=1)
    check_answer(client(way.probe), way.faults[kind])
    assert client(way.probe).status_code == 200
