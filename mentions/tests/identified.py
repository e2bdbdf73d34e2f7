"""A recent re-authentication without typing a password."""

import time


def just_identified(client):
    """Call after `force_login` to give this client access to pages that require a recent re-authentication."""
    session = client.session
    session["account_authentication_methods"] = [{"method": "password", "at": time.time(), "reauthenticated": True}]
    session["account_authentication_methods_user"] = session["_auth_user_id"]
    session.save()
