"""Finds adapters and converts stored connections into the config that an adapter receives.

Callers use `finding_adapters` and `configs`.
"""
