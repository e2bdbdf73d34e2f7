"""Checks that adapters make before and after posting."""

from __future__ import annotations

from datetime import timedelta

from channels.contract import Receipt
from channels.errors import Rejected, Uncertain

CLOCK_SLACK = timedelta(minutes=10)
"""Allowance for clocks that differ: a post wrongly taken for absent would be sent twice."""


def require_length(length: int, limit: int, platform: str, what: str = "reply") -> None:
    """`length` as the platform counts. Raises Rejected."""
    if length > limit:
        raise Rejected(f"The {what} is {length} characters long; the limit on {platform} is {limit}.")


def confirmed(receipt: Receipt | None, platform: str, what: str = "reply") -> Receipt:
    """The receipt of a post. Raises Uncertain without one."""
    if receipt is None:
        raise Uncertain(
            f"{platform} accepted the {what} but returned no ID. The desk cannot tell whether it was posted."
        )
    return receipt
