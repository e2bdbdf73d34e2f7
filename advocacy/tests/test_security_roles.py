"""Who may open and change what: every URL for every role, against a table. A new URL that isn't in the table fails
here, so that somebody decides about it."""

import logging
from datetime import timedelta

import pytest
from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from advocacy.tests.attacked import ROLES, client_of, named_urls, somebody, world
from mentions.models import RoleTerm
from mentions.people import role_terms, roles

pytestmark = pytest.mark.django_db

CATEGORIES = {
    **dict.fromkeys((200, 204), "ok"),
    **dict.fromkeys((400, 409, 422), "bad"),
    403: "no",
    404: "absent",
    405: "method",
    503: "unready",
}

# anonymous, nobody (no group), volunteer, advocate, manager, admin; one word stands for all of them.
# ok: 2xx or a redirect to another page; login: has to log in; no: 403; absent: 404; method: 405; bad: refused input.
NOT_SET_UP = "login absent absent absent absent absent"
EXPECTED = {
    "livez": ("ok", "method"),
    "readyz": ("ok", "method"),
    "healthz": ("unready", "method"),
    "account_login": ("ok", "ok"),
    "account_logout": ("ok", "ok"),
    "account_inactive": ("ok", "method"),
    "account_signup": ("ok", "ok"),
    "account_reauthenticate": ("login ok ok ok ok ok", "login ok ok ok ok ok"),
    "account_email": ("login ok ok ok ok ok", "login ok ok ok ok ok"),
    "account_email_verification_sent": ("ok", "method"),
    "account_change_password": ("login ok ok ok ok ok", "login ok ok ok ok ok"),
    "account_set_password": ("login ok ok ok ok ok", "login ok ok ok ok ok"),
    "account_reset_password": ("ok", "ok"),
    "account_confirm_login_code": ("login ok ok ok ok ok", "login ok ok ok ok ok"),
    "account_confirm_email": ("ok", "absent"),
    "account_reset_password_from_key_done": ("ok", "method"),
    "account_reset_password_from_key": ("ok", "ok"),
    "account_reset_password_done": ("ok", "method"),
    "mfa_index": ("login ok ok ok ok ok", "login method method method method method"),
    "mfa_authenticate": ("login ok ok ok ok ok", "login ok ok ok ok ok"),
    "mfa_reauthenticate": ("login ok ok ok ok ok", "login ok ok ok ok ok"),
    "mfa_activate_totp": ("login ok ok ok ok ok", "login ok ok ok ok ok"),
    "mfa_deactivate_totp": ("login absent absent absent absent absent", "login absent absent absent absent absent"),
    "mfa_view_recovery_codes": ("login absent absent absent absent absent", "login method method method method method"),
    "mfa_generate_recovery_codes": ("login ok ok ok ok ok", "login ok ok ok ok ok"),
    "mfa_download_recovery_codes": (
        "login absent absent absent absent absent",
        "login absent absent absent absent absent",
    ),
    "openid_connect_login": ("absent", "absent"),
    "openid_connect_callback": ("absent", "method"),
    "oidc_confirm": ("login absent absent absent absent absent", "method"),
    "account_no_role": ("login ok absent absent absent absent", "method"),
    "socialaccount_login_cancelled": ("ok", "method"),
    "socialaccount_login_error": ("401", "method"),
    "socialaccount_signup": ("login", "login"),
    "socialaccount_connections": ("login ok ok ok ok ok", "login ok ok ok ok ok"),
    "usersessions_list": ("login ok ok ok ok ok", "login ok ok ok ok ok"),
    "audit:log": ("login no no no no ok", "method"),
    "audit:csv": ("login no no no no ok", "method"),
    "hook": ("unready", "unready"),
    "channels:health": ("login no no no ok ok", "method"),
    "channels:act": ("method", "login no no no no ok"),
    "channels:try": ("login no no no no ok", "login no no no no ok"),
    "channels:query": ("login no no no absent absent", "login no no no absent absent"),
    "channels:ignored": ("login no no no ok ok", "login no no no no bad"),
    "channels:ignored_by_rule": ("login no no no absent absent", "method"),
    "channels:ignored_items": ("login no no no absent absent", "method"),
    "channels:let_in": ("method", "login no no no no ok"),
    "forms:index": ("login no no no ok ok", "method"),
    "forms:form": ("absent", "absent"),
    "experts:directory": ("login no no ok ok ok", "method"),
    "experts:expert": ("login no no ok ok ok", "method"),
    "experts:active": ("method", "login no no no no ok"),
    "experts:import": ("login no no no no ok", "login no no no no bad"),
    "experts:export": ("login no no ok ok ok", "method"),
    "experts:team_page": ("login no no no no absent", "method"),
    "experts:read_page": ("method", "login no no no no absent"),
    "experts:ask": ("login no no ok no ok", "login no no absent no absent"),
    "experts:who": ("login no no ok no ok", "method"),
    "experts:asked": ("login no no ok no ok", "method"),
    "experts:board": ("login no no ok ok ok", "method"),
    "experts:thanks": ("login no no ok ok ok", "login no no ok ok ok"),
    "experts:remind": ("method", "login no no ok no ok"),
    "experts:withdraw": ("method", "login no no ok no ok"),
    "experts:edit_draft": ("method", "login no no ok no ok"),
    "experts:change": ("method", "login no no absent no absent"),
    "experts:use_draft": ("method", "login no no absent no absent"),
    "experts:say": ("method", "login no no ok no ok"),
    "experts:decide": ("method", "login no no absent no absent"),
    "experts:respond": ("absent", "absent"),
    "experts:take": ("absent", "absent"),
    "experts:route_feedback": ("login no no ok no ok", "login no no bad no bad"),
    "experts:feedback": ("login no no ok ok ok", "method"),
    "experts:settle_feedback": ("method", "login no no absent absent absent"),
    "experts:slack": ("method", "no"),
    "team:contacts": ("login no ok ok ok ok", "method"),
    "team:coverage": ("login no ok ok ok ok", "method"),
    "team:months": ("login no no ok ok ok", "method"),
    "team:months_csv": ("login no no ok ok ok", "method"),
    "team:add_shift": ("method", "login no no bad bad bad"),
    "team:remove_shift": ("method", "login no no ok ok ok"),
    "team:add_absence": ("method", "login no no bad bad bad"),
    "team:remove_absence": ("method", "login no no ok ok ok"),
    "team:stand_in": ("method", "login no no no absent absent"),
    "team:stand_in_take_back": ("method", "login no no no absent absent"),
    "team:renew_address": ("method", "login no ok ok ok ok"),
    "team:feed": ("absent", "method"),
    "team:expertises": ("login no ok ok ok ok", "method"),
    "team:expertise_round": ("method", "login no no no bad bad"),
    "team:expertise_rotate": ("method", "login no no no absent absent"),
    "team:meetings": ("login no no ok ok ok", "method"),
    "team:meeting_rota": ("method", "login no no ok ok ok"),
    "team:meeting": ("login no no absent absent absent", "method"),
    "team:meeting_tick": ("method", "login no no absent absent absent"),
    "team:meeting_report": ("method", "login no no absent absent absent"),
    "team:meeting_take": ("method", "login no no absent absent absent"),
    "team:releases": ("login no ok ok ok ok", "method"),
    "team:release_rota": ("method", "login no no ok ok ok"),
    "team:release": ("login no absent absent absent absent", "method"),
    "team:release_details": ("method", "login no no absent absent absent"),
    "team:release_overview": ("method", "login no no absent absent absent"),
    "team:release_owner": ("method", "login no no no absent absent"),
    "team:release_room": ("method", "login no no absent absent absent"),
    "team:release_invite": ("method", "login no no absent no absent"),
    "team:release_expert": ("method", "login no no absent absent absent"),
    "team:ask_release_swap": ("method", "login no no ok ok ok"),
    "team:decide_release_swap": ("method", "login no no ok ok ok"),
    "team:urgent": ("method", "login no ok ok no ok"),
    "team:take": ("method", "login no absent absent no absent"),
    "team:withdraw": ("method", "login no absent absent no absent"),
    "team:urgent_rooms": ("method", "login no absent absent no absent"),
    "team:urgent_seen": ("method", "login no absent absent no absent"),
    "team:incidents": ("login no ok ok ok ok", "method"),
    "team:open_incident": ("method", "login no no bad bad bad"),
    "team:incident": ("login no absent absent absent absent", "method"),
    "team:incident_details": ("method", "login no no absent absent absent"),
    "team:incident_mentions": ("method", "login no no absent absent absent"),
    "team:incident_reply": ("login no no absent no absent", "login no no absent no absent"),
    "team:incident_state": ("method", "login no no absent absent absent"),
    "team:incident_take_back": ("method", "login no no absent absent absent"),
    "team:incident_undo_step": ("method", "login no no absent absent absent"),
    "team:incident_batch": ("login no absent absent absent absent", "method"),
    "team:incident_undo": ("method", "login no no absent no absent"),
    "team:volunteers": ("login no no ok ok ok", "method"),
    "team:volunteer_invite": ("method", "login no no bad no bad"),
    "team:volunteer_change": ("method", "login no no absent no absent"),
    "team:volunteer_answer": ("410", "410"),
    "team:training": ("login absent absent ok ok ok", "method"),
    "team:practice_play": ("login absent absent ok ok ok", "method"),
    "team:practice": ("login absent absent ok ok ok", "method"),
    "team:practice_reply": ("method", "login absent absent bad bad bad"),
    "team:practice_leave": ("method", "login absent absent absent absent absent"),
    "team:practice_draft": ("login absent absent ok ok ok", "login absent absent ok ok ok"),
    "team:practice_macro": ("login absent absent ok ok ok", "login absent absent ok ok ok"),
    "team:practice_undo": ("method", "login absent absent absent absent absent"),
    "team:volunteer_leave": ("method", "login absent absent absent absent absent"),
    "team:hand_over": ("login no ok ok no ok", "login no ok ok no ok"),
    "team:hand_over_begin": ("method", "login no absent absent no absent"),
    "metrics:index": ("login no no ok ok ok", "method"),
    "metrics:wall": ("login no no ok ok ok", "method"),
    "metrics:alerts": ("login no no ok ok ok", "method"),
    "metrics:exports": ("login no no no ok ok", "method"),
    "metrics:export": ("method", "login no no no ok ok"),
    "metrics:packages": ("login no no ok ok ok", "method"),
    "metrics:make_package": ("method", "login no no ok ok ok"),
    "metrics:package": ("login no no absent absent absent", "method"),
    "metrics:package_again": ("method", "login no no absent absent absent"),
    "metrics:package_zip": ("login no no absent absent absent", "method"),
    "metrics:tickets": ("login no no ok ok ok", "method"),
    "metrics:bundle": ("ok", "method"),
    "metrics:report": ("login no no ok ok ok", "method"),
    "metrics:csv": ("login no no ok ok ok", "method"),
    "metrics:chart": ("login no no ok ok ok", "method"),
    "mentions:home": ("login ok ok ok ok ok", "method"),
    "mentions:play": ("login no ok ok no ok", "method"),
    "mentions:play view": ("login no ok ok no ok", "method"),
    "mentions:queue": ("login no ok ok ok ok", "method"),
    "mentions:queue view": ("login no ok ok ok ok", "method"),
    "mentions:ticket": ("login absent ok ok ok ok", "method"),
    "mentions:preview": ("login absent ok ok ok ok", "method"),
    "mentions:news": ("login absent ok ok ok ok", "method"),
    "mentions:claim": ("method", "login no ok ok no ok"),
    "mentions:renew": ("method", "login no bad bad no bad"),
    "mentions:leave": ("method", "login no ok ok no ok"),
    "mentions:reply": ("method", "login no bad bad no bad"),
    "mentions:draft": ("login no ok ok no ok", "login no ok ok no ok"),
    "mentions:macro": ("login no ok ok no ok", "login no ok ok no ok"),
    "mentions:bulk": ("method", "login no no ok no ok"),
    "mentions:merge": ("login no no ok no ok", "login no no bad no bad"),
    "mentions:split": ("method", "login no no ok no ok"),
    "mentions:like": ("method", "login no ok ok no ok"),
    "mentions:share": ("login no ok ok no ok", "login no bad bad no bad"),
    "mentions:links": ("login absent ok ok ok ok", "method"),
    "mentions:lookups": ("method", "login absent ok ok ok ok"),
    "mentions:lookup": ("login absent absent absent absent absent", "login absent absent absent absent absent"),
    "mentions:answer": ("login absent ok ok ok ok", "method"),
    "mentions:note": ("method", "login absent ok ok ok ok"),
    "mentions:tags": ("method", "login no ok ok no ok"),
    "mentions:priority": ("method", "login no ok ok no ok"),
    "mentions:disclosure": ("method", "login no ok ok no ok"),
    "mentions:open_issue": ("login no ok ok no ok", "login no bad bad no bad"),
    "mentions:link_issue": ("method", "login no ok ok no ok"),
    "mentions:change_issue": ("method", "login no absent absent no absent"),
    "mentions:application": ("method", "login no no ok no ok"),
    "mentions:programs": ("login no ok ok ok ok", "method"),
    "mentions:codes": ("login no no ok ok ok", "login no no no bad bad"),
    "mentions:codes_of": ("login no no absent absent absent", "login no no absent absent absent"),
    "mentions:put_code_back": ("method", "login no no absent no absent"),
    "mentions:undo_outcome": ("method", "login no absent absent no absent"),
    "mentions:undo": ("method", "login no no ok no ok"),
    "mentions:delete_reply": ("method", "login no no ok no ok"),
    "mentions:add": ("login no ok ok no ok", "login no bad bad no bad"),
    "mentions:read_page": ("method", "login no bad bad no bad"),
    "mentions:page_read": ("login no ok ok no ok", "login no ok ok no ok"),
    "mentions:set_up_adding": ("method", "login no no no no ok"),
    "mentions:imports": ("login no no no ok ok", "method"),
    "mentions:import": ("login no no no absent absent", "method"),
    "mentions:undo_import": ("method", "login no no no no absent"),
    "mentions:redo_import": ("method", "login no no no no absent"),
    "mentions:checklist": ("login no ok ok ok ok", "method"),
    "mentions:tick": ("method", "login no absent absent no absent"),
    "mentions:search": ("login no ok ok ok ok", "method"),
    "mentions:author": ("login no ok ok ok ok", "method"),
    "mentions:mark": ("method", "login no no ok ok ok"),
    "mentions:contact": ("method", "login no no ok ok ok"),
    "mentions:join": ("method", "login no no ok ok ok"),
    "mentions:contributors": ("login no no ok ok ok", "method"),
    "mentions:contributor_steps": ("login no no ok ok ok", "method"),
    "mentions:contributor_steps_csv": ("login no no ok ok ok", "method"),
    "mentions:export_contributors": ("login no no no ok ok", "method"),
    "mentions:import_contributors": ("login no no no ok ok", "login no no no bad bad"),
    "mentions:swag": ("method", "login no no absent absent absent"),
    "mentions:marks_hook": ("method", "no"),
    "mentions:erase_person": ("login no no no no ok", "login no no no no bad"),
    "mentions:export_person": ("method", "login no no no no ok"),
    "mentions:attachment": ("login absent ok ok ok ok", "method"),
    "mentions:mail": ("login absent ok ok ok ok", "method"),
    "mentions:me": ("login ok ok ok ok ok", "login ok ok ok ok ok"),
    "mentions:account": ("login absent absent absent absent absent", "login absent absent absent absent absent"),
    "mentions:posts": ("login no no no no no", "login no no no no no"),
    "mentions:undo_post": ("method", "login no no no no no"),
    "mentions:delete_post": ("method", "login no no no no no"),
    "mentions:delivery_count": ("login ok ok ok ok ok", "method"),
    "mentions:delivery_problems": ("login ok ok ok ok ok", "method"),
    "mentions:settle_problem": ("method", "login absent absent absent absent absent"),
    "mentions:held": ("login no no no no ok", "method"),
    "mentions:settle": ("method", "login no no no no ok"),
    "mentions:settle_all": ("method", "login no no no no ok"),
    "mentions:raw": ("login absent absent absent absent absent", "method"),
    "mentions:replay": ("method", "login no absent absent no absent"),
    "channels:inspect": ("login no no no absent absent", "method"),
    "channels:replay": ("method", "login no no no no ok"),
    "channels:unreadable": ("login no no no ok ok", "method"),
    "mentions:keys": ("login ok ok ok ok ok", "method"),
    "mentions:palette": ("login ok ok ok ok ok", "method"),
}


