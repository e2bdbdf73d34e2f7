"""The monthly package: one month as slides, pictures, tables and a summary, built step by step and kept as files."""
