"""The handbook's set-up in one command: complete, idempotent, and never overwriting what a person changed."""

from __future__ import annotations

from datetime import UTC, datetime
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from advocacy.handbook import loading, preset
from advocacy.handbook.company import BadName, Company
from advocacy.handbook.loading import Change, LoadAction
from audit.models import Entry
from channels.contract import FieldKind
from channels.models import Channel, Connection
from channels.registry.fields import cleaned
from channels.registry.finding_adapters import adapter_for
from experts.models import Topic
from mentions.clocks import targets
from mentions.macros import macros
from mentions.models import Macro, PresetRecord, Tag, View
from mentions.queue import view_filters

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 21, tzinfo=UTC)
ACME = Company()


def load(company: Company = ACME, **options: Any) -> list[Change]:
    return loading.load(company, now=NOW, **options)


def deeds(changes: list[Change]) -> set[LoadAction]:
    return {change.deed for change in changes}


HANDBOOK = (
    # The table "Community response channels": slug, active?, makes tickets?, Slack channels.
    ("twitter-acme", True, True, []),
    ("twitter-movingtoacme", True, True, []),
    ("twitter-acmestatus", True, True, []),
    ("facebook", True, True, []),
    ("hn-mentions", True, True, ["#hn-mentions"]),
    ("hn-front-page", True, False, ["#community-advocates"]),
    ("form-education", True, True, []),
    ("form-opensource", True, True, []),
    ("form-startups", True, True, []),
    ("mail-merch", True, True, []),
    ("mail-community", True, True, []),
    ("mail-movingtoacme", True, True, []),
    ("mail-education", True, True, []),
    ("mail-opensource", True, True, []),
    ("mail-startups", True, True, []),
    ("mail-sam", True, True, []),
    ("blog-comments", True, True, ["#mentions-of-acme"]),
    ("comparison-comments", True, True, ["#devops-tools-comments"]),
    ("form-speakers", True, True, []),
    ("reddit", True, True, ["#reddit"]),
    ("docs-comments", True, False, ["#docs-comments"]),
    ("stack-overflow", True, True, []),
    ("forum", True, True, ["#acme-forum"]),
    ("lobsters", False, False, ["#mentions-of-acme"]),
    ("irc", False, True, []),
    ("gitter", False, True, []),
    ("youtube", False, True, []),
    ("mailing-list", False, True, []),
    ("quora", False, True, []),
    ("community-content", False, True, []),
)
SUPPORT_PAGE = (
    ("hackerone", True),
    ("twitter-acmesupport", True),
    ("tracker-enterprise", True),
    ("tracker-community", False),
    ("tracker-packaging", False),
    ("tracker-support", False),
    ("docker-hub", False),
)


def test_every_row_of_the_handbook_is_a_channel() -> None:
    load()
    assert len(HANDBOOK) == 30
    assert sum(is_active for _, is_active, _, _ in HANDBOOK) == 23
    for slug, is_active, to_queue, slack in HANDBOOK:
        channel = Channel.objects.get(slug=slug)
        assert (channel.is_active, channel.to_queue, channel.slack_channels) == (is_active, to_queue, slack), slug
        assert channel.source, slug
        assert channel.workflow, slug
        assert channel.is_active or channel.is_checked_weekly, slug
    for slug, is_active in SUPPORT_PAGE:
        assert Channel.objects.get(slug=slug).is_active == is_active, slug
    assert Channel.objects.filter(connection__platform="slack", is_active=True).count() == 4
    assert Channel.objects.filter(connection__platform="manual", is_active=True).count() == 1
    assert not Channel.objects.filter(is_checked_weekly=True, web_url="").exists()


def test_many_channels_sit_on_few_connections() -> None:
    load()
    assert Connection.objects.get(name="Mailbox").channels.count() == 7
    assert Connection.objects.get(name="Twitter").channels.count() == 5
    assert Connection.objects.get(name="Website comments").channels.count() == 3


def test_rules_of_single_channels_hold() -> None:
    load()
    hackerone = Channel.objects.get(slug="hackerone")
    assert (hackerone.target_minutes, hackerone.skips_weekends) == (1440, True)
    assert "volunteer" not in hackerone.visible_to
    assert hackerone.visible_to
    status = Channel.objects.get(slug="twitter-acmestatus")
    assert (status.post_roles, status.settings["availability_only"]) == (["infrastructure"], True)
    main = Channel.objects.get(slug="twitter-acme")
    assert (main.rank, main.is_default, main.target_minutes) == (10, True, None)
    assert targets.target_minutes(main.target_minutes, main.priority) == 300


def test_guidelines_do_not_say_the_workflow_again() -> None:
    load()
    rows = Channel.objects.exclude(workflow="").values_list("name", "workflow", "guidelines")
    assert [name for name, workflow, guidelines in rows if workflow in guidelines] == []


