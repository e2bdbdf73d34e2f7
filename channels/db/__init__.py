"""Database sessions, rollback of migrations, and values that PostgreSQL accepts.

Others use `db_session`, `payloads` and `rollback`.
"""
