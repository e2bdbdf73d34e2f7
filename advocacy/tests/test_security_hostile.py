"""Outside text is only text on every page: rendered with a corpus of attacks, parsed, and found inert."""

import json
from html.parser import HTMLParser

import pytest
from django.core.cache import cache
from django.urls import reverse
from django.utils import timezone
from hypothesis import given, settings
from hypothesis import strategies as st

from advocacy.tests.attacked import client_of, world
from channels.links.web_addresses import is_web_address, web_address
from channels.models import Channel, OutboundItem
from experts.outreach import outreach
from mentions.macros import macros
from mentions.models import Author, Macro, Message, Reply, Ticket
from mentions.queue import claims
from mentions.tests.factories import UserFactory
from mentions.text.rendering import body, linked, markdown
from mentions.text.sanitise import clean_mail

ATTACKS = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "'><svg/onload=alert(1)>",
    "</textarea><script>alert(1)</script>",
    "</title><style>*{display:none}</style>",
    "</script><script>alert(1)</script>",
    "<!--<script>alert(1)//-->",
    "<iframe srcdoc='<script>alert(1)</script>'>",
    "<a href='javascript:alert(1)'>x</a>",
    "<form action=https://evil.example><input name=csrfmiddlewaretoken>",
    "<base href=https://evil.example/>",
    "<meta http-equiv=refresh content='0;url=https://evil.example'>",
    "<link rel=stylesheet href=https://evil.example/x.css>",
    "<math><mtext><table><mglyph><style><img src=x onerror=alert(1)>",
    "<div id=desk class=toast style='position:fixed'>",
    "&lt;script&gt;alert(1)&lt;/script&gt;",
    'https://ok.example/"onmouseover=alert(1)//',
    "https://ok.example/'><script>alert(1)</script>",
    "javascript:alert(1)//https://ok.example",
    "{{ 7|add:7 }}{% debug %}%(name)s{requester_name}",
    "\u202e\u2066<b>rtl</b>\u2028\x0b\x02<mark>\x03",
    "=cmd|' /C calc'!A0",
    "hx-get=/me/ hx-trigger=load <x hx-on:load=alert(1)>",
]
ALL = " ".join(ATTACKS)
RUNS = ("script", "style", "object", "embed", "applet", "base", "frame", "frameset", "svg", "math", "portal")


class Danger(HTMLParser):
    """Collects anything that would run, load from elsewhere, or send data."""

    def __init__(self):
        super().__init__()
        self.found = []

    def handle_starttag(self, tag, attributes):
        names = {name: value or "" for name, value in attributes}
        is_chart = tag == "svg" and names.get("class") == "spark" and names.get("role") == "img"
        is_icon = (
            tag == "svg"
            and set(names) <= {"class", "role", "aria-label", "aria-hidden"}
            and names.get("class") == "icon"
        )
        is_ours = tag == "script" and (names.get("src", "").startswith("/") or names.get("type") == "application/json")
        if tag in RUNS and not (is_ours or is_chart or is_icon):
            self.found.append(f"<{tag}>")
        if tag == "meta" and names.get("http-equiv"):
            self.found.append("<meta http-equiv>")
        for name, value in names.items():
            self.judge(tag, name, value)
        if names.get("target") == "_blank" and not {"noopener", "noreferrer"} & set(names.get("rel", "").split()):
            self.found.append(f"{tag} target without rel")

    def judge(self, tag, name, value):
        if name.startswith(("on", "hx-on", "data-hx-on")) or name in ("style", "srcdoc", "background", "ping"):
            self.found.append(f"{tag} {name}={value}")
        if name in ("href", "src", "action", "formaction", "data-src", "data-url", "hx-get", "xlink:href"):
            scheme = "".join(value.split()).lower().partition(":")[0] if ":" in value else ""
            if scheme and scheme.isalpha() and scheme not in ("http", "https", "mailto", "tel"):
                self.found.append(f"{tag} {name}={value}")
            if (name != "href" or tag == "use") and value.strip().lower().startswith(("http:", "https:", "//")):
                self.found.append(f"{tag} {name}={value}")


def danger_in(html):
    parser = Danger()
    parser.feed(html)
    parser.close()
    return parser.found


