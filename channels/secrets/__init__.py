"""Platform secrets: encrypted at rest, decrypted on use, redacted from logs.

Callers use `vault`; `sealing` knows every encrypted column.
"""