def category(response):
    if response.status_code in (301, 302):
        return "login" if "/login/" in response.headers["Location"] else "ok"
    return CATEGORIES.get(response.status_code, str(response.status_code))


def everybody(words):
    return words.split() if " " in words else [words] * len(ROLES)


def addresses(w):
    """(key of the table, URL) of everything except the admin."""
    shown = w.shown
    values = {
        "number": shown.ticket.pk,
        "ticket_id": shown.ticket.pk,
        "outreach_id": shown.outreach.pk,
        "possible_id": 10**15,
        "link_id": 10**15,
        "what": "tell",
        "stock_id": 10**15,
        "code_id": 10**15,
        "call_id": 10**15,
        "item_id": 10**15,
        "package_id": 10**15,
        "volunteer_id": 10**15,
        "exercise": "question",
        "suggestion_id": 10**15,
        "feedback_id": 10**15,
        "mention_id": 10**15,
        "batch_id": 10**15,
        "expert_id": shown.outreach.expert_id,
        "page_id": 10**15,
        "lookup": 10**15,  # nobody's
        "view": "all",
        "outcome": "solve",
        "name": "activity",
        "slug": "daily-activity",
        "form": "json",
        "hook_id": w.mailbox.hook_id,
        "pk": w.mailbox.pk,
        "verb": "poll",
    }
    others = {
        "undo_outcome": shown.event.pk,
        "undo": shown.reply.pk,
        "delete_reply": shown.reply.pk,
        **dict.fromkeys(("author", "mark", "contact", "join"), shown.author.pk),
        "erase_person": shown.author.pk,
        "export_person": shown.author.pk,
        "attachment": shown.file.pk,
        "mail": shown.message.pk,
    }
    queries = {"mentions:macro": f"?macro={w.macro.pk}", "metrics:tickets": "?figure=mentions"}
    queries["team:practice_macro"] = "?macro=thank-and-link"
    for name, pattern in named_urls():
        if name.startswith("admin:"):
            continue
        groups = pattern.pattern.regex.groupindex
        given = {group: values.get(group, "x") for group in groups}
        if name in ("mentions:settle_all", "mentions:settle"):
            given["verb"] = "send"
        if name == "channels:inspect":
            given["pk"] = 10**15  # nobody's item
        if name.startswith("mentions:") and name.partition(":")[2] in others:
            given = {"number": others[name.partition(":")[2]]}
        key = f"{name} view" if name in ("mentions:play", "mentions:queue") and groups else name
        yield key, reverse(name, kwargs=given) + queries.get(name, "")


