"""Erasing and exporting a person: realistic traffic, then a search through every text of every table."""

import io
import json
import zipfile
from datetime import timedelta
from types import SimpleNamespace
from uuid import uuid4

import pytest
from django.apps import apps
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.contenttypes.models import ContentType
from django.core.management import CommandError, call_command
from django.db import connection, models
from django.test import Client
from django.utils import timezone

from audit.models import Entry
from channels.contract import Item, Page
from channels.inbox import leases, retention, storing_once, tombstones
from channels.models import ErasedId, Followed, InboundItem, OutboundItem
from channels.query_tester import query_tester
from experts.models import CommunityShare, DraftVersion, Outreach, ThreadReply
from experts.tests.factories import OutreachFactory
from mentions.ingest.batch import ingest_pending
from mentions.models import (
    Account,
    Application,
    Attachment,
    Author,
    Blob,
    DeliveryProblem,
    Disclosure,
    Draft,
    Event,
    Issue,
    IssueLink,
    Mark,
    Message,
    MessageAlias,
    MessageRevision,
    Note,
    Notice,
    NoticePost,
    Question,
    Reply,
    ThreadPost,
    ThreadState,
    Ticket,
)
from mentions.personal_data import erasing
from mentions.personal_data import retention as nightly
from mentions.personal_data import scope as scopes
from mentions.personal_data.scrubbing import ERASED, Names, structure
from mentions.tests.factories import ChannelFactory, ConnectionFactory, MessageFactory, PersonFactory, UserFactory
from team.models import (
    HandOver,
    HandOverItem,
    Incident,
    IncidentBatch,
    IncidentMention,
    IncidentReply,
    Release,
    ReleaseRoom,
    ReleaseRule,
    UrgentCall,
    UrgentPost,
)

pytestmark = pytest.mark.django_db
MARK = "zqmarker"
ADDRESS = f"jane.{MARK}@customer.example"


def mail(number, sender, text, *, answers=None):
    lines = [
        f"From: {sender}",
        "To: community@acme.example",
        f"Subject: About {MARK}",
        f"Message-ID: <{MARK}-{number}@customer.example>",
        "Date: Mon, 02 Nov 2026 10:00:00 +0000",
        *([f"In-Reply-To: <{answers}>", f"References: <{answers}>"] if answers else []),
        "MIME-Version: 1.0",
        'Content-Type: multipart/mixed; boundary="b"',
        "",
        "--b",
        "Content-Type: text/plain; charset=utf-8",
        "",
        text,
        "--b",
        f'Content-Type: text/plain; name="{MARK}.txt"',
        f'Content-Disposition: attachment; filename="{MARK}.txt"',
        "",
        f"the file of {MARK}",
        "--b--",
        "",
    ]
    return Item(f"{MARK}-{number}@customer.example", None, "\r\n".join(lines).encode())


@pytest.fixture
def mailbox():
    made = ConnectionFactory(
        platform="email", settings={"smtp_host": "x.example", "imap_host": "x.example", "imap_user": "x"}
    )
    ChannelFactory(
        connection=made, name="Community", slug="community", address="community@acme.example", is_default=True
    )
    return made


def fetched(mailbox, *items):
    storing_once.store_page(mailbox.pk, Page(items=list(items), cursor=None), fetched_at=timezone.now())
    ingest_pending(100, mailbox.pk)


@pytest.fixture
def traffic(mailbox):
    """A person who wrote twice and was answered, noted, asked about, reported in Slack, and mentioned elsewhere."""
    fetched(mailbox, mail(1, f"Jane {MARK} <{ADDRESS}>", f"My {MARK} number is 12345."))
    first = f"{MARK}-1@customer.example"
    fetched(mailbox, mail(2, f"Jane {MARK} <{ADDRESS}>", f"And once more {MARK}.", answers=first))
    author = Author.objects.get(external_id__iexact=ADDRESS)
    ticket = Ticket.objects.get(requester=author)
    person = PersonFactory(name=f"Jane {MARK}", notes=f"{MARK} is nice", region=MARK, email=ADDRESS)
    Mark.objects.create(person=person, kind="contributor", because=f"{MARK} wrote code", decided_at=timezone.now())
    Account.objects.create(person=person, namespace="twitter", handle=MARK)
    author.person, author.url = person, f"https://x.example/{MARK}"
    author.save()
    w = SimpleNamespace(author=author, ticket=ticket, person=person, mailbox=mailbox, message=ticket.messages.first())
    _by_us(w)
    _elsewhere(w)
    w.numbers = numbers()
    return w


