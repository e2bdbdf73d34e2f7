"""Logins and roles: giving roles, deactivating people, single sign-on, second factor."""