def test_every_address_is_open_to_exactly_whom_it_should_be():
    logging.disable(logging.ERROR)
    try:
        w = world()
        users = [somebody(role) for role in ROLES]
        found = {}
        for key, address in addresses(w):
            for place, method in enumerate(("get", "post")):
                got = []
                for user in users:
                    with transaction.atomic():
                        got.append(category(getattr(client_of(user), method)(address)))
                        transaction.set_rollback(True)
                expected = everybody(EXPECTED[key][place]) if key in EXPECTED else None
                if got != expected:
                    found[f"{method} {key}"] = " ".join(got)
    finally:
        logging.disable(logging.NOTSET)
    assert found == {}


def test_no_page_shows_the_search_or_the_account_menu_to_whoever_is_logged_out():
    logging.disable(logging.ERROR)
    try:
        client, shown = client_of(somebody("anonymous")), set()
        for key, address in [*addresses(world()), ("a missing page", "/nowhere/")]:
            for method in ("get", "post"):
                with transaction.atomic():
                    page = getattr(client, method)(address).getvalue()
                    transaction.set_rollback(True)
                if b'id="find"' in page or b"Account menu" in page:
                    shown.add(f"{method} {key}")
    finally:
        logging.disable(logging.NOTSET)
    assert shown == set()


def test_rights_for_a_day_open_what_the_role_of_volunteers_opens_and_only_on_that_day():
    """A colleague without a role on their volunteer day, and one whose day is over although no sweep ran."""
    logging.disable(logging.ERROR)
    try:
        w, now = world(), timezone.now()
        by, helper, over = somebody("advocate"), somebody("nobody"), somebody("nobody")
        for user, ends in ((helper, now + timedelta(hours=9)), (over, now + timedelta(seconds=1))):
            role_terms.plan(user, roles.VOLUNTEER, now - timedelta(hours=1), ends, by)
        role_terms.run(now)
        RoleTerm.objects.filter(user=over).update(ends_at=now)
        assert over.groups.exists()
        columns = {helper.pk: ROLES.index("volunteer"), over.pk: ROLES.index("nobody")}
        found = {}
        for key, address in addresses(w):
            for place, method in enumerate(("get", "post")):
                for user in (helper, over):
                    with transaction.atomic():
                        got = category(getattr(client_of(user), method)(address))
                        transaction.set_rollback(True)
                    if got != everybody(EXPECTED[key][place])[columns[user.pk]]:
                        found[f"{method} {key} {'over' if user == over else 'running'}"] = got
    finally:
        logging.disable(logging.NOTSET)
    assert found == {}