def _by_us(w):
    now, user, ticket, message = timezone.now(), UserFactory(role="advocate"), w.ticket, w.message
    channel = ticket.channel
    Ticket.objects.filter(pk=ticket.pk).update(wait_note=f"{MARK} calls back")
    Note.objects.create(ticket=ticket, author=user, text=f"{MARK} called", created_at=now)
    Draft.objects.create(ticket=ticket, user=user, text=f"Dear {MARK}", updated_at=now)
    for data in (
        {"why": f"said {MARK}"},
        {"url": f"https://x/{MARK}", "from": {"status": "new"}, "to": {"status": "open"}},
    ):
        Event.objects.create(ticket=ticket, at=now, actor=user, kind="status", data=data)
    sent = left(f"ticket:{ticket.pk}", w.mailbox)
    answer = MessageFactory(
        ticket=ticket, channel=channel, namespace=message.namespace, thread_id=message.thread_id, direction="team",
        external_id=f"answer-{MARK}@acme.example", parent_external_id=message.external_id, text=f"Hi {MARK}, set it.",
        extra={"references": [message.external_id]},
    )  # fmt: skip
    Reply.objects.create(
        ticket=ticket, author=user, channel=channel, key=uuid4(), text=f"Hi {MARK}, set it.", subject=f"Re: {MARK}",
        in_reply_to=message, recipients=[ADDRESS], cc=[ADDRESS], guard_message_id=0, state="sent", send_at=now,
        outbound=sent, message=answer, error=f"{MARK}?", created_at=now,
    )  # fmt: skip
    DeliveryProblem.objects.create(kind="like", what="failed", why=f"no {MARK} there", user=user, ticket=ticket, at=now)
    shared = left("slack:#x")
    Event.objects.create(
        ticket=ticket, at=now, actor=user, kind="shared", data={"outbound": shared.pk, "channel": "#x"}
    )
    post = NoticePost.objects.create(slack_channel="#x", created_at=now)
    post.outbound = left(f"notice:{post.pk}")
    post.save()
    Notice.objects.create(message=message, channel=channel, slack_channel="#x", due_at=now, post=post)
    asked = OutreachFactory(ticket=ticket, text=f"support for {MARK}", error=MARK, slack_url=f"https://slack/{MARK}")
    Outreach.objects.filter(pk=asked.pk).update(draft=f"Hello {MARK}", thread_error=MARK)
    ThreadReply.objects.create(outreach=asked, ts="1.1", text=f"Which {MARK}?", at=now)
    DraftVersion.objects.create(outreach=asked, number=1, name="Jo", text=f"Dear {MARK}", at=now)
    CommunityShare.objects.create(
        ticket=ticket, shared_at=now, slack_channel="#all", guidance=f"Thank {MARK}", error=MARK, slack_url=MARK
    )
    Application.objects.create(ticket=ticket, program="Education", state_at=now, created_at=now, licence=f"L {MARK}")
    left(f"program:{ticket.pk}")
    issue = Issue.objects.create(
        connection=w.mailbox, namespace="gitlab:x", title=f"Bug of {MARK}", error=MARK, state="open", key=uuid4(),
        created_at=now, outbound=left(f"issue:{ticket.pk}"),
    )  # fmt: skip
    IssueLink.objects.create(ticket=ticket, issue=issue, at=now)
    Disclosure.objects.create(ticket=ticket, asked_at=now, fix_url=f"https://x/{MARK}")
    Question.objects.create(
        ticket=ticket, asked_by=user, asked_at=now, text=f"Is {MARK} known?", answer=f"{MARK} is", error=MARK,
        slack_channel="#x", slack_url=f"https://slack/{MARK}", outbound=left(f"question:{ticket.pk}"),
    )  # fmt: skip
    call = UrgentCall.objects.create(ticket=ticket, asked_at=now, why=f"{MARK} waits", priority_before=20)
    UrgentPost.objects.create(call=call, slack_channel="#x", outbound=left(f"urgent:{ticket.pk}:#x"))
    day = HandOver.objects.create(user=user, day=now.date(), note=f"{MARK} calls")
    HandOverItem.objects.create(hand_over=day, ticket=ticket, decision="keep", note=f"{MARK} calls", at=now)
    rule = ReleaseRule.objects.create(name="Monthly release")
    release = Release.objects.create(rule=rule, month=now.date().replace(day=1), day=now.date())
    ReleaseRoom.objects.create(release=release, name="#release-post").messages.create(
        ts="1.1", thread_ts="1.1", who="Kofi", text=f"{MARK} asks:\nMy {MARK} number is 12345.", posted_at=now
    )
    incident = Incident.objects.create(name="Outage", started_at=now, opened_at=now)
    IncidentMention.objects.create(incident=incident, ticket=ticket, by=user, at=now)
    batch = IncidentBatch.objects.create(incident=incident, key=uuid4(), kind="answer", text="Sorry!", by=user, at=now)
    IncidentReply.objects.create(
        batch=batch, incident=incident, kind="answer", ticket=ticket, recipient="person:1", state="left",
        why=f"{MARK} is too long",
    )  # fmt: skip
    ThreadState.objects.create(
        namespace=message.namespace, thread_id=message.thread_id, state="open", version_at=now, changed_at=now
    )
    MessageRevision.objects.create(message=message, subject=MARK, text=f"older {MARK}", html=MARK, replaced_at=now)
    MessageAlias.objects.create(namespace=message.namespace, external_id=f"alias-{MARK}", message=message)
    Message.objects.filter(pk=message.pk).update(
        html=f"<p>{MARK}</p>", url=f"https://x/{MARK}", canonical_url=MARK, page_url=MARK, thread_title=MARK,
        links=[MARK], extra={"x": MARK},
    )  # fmt: skip
    Followed.objects.create(
        connection=w.mailbox,
        namespace=message.namespace,
        thread_id=message.thread_id,
        until=now,
        next_at=now,
        known=[MARK],
    )
    ThreadPost.objects.create(
        namespace=message.namespace, external_id="post-beside", thread_id=message.thread_id, text="hm", posted_at=now,
        digest=b"\0" * 16, version_at=now,
    )  # fmt: skip
    kind = ContentType.objects.get_for_model(type(w.person))
    LogEntry.objects.create(
        user=user, content_type=kind, object_id=str(w.person.pk), object_repr=str(w.person), action_flag=CHANGE,
        change_message=f"Added account {MARK}",
    )  # fmt: skip


