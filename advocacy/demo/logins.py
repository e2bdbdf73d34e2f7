"""The demo's logins: one for each role."""

from __future__ import annotations

from dataclasses import dataclass

from mentions.people import roles


@dataclass(frozen=True, slots=True)
class Login:
    """`role`: a group of `mentions.people.roles`. `member`: the key of the matching team member (sandbox), if any."""

    username: str
    role: str
    name: str
    member: str | None = None
    is_staff: bool = False


LOGINS = (
    Login("sam", roles.ADVOCATE, "Sam Okafor", member="sam"),
    Login("maria", roles.ADVOCATE, "Maria Lindqvist", member="maria"),
    Login("vera", roles.VOLUNTEER, "Vera Novak"),
    Login("mo", roles.MANAGER, "Mo Haddad"),
    Login("admin", roles.ADMIN, "Ada Admin", is_staff=True),
)
