"""The partition of a key, as Kafka's Java client chooses it."""

from __future__ import annotations

import pytest
from aiokafka.partitioner import DefaultPartitioner
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.partitioner import customer_key, murmur2, partition_of


# source: org.apache.kafka.common.utils.UtilsTest.testMurmur2
@pytest.mark.parametrize(
    ("key", "signed"),
    [
        (b"21", -973932308),
        (b"foobar", -790332482),
        (b"a-little-bit-long-string", -985981536),
        (b"a-little-bit-longer-string", -1486304829),
        (b"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58897971),
        (b"abc", 479470107),
    ],
)
def test_the_hash_is_the_one_that_kafkas_own_tests_expect(key: bytes, signed: int) -> None:
    assert murmur2(key) == signed % 2**32


@settings(deadline=None)
@given(st.binary(max_size=64), st.integers(1, 200))
def test_the_partition_is_aiokafkas(key: bytes, partitions: int) -> None:
    every = list(range(partitions))
    assert partition_of(key, partitions) == DefaultPartitioner()(key, every, every)


def test_a_customers_key_is_shop_and_customer_in_utf8() -> None:
    assert customer_key("main", "Анна") == "main:Анна".encode()


def test_a_topic_without_partitions_is_an_error() -> None:
    with pytest.raises(ValueError, match="partition"):
        partition_of(b"main:42", 0)
