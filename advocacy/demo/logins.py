"""Who can log in to the demo: one for each role."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Login:
    """`role` names a group of `mentions.roles`. `member`: the key of the team member (sandbox) that it is, if any."""

    username: str
    role: str
    name: str
    member: str | None = None
    is_staff: bool = False


LOGINS = (
    Login("sam", "Advocate", "Sam Okafor", member="sam"),
    Login("maria", "Advocate", "Maria Lindqvist", member="maria"),
    Login("vera", "Volunteer", "Vera Novak"),
    Login("mo", "Manager", "Mo Haddad"),
    Login("admin", "Admin", "Ada Admin", is_staff=True),
)
