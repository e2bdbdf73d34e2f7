"""The query language: what counts as a mention, what an ignore rule stops, which channels see it.

Pure. Callers use `matching`, `ignoring` and `routing`.
"""
