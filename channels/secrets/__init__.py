"""Platform secrets: encrypted at rest, opened late, redacted from logs.

Callers use `vault`; `sealing` knows every encrypted column.
"""