def test_every_connection_is_one_that_its_adapter_understands() -> None:
    load()
    for row in preset.CONNECTIONS:
        connection = Connection.objects.get(name=ACME.fill(row.name))
        adapter = adapter_for(connection.platform)
        known = {field.name for field in adapter.fields if field.kind is not FieldKind.SECRET}
        assert set(connection.settings) <= known, connection
        cleaned(adapter.fields, connection.settings, complete=False)
        for channel in connection.channels.all():
            own = {field.name for field in adapter.channel_fields} | {"availability_only"}
            assert set(channel.settings) <= own, channel
            cleaned(adapter.channel_fields, channel.settings, complete=False)
        if connection.is_active:
            cleaned(adapter.fields, connection.settings)
        else:
            assert connection.paused_reason


def test_macros_that_the_documents_name_can_be_applied() -> None:
    load()
    names = set(Macro.objects.values_list("name", flat=True))
    for name in ("Reached Out to Expert", "Expert Responded", "Expert Response", "Community Involvement"):
        assert f"Involving Experts::{name}" in names
    for macro in Macro.objects.all():
        assert macros.check(macro.actions) == [], macro
    assert Tag.objects.filter(name="expert-responded").exists()
    for view in View.objects.all():
        view_filters.check(view.filters)
        slugs = set(view.filters.get("channels", []))
        assert slugs == set(Channel.objects.filter(slug__in=slugs).values_list("slug", flat=True)), view
    assert Topic.objects.get(slug="s-verify").slack_channel == "#s_verify"


def test_topics_are_a_tree_with_fallbacks_and_duties() -> None:
    load()
    assert {topic.fallback.slug for topic in Topic.objects.filter(kind="stage")} == {"questions"}
    assert Topic.objects.get(slug="support-com").parent == Topic.objects.get(slug="support-managers")
    assert dict(Topic.objects.exclude(duty="").values_list("duty", "slug")) == {
        "blog": "content",
        "unsure": "questions",
    }


def test_topics_of_an_existing_installation_stay_where_they_are() -> None:
    load()
    Topic.objects.update(parent=None, fallback=None, duty="")
    for record in PresetRecord.objects.filter(kind="topic"):  # as loaded by a release without the topic tree
        record.values = {name: v for name, v in record.values.items() if name not in ("parent", "fallback", "duty")}
        record.save()
    changes = [change for change in load() if change.kind == "topic"]
    assert {change.deed for change in changes} <= {LoadAction.SAME, LoadAction.KEEP}
    assert not Topic.objects.exclude(parent=None, fallback=None, duty="").exists()
    assert Topic.objects.count() == len(changes)


def test_loading_twice_changes_nothing() -> None:
    assert deeds(load()) == {LoadAction.ADD}
    rows = PresetRecord.objects.exclude(kind=loading.NAMES).order_by("pk")
    before = list(rows.values())
    assert deeds(load()) == {LoadAction.SAME}
    assert list(rows.values()) == before


def test_a_dry_run_tells_and_changes_nothing() -> None:
    assert deeds(load(dry_run=True)) == {LoadAction.ADD}
    assert not Channel.objects.exists()
    assert not PresetRecord.objects.exists()


def test_what_an_admin_edited_stays() -> None:
    load()
    Channel.objects.filter(slug="reddit").update(priority=40, name="Reddit!", slug="our-reddit")
    Macro.objects.filter(name="Thanks::Praise").update(name="Thanks::Very much")
    Connection.objects.filter(name="Twitter").update(name="X", settings={"search_query": "ours"})
    changes = {(change.kind, change.key): change for change in load()}
    assert changes["channel", "reddit"].deed is LoadAction.KEEP
    assert set(changes["channel", "reddit"].kept) == {"priority", "name", "slug"}
    assert changes["macro", "Thanks::Praise"].deed is LoadAction.KEEP
    assert changes["connection", "twitter"].kept == ("name", "settings.search_query")
    assert Channel.objects.get(slug="our-reddit").priority == 40
    assert not Channel.objects.filter(slug="reddit").exists()


def test_what_an_admin_deleted_stays_deleted() -> None:
    load()
    View.objects.filter(slug="mail").delete()
    Channel.objects.filter(slug="gitter").delete()
    gone = {change.key for change in load() if change.deed is LoadAction.GONE}
    assert gone == {"mail", "gitter"}
    assert not View.objects.filter(slug="mail").exists()


def test_a_newer_preset_reaches_what_nobody_changed(monkeypatch: pytest.MonkeyPatch) -> None:
    load()
    Channel.objects.filter(slug="forum").update(guidelines="ours")
    rows = [
        preset.Row(row.kind, row.key, {**row.values, "guidelines": "newer", "workflow": "newer"})
        if row.kind == "channel"
        else row
        for row in preset.rows(ACME)
    ]
    monkeypatch.setattr(preset, "rows", lambda company: rows)
    changes = {change.key: change for change in load() if change.kind == "channel"}
    assert set(changes["reddit"].updated) == {"guidelines", "workflow"}
    assert (changes["forum"].updated, changes["forum"].kept) == (("workflow",), ("guidelines",))
    forum = Channel.objects.get(slug="forum")
    assert (forum.guidelines, forum.workflow) == ("ours", "newer")


