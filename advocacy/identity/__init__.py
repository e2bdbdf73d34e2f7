"""Who may log in, how, and with which roles: giving roles, deactivating people, single sign-on, second factor."""
