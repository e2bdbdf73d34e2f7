"""Fake keys and tokens, valid only in the sandbox."""

API_KEY = "sandboxDisqusPublicKeyOfAcme"
API_SECRET = "sandboxDisqusSecretKeyOfAcme"  # noqa: S105
MODERATOR_TOKEN = "sandboxDisqusModeratorToken"  # noqa: S105


def token_of(account: str) -> str:
    return f"sandboxDisqusTokenOf-{account}"