NOT_FOR_A_DAY = (
    "mentions:bulk", "mentions:merge", "mentions:split", "mentions:undo", "mentions:delete_reply", "mentions:codes",
    "mentions:contributors", "mentions:mark", "mentions:imports", "mentions:application", "mentions:posts",
    "metrics:index", "metrics:wall", "metrics:report", "metrics:tickets", "metrics:exports", "metrics:packages",
    "audit:log",
    "channels:health", "channels:query", "experts:directory", "experts:ask", "experts:route_feedback",
    "team:volunteers", "team:meetings", "team:open_incident", "team:incident_reply", "team:add_shift",
)  # fmt: skip


@pytest.mark.parametrize("key", NOT_FOR_A_DAY)
def test_the_table_gives_a_volunteer_no_more_than_the_documents_do(key):
    """Helping to cover the social networks: answers and notes; no reports, no administration, nothing in bulk."""
    column = ROLES.index("volunteer")
    assert all(everybody(words)[column] in ("no", "method") for words in EXPECTED[key])


def test_the_table_names_nothing_that_is_gone():
    assert set(EXPECTED) - {key for key, _address in addresses(world())} == set()


def admin_addresses():
    for name, pattern in named_urls():
        if name.startswith("admin:") and name not in ("admin:login", "admin:logout", "admin:jsi18n"):
            groups = pattern.pattern.regex.groupindex
            if not groups or "unnamed" in name:
                yield name, reverse(name)