def _elsewhere(w):
    """In somebody else's conversation and the posts around it."""
    now, theirs = timezone.now(), MessageFactory(text=f"As Jane {MARK} said:\n> My {MARK} number is 12345.\nTrue.")
    namespace, thread = theirs.namespace, theirs.thread_id
    account = Author.objects.create(
        namespace=namespace, external_id=f"u-{MARK}", handle=MARK, name=f"Jane {MARK}", person=w.person
    )
    said = MessageFactory(
        ticket=theirs.ticket, author=account, namespace=namespace, thread_id=thread, direction="by",
        text=f"{MARK} here", external_id=f"by-{MARK}", parent_external_id=theirs.external_id,
    )  # fmt: skip
    Note.objects.create(ticket=theirs.ticket, text=f"ask {MARK} too", created_at=now)
    Event.objects.create(ticket=theirs.ticket, at=now, kind="status", data={"why": f"{MARK} knows"})
    MessageFactory(
        ticket=theirs.ticket, namespace=namespace, thread_id=thread, text="ok", parent_external_id=said.external_id
    )
    for number, who in enumerate((f"u-{MARK}", "u-other")):
        ThreadPost.objects.create(
            namespace=namespace, external_id=f"post-{MARK}-{number}", thread_id=thread, author_external_id=who,
            author_handle=MARK if number == 0 else "other", text=f"hello {MARK}", posted_at=now, digest=b"\0" * 16,
            version_at=now, parent_external_id=f"by-{MARK}",
        )  # fmt: skip
    ThreadPost.objects.filter(external_id=f"post-{MARK}-1").update(external_id="post-other")
    InboundItem.objects.create(
        connection=theirs.channel.connection, external_id="other-1", payload={"text": f"@{MARK} look"}, state="stored",
        digest=b"\1" * 16, fetched_at=now,
    )  # fmt: skip
    w.other = theirs


