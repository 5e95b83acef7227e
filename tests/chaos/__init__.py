"""Faults against real processes: workers on Apache Kafka and Redis, and what must hold whatever happens to them.

`python -m tests.chaos` (or `make chaos`) runs rounds of faults; docs/reliability.md says how to read what it prints.
"""
