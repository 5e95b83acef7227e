"""A sale over a million customers beside live traffic: do others get their messages as soon as before?

Every row has a profile and has looked at a product; every twentieth at the one that goes on sale. Beside them, others
put goods into their carts and leave them for IDLE seconds, some hundred carts a second. Their commands are timed as in
`latency`, from due + `grace` until a reader under read_committed has them: for a stretch without a sale, and from its
announcement until all rows were asked and the last message about it could be read. Each who looked at the product gets
exactly one, and nobody else any, or the figure fails.
"""

from __future__ import annotations

import sys
import threading
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any, Final, NamedTuple

import orjson
from confluent_kafka import Consumer, TopicPartition

from bench import job as jobs
from bench import passes, publishing, shops
from bench.figures import Options
from bench.figures.latency import percentiles
from bench.job import TOPICS, VIEW, Job
from bench.passes import APPLIED
from bench.peers.engines import ROOT
from bench.processes import Process, RunFailed, Worker, cpu_of, memory_of
from bench.publishing import Publisher, placed
from bench.stack import say, servers
from schemas.instants import parse_rfc3339
from schemas.topics import MARKETING_EVENTS
from streams.stacks import Stack

ABOUT = "a sale over many customers, beside live traffic"
RATE: Final = 1_000
"""Events a second of the others."""

OTHERS: Final = 10_000
"""Customers of the live traffic. Each has an event in ten seconds and a change of its cart in forty, so that about half
of these are followed by IDLE quiet seconds."""

IDLE: Final = 20
GRACE: Final = 2.0
SETTLING: Final = 10
"""Seconds after the first deadlines before anything counts."""

EVERY: Final = 20
"""One of so many rows is concerned."""

PRODUCTS: Final = 2_000
"""That live traffic is about (bench.live); the next one goes on sale."""

MOST_MS: Final = 1_000
"""What the p99 of the others is to stay under."""

LOOK: Final = 0.25
"""Seconds between two looks at the worker's metrics."""

PATIENCE: Final = 600.0
"""Seconds for the sale."""


class Sent(NamedTuple):
    """A command as it was read: when it was due, and when it could be read; seconds since the epoch."""

    rule: str
    customer: str
    due: float
    arrived: float


class Look(NamedTuple):
    """The worker at one instant, `at` seconds since the epoch."""

    at: float
    cpu: float
    applied: int
    asked: int
    walks: int


def concerned(rows: int) -> range:
    """The numbers of those who looked at what goes on sale, of so many rows after the OTHERS'."""
    return range(OTHERS, OTHERS + rows, EVERY)


def announcement(at_ms: int) -> bytes:
    """It is on from now, for a day."""
    return (
        f'{{"type":"FlashSaleAnnounced","event_id":"sale-1","shop_id":"main","occurred_at":"{jobs.instant(at_ms)}",'
        f'"sale_id":"sale","name":"One day","ends_at":"{jobs.instant(at_ms + 86_400_000)}","currency":"EUR",'
        f'"items":[{{"product_id":"p{PRODUCTS:05}","price":"9.90"}}]}}'
    ).encode()


def measure(options: Options) -> dict[str, Any]:
    rows = options.many
    with servers() as (stack, folder):
        bootstrap, app = stack.bootstrap, "sale"
        publishing.provide_topics(bootstrap, app)
        records = publish_rows(bootstrap, rows)
        say(f"{rows:,} customers and {OTHERS:,} others were published")
        shop = str(shops.sale_shop(folder, f"{IDLE}s"))
        with Worker(stack, folder, app, rules=shop, clock="wall", grace=str(GRACE)) as worker:
            worker.until_ready()
            fill(stack, worker, records, rows)
            command = [
                sys.executable, "-m", "bench.live", "--bootstrap", bootstrap, "--rate", str(RATE),
                "--customers", str(OTHERS), "--seconds", str(IDLE + SETTLING + options.seconds + PATIENCE),
            ]  # fmt: skip
            with Process(stack, command, {"PYTHONPATH": str(ROOT)}, folder / "producer.log") as producer:
                begin = time.time() + IDLE + SETTLING
                result = drive(bootstrap, worker, producer, begin, begin + options.seconds, rows)
            result["rss_mb"] = round(memory_of(worker.pid, "VmHWM"), 1)
    for name in ("before", "during"):
        one = result[name]
        say(f"{name} the sale: {one['commands']:,} commands of others, p50 {one['p50_ms']} ms, p99 {one['p99_ms']} ms")
    say(f"{result['messages']:,} messages in {result['messages_seconds']} s, rows asked in {result['walk_seconds']} s")
    return result