def left(conversation, via=None):
    return OutboundItem.objects.create(
        key=uuid4(), kind="reply" if via else "slack", conversation=conversation, connection=via, state="sent",
        payload={"text": f"about {MARK}", "recipients": [ADDRESS]}, not_before=timezone.now(), error=MARK,
        url=f"https://x/{MARK}", receipt={"ts": "1.2", "channel": "C1", "permalink": f"https://slack/{MARK}"},
    )  # fmt: skip


def numbers():
    """The data behind the figures."""
    return {
        "tickets": list(
            Ticket.objects.order_by("pk").values_list("pk", "status", "posted_at", "first_reply_at", "due_at")
        ),
        "messages": list(
            Message.objects.order_by("pk").values_list("pk", "ticket", "direction", "posted_at", "channel")
        ),
        "items": list(InboundItem.objects.order_by("pk").values_list("pk", "state", "created_at")),
        "events": Event.objects.exclude(kind="erased").count(),
        "replies": list(Reply.objects.values_list("pk", "state", "created_at")),
    }


TEXTS = (models.TextField, models.CharField, models.JSONField, models.BinaryField)


def found(word):
    """table.column of every text, JSON and binary column in the database that contains the word, and of everything
    derived from them (the search index)."""
    places = []
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT table_name, column_name, data_type FROM information_schema.columns WHERE table_schema = 'public'"
        )
        for table, column, kind in cursor.fetchall():
            value = f"encode(\"{column}\", 'escape')" if kind == "bytea" else f'"{column}"::text'
            cursor.execute(f'SELECT count(*) FROM "{table}" WHERE {value} ILIKE %s', [f"%{word}%"])
            if cursor.fetchone()[0]:
                places.append(f"{table}.{column}")
    return sorted(places)


def erase(author):
    return erasing.erase(scopes.of_author(Author.objects.get(pk=author.pk)), now=timezone.now(), actor_name="test")


def test_nothing_of_an_erased_person_is_left_in_any_table(traffic):
    before = found(MARK)
    assert len(before) > 45
    done = erase(traffic.author)
    assert found(MARK) == []
    assert found("12345") == []
    assert done["messages"] == 4
    assert done["files"] == 2
    assert not Attachment.objects.exists()
    assert not Blob.objects.exists()


def reachable():
    """Text columns that outsiders, or writing about them, can fill."""
    skipped = {
        "Macro",
        "View",
        "Tag",
        "Preference",
        "PresetRecord",
        "ChannelCheck",
        "AudienceLimit",
        "HandBack",
        "Sighting",
    }
    for model in apps.get_models():
        if model._meta.app_label == "mentions" and not model._meta.auto_created and model.__name__ not in skipped:
            for field in model._meta.concrete_fields:
                if isinstance(field, TEXTS) and not field.choices and not isinstance(field, models.GeneratedField):
                    yield f"{model._meta.db_table}.{field.column}"


