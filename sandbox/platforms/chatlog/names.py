"""The room and its access token."""

SERVER = "matrix.acme.example"
ROOM, ALIAS = f"!AcmeRoomOfTheSandbox:{SERVER}", f"#acme:{SERVER}"
CHANNEL = "acme"
"""The same room as an IRC log."""
TOKEN = "sandbox-matrix-token"  # noqa: S105
API = "/chatlog/_matrix/client/v3"
