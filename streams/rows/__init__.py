"""Where the encoded rows of one partition lie while a worker owns it: in memory, or in RocksDB.

Either is a cache of the changelog, which stays the truth: a store begins empty, is filled from the changelog, and is
worth nothing once its partition is given up. `streams.table` keeps the rows in use decoded above it.
"""

from streams.rows.interface import Loaded, RowStore
from streams.rows.memory import MemoryRowStore

__all__ = ["Loaded", "MemoryRowStore", "RowStore"]
