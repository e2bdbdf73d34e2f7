"""Forum categories, and fake keys that are valid only in the sandbox."""

WEBHOOK_SECRET = "sandboxDiscourseHookSecret"  # noqa: S105
STAFF_CATEGORY = 9
CATEGORIES: dict[int, tuple[str, str]] = {
    1: ("uncategorized", "Uncategorized"),
    5: ("how-to", "How to use Acme"),
    6: ("ci", "CI and runners"),
    7: ("ideas", "Ideas"),
    8: ("self-managed", "Self-managed"),
    STAFF_CATEGORY: ("staff", "Staff lounge"),
}
"""Number → (slug, name). The last one is for staff only."""
OPEN = tuple(number for number in CATEGORIES if number != STAFF_CATEGORY)


def key_of(account: str) -> str:
    """A user's key, created by a forum admin."""
    return f"sandboxDiscourseKeyOf-{account}"


def user_key_of(account: str) -> str:
    """A user API key created by the person."""
    return f"sandboxDiscourseUserKeyOf-{account}"
