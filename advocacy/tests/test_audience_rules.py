"""Every model that leads to a conversation has an audience rule, and every page and admin applies it."""

import ast
from pathlib import Path

import pytest
from django.apps import apps
from django.conf import settings
from django.contrib import admin
from django.contrib.auth.models import AnonymousUser

from channels import audience
from channels.admin.seeing import SeenOnly
from channels.models import Channel, InboundItem, OutboundItem
from mentions.models import Author, Message, Person, Ticket
from mentions.tests.factories import UserFactory

OURS = ("channels", "mentions", "experts", "team", "metrics", "advocacy")
CONTENT = {Ticket, Message, Author, Person, InboundItem, OutboundItem}
"""What people wrote to us, and who they are."""

WITHOUT_RULE = {
    "mentions.Account": "what an admin typed in about a person; read and written only inside the page of that person",
    "experts.Expert": "somebody of the team",
    "experts.Topic": "a part of the product, with the experts who are asked first",
    "team.Release": "a day of the team, with the experts who are on call",
    "team.ReleaseSwap": "two such days, and who exchanges them",
    "experts.PostAuthor": "which expert wrote a page, known by a hash of its address",
}
ADMIN_WITHOUT_RULE = {
    "channels.Channel": "settings, which admins look after whether or not they may read what comes in",
}
UNRULED = {
    ("mentions/admin.py", "Author"): "ties accounts to a person after the person's own page was saved; shows nothing",
    ("experts/views/responding.py", "Outreach"): "found by its signed link; then a restricted one is asked about",
    ("experts/panel.py", "PossibleAnswer"): "a panel of a ticket, whose page has asked; only those of its requests",
    ("experts/views/community.py", "CommunityShare"): "found by its signed link; a restricted ticket shows nothing",
    ("channels/views/overview.py", "InboundItem"): "counts for each connection",
    ("channels/views/overview.py", "OutboundItem"): "counts for each connection",
    ("mentions/views/lists/held_back_rows.py", "OutboundItem"): "texts are left out where the ticket may not be seen",
    ("mentions/views/ticket/delivery_state.py", "Message"): "the page has asked for the ticket; numbers only",
    ("mentions/views/ticket/delivery_state.py", "Reply"): "the page has asked for the ticket",
}
"""(file, model) of pages that use a manager without asking the rule, each with the reason why that reveals nothing."""


def our_models():
    return [m for m in apps.get_models() if m._meta.app_label in OURS and not m._meta.auto_created]


def leads_to_content(model, known=None):
    known = known if known is not None else set()
    if model in CONTENT:
        return True
    known.add(model)
    targets = [field.related_model for field in model._meta.get_fields() if field.concrete and field.is_relation]
    return any(leads_to_content(target, known) for target in targets if target not in known)


def name_of(model):
    return f"{model._meta.app_label}.{model.__name__}"


@pytest.mark.parametrize("model", our_models(), ids=name_of)
def test_every_model_that_leads_to_a_conversation_has_a_rule(model):
    if not leads_to_content(model) or name_of(model) in WITHOUT_RULE:
        return
    assert audience.has_rule(model), (
        f"{name_of(model)} leads to what people wrote to us. Say who may see it: register a rule with "
        f"`channels.audience.rule_for` in {model._meta.app_label}/audience.py."
    )


@pytest.mark.django_db
@pytest.mark.parametrize("model", [m for m in our_models() if audience.has_rule(m)], ids=name_of)
def test_every_rule_gives_nothing_to_whoever_is_not_logged_in_or_gone(model):
    assert not audience.seen_by(AnonymousUser(), model).exists()
    assert not audience.seen_by(UserFactory(role="admin", is_active=False), model).exists()
    audience.seen_by(UserFactory(role="volunteer"), model).exists()


@pytest.mark.django_db
def test_a_model_without_a_rule_is_refused():
    with pytest.raises(LookupError, match="register one"):
        audience.seen_by(UserFactory(), apps.get_model("mentions", "Macro"))


