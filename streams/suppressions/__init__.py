"""Phones that must not be written to: the topic merged in memory, its records, and the lists that shops have."""
