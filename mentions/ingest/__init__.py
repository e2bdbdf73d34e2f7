"""From stored items to tickets: reading, placing, writing.

Callers use `batch.ingest_pending`; it is the one way in.
"""
