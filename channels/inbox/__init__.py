"""The inbox: every fetched item is stored once, leased to ingest, settled, and pruned.

`inbox` stores items; `leases` hands them out, settles and replays them.
"""
