"""The company's published list of its people, as YAML and JSON."""

from __future__ import annotations

import json
from typing import Any

from sandbox import world
from sandbox.wire.http import Request, Response, Router, json_response


def register(router: Router) -> None:
    router.add("GET", "/company/team.yml", _as_yaml)
    router.add("GET", "/company/team.json", _as_json)


def people() -> list[dict[str, Any]]:
    """Everybody as listed in such a file; accounts only where there are any."""
    return [
        {
            "slug": member.key,
            "name": member.name,
            "role": member.role,
            "slack": member.key,
            "slack_id": member.slack_id,
            "timezone": member.time_zone,
            "departments": [name.capitalize() for name in member.topics],
        }
        | ({"twitter": member.twitter} if member.twitter else {})
        | ({"hackernews": member.hackernews} if member.hackernews else {})
        for member in world.TEAM
    ]


def _as_json(request: Request) -> Response:
    return json_response({"people": people()})


def _as_yaml(request: Request) -> Response:
    lines = []
    for person in people():
        for number, (key, value) in enumerate(person.items()):
            lines.append(f"{'- ' if number == 0 else '  '}{key}: {json.dumps(value)}")
    return Response("\n".join(lines).encode(), 200, "application/yaml; charset=utf-8")
