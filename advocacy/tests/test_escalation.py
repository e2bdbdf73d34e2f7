"""No privilege escalation: every role sends requests for more rights to every URL of the desk and its admin."""

import logging
from html.parser import HTMLParser
from urllib.parse import urlencode

import pytest
from django.apps import apps
from django.contrib import admin
from django.contrib.auth.models import Group, Permission, User
from django.db import connection, transaction
from django.urls import NoReverseMatch, reverse

from advocacy.identity import giving
from advocacy.tests.attacked import client_of, named_urls, somebody, world
from advocacy.tests.test_security_roles import addresses
from mentions.people import roles

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def without_a_limit(settings):
    """Every permission twice exceeds Django's limit for one form: it would refuse the form, and the test would prove
    nothing."""
    settings.DATA_UPLOAD_MAX_NUMBER_FIELDS = None


ROLES = ("nobody", "volunteer", "advocate", "manager", "admin")


class Fields(HTMLParser):
    """The fields that a browser would send for a page's unchanged forms: name → value."""

    def __init__(self):
        super().__init__()
        self.values, self._select = {}, ""

    def handle_starttag(self, tag, attributes):
        given = dict(attributes)
        name = given.get("name")
        if tag == "input" and name and (given.get("type") not in ("checkbox", "radio") or "checked" in given):
            self.values[name] = given.get("value") or ""
        elif tag == "textarea" and name:
            self.values[name] = ""
        elif tag == "select" and name:
            self._select = name
        elif tag == "option" and "selected" in given:
            self.values[self._select] = given.get("value") or ""


def wishes():
    """Every possible extra right, under every name that a form might read it by."""
    everything = list(Group.objects.values_list("pk", flat=True))
    rights = list(Permission.objects.values_list("pk", flat=True))
    flags = dict.fromkeys(("is_superuser", "is_staff", "is_active", "superuser", "verified", "primary", "post"), "on")
    passwords = dict.fromkeys(("password", "password1", "password2", "oldpassword", "new_password1"), "a-long-one-1")
    lists = {"groups": everything, "roles": everything, "permissions": rights, "user_permissions": rights}
    return {**flags, **passwords, **lists, "usable_password": "true", "role": "admin"}


def standing():
    """Person → (superuser, admin pages, active, password, rights)."""
    rights = {}
    for person in ("group__user", "user"):
        for pk, right in Permission.objects.exclude(**{person: None}).values_list(person, "pk"):
            rights.setdefault(pk, set()).add(right)
    columns = User.objects.values_list("pk", "is_superuser", "is_staff", "is_active", "password")
    return {pk: (*values, frozenset(rights.get(pk, ()))) for pk, *values in columns}


def trace():
    """A text that changes whenever `standing` changes, at a hundredth of the cost."""
    tables = ("auth_user_groups", "auth_user_user_permissions", "auth_group_permissions")
    rows = ["SELECT ROW(id, is_superuser, is_staff, is_active, password)::text AS row FROM auth_user"]
    rows += [f"SELECT '{table}' || t::text FROM {table} t" for table in tables]
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT md5(string_agg(row, ' ' ORDER BY row)) FROM ({' UNION ALL '.join(rows)}) every")
        return cursor.fetchone()[0]


def admin_addresses(objects):
    """Every address of the admin: lists and add forms; each form and each button of each of `objects`."""
    for name, pattern in named_urls():
        if not name.startswith("admin:") or name in ("admin:logout", "admin:login"):
            continue
        groups = pattern.pattern.regex.groupindex
        if not groups:
            yield reverse(name)
            continue
        for row in objects:
            for values in (dict.fromkeys(groups, row.pk), {**dict.fromkeys(groups, row.pk), "app_label": "auth"}):
                yield from _addresses(name, row, groups, values)


def _addresses(name, row, groups, values):
    if f"{row._meta.app_label}_{row._meta.model_name}_" not in name and "unnamed" not in name:
        return
    shown = admin.site._registry.get(type(row))
    for button in [b.name for b in getattr(shown, "buttons", ())] if "button" in groups else [""]:
        try:
            yield reverse(name, kwargs={**{g: values[g] for g in groups}, **({"button": button} if button else {})})
        except NoReverseMatch:
            continue


def attempt(client, address, more):
    """Sends the page's form back with the extra rights in it."""
    page = client.get(address)
    fields = Fields()
    if page.status_code == 200 and not page.streaming and "html" in page.headers.get("Content-Type", ""):
        fields.feed(page.content.decode())
    sent = urlencode({**fields.values, **more}, doseq=True)  # as browsers do; Django reads a part of each field slowly
    return client.post(address, sent, content_type="application/x-www-form-urlencoded")


@pytest.mark.parametrize("role", ROLES)
def test_nobody_raises_anybody_beyond_themselves(role):
    logging.disable(logging.ERROR)
    try:
        _walk(role)
    finally:
        logging.disable(logging.NOTSET)


def _walk(role, within=""):
    """`within`: only addresses that contain it."""
    w = world()
    root = User.objects.create_superuser("root", "root@acme.example", "long-enough-1")
    attacker, other = somebody(role), somebody("nobody")
    spare = Group.objects.create(name="spare")
    attacker.groups.add(spare)
    mine = giving.rights_of(attacker)
    objects = [root, attacker, other, spare, Group.objects.get(name=roles.ADMIN)]
    walked = [*admin_addresses(objects), *(url for key, url in addresses(w) if key != "account_logout")]
    assert len(walked) > 150
    client = client_of(attacker)
    session = {name: morsel.value for name, morsel in client.cookies.items()}
    more, before, untouched, raised = wishes(), standing(), trace(), {}
    for address in (address for address in walked if within in address):
        with transaction.atomic():
            client.cookies.clear()
            client.cookies.load(session)
            attempt(client, address, more)
            for pk, (is_super, is_staff, is_active, password, rights) in (
                standing().items() if trace() != untouched else ()
            ):
                was = before.get(pk, (False, False, True, "", frozenset()))
                beyond = [
                    ("a superuser", is_super and not was[0]),
                    ("own admin pages", pk == attacker.pk and is_staff and not was[1]),
                    ("own rights", pk == attacker.pk and bool(rights - mine)),
                    ("more rights than the attacker's", bool(rights - was[4] - mine)),
                    ("somebody's password", pk != attacker.pk and was[3] and was[3] != password and is_active),
                    ("the superuser", pk == root.pk and (is_super, is_staff, is_active) != (True, True, True)),
                ]
                if found := [what for what, is_so in beyond if is_so]:
                    raised.setdefault(address, []).extend(found)
            transaction.set_rollback(True)
    assert raised == {}


def test_the_walk_would_notice(monkeypatch):
    """Without the rule, the same walk finds that an admin gains rights: it looks where it matters."""
    monkeypatch.setattr(giving, "may_manage", lambda giver, person: True)
    monkeypatch.setattr(giving, "may_give", lambda giver, role: True)
    monkeypatch.setattr(giving, "rights_to_give", lambda giver: Permission.objects.all())
    with pytest.raises(AssertionError, match="own rights"):
        _walk("admin", within="/auth/")


def test_every_model_of_people_is_walked():
    """Libraries' models that would let an admin change logins are not registered at all."""
    found = [m._meta.label for m in admin.site._registry if m._meta.app_label in ("account", "mfa", "usersessions")]
    assert found == []
    assert apps.is_installed("allauth.usersessions")
