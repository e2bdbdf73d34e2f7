"""Finds every URL of the desk that is a page, by requesting it: the input of tests that walk all pages."""

from __future__ import annotations

import json
from typing import Any

from django.urls import NoReverseMatch, reverse

from advocacy.tests.attacked import named_urls
from advocacy.tests.browser import write
from team.practice import exercises

SPACES = sorted({name.partition(":")[0] for name, _pattern in named_urls() if ":" in name} - {"admin"})
"""Django's admin has keys of its own."""


def pages_of_desk():
    """[(name, its arguments by name)] of every URL that may be a page; requesting it shows whether it is one."""
    found = {
        (name, tuple(pattern.pattern.converters)) for name, pattern in named_urls() if name.split(":")[0] in SPACES
    }
    return sorted(found)


def address(name, arguments, values):
    """None if it needs something that this world does not have."""
    if any(argument not in values for argument in arguments):
        return None
    try:
        return reverse(name, kwargs={argument: values[argument] for argument in arguments})
    except NoReverseMatch:
        return None


def arguments_of(living: Any, playing: Any) -> dict[str, Any]:
    """Values for URL parameters, by parameter name: of this desk and of the ticket that sam plays. Under a URL's own
    name: values for that URL alone."""
    values = {"number": playing.ticket, "ticket_id": playing.ticket, "view": playing.view, "name": "first-reply"}
    values |= {"slug": living.rows("SELECT slug FROM channels_channel ORDER BY id LIMIT 1")[0]["slug"], "what": "query"}
    for name in ("release", "meeting"):
        values[f"team:{name}"] = {"number": living.rows(f"SELECT min(id) AS id FROM team_{name}")[0]["id"]}
    values["exercise"] = "trouble"
    number = closed_incident(living)
    values |= {"team:incident": {"number": number}, "team:incident_reply": {"number": number, "kind": "answer"}}
    return values


def closed_incident(living: Any) -> int:
    """An incident that no other page shows."""
    report = {"mentions": 3, "answered": 2, "waiting": 1, "told_over": 1, "reply_s": 600, "lasted_s": 4800}
    report["channels"] = [{"name": "@acme", "platform": "twitter", "mentions": 3, "reply_s": 600}]
    report["people"] = [{"name": "Sam Okafor", "replies": 3}]
    report["told"] = [
        {"kind": "answer", "text": "Sorry!", "by": "Sam", "at": "2026-11-02T12:00:00+00:00", "sent": 2, "left_out": 1}
    ]
    insert = """INSERT INTO team_incident (name, source, url, words, state, started_at, opened_at, over_at, closed_at,
            told_open_at, told_over_at, told_report_at, report)
        SELECT 'Pipelines were down', 'all pages', '', '["down"]', 'closed', now(), now(), now(), now(), now(), now(),
            now(), %s WHERE NOT EXISTS (SELECT 1 FROM team_incident WHERE source = 'all pages')"""
    write(living, insert, (json.dumps(report),))
    return int(living.rows("SELECT id FROM team_incident WHERE source = 'all pages'")[0]["id"])


def team_with_hours(living: Any) -> int:
    """A team that covers the clock with a shift at night only, so that open hours are shown."""
    write(living, "INSERT INTO channels_team (name) VALUES ('Americas and the Pacific') ON CONFLICT DO NOTHING", ())
    hours = """INSERT INTO team_coveragehours (weekday, starts, ends, time_zone, team_id)
        SELECT day, '00:00', '00:00', 'UTC', id FROM channels_team, generate_series(0, 6) day ON CONFLICT DO NOTHING"""
    shift = """INSERT INTO team_shift (user_id, starts_at, ends_at, team_id)
        SELECT u.id, date_trunc('day', now()) + interval '2 hours', date_trunc('day', now()) + interval '6 hours', t.id
          FROM auth_user u, channels_team t WHERE u.username = 'mo' ON CONFLICT DO NOTHING"""
    for statement in (hours, shift):
        write(living, statement, ())
    return int(living.rows("SELECT id FROM channels_team")[0]["id"])


def practised(living: Any, username: str) -> None:
    """They have solved every practice ticket."""
    insert = """INSERT INTO team_practicepass (user_id, exercise, passed_at)
        SELECT id, slug, now() FROM auth_user, unnest(%s) slug WHERE username = %s ON CONFLICT DO NOTHING"""
    write(living, insert, (list(exercises.BY_SLUG), username))


def found_pages(windows, space, values):
    """[(name, user who opens it, path)]"""
    asking = {who: windows.again(who) for who in ("sam", "admin")}
    found = []
    for name, arguments in pages_of_desk():
        path = address(name, arguments, {**values, **values.get(name, {})})
        if not name.startswith(f"{space}:") or path is None or (name == "mentions:play" and not arguments):
            continue
        for who, page in asking.items():
            answer = page.request.get(path, max_redirects=0)
            if answer.status == 200 and 'id="keymap"' in answer.text():
                found.append((name, who, path))
                break
    for who, page in asking.items():
        windows.put_back(who, page)
    windows.check()
    return found
