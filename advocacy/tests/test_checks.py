import pytest
from django.core.exceptions import ImproperlyConfigured

from advocacy import checks
from advocacy.configuration import environment


def ids(found):
    return [message.id for message in found]


def test_settings_of_the_tests_are_right():
    assert ids([message for check in checks.CHECKS for message in check(None)]) == []


@pytest.mark.parametrize(
    ("base", "hosts", "expected"),
    [
        ("https://desk.example.com", ["desk.example.com"], []),
        ("https://desk.example.com", [".example.com"], []),
        ("https://desk.example.com", ["*"], ["desk.E021"]),
        ("https://desk.example.com", ["localhost"], ["desk.E022"]),
        ("http://desk.example.com", ["desk.example.com"], ["desk.W023"]),
    ],
)
def test_address_and_hosts_must_agree(settings, base, hosts, expected):
    settings.BASE_URL, settings.ALLOWED_HOSTS = base, hosts
    assert ids(checks.addresses(None)) == expected


def test_debug_at_a_public_address_is_warned_of(settings):
    settings.BASE_URL, settings.ALLOWED_HOSTS, settings.DEBUG = "https://d.example.com", ["d.example.com"], True
    assert ids(checks.addresses(None)) == ["desk.W024"]


def test_poll_lease_is_never_shorter_than_the_longest_request(settings):
    settings.READ_TIMEOUT_SECONDS, settings.POLL_LEASE_SECONDS = 10, 24
    (found,) = checks.leases(None)
    assert "DESK_POLL_LEASE_SECONDS" in found.msg
    assert "from 25" in found.hint
    settings.POLL_LEASE_SECONDS = 25
    assert checks.leases(None) == []


def test_single_sign_on_needs_what_the_provider_knows_the_desk_by(settings):
    settings.OIDC_ISSUER = "https://login.example.com"
    settings.GIVEN = {"DESK_OIDC_CLIENT_ID": "", "DESK_OIDC_CLIENT_SECRET": ""}
    assert ids(checks.single_sign_on(None)) == ["desk.E031", "desk.W032"]
    settings.GIVEN = {"DESK_OIDC_CLIENT_ID": "desk", "DESK_OIDC_CLIENT_SECRET": "of the provider"}
    assert checks.single_sign_on(None) == []


def test_start_with_wrong_settings_is_refused_with_every_reason(settings):
    settings.GIVEN = environment.read({"DESK_UNDO_SECONDS": "-1", "DESK_BASE_ULR": "x"})
    with pytest.raises(ImproperlyConfigured, match=r"(?s)DATABASE_URL.*REDIS_URL.*DESK_UNDO_SECONDS.*DESK_BASE_URL\?"):
        checks.refuse_wrong_settings()


def test_start_with_a_warning_only_is_allowed_and_logged(settings, caplog):
    settings.GIVEN = environment.Given({}, [], [environment.Unknown("DESK_SERVICE_HOST", None)])
    checks.refuse_wrong_settings()
    assert "DESK_SERVICE_HOST is not a setting of the desk." in caplog.text