OF_THE_DESK = {
    *("mentions_event.kind", "mentions_reply.status_after", "mentions_reply.status_before"),
    *("mentions_notice.slack_channel", "mentions_noticepost.slack_channel", "mentions_noticepost.shown"),
    *("mentions_message.digest", "mentions_threadpost.digest", "mentions_blob.sha256", "mentions_attachment.sha256"),
    *("mentions_message.language", "mentions_ticket.language", "mentions_attachment.type", "mentions_author.namespace"),
    *("mentions_account.namespace", "mentions_message.namespace", "mentions_messagealias.namespace"),
    *("mentions_issue.namespace", "mentions_issue.project", "mentions_issue.reference", "mentions_issue.external_id"),
    *("mentions_application.program", "mentions_code.secret", "mentions_code.fingerprint"),
    *("mentions_codestock.name", "mentions_codestock.description", "mentions_swagrule.name"),
    *("mentions_issue.url", "mentions_issue.assignees"),
    *("mentions_threadstate.namespace", "mentions_threadstate.state"),
    *("mentions_draft.writer", "mentions_draft.status_after"),
    *("mentions_question.slack_channel", "mentions_question.slack_room", "mentions_question.slack_ts"),
    *("mentions_question.seen_ts", "mentions_question.answered_by"),
    *("mentions_draft.credit", "mentions_draft.origin", "mentions_reply.credit", "mentions_reply.origin"),
    *("mentions_threadalias.namespace", "mentions_threadpost.namespace", "mentions_attachment.content_id"),
}
"""Columns that hold the desk's own words, hashes or types; a new column is in the traffic above or here."""


def test_the_traffic_reaches_every_text_column(traffic):
    ThreadPost.objects.filter(author_external_id=f"u-{MARK}").update(
        author_name=MARK, author_url=MARK, subject=MARK, html=MARK, url=MARK
    )
    Message.objects.filter(external_id=f"by-{MARK}").update(reply_to_external_id=f"by-{MARK}")
    missing = set(reachable()) - set(found(MARK)) - OF_THE_DESK
    assert missing == set(), "put the marker there in `traffic`, or say in OF_THE_DESK whose words they are"
    erase(traffic.author)
    assert found(MARK) == []


def test_numbers_stay(traffic):
    erase(traffic.author)
    after = numbers()
    assert {name: rows for name, rows in after.items() if rows != traffic.numbers[name]} == {}


def test_what_others_wrote_stays_without_the_person(traffic):
    erase(traffic.author)
    traffic.other.refresh_from_db()
    assert traffic.other.text == f"As {ERASED} said:\n{ERASED}\nTrue."
    assert ThreadPost.objects.get(external_id="post-other").text == f"hello {ERASED}"
    assert InboundItem.objects.get(external_id="other-1").payload is None


def test_a_second_time_finds_nothing(traffic):
    erase(traffic.author)
    tables = found(ERASED)
    assert erase(traffic.author) == {}
    assert found(ERASED) == tables


def test_what_is_fetched_again_stays_out(traffic):
    erase(traffic.author)
    items, messages = InboundItem.objects.count(), Message.objects.count()
    fetched(traffic.mailbox, mail(1, f"Jane {MARK} <{ADDRESS}>", f"My {MARK} number is 12345."))
    assert (InboundItem.objects.count(), Message.objects.count()) == (items, messages)
    assert found(MARK) == []
    assert ErasedId.objects.exists()


def test_who_writes_again_later_is_somebody_new(traffic):
    erase(traffic.author)
    fetched(traffic.mailbox, mail(9, f"Jane {MARK} <{ADDRESS}>", "Hello again.", answers=f"{MARK}-1@customer.example"))
    message = Message.objects.get(text__contains="Hello again.")
    assert message.author_id != traffic.author.pk
    assert message.ticket_id != traffic.ticket.pk


def test_the_audit_log_says_what_was_removed_and_names_nobody(traffic):
    erase(traffic.author)
    entry = Entry.objects.get(kind="erased")
    assert entry.subject_name == f"person {traffic.person.pk}"
    assert entry.details["messages"] == 4


def test_what_is_still_on_its_way_is_said_and_goes_the_next_time(traffic):
    OutboundItem.objects.filter(conversation=f"ticket:{traffic.ticket.pk}").update(state="queued")
    assert erase(traffic.author)[erasing.WAITING] == 1
    OutboundItem.objects.update(state="sent")
    assert erase(traffic.author) == {"sent items": 1}
    assert found(MARK) == []


