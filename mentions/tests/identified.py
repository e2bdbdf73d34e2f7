"""Somebody who has just said once more who they are (re-authentication), without typing it."""

import time


def just_identified(client):
    """Call after `force_login`: what asks for a recent re-authentication is open to this client now."""
    session = client.session
    session["account_authentication_methods"] = [{"method": "password", "at": time.time(), "reauthenticated": True}]
    session["account_authentication_methods_user"] = session["_auth_user_id"]
    session.save()