def test_every_admin_of_such_a_model_asks():
    silent = [
        name_of(model)
        for model, shown in admin.site._registry.items()
        if audience.has_rule(model) and not isinstance(shown, SeenOnly) and name_of(model) not in ADMIN_WITHOUT_RULE
    ]
    assert silent == [], "put channels.admin.seeing.SeenOnly first among the bases"


# --- pages ------------------------------------------------------------------------------------------------------------


def pages():
    """Files whose functions respond to a request, or prepare a page."""
    for app in OURS:
        for path in sorted((settings.BASE_DIR / app).rglob("*.py")):
            parts, name = path.relative_to(settings.BASE_DIR).parts, path.name
            if "tests" in parts or "migrations" in parts:
                continue
            if (
                "views" in parts
                or "admin" in parts
                or "views" in name
                or name in ("admin.py", "panel.py", "ticket_page.py")
            ):
                yield path


def unruled(source: str, ruled: set[str]) -> list[str]:
    """Names of models with a rule that this source uses without asking: `Ticket.objects`, `get_object_or_404(Ticket`.
    A bare `seen_by(user, Ticket)` is right."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Attribute) and node.attr in ("objects", "_default_manager", "_base_manager"):
            found += [node.value.id] if isinstance(node.value, ast.Name) and node.value.id in ruled else []
        elif isinstance(node, ast.Call) and getattr(node.func, "id", "") in ("get_object_or_404", "get_list_or_404"):
            found += [arg.id for arg in node.args[:1] if isinstance(arg, ast.Name) and arg.id in ruled]
    return found


@pytest.mark.parametrize("path", list(pages()), ids=lambda path: str(path.relative_to(settings.BASE_DIR)))
def test_no_page_reads_a_conversation_without_asking_who_looks(path: Path):
    ruled = {model.__name__ for model in our_models() if audience.has_rule(model)}
    name = str(path.relative_to(settings.BASE_DIR))
    wrong = {model for model in unruled(path.read_text(), ruled) if (name, model) not in UNRULED}
    assert wrong == set(), f"{name}: begin with `seen_by(request.user, …)` (channels/audience.py)"


def test_nothing_is_excused_that_asks():
    ruled = {model.__name__ for model in our_models() if audience.has_rule(model)}
    stale = [k for k in UNRULED if k[1] not in unruled((settings.BASE_DIR / k[0]).read_text(), ruled)]
    assert stale == []


def test_the_static_walk_sees_what_does_not_ask():
    wrong = "def page(request):\n    get_object_or_404(Ticket, pk=1)\n    return Message.objects.filter(pk=1)"
    right = "def page(request):\n    return seen_by(request.user, Ticket).filter(pk=1)"
    assert sorted(unruled(wrong, {"Ticket", "Message"})) == ["Message", "Ticket"]
    assert unruled(right, {"Ticket", "Message"}) == []


def test_channels_are_told_apart_by_one_statement():
    """`visible_to` is read nowhere else, except where it is filled in: decisions about it are made here."""
    readers = set()
    for app in OURS:
        for path in (settings.BASE_DIR / app).rglob("*.py"):
            text, parts = path.read_text(), path.relative_to(settings.BASE_DIR).parts
            if "visible_to" in text and "tests" not in parts and "migrations" not in parts:
                readers.add("/".join(parts))
    assert readers == {
        "channels/audience.py",
        "channels/models/connection.py",
        "channels/models/lookup.py",
        "channels/admin/lookup.py",
        "advocacy/handbook/desk/lookups.py",
        "channels/webforms/admin_forms.py",
        "channels/webforms/admin_fields.py",
        "advocacy/handbook/rows.py",
        "advocacy/handbook/places.py",
        "advocacy/handbook/social.py",
        "mentions/people/access.py",
        "mentions/people/audience.py",
        "mentions/ingest/unreadable.py",
    }
    assert Channel._meta.get_field("visible_to")
