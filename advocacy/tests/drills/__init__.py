"""`script/soak`: outages played with real processes and slow platforms, and half an hour of steady load with kills.

Each drill has a desk of its own: PostgreSQL, Redis, the sandbox, web, beat and a worker for each queue, mentions that
come in all the time and advocates who answer them. It does one thing to it, notes what people see meanwhile, lets it
come to rest and holds its tables against what the sandbox knows.
"""
