"""A member whose group says no, with aiokafka's own coordinator before a broker that answers as told."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import Any, Final

import pytest
from aiokafka.consumer.group_coordinator import GroupCoordinator
from aiokafka.consumer.subscription_state import SubscriptionState
from aiokafka.errors import (
    GroupAuthorizationFailedError,
    IncompatibleBrokerVersion,
    InconsistentGroupProtocolError,
    InvalidGroupIdError,
    InvalidSessionTimeoutError,
    KafkaError,
    NodeNotReadyError,
    UnknownError,
    UnknownMemberIdError,
    UnsupportedVersionError,
)
from aiokafka.protocol.group import HeartbeatRequest, JoinGroupRequest

from streams.chunks.membership import FENCED_INSTANCE_ID, PAUSE_SECONDS_MOST, Membership, NoMember

GROUP_MAX_SIZE_REACHED: Final = 81
"""Heals when others leave; aiokafka has no class for it."""


class Broker:
    """aiokafka's client. `join` is the error code that JoinGroup is answered with, or what is raised instead; `lookup`
    what is raised when the coordinator is looked for."""

    def __init__(self, join: int | KafkaError = 0, lookup: KafkaError | None = None) -> None:
        self.join = join
        self.lookup = lookup
        self.joins = 0
        self.cluster = SimpleNamespace(
            add_listener=lambda listener: None, topics=lambda exclude: set(), partitions_for_topic=lambda topic: {0}
        )

    async def coordinator_lookup(self, kind: Any, name: str) -> int:
        if self.lookup is not None:
            raise self.lookup
        return 0

    async def ready(self, node: int, *, group: Any) -> bool:
        return True

    async def force_metadata_update(self) -> None:
        await asyncio.sleep(0)

    async def send(self, node: int, request: Any, *, group: Any) -> Any:
        await asyncio.sleep(0)
        assert isinstance(request, JoinGroupRequest)
        self.joins += 1
        if isinstance(self.join, KafkaError):
            raise self.join
        return SimpleNamespace(error_code=self.join, member_id="")


class Assignor:
    name = "any"

    def metadata(self, topics: Any) -> bytes:
        return b""


class Member:
    def __init__(self, broker: Broker, name: str | None = None) -> None:
        self.now = 100.0
        self.subscription = SubscriptionState()
        self.subscription.register_fetch_waiters(set())
        self.coordinator = GroupCoordinator(
            broker, self.subscription, group_id="shop", retry_backoff_ms=1, enable_auto_commit=False,
            group_instance_id=name, session_timeout_ms=10_000, assignors=(Assignor(),),
        )  # fmt: skip
        self.membership = Membership(self.coordinator, clock=lambda: self.now)
        self.subscription.subscribe({"carts"})

    @property
    def waits(self) -> bool:
        """The coordinator waits until somebody takes note of an error."""
        return self.coordinator._pending_exception is not None


@asynccontextmanager
async def member_of(broker: Broker) -> AsyncIterator[Member]:
    member = Member(broker)
    try:
        async with asyncio.timeout(60):
            yield member
    finally:
        await member.coordinator.close()


async def until(done: Callable[[], bool]) -> None:
    while not done():  # noqa: ASYNC110  # nothing to wait on
        await asyncio.sleep(0.001)


async def pausing(member: Member) -> None:
    """Until note is taken of the error."""
    member.membership.heed()
    while member.waits:
        member.now += 0.5
        member.membership.heed()


@pytest.mark.parametrize(
    ("broker", "hint"),
    [
        (Broker(InconsistentGroupProtocolError.errno), "another program is in that group"),
        (Broker(InvalidGroupIdError.errno), "REWAKE_APP_ID"),
        (Broker(lookup=InvalidGroupIdError()), "REWAKE_APP_ID"),
        (Broker(InvalidSessionTimeoutError.errno), "REWAKE_SESSION_TIMEOUT"),
        (Broker(GroupAuthorizationFailedError.errno), "allow it READ on 'shop'"),
        (Broker(lookup=GroupAuthorizationFailedError()), "allow it READ on 'shop'"),
        (Broker(UnsupportedVersionError.errno), "docs/production.md"),
        (Broker(lookup=IncompatibleBrokerVersion("too old")), "docs/production.md"),
        (Broker(FENCED_INSTANCE_ID), "REWAKE_INSTANCE_ID"),
    ],
    ids=lambda value: value if isinstance(value, str) else f"{value.join}-{value.lookup!r}",
)
async def test_what_only_an_operator_can_mend_ends_the_member_with_a_hint(broker: Broker, hint: str) -> None:
    async with member_of(broker) as member:
        await until(lambda: member.waits)
        with pytest.raises(NoMember) as refused:
            member.membership.heed()
    assert "the group 'shop' does not take this worker" in str(refused.value)
    assert hint in str(refused.value)


async def test_a_broker_that_can_t_be_spoken_to_ends_the_member_though_its_coordinator_goes_on_trying() -> None:
    broker = Broker(IncompatibleBrokerVersion("too old"))
    async with member_of(broker) as member:
        await until(lambda: broker.joins > 1)
        assert not member.waits
        with pytest.raises(NoMember, match="too old"):
            member.membership.heed()


@pytest.mark.parametrize("code", [UnknownError.errno, GROUP_MAX_SIZE_REACHED])
async def test_what_may_heal_by_itself_is_tried_again_after_pauses_that_grow_up_to_a_bound(code: int) -> None:
    broker = Broker(code)
    pauses = []
    async with member_of(broker) as member:
        for tries in range(1, 7):
            await until(lambda: member.waits)
            assert broker.joins == tries
            began = member.now
            await pausing(member)
            pauses.append(member.now - began)
    assert pauses == [0, 1, 2, 4, 8, PAUSE_SECONDS_MOST]


async def test_pauses_begin_anew_when_the_group_was_well_for_a_while() -> None:
    broker = Broker(UnknownError.errno)
    async with member_of(broker) as member:
        for _ in range(4):
            await until(lambda: member.waits)
            await pausing(member)
        member.now += 3600
        for pause in (0, 1):
            await until(lambda: member.waits)
            began = member.now
            await pausing(member)
            assert member.now - began == pause


async def test_a_member_whose_group_is_well_is_left_alone() -> None:
    async with member_of(Broker()) as member:
        before = member.coordinator._rejoin_needed_fut
        member.membership.heed()
        assert member.coordinator._rejoin_needed_fut is before and not before.done()


async def test_a_coordinator_that_has_ended_is_no_member_any_more() -> None:
    async with member_of(Broker(lookup=None)) as member:
        member.coordinator._client = None  # whatever it does next is a fault
        await until(member.coordinator._coordination_task.done)
        with pytest.raises(KafkaError, match="Unexpected error during coordination"):
            member.membership.heed()
        member.coordinator._coordination_task = asyncio.create_task(asyncio.sleep(0))


class Answering(Broker):
    """Answers each heartbeat with the next of these codes, and whoever asks for more is a member."""

    def __init__(self, *codes: int) -> None:
        super().__init__()
        self.codes = list(codes)

    async def send(self, node: int, request: Any, *, group: Any) -> Any:
        return SimpleNamespace(error_code=self.codes.pop(0) if self.codes else 0)


LOST: Final = UnknownMemberIdError.errno


async def beats(*told: tuple[str, float, int], name: str | None = "a") -> Membership:
    """After heartbeats: under which id, how long after the one before, answered with which code."""
    broker = Answering(*(code for _, _, code in told))
    member = Member(broker, name)
    member.subscription.unsubscribe()
    for id, later, _ in told:
        member.now += later
        await member.coordinator._client.send(0, HeartbeatRequest("shop", 1, id), group=None)
    await member.coordinator.close()
    return member.membership


TWICE: Final = (("m1", 0, 0), ("m1", 3, LOST), ("m2", 0, 0), ("m2", 3, LOST))


async def test_a_static_member_whose_place_is_taken_again_and_again_gives_way() -> None:
    membership = await beats(*TWICE, ("m3", 0, 0), ("m3", 3, LOST))
    with pytest.raises(NoMember, match="REWAKE_INSTANCE_ID"):
        membership.heed()
    with pytest.raises(NodeNotReadyError):  # so that the other one stays
        await membership._answers.send(0, JoinGroupRequest("shop", 1, 1, "", "a", "consumer", []), group=None)


@pytest.mark.parametrize(
    "told",
    [
        pytest.param([*TWICE], id="twice may be a coordinator's fault"),
        pytest.param([*TWICE, ("m2", 0, LOST)], id="two asked at once"),
        pytest.param([*TWICE, ("m3", 0, 0), ("m3", 10, LOST)], id="the session was over"),
        pytest.param([*TWICE, ("m3", 0, 0), ("m3", 60, 0), ("m3", 3, LOST)], id="long after"),
    ],
)
async def test_a_static_member_that_may_have_been_forgotten_joins_again(told: list[tuple[str, float, int]]) -> None:
    (await beats(*told)).heed()


async def test_a_member_without_a_name_has_no_place_that_could_be_taken() -> None:
    (await beats(*TWICE, ("m3", 0, 0), ("m3", 3, LOST), name=None)).heed()
