"""SQL for hot paths: prepared statements, row loading, lock order."""
