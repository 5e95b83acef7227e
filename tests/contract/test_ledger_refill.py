"""A Redis that came back empty judges nothing that customers share before it has been filled again: on real servers."""

from __future__ import annotations

import asyncio
import contextlib
import uuid
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
import structlog
from pydantic import SecretStr

from schemas.emitted import SendSms, encode
from schemas.instants import DAY, rfc3339
from streams.ledger import RedisLedger
from streams.ledger.guard import Guard
from streams.ledger.refill import Refill
from streams.metrics import Metrics
from streams.settings import Settings
from tests.contract.redis_process import ClusterProcesses, RedisProcess
from triggers.asks import Ask, Full, Granted, LedgerAnswer, Scope
from triggers.rules.model import Budget, Cap, RuleBook, Shop
from triggers.shared import Shared, SharedOfShops

NOW = 1_795_000_000_000_000
PHONES = [f"+7999000{number:04}" for number in range(40)]
SHOP = Shop(caps=(Cap(1, 7 * DAY, by="phone"),), budgets=(Budget(1000),))
BOOK = RuleBook(shops={"main": SHOP})


@dataclass
class Worker:
    ledger: RedisLedger
    refill: Refill
    metrics: Metrics


@dataclass
class World:
    """Servers, and what went out: `sent`. Workers of one installation share both."""

    nodes: list[RedisProcess]
    settings: Settings
    prefix: str = field(default_factory=lambda: uuid.uuid4().hex)
    sent: list[bytes] = field(default_factory=list)
    reads: int = 0
    before_reading: Callable[[], None] = lambda: None

    @contextlib.asynccontextmanager
    async def worker(self, book: RuleBook = BOOK, settle: float = 0.0) -> AsyncIterator[Worker]:
        client, metrics, shared = self.settings.ledger_client(), Metrics(), SharedOfShops(book)
        guard = Guard(client, self.prefix, shared.covers)
        secret = SecretStr("0123456789abcdef0123456789abcdef")
        ledger = RedisLedger(client, prefix=self.prefix, timeout=10.0, secret=secret, guard=guard, metrics=metrics)
        refill = Refill(guard, ledger, self.pieces, shared.ask_of, settle=settle, metrics=metrics)
        running = asyncio.create_task(refill.run())
        try:
            yield Worker(ledger, refill, metrics)
        finally:
            running.cancel()
            _, still = await asyncio.wait([running], timeout=60)  # rather a failure than a run that never ends
            await ledger.close()
            assert not still, running.get_stack()

    @contextlib.asynccontextmanager
    async def pieces(self) -> AsyncIterator[AsyncIterator[list[bytes]]]:
        async def found() -> AsyncIterator[list[bytes]]:
            self.before_reading()
            self.reads += 1
            yield list(self.sent)

        yield found()

    def publish(self, ask: Ask, phone: str) -> None:
        self.sent.append(
            encode(
                SendSms(
                    command_id=ask.touch_id, shop_id="main", customer_id=ask.customer_id, rule="r", rule_version="v",
                    step="1", phone=phone, sender=None, text="Hello", purpose="marketing", encoding="gsm-7", units=5,
                    segments=1, due_at=rfc3339(ask.at), not_before=rfc3339(ask.at), not_after=rfc3339(ask.at + DAY),
                )
            )
        )  # fmt: skip

    def lose_everything(self) -> None:
        for node in self.nodes:
            node.ask("FLUSHALL")


@pytest.fixture(params=["redis", "cluster"])
def world(request: pytest.FixtureRequest, own_redis: RedisProcess) -> World:
    in_cluster = request.param == "cluster"
    servers: RedisProcess | ClusterProcesses = request.getfixturevalue("own_cluster") if in_cluster else own_redis
    nodes = [servers] if isinstance(servers, RedisProcess) else servers.nodes
    return World(nodes, Settings(redis_url=servers.url, redis_cluster=in_cluster, redis_timeout=10.0))


def ask(touch_id: str, phone: str, at: int = NOW, customer: str = "42") -> Ask:
    shared = Shared(SHOP).scopes(at, None, phone, "Hello", 1, False)
    return Ask("main", customer, touch_id, at, (Scope("customer", "", ()), *shared))


async def answered(worker: Worker, *asks: Ask) -> list[LedgerAnswer | None]:
    """The first answers that are all given."""
    async with asyncio.timeout(60):
        while True:
            answers = await worker.ledger.reserve(asks)
            if None not in answers:
                return answers
            await asyncio.sleep(0.05)


async def filled(*workers: Worker) -> None:
    """Wait until all know that nothing is missing."""
    await until(lambda: all(worker.refill.filled for worker in workers))


async def until(happens: Callable[[], bool]) -> None:
    async with asyncio.timeout(60):
        while True:
            if happens():
                return
            await asyncio.sleep(0.05)