def test_one_of_us_is_never_erased():
    author = MessageFactory().author
    author.person = PersonFactory(is_us=True)
    with pytest.raises(scopes.OneOfUs):
        scopes.of_author(author)


def test_requests_to_experts_keep_their_numbers(traffic):
    before = list(Outreach.objects.values_list("pk", "state", "asked_at"))
    erase(traffic.author)
    assert list(Outreach.objects.values_list("pk", "state", "asked_at")) == before


# --- commands and pages -----------------------------------------------------------------------------------------------


def test_the_command_says_what_would_go_and_asks(traffic, capsys, monkeypatch):
    before = found(MARK)
    call_command("erase_person", author=traffic.author.pk, dry_run=True)
    assert "4 messages" in capsys.readouterr().out
    monkeypatch.setattr("builtins.input", lambda _question: "yes")
    with pytest.raises(CommandError, match="Nothing was erased"):
        call_command("erase_person", author=traffic.author.pk)
    assert found(MARK) == before
    monkeypatch.setattr("builtins.input", lambda _question: "ERASE")
    call_command("erase_person", account=f"email:{ADDRESS}")
    assert found(MARK) == []


@pytest.mark.parametrize(
    "given", [{}, {"author": 10**9}, {"account": "email:nobody@x.example"}, {"author": 1, "person": 1}]
)
def test_the_command_says_whom_to_name(given):
    with pytest.raises(CommandError, match=r"Use one of --author|No such person"):
        call_command("erase_person", **given)


def test_the_export_holds_everything_and_its_files(traffic, tmp_path):
    file = tmp_path / "jane.zip"
    call_command("export_person", file, author=traffic.author.pk)
    with zipfile.ZipFile(file) as archive:
        data = json.loads(archive.read("data.json"))
        contents = b"".join(archive.read(name) for name in archive.namelist() if name != "data.json")
    kinds = ("person", "known_accounts", "accounts", "tickets", "messages", "versions", "files", "posts_around_tickets")
    kinds += ("replies", "notes", "drafts", "history", "inbox", "sent", "requests to experts")
    assert [kind for kind in kinds if MARK not in json.dumps(data[kind])] == []
    assert f"the file of {MARK}".encode() in contents
    assert f"Message-ID: <{MARK}-1@customer.example>".encode() in contents
    assert Entry.objects.get(kind="exported").subject_name == f"person {traffic.person.pk}"
    with pytest.raises(CommandError, match="cannot be written"):
        call_command("export_person", file, author=traffic.author.pk)


def logged_in(role):
    client = Client()
    client.force_login(UserFactory(role=role))
    return client


def test_admins_export_and_erase_from_the_page_of_an_account(traffic, monkeypatch):
    sent = []
    monkeypatch.setattr("mentions.views.lists.personal_data.send_task", lambda *task: sent.append(task) or True)
    page = f"/authors/{traffic.author.pk}/"
    client = logged_in("admin")
    assert "Erase their data" in client.get(page).content.decode()
    answer = client.post(f"{page}export/")
    with zipfile.ZipFile(io.BytesIO(b"".join(answer))) as archive:
        assert MARK in archive.read("data.json").decode()
    assert "4 messages" in client.get(f"{page}erase/").content.decode()
    assert client.post(f"{page}erase/", {"confirm": "erase"}).status_code == 422
    assert sent == []
    assert client.post(f"{page}erase/", {"confirm": "ERASE"}).status_code == 302
    assert sent[0][:2] == ("mentions.erase_person", traffic.author.pk)


def test_an_admin_who_may_not_see_an_account_neither_exports_nor_erases(traffic):
    hidden = ChannelFactory(visible_to=["advocate"])
    Message.objects.filter(external_id=f"by-{MARK}").update(channel=hidden)
    assert logged_in("admin").post(f"/authors/{traffic.author.pk}/export/").status_code == 404
    assert logged_in("admin").get(f"/authors/{traffic.author.pk}/erase/").status_code == 404


# --- retention --------------------------------------------------------------------------------------------------------


