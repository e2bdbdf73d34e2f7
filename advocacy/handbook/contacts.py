"""Whom the handbook names for emergencies: roles and rooms. Names and numbers are the team's own to enter."""

from __future__ import annotations

from typing import Any

CONTACTS: tuple[dict[str, Any], ...] = (
    {"kind": "advocates", "name": "@advocates", "purpose": "All advocates, in #community-advocates",
     "how": "ping in Slack", "position": 10},
    {"kind": "incident", "name": "Incident management roles", "purpose": "Who leads and who speaks in an incident",
     "position": 20},
    {"kind": "room", "name": "#incident-management", "purpose": "Running incidents", "position": 30},
    {"kind": "room", "name": "#infrastructure-lounge", "purpose": "The infrastructure team", "position": 40},
)  # fmt: skip
"""Source: community-advocacy, "Emergency contact", and the ping of its section on urgent mentions."""