def value(metric: Any) -> float:
    return float(metric._value.get())


async def test_a_phone_gets_no_more_than_its_cap_though_redis_forgot_it(world: World) -> None:
    async with world.worker() as worker:
        first = [ask(f"a{phone}", phone, customer=phone) for phone in PHONES]
        assert all(isinstance(answer, Granted) for answer in await answered(worker, *first))
        for one, phone in zip(first, PHONES, strict=True):
            world.publish(one, phone)
        await worker.ledger.confirm(first)
        world.lose_everything()
        again = [ask(f"b{phone}", phone, NOW + DAY, customer=f"x{phone}") for phone in PHONES]
        assert await worker.ledger.reserve(again) == [None] * len(again), "nothing is let through before it knows"
        answers = await answered(worker, *again)
        assert [type(answer) for answer in answers] == [Full] * len(PHONES)
        replay = await answered(worker, *first)
        assert all(isinstance(answer, Granted) for answer in replay), "what went out is known by its own id"
        assert value(worker.metrics.ledger_refilling) == 0


async def test_caps_by_customer_alone_are_judged_at_once(world: World) -> None:
    async with world.worker() as worker:
        await answered(worker, ask("a", PHONES[0]))
        world.lose_everything()
        own = Ask("main", "42", "b", NOW, (Scope("customer", "", ()),))
        assert await worker.ledger.reserve([own]) == [Granted(False, ())]


async def test_what_is_committed_while_others_wait_is_counted(world: World) -> None:
    """A worker has been granted a touch, and its transaction is still open when Redis loses everything."""
    async with world.worker(settle=1.0) as slow, world.worker(settle=1.0) as other:
        before = ask("before", PHONES[0])
        await answered(slow, before)
        world.lose_everything()
        assert await other.ledger.reserve([ask("late", PHONES[0], NOW + 1)]) == [None]
        await asyncio.sleep(0.3)
        world.publish(before, PHONES[0])  # it commits, and dies before it can confirm
        (answer,) = await answered(other, ask("late", PHONES[0], NOW + 1))
        assert isinstance(answer, Full)


async def test_what_is_lost_while_it_is_filled_is_filled_again(world: World) -> None:
    async with world.worker() as worker:
        sent = ask("a", PHONES[0])
        await answered(worker, sent)
        world.publish(sent, PHONES[0])
        losses = iter([world.lose_everything] * 2)
        world.before_reading = lambda: next(losses, lambda: None)()
        world.lose_everything()
        (answer,) = await answered(worker, ask("b", PHONES[0]))
        assert isinstance(answer, Full)


async def test_one_worker_fills_and_all_go_on(world: World) -> None:
    async with contextlib.AsyncExitStack() as stack:
        workers = [await stack.enter_async_context(world.worker(settle=0.2)) for _ in range(4)]
        await answered(workers[0], ask("a", PHONES[0]))
        await filled(*workers)
        world.publish(ask("a", PHONES[0]), PHONES[0])
        world.lose_everything()
        world.reads = 0
        answers = await asyncio.gather(
            *(answered(worker, ask(f"b{number}", PHONES[0])) for number, worker in enumerate(workers))
        )
        assert all(isinstance(answer, Full) for (answer,) in answers)
        assert world.reads == 1


async def test_when_it_begins_and_ends_is_said_once(world: World) -> None:
    async with world.worker() as worker:
        await answered(worker, ask("a", PHONES[0]))
        await filled(worker)
        world.lose_everything()
        with structlog.testing.capture_logs() as logs:
            await answered(worker, ask("b", PHONES[1]))
            await until(lambda: len(logs) == 2)
        assert [(line["log_level"], line["event"]) for line in logs] == [
            ("warning", "redis does not know who was sent what: caps by phone and budgets wait until it does again"),
            ("info", "redis knows again who was sent what"),
        ]


async def test_a_shop_that_begins_to_cap_phones_knows_what_was_sent_before(world: World) -> None:
    none = RuleBook(shops={"main": Shop()})
    async with world.worker(none) as worker:
        before = Ask("main", "42", "a", NOW, (Scope("customer", "", ()),))
        await answered(worker, before)
        await asyncio.sleep(0.2)
    world.publish(before, PHONES[0])
    async with world.worker() as worker:
        (answer,) = await answered(worker, ask("b", PHONES[0], NOW + 1))
        assert isinstance(answer, Full)


async def test_what_is_no_command_of_the_shops_is_passed_over(world: World) -> None:
    world.sent += [b"", b"{}", b"\xff", b'{"type":"CancelSms"}']
    async with world.worker() as worker:
        assert await answered(worker, ask("a", PHONES[0])) == [Granted(False, (0, 0))]
