"""Tickets, months of tickets, payloads and hostile items that the benchmarks load."""
