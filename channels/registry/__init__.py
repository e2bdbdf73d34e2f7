"""Finds adapters and turns stored connections into the config an adapter reads.

Callers use `lookup` and `configs`.
"""
