"""Customers who leave just as a message to them falls due, on real workers, Apache Kafka with transactions and Redis.

`python -m tests.races --races 1000` (or `make races`). docs/reliability.md says what is raced and what must hold.
"""