def test_what_was_there_before_is_left_as_it_is() -> None:
    Tag.objects.create(name="praise", description="our words")
    connection = Connection.objects.create(name="My forum", platform="discourse")
    Channel.objects.create(name="Forum", slug="talk", connection=connection, priority=40)
    changes = {(change.kind, change.key): change for change in load()}
    assert changes["tag", "praise"].deed is LoadAction.KEEP
    assert changes["channel", "forum"].deed is LoadAction.KEEP
    assert Channel.objects.filter(name="Forum").count() == 1
    assert Tag.objects.get(name="praise").description == "our words"


def test_a_place_that_is_taken_is_reported() -> None:
    load()
    mailbox = Connection.objects.get(name="Mailbox")
    PresetRecord.objects.filter(kind="channel", key="mail-merch").delete()
    Channel.objects.filter(slug="mail-merch").update(slug="shop", name="Shop")
    changes = {(change.kind, change.key): change for change in load()}
    assert changes["channel", "mail-merch"].deed is LoadAction.CLASH
    assert mailbox.channels.count() == 7


def test_the_names_of_another_company_are_everywhere() -> None:
    out = StringIO()
    call_command("load_handbook", "--company", "Nord", "--handle", "nordhq", "--domain", "nord.example", stdout=out)
    assert "channel @nordhq" in out.getvalue()
    assert Channel.objects.get(slug="twitter-nordhq").address == "nordhq"
    assert Channel.objects.filter(address="merch@nord.example").exists()
    for model in (Channel, Connection, Macro, View, Topic):
        for row in model.objects.all():
            for value in vars(row).values():
                assert "acme" not in str(value).lower(), row
                assert "$" not in str(value).replace("$(", ""), row


def test_loading_again_without_names_keeps_those_of_the_last_time() -> None:
    names = ("--company", "Nord", "--handle", "nordhq", "--domain", "nord.example")
    call_command("load_handbook", *names, stdout=StringIO())
    again = StringIO()
    call_command("load_handbook", stdout=again)
    assert again.getvalue().strip().endswith("unchanged.")
    call_command("load_handbook", "--handle", "nord", stdout=StringIO())
    assert Channel.objects.get(slug="twitter-nord").address == "nord"
    assert Channel.objects.filter(address="merch@nord.example").exists()


def test_personal_inboxes_of_several_people_are_channels_of_their_own() -> None:
    call_command("load_handbook", stdout=StringIO())
    first = Channel.objects.get(address="sam@acme.example")
    call_command("load_handbook", "--person", "sam, maria,sam", stdout=StringIO())
    assert Channel.objects.get(address="sam@acme.example") == first
    maria = Channel.objects.get(address="maria@acme.example")
    assert (maria.slug, maria.connection, maria.settings["from_name"]) == (
        "mail-maria",
        first.connection,
        "Maria at Acme",
    )
    call_command("load_handbook", stdout=StringIO())
    assert Channel.objects.filter(workflow=maria.workflow).count() == 2
    assert {"mail-sam", "mail-maria"} <= set(View.objects.get(slug="mail").filters["channels"])
    with pytest.raises(CommandError):
        call_command("load_handbook", "--person", "sam,", stdout=StringIO())


def test_no_real_company_is_named_in_the_preset() -> None:
    load()
    loaded = " ".join(str(list(model.objects.values())) for model in (Channel, Connection, Macro, View, Tag)).lower()
    assert "gitlab-com" not in loaded
    assert "@gitlab" not in loaded


def test_the_command_says_what_it_would_do() -> None:
    out = StringIO()
    call_command("load_handbook", "--dry-run", stdout=out)
    assert "Nothing was changed" in out.getvalue()
    call_command("load_handbook", stdout=StringIO())
    again = StringIO()
    call_command("load_handbook", stdout=again)
    assert again.getvalue().strip().endswith("unchanged.")


@pytest.mark.parametrize("names", [("", "a", "a.example"), ("A", "@a", "a.example"), ("A", "a", "no domain")])
def test_bad_names_are_refused(names: tuple[str, str, str]) -> None:
    with pytest.raises(BadName):
        Company(*names)
    with pytest.raises(CommandError):
        call_command("load_handbook", "--company", names[0], "--handle", names[1], "--domain", names[2])


def test_audit_log_tells_what_was_loaded_and_nothing_of_a_dry_run() -> None:
    load(dry_run=True)
    assert not Entry.objects.filter(kind="handbook_loaded").exists()
    load()
    load()
    (entry,) = Entry.objects.filter(kind="handbook_loaded")
    assert entry.actor_name == "manage.py load_handbook"
    assert len([name for name in entry.details["add"] if name.startswith("channel ")]) == Channel.objects.count()