@pytest.mark.parametrize("role", [role for role in ROLES if role != "admin"])
def test_the_admin_is_closed_to_all_but_admins(role):
    client = client_of(somebody(role))
    for name, address in admin_addresses():
        for method in ("get", "post"):
            response, hops = getattr(client, method)(address), 0
            while "/accounts/login/" not in (place := response.headers.get("Location", "")) and place and hops < 9:
                response, hops = client.get(place), hops + 1
            assert "/accounts/login/" in place or response.status_code == 403, (name, role)


def test_admins_reach_every_page_of_the_desks_own_apps_in_the_admin():
    client = client_of(somebody("admin"))
    closed = [name for name, address in admin_addresses() if client.get(address).status_code not in (200, 302, 403)]
    assert closed == []
    assert client.get(reverse("admin:channels_connection_changelist")).status_code == 200


def test_the_experts_page_needs_the_link_and_nothing_else():
    w = world()
    address = "/" + w.shown.outreach.path
    client = client_of(somebody("anonymous"))
    page = client.get(address)
    assert page.status_code == 200
    assert "no-store" in page.headers["Cache-Control"]
    assert client.get(address[:-3] + "x/").status_code == 404
    for role in ("volunteer", "advocate"):
        assert client_of(somebody(role)).get(address).status_code == 200