@pytest.mark.parametrize(
    "attack",
    [
        *("<script>x</script>", "<b onclick=x>", "<a href=' java\nscript:x'>", "<img src=//x>"),
        *("<svg>", "<svg class=icon id=x>", "<svg class='icon big'>", "<svg class=icon><use href='//x#y'>"),
    ],
)
def test_danger_is_found(attack):
    assert danger_in(attack)


# --- whole pages ----------------------------------------------------------------------------------------------------


def with_hostile_addresses(about):
    """Rows older than the check of URLs at ingest, and a platform's receipt with a hostile URL."""
    for address, model in (("javascript:alert(1)", Message), ("data:text/html,<script>alert(1)</script>", Author)):
        model.objects.update(url=address)
    about.post.__class__.objects.update(url="vbscript:x", author_url="javascript:alert(1)")
    OutboundItem.objects.update(url="javascript:alert(1)", error=ALL)
    about.outreach.__class__.objects.update(slack_url="javascript:alert(1)")


@pytest.fixture
def hostile(db):
    cache.clear()
    w = world(ALL)
    with_hostile_addresses(w.shown)
    Channel.objects.filter(pk=w.shown.channel.pk).update(
        guidelines=f"[x](javascript:alert(1)) {ALL}",
        tool_links=[
            {"label": ALL, "url": "javascript:alert(1)"},
            {"label": ALL, "url": "https://x.example/{handle}?{name}"},
        ],
        name=ALL[:120],
    )
    for state in ("queued", "uncertain", "failed", "blocked", "sent"):
        Reply.objects.create(
            ticket=w.shown.ticket, author=w.owner, channel=w.shown.channel, key=claims.uuid.uuid4(), text=ALL,
            error=ALL, state=state, send_at=timezone.now(), created_at=timezone.now(), guard_message_id=0,
        )  # fmt: skip
    w.boss = UserFactory(username="boss", is_superuser=True, is_staff=True, first_name=ALL[:150], last_name=ALL[:150])
    w.macro.name, w.macro.description = ALL[:120], ALL[:200]
    w.macro.save()
    w.view.name = ALL[:80]
    w.view.save()
    return w


def pages_of(w):
    number = w.shown.ticket.pk
    ticket = reverse("mentions:ticket", args=[number])
    return [
        *("/queue/", "/queue/all/", "/experts/", "/channels/", "/me/", "/keys/", ticket, f"{ticket}preview/"),
        *(f"{ticket}links/", f"{ticket}links/?q={ALL[:100]}", f"{ticket}macro/?macro={w.macro.pk}&token={ALL[:60]}"),
        *(f"{ticket}ask/", f"{ticket}ask/?expert={w.shown.outreach.expert_id}&token={ALL[:60]}"),
        reverse("mentions:author", args=[w.shown.author.pk]),
        *(reverse("mentions:mail", args=[w.shown.message.pk]) + more for more in ("", "?pictures=1")),
        *(f"/search/?q={text}" for text in ("alert", "channel:community", "%22%3E%3Cimg src=x onerror=alert(1)%3E")),
        *("/palette/", "/palette/?q=%3Cscript%3E", "/queue/%3Cscript%3E/", "/nowhere/%3Cscript%3E/"),
        *("/reports/first-reply/", "/reports/activity/?from=%22%3E%3Cscript%3E", "/reports/tickets/?figure=mentions"),
        *("/reports/first-reply/?channel=%22%3E%3Cscript%3E", "/accounts/login/?next=%22%3E%3Cscript%3E"),
        "/" + w.shown.outreach.path,
        reverse("admin:channels_inbounditem_change", args=[w.item.pk]),
        reverse("admin:channels_inbounditem_changelist"),
        reverse("admin:channels_outbounditem_change", args=[w.shown.outreach.outbound_id]),
        reverse("admin:channels_connection_change", args=[w.mailbox.pk]),
        reverse("admin:experts_outreach_changelist"),
        reverse("admin:mentions_tag_changelist"),
        "/play/",
    ]


def test_every_page_shows_attacks_as_text(hostile):
    client = client_of(hostile.boss)
    for page in pages_of(hostile):
        answer = client.get(page, follow=True)
        assert answer.status_code in (200, 404), (page, answer.status_code)
        found = danger_in(answer.content.decode())
        if page.startswith("/admin/"):
            found = [each for each in found if each != "<svg>"]  # the admin's own icons; attributes that run are judged
        assert found == [], page