# -- before


def publish_rows(bootstrap: str, rows: int) -> tuple[int, int]:
    """The goods, everybody's profile, a product that each has looked at, and the consent of those who will be written
    to about the sale. How many records of customers, and how many views."""
    now = time.time_ns() // 1_000_000
    shops.publish_products(bootstrap, PRODUCTS + 1, now - 7_200_000)
    job = Job(customers=OTHERS + rows, begin_ms=now - 3_600_000)
    customers, views = publishing.publish_customers(bootstrap, job), 0
    publisher, liked = Publisher(bootstrap), concerned(rows)
    for number in range(OTHERS, OTHERS + rows):
        key, partition = placed(number)
        product = PRODUCTS if number in liked else number % PRODUCTS
        view = jobs.encoded(VIEW, number, jobs.name(number), job.begin_ms, product, "19.90")
        publisher.put(TOPICS[VIEW], partition, key, view)
        views += 1
    for number in liked:
        key, partition = placed(number)
        publisher.put("customer-events", partition, key, jobs.consent(number, job.begin_ms))
        customers += 1
    publisher.flush()
    return customers, views


def fill(stack: Stack, worker: Worker, records: tuple[int, int], rows: int) -> None:
    """Until the worker has applied these, and has nothing left to do."""
    customers, views = records

    def filled(now: passes.Reading) -> bool:
        told = now.scrapes[0]
        walks, waiting = told.total("rewake_open_walks"), told.total("rewake_outbox_rows")
        return now.customers >= customers and now.events >= views and not walks and not waiting

    last = passes.until(stack, [worker], filled, lambda now: 0.5)
    held = last.scrapes[0].total("rewake_rows")
    if (last.customers, last.events, held) != (customers, views, OTHERS + rows):
        raise RunFailed(
            f"{last.customers} records of customers, {last.events} views, {held:.0f} rows; there are to be "
            f"{customers}, {views} and {OTHERS + rows}"
        )


# -- the sale


def drive(
    bootstrap: str, worker: Worker, producer: Process, begin: float, announced: float, rows: int
) -> dict[str, Any]:
    """Read commands, those that count from `begin`; announce the sale at `announced` (seconds since the epoch), and go
    on until it is through and what was due by then could be read."""
    expected = {jobs.name(number) for number in concerned(rows)}
    sent: list[Sent] = []
    about_sale, ended, over = 0, 0.0, False
    publisher = Publisher(bootstrap, linger_ms=0)
    reader = Consumer({
        "bootstrap.servers": bootstrap, "group.id": "bench-sale", "isolation.level": "read_committed",
        "enable.auto.commit": False, "fetch.wait.max.ms": 100,
    })  # fmt: skip
    with Looking(worker) as looking:
        try:
            reader.assign([TopicPartition("sms-commands", number, 0) for number in range(publishing.PARTITIONS)])
            while not ended or time.time() < ended + GRACE + 2:
                now = time.time()
                if not over and now >= announced:
                    announced, over = now, True
                    publisher.put(MARKETING_EVENTS.name, 0, b"main", announcement(int(now * 1000)))
                    publisher.flush()
                message = reader.poll(0.05)
                if message is not None:
                    if message.error():
                        raise RunFailed(str(message.error()))
                    sent.append(read(message.value() or b"{}", time.time()))
                    about_sale += sent[-1].rule == "sale"
                else:
                    worker.check()
                    producer.check()
                if over and not ended:
                    if about_sale >= len(expected) and walked(looking.looks, announced, OTHERS + rows) is not None:
                        ended = time.time()
                    elif now > announced + PATIENCE:
                        raise RunFailed(
                            f"{about_sale:,} of {len(expected):,} messages about the sale within {PATIENCE:g} s; the "
                            f"worker was last seen as {looking.looks[-1:]}:\n{worker.tail()}"
                        )
        finally:
            reader.close()
    check_sale((one for one in sent if one.rule == "sale"), expected)
    return found(sent, looking.looks, begin, announced, ended, rows)


def read(value: bytes, arrived: float) -> Sent:
    """A SendSms as it lies in its topic."""
    command = orjson.loads(value)
    return Sent(command["rule"], command["customer_id"], parse_rfc3339(command["due_at"]) / 1_000_000, arrived)


