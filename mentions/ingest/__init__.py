"""Turns stored items into tickets: reading, placing, writing.

The entry points are in `batch`.
"""
