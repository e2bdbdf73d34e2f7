"""SQL shared by hot paths: prepared statements, row loading, lock order."""