def aged(days, **fields):
    at = timezone.now() - timedelta(days=days)
    values = {
        "external_id": str(uuid4()),
        "payload": {"a": 1},
        "digest": b"\0" * 16,
        "fetched_at": at,
        "created_at": at,
    }
    return InboundItem.objects.create(connection=ConnectionFactory(), **values | fields)


def test_old_raw_items_go_and_what_waits_or_could_not_be_read_stays(settings):
    settings.RAW_RETENTION_DAYS, settings.FILE_RETENTION_DAYS = 100, 0
    gone = [aged(101, state="stored"), aged(200, state="ignored", raw=b"mail")]
    kept = [aged(99, state="stored"), aged(500, state="pending"), aged(500, state="failed")]
    assert nightly.remove_old(timezone.now()).raw == 2
    assert nightly.remove_old(timezone.now()).raw == 0
    left_over = set(InboundItem.objects.filter(retention.WITH_RAW).values_list("pk", flat=True))
    assert left_over == {item.pk for item in kept}
    assert InboundItem.objects.count() == len(gone) + len(kept)


def test_nought_days_keep_for_ever(settings):
    settings.RAW_RETENTION_DAYS = settings.FILE_RETENTION_DAYS = 0
    aged(3000, state="stored")
    assert nightly.remove_old(timezone.now()) == nightly.Removed(0, 0)


def test_files_of_conversations_that_are_over_go_portion_by_portion(settings, monkeypatch):
    settings.RAW_RETENTION_DAYS, settings.FILE_RETENTION_DAYS = 0, 100
    monkeypatch.setattr(nightly, "PORTION", 1)
    old = timezone.now() - timedelta(days=200)
    files = {}
    for status in ("closed", "solved", "open"):
        message = MessageFactory(ticket__status=status, ticket__last_message_at=old, posted_at=old)
        blob = Blob.objects.create(sha256=status.ljust(64, "0"), content=b"x")
        files[status] = Attachment.objects.create(
            message=message, name="a.txt", type="text/plain", size=1, sha256=blob.pk, blob=blob
        )
    assert nightly.remove_old(timezone.now()).files == 2
    assert set(Blob.objects.values_list("pk", flat=True)) == {files["open"].blob_id}
    assert Attachment.objects.count() == 3


def test_what_has_no_raw_form_any_more_is_not_read_again(mailbox):
    fetched(mailbox, mail(1, f"Jane <{ADDRESS}>", "Hello"))
    item = InboundItem.objects.get()
    InboundItem.objects.update(payload=None, raw=None, state="failed")
    assert leases.replay([item.pk]) == 0
    InboundItem.objects.update(state="ignored", ignored_why="query")
    assert query_tester.let_in(mailbox.channels.get(), timezone.now()) == 0


# --- words ------------------------------------------------------------------------------------------------------------


def test_names_are_taken_out_as_whole_words_only():
    names = Names(["jane", "Jane Doe", "Al"], ["my own line", "ok"])
    assert names.text("Ask @jane, JANE DOE and janet; Al too") == f"Ask @{ERASED}, {ERASED} and janet; Al too"
    assert names.text("> my own line\nok") == f"{ERASED}\nok"
    assert names.json({"jane": ["jane", 3, None]}) == {ERASED: [ERASED, 3, None]}
    assert not Names([])


def test_the_structure_of_an_event_stays_without_its_words():
    data = {"from": {"status": "new", "wait_note": "x y"}, "to": {"status": "open"}, "why": "because", "message": 4,
            "added": ["ci cd"], "reason": "a whole sentence", "wake_at": "2026-11-02T10:00:00+00:00"}  # fmt: skip
    assert structure(data) == {
        "from": {"status": "new"}, "to": {"status": "open"}, "message": 4, "added": ["ci cd"], "reason": ERASED,
        "wake_at": "2026-11-02T10:00:00+00:00",
    }  # fmt: skip


def test_the_same_id_has_the_same_hash_and_leads_back_to_nobody():
    one = tombstones.erased_id("email", f"{MARK}@x")
    assert one == tombstones.erased_id("email", f"{MARK}@x") == tombstones.erased_id("email", one)
    assert MARK not in one
    assert one != tombstones.erased_id("twitter", f"{MARK}@x")
