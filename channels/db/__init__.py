"""Database sessions, data kept across migration rollbacks, and JSON that PostgreSQL accepts.

Public modules: `db_session`, `payloads`, `rollback`.
"""
