"""`script/soak`: outages with real processes and slow platforms, and half an hour of steady load with kills.

Each drill has its own desk: PostgreSQL, Redis, the sandbox, web, beat and a worker for each queue, a steady stream of
mentions, and advocates who answer them. It causes one outage, records what people see meanwhile, lets the desk settle
and compares its tables with the sandbox's truth.
"""
