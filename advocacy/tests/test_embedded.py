"""The launcher: PostgreSQL and Redis start anywhere, keep their data, and never stay behind."""

import psycopg2

from advocacy.embedded.postgres import PostgresServer


def test_postgres_started_again_keeps_its_data():
    server = PostgresServer.temporary()
    server.start()
    try:
        with psycopg2.connect(server.url) as connection, connection.cursor() as cursor:
            cursor.execute("CREATE TABLE kept AS SELECT 42 AS answer")
        connection.close()
        server.restart()
        with psycopg2.connect(server.url) as connection, connection.cursor() as cursor:
            cursor.execute("SELECT answer FROM kept")
            assert cursor.fetchone() == (42,)
        connection.close()
    finally:
        server.stop()
    assert not server.data.exists()
