"""Which partition a key belongs to: murmur2, as Kafka's Java client does it.

Source: org.apache.kafka.common.utils.Utils.murmur2 and toPositive (seed 0x9747b28c). librdkafka's default differs:
there set `partitioner=murmur2_random`.
"""

from __future__ import annotations

from struct import unpack_from
from typing import Final

_SEED: Final = 0x9747B28C
_M: Final = 0x5BD1E995
_MASK: Final = 0xFFFFFFFF


def murmur2(key: bytes) -> int:
    """The 32-bit hash, unsigned."""
    length = len(key)
    h = _SEED ^ length
    for k in unpack_from(f"<{length >> 2}I", key):
        k = (k * _M) & _MASK
        h = ((h * _M) & _MASK) ^ (((k ^ (k >> 24)) * _M) & _MASK)
    if length & 3:
        h = ((h ^ int.from_bytes(key[length & ~3 :], "little")) * _M) & _MASK
    h = ((h ^ (h >> 13)) * _M) & _MASK
    return h ^ (h >> 15)


def partition_of(key: bytes, partitions: int) -> int:
    """The partition, 0 to `partitions - 1`, of a record with this key. ValueError without partitions."""
    if partitions < 1:
        raise ValueError("a topic has at least one partition")
    return (murmur2(key) & 0x7FFFFFFF) % partitions


def row_key(shop_id: str, customer_id: str) -> str:
    """The key of a customer's row: `shop_id:customer_id`."""
    return f"{shop_id}:{customer_id}"


def customer_key(shop_id: str, customer_id: str) -> bytes:
    """The record key of everything that is about one customer: the row's, in UTF-8."""
    return row_key(shop_id, customer_id).encode()