def test_what_is_said_after_an_action_shows_attacks_as_text(hostile):
    client = client_of(hostile.boss)
    ticket = reverse("mentions:ticket", args=[hostile.shown.ticket.pk])
    claims.claim(hostile.boss, hostile.shown.ticket.pk, timezone.now())
    token = Ticket.objects.get(pk=hostile.shown.ticket.pk).claim_token
    posts = [
        ("note/", {"text": ALL}),
        ("tags/", {"add": "<script>"}),
        ("macro/", {"macro": hostile.macro.pk, "token": token}),
        ("reply/", {"key": "x", "text": ALL}),
        ("reply/", {"key": hostile.shown.reply.key, "guard": 0, "channel": 1, "text": ALL, "token": token}),
        ("leave/answered/", {"url": "javascript:alert(1)", "token": token}),
        ("leave/hand-back/", {"note": ALL, "token": token, "mode": "play", "view": "<script>"}),
    ]
    for path, data in posts:
        answer = client.post(ticket + path, data, follow=True)
        assert danger_in(answer.content.decode()) == [], path


def test_no_link_leads_to_a_script(hostile):
    page = client_of(hostile.boss).get(reverse("mentions:ticket", args=[hostile.shown.ticket.pk])).content.decode()
    assert 'href="javascript' not in page
    assert 'href="vbscript' not in page
    assert 'href="data:' not in page


def test_news_and_answers_are_json_that_pages_put_in_as_text(hostile):
    client = client_of(hostile.boss)
    for path in ("news/?seen=0", "answer/"):
        answer = client.get(reverse("mentions:ticket", args=[hostile.shown.ticket.pk]) + path)
        assert answer.headers["Content-Type"] == "application/json"
        assert isinstance(json.loads(answer.content), dict)


def test_charts_and_tables_hold_attacks_as_text(hostile):
    client = client_of(hostile.boss)
    Ticket.objects.filter(pk=hostile.shown.ticket.pk).update(first_reply_at=timezone.now())
    picture = client.get("/reports/first-reply/median-by-channel.svg").content.decode()
    assert "<script" not in picture
    assert " onerror=" not in picture.replace("&lt;img src=x onerror=", "")
    Channel.objects.filter(pk=hostile.shown.channel.pk).update(name="=cmd|' /C calc'!A0")
    rows = client.get("/reports/first-reply/table.csv").content.decode()
    assert "'=cmd" in rows
    assert not any(line.startswith(("=", "+", "@", '"=')) for line in rows.splitlines())


@pytest.mark.parametrize(
    "name", ["a\r\nSet-Cookie: x=1", 'a";filename="b.exe', "../../etc/passwd", "\u202egnp.exe", ""]
)
def test_names_of_files_end_no_header(hostile, name):
    hostile.shown.file.name = name
    hostile.shown.file.save()
    answer = client_of(hostile.boss).get(reverse("mentions:attachment", args=[hostile.shown.file.pk]))
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "application/octet-stream"
    assert answer.headers["Content-Disposition"].startswith("attachment")
    assert "\n" not in answer.headers["Content-Disposition"]
    assert "Set-Cookie: x" not in str(answer.headers).replace("a  Set-Cookie", "")


@pytest.mark.parametrize(
    "kind", ["text/html", "image/svg+xml", "application/xhtml+xml", "image/png; x=\r\ny", "IMAGE/PNG"]
)
def test_files_are_never_pages_of_ours(hostile, kind):
    hostile.shown.file.type = kind
    hostile.shown.file.save()
    answer = client_of(hostile.boss).get(reverse("mentions:attachment", args=[hostile.shown.file.pk]))
    assert answer.headers["Content-Type"] in ("application/octet-stream", "image/png")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in answer.headers["Content-Security-Policy"]


# --- the pieces -----------------------------------------------------------------------------------------------------


@settings(max_examples=150, deadline=None)
@given(st.lists(st.one_of(st.sampled_from(ATTACKS), st.text(max_size=30)), max_size=6).map("".join))
def test_anything_at_all_is_rendered_inert(text):
    for html in (linked(text), body(text), markdown(text)):
        assert danger_in(html) == []
    for show in (False, True):
        clean = clean_mail(text, {}, show_remote=show).html
        assert [found for found in danger_in(clean) if not (show and found.startswith("img src=http"))] == []


