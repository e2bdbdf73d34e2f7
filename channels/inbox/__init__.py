"""The inbox: every fetched item is stored once, leased to ingest, settled, and pruned.

`inbox` stores and replays; `leases` hands items out.
"""
