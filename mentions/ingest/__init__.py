"""Turns stored items into tickets: reading, placing, writing.

The only entry point is `batch.ingest_pending`.
"""