@pytest.mark.parametrize(
    "source",
    [
        "<p style='background:url(https://evil.example)' class=toast id=desk name=body>x</p>",
        "<form action=/me/><input name=x><button formaction=/x>y</button></form>",
        "<img src='//evil.example/x.png'><img src=/accounts/logout/><img srcset='https://evil.example/x 2x'>",
        "<a href=/accounts/logout/>x</a><a href='java&#10;script:alert(1)'>y</a><a name=desk id=desk>z</a>",
        "<table background=https://evil.example/x.png><td background=https://evil.example/x.png></table>",
        "<video src=https://evil.example poster=https://evil.example></video><audio src=https://evil.example></audio>",
        "<svg><image href=https://evil.example/x.png></svg><math href='javascript:alert(1)'>x</math>",
        "<style>@import url(https://evil.example)</style><link rel=stylesheet href=https://evil.example>",
        "<img src=cid:other@x><img src='cid:javascript:alert(1)'>",
    ],
)
def test_a_mail_fetches_nothing_and_sends_nothing(source):
    clean = clean_mail(source, {"known@x": "/attachments/1/"})
    assert danger_in(clean.html) == []
    for forbidden in ("evil.example", "style=", "class=", "id=", "name=", "<form", "<input", "<button", "/accounts/"):
        assert forbidden not in clean.html, clean.html


def test_the_frame_of_a_mail_may_do_nothing(hostile):
    address = reverse("mentions:mail", args=[hostile.shown.message.pk])
    client = client_of(hostile.boss)
    for more, pictures in (("", False), ("?pictures=1", True)):
        answer = client.get(address + more)
        policy = answer.headers["Content-Security-Policy"]
        parts = {part.split()[0]: part.split()[1:] for part in policy.split("; ")}
        assert "allow-scripts" not in parts["sandbox"]
        assert "allow-forms" not in parts["sandbox"]
        assert parts["default-src"] == ["'none'"]
        assert parts["form-action"] == ["'none'"]
        assert "script-src" not in parts
        assert ("https:" in parts["img-src"]) is pictures
        assert answer.headers["Referrer-Policy"] == "no-referrer"
        assert answer.headers["X-Frame-Options"] == "SAMEORIGIN"


@pytest.mark.parametrize(
    "address",
    ["javascript:alert(1)", " java\nscript:x", "data:text/html,x", "//x.example", "http:x", "ftp://x", "\0https://x"],
)
def test_only_the_web_is_linked_to(address):
    assert web_address(address) == ""


def test_a_web_address_stays_as_it_is():
    assert web_address(" https://x.example/a?b#c ") == "https://x.example/a?b#c"
    assert web_address("HTTP://X.example") == "HTTP://X.example"


@given(st.one_of(st.text(max_size=40), st.text(max_size=40).map("https://".__add__), st.just("https://[")))
def test_a_typed_address_is_judged_without_an_error(text):
    assert is_web_address(text) in (True, False)


@pytest.mark.django_db
def test_slack_is_sent_no_command_of_an_outsider():
    w = world("<!channel> <https://evil.example|your bank> & co")
    item = Macro(name="Share", actions=[{"do": "share_to_slack", "channel": "#c", "text": "<!here> {requester_name}"}])
    item.save()
    now = timezone.now()
    ticket = claims.claim(w.owner, w.shown.ticket.pk, now)
    macros.apply(item, ticket.pk, w.owner, ticket.claim_token, now=now)
    text = OutboundItem.objects.order_by("-pk").first().payload["text"]
    assert text.startswith("<!here> ")  # the admin's own words
    assert "<!channel>" not in text
    assert "<https" not in text
    Message.objects.filter(pk=w.shown.message.pk).update(url="javascript:alert(1)")
    assert outreach.link_of(ticket).endswith(f"/tickets/{ticket.pk}/")


@pytest.mark.django_db
def test_an_ingested_address_that_is_no_web_address_is_not_stored():
    from channels.contract import Author as Account
    from mentions.people.authors import Seen, store

    seen = Seen("hackernews", Account("x", "x", "x", "javascript:alert(1)"), None, False, timezone.now())
    store([seen])
    assert Author.objects.get(external_id="x").url == ""


def test_conversations_of_attacks_can_be_searched(hostile):
    client = client_of(hostile.boss)
    for attack in ATTACKS:
        answer = client.get("/search/", {"q": attack})
        assert answer.status_code in (200, 302)
        assert danger_in(answer.content.decode()) == []