class Looking:
    """Looks at the worker's metrics beside all else: it takes its time to answer, and no command waits for that."""

    def __init__(self, worker: Worker) -> None:
        self.looks: list[Look] = []
        self._worker = worker
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)

    def __enter__(self) -> Looking:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join(30)

    def _look(self) -> None:
        while not self._over.wait(LOOK):
            try:
                told, cpu = self._worker.scrape(), cpu_of(self._worker.pid)
            except (RunFailed, OSError):
                return  # whoever reads commands finds that it has ended, and says so
            if told is not None:
                applied = sum(told.total(APPLIED, topic=topic) for topic in TOPICS)
                asked, walks = told.total("rewake_rows_asked_total"), told.total("rewake_open_walks")
                self.looks.append(Look(time.time(), cpu, int(applied), int(asked), int(walks)))


def walked(looks: Sequence[Look], announced: float, rows: int) -> Look | None:
    """The first look at which as many rows had been asked since the announcement, and nothing was left to ask."""
    before = 0
    for look in looks:
        if look.at <= announced:
            before = look.asked
        elif look.asked - before >= rows and not look.walks:
            return look
    return None


def check_sale(sent: Iterable[Sent], expected: set[str]) -> None:
    """Each of these customers was written to once, and nobody else. Raises RunFailed."""
    times = Counter(one.customer for one in sent)
    missing, others = expected - times.keys(), times.keys() - expected
    again = {customer for customer, number in times.items() if number > 1}
    if missing or others or again:
        raise RunFailed(
            f"{len(expected):,} customers are concerned by the sale; {len(missing)} of them were not written to, "
            f"{len(others)} others were, {len(again)} more than once: {sorted(missing | others | again)[:5]}"
        )


# -- what was found


def found(
    sent: Sequence[Sent], looks: Sequence[Look], begin: float, announced: float, ended: float, rows: int
) -> dict[str, Any]:
    """What counts is what might leave, at due + grace, within each of the two stretches."""
    last = walked(looks, announced, OTHERS + rows)
    about = [one.arrived for one in sent if one.rule == "sale"]
    if last is None or not about:
        raise RunFailed("the sale was not seen to the end")
    asked_before = max((look.asked for look in looks if look.at <= announced), default=0)
    return {
        "customers": rows, "others": OTHERS, "messages": len(about),
        "messages_seconds": round(max(about) - announced, 2), "walk_seconds": round(last.at - announced, 2),
        "rows_asked": last.asked - asked_before,
        "before": stretch(sent, looks, begin, announced), "during": stretch(sent, looks, announced, ended),
    }  # fmt: skip


def stretch(sent: Sequence[Sent], looks: Sequence[Look], begin: float, end: float) -> dict[str, Any]:
    """The others' commands that might leave between two instants (seconds since the epoch), how late they could be
    read, and what the worker did meanwhile. Raises RunFailed where there are none."""
    late = [one.arrived - one.due - GRACE for one in sent if one.rule != "sale" and begin <= one.due + GRACE < end]
    if late and min(late) < -GRACE:
        raise RunFailed(f"a command could be read {-min(late) - GRACE:.3f} s before it was due")
    counted = [seconds for seconds in late if seconds >= 0]
    within = [look for look in looks if begin <= look.at < end]
    if not counted or len(within) < 2:
        raise RunFailed(f"{len(counted)} commands of others and {len(within)} looks within {end - begin:.1f} s")
    first, last = within[0], within[-1]
    seconds = last.at - first.at
    return {
        "seconds": round(end - begin, 2), "commands": len(counted), "earlier": len(late) - len(counted),
        **percentiles(counted), "rate": round((last.applied - first.applied) / seconds),
        "worker_cores": round((last.cpu - first.cpu) / seconds, 3),
    }  # fmt: skip


def rows(result: dict[str, Any]) -> list[list[str]]:
    before, during = result["before"], result["during"]
    what = f"a sale over {result['customers']:,} customers"

    def line(name: str, one: dict[str, Any], wanted: str) -> list[str]:
        return [
            f"{what}: due + grace -> readable, of others, {one['rate']:,} events/s live, {name}",
            f"p50 {one['p50_ms']:,.0f} ms, p99 {one['p99_ms']:,.0f} ms{wanted}",
            f"{one['worker_cores']:.2f} of a core; {one['commands']:,} commands in {one['seconds']:.0f} s",
        ]

    kept = "kept" if during["p99_ms"] < MOST_MS else "missed"
    return [
        line("before it", before, ""),
        line("while it runs", during, f" (under {MOST_MS:,} ms: {kept})"),
        [f"{what}: until all were asked, and written to", f"{result['walk_seconds']:.1f} s, "
         f"{result['messages_seconds']:.1f} s",
         f"{result['rows_asked']:,} rows asked, {result['messages']:,} messages, {result['rss_mb']:,.0f} MB"],
    ]  # fmt: skip
