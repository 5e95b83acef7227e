"""What `bench.core` is measured with: events, rules and products of its workloads, all seeded."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from types import MappingProxyType
from typing import Any, Final
from uuid import UUID

import orjson
from ruamel.yaml import YAML

from bench.job import BEGIN_MS, SPAN_MS, Job, profile
from bench.job import made as made_of
from feeds.read import read
from feeds.store import MemoryStore
from schemas.catalogue import Catalogue, Product
from schemas.instants import rfc3339
from streams.rules.folder import read_rulebook
from streams.simulation.storefront import storefront
from triggers.rules.model import RuleBook

TEA_HOUSE: Final = Path(__file__).parents[1] / "examples" / "tea-house"
SPAN: Final = 6 * 3600 * 1_000_000
BEGIN: Final = 1_795_219_200_000_000  # 2026-11-21
EVENTS_A_CUSTOMER: Final = 20


@dataclass(frozen=True)
class Workload:
    """`known`: events of before, that are applied and not measured. Values as they are on the wire."""

    name: str
    rules: RuleBook
    catalogue: Catalogue
    known: list[bytes]
    values: list[bytes]


def peers(events: int) -> Workload:
    """The job of the comparison with other stream processors: one rule, one touch, a plain text, no product."""
    customers = max(1, events // EVENTS_A_CUSTOMER)
    known = [
        orjson.dumps({
            "type": "CustomerUpdated", "event_id": f"profile-{n}", "customer_id": f"c{n:06d}",
            "occurred_at": "2026-11-20T00:00:00Z", "phone": f"+7999{n:07d}",
        })
        for n in range(customers)
    ]  # fmt: skip
    rule = {
        "rule": "left-cart", "purpose": "transactional",
        "trigger": {"cart_abandoned": {"idle": "60m", "reenter": "each_spell"}},
        "steps": [{"sms": "You left {{ cart.count }} item(s) in your cart"}],
    }  # fmt: skip
    return Workload("peers", _book([rule]), MemoryStore(), known, [orjson.dumps(e) for e in _clicks(events, customers)])


def _clicks(events: int, customers: int) -> Iterator[dict[str, Any]]:
    rng = Random(42)
    for number in range(events):
        at, customer, kind = BEGIN + number * SPAN // events // 1000 * 1000, rng.randrange(customers), rng.random()
        base = {
            "event_id": str(UUID(int=rng.getrandbits(128))), "customer_id": f"c{customer:06d}",
            "occurred_at": f"{rfc3339(at)[:19]}.{at // 1000 % 1000:03}Z", "currency": "EUR",
        }  # fmt: skip
        price = f"{rng.uniform(1, 200):.2f}"
        if kind < 0.95:
            product = {"product_id": f"p{rng.randrange(20_000):05d}", "price": price}
            added = {"type": "CartItemAdded", "quantity": rng.randrange(1, 5)}
            yield {**({"type": "ProductViewed"} if kind < 0.70 else added), **base, **product}
        else:
            yield {"type": "OrderPlaced", **base, "order_id": f"o{number}", "total": price}


def shop(events: int) -> Workload:
    """The sample shop with its own rule: three touches, products, quiet hours, caps."""
    return Workload("shop", _folder(TEA_HOUSE), _tea(), [], list(_storefront(events)))


def rules(events: int) -> Workload:
    """The sample shop with twenty rules, each for its own part of the customers."""
    return Workload("rules", _book(list(_twenty()), TEA_HOUSE / "shop.yaml"), _tea(), [], list(_storefront(events)))


def _job(name: str, job: Job) -> Workload:
    known = [profile(customer, job.begin_ms - 3_600_000) for customer in range(job.customers)]
    return Workload(name, peers(EVENTS_A_CUSTOMER).rules, MemoryStore(), known, [made.value for made in made_of(job)])


def few(events: int) -> Workload:
    """The three cases of `bench.figures.growth`, a thousand events a customer or one."""
    return _job("few", Job(events=events, customers=max(1, events // 1000)))


def seldom(events: int) -> Workload:
    """As few, and each comes as seldom as one of many: as many touches."""
    span = 1000 * SPAN_MS
    return _job("seldom", Job(events=events, customers=max(1, events // 1000), begin_ms=BEGIN_MS - span, span_ms=span))


def many(events: int) -> Workload:
    return _job("many", Job(events=events, customers=events))


def rules10(events: int) -> Workload:
    """The sample shop with ten rules of carts, each for its own part of the customers."""
    return _of_many("rules10", events, _TEN_CARTS, 10)


def rules200(events: int) -> Workload:
    """The same ten, and 190 that nobody here is in the audience of."""
    return _of_many("rules200", events, _TEN_CARTS, 200)


def mixed10(events: int) -> Workload:
    """As ten rules, of all kinds that have a page."""
    return _of_many("mixed10", events, _mixed(), 10)


def mixed200(events: int) -> Workload:
    return _of_many("mixed200", events, _mixed(), 200)


WORKLOADS: Final[dict[str, Callable[[int], Workload]]] = {
    "peers": peers, "shop": shop, "rules": rules, "few": few, "seldom": seldom, "many": many,
    "rules10": rules10, "rules200": rules200, "mixed10": mixed10, "mixed200": mixed200,
}  # fmt: skip


def _storefront(events: int) -> Iterator[bytes]:
    made = storefront(1, max(1, events // EVENTS_A_CUSTOMER), start=datetime(2026, 11, 2, tzinfo=UTC))
    for _, (_, event) in zip(range(events), made, strict=False):
        yield orjson.dumps(event)


def _twenty() -> Iterator[dict[str, Any]]:
    for number in range(20):
        city, poor, women = _CITIES[number % 5], number // 5 % 2, number // 10
        gender, sign = ("f", "m")[women], (">=", "<")[poor]
        where = f'customer.city == "{city}" and customer.gender == "{gender}" and cart.total {sign} 1500'
        steps: list[dict[str, Any]] = [
            {"sms": "{{ customer.first_name }}, {{ cart.lines[0].name | shorten(24) }}: {{ cart.lines[0].url }}"},
            {"after": "23h", "incentive": {"discount": "5%", "valid": "48h"},
             "sms": 'Скидка 5% до {{ incentive.valid_until | date("dd.MM") }}: {{ shop.cart_url }}'},
        ]  # fmt: skip
        yield {
            "rule": f"rule-{number:02}", "audience": where, "once_per": "7d", "steps": steps,
            "trigger": {"cart_abandoned": {"idle": ("30m", "60m", "4h")[number % 3]}},
        }  # fmt: skip


_TEN_CARTS: Final = [{"cart_abandoned": {"idle": idle}} for idle in ("30m", "60m", "4h")]
_CITIES: Final = ("Москва", "Санкт-Петербург", "Казань", "Самара", "Екатеринбург")
_HERE: Final = [f'customer.city == "{city}" and customer.gender == "{sex}"' for sex in "fm" for city in _CITIES]
_PAGES: Final = Path(__file__).parents[1] / "docs" / "triggers"
_RULE: Final = re.compile(r"^```yaml rule\b[^\n]*\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_AUDIENCE: Final = re.compile(r"^```yaml audience file=(audiences/[^\n]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def _of_many(name: str, events: int, triggers: list[dict[str, Any]], count: int) -> Workload:
    """Ten rules that can fire, among so many."""
    documents = []
    for number in range(count):
        audience = _HERE[number] if number < 10 else _nobody(number)
        documents.append({
            "rule": f"rule-{number:03}", "trigger": triggers[number % len(triggers)], "audience": audience,
            "once_per": "60d", "steps": [{"sms": "{{ customer.first_name }}, {{ shop.url }}"}],
        })  # fmt: skip
    audiences = {
        path: text for page in sorted(_PAGES.glob("*.md")) for path, text in _AUDIENCE.findall(page.read_text())
    }
    return Workload(name, _book(documents, TEA_HOUSE / "shop.yaml", audiences), _tea(), [], list(_storefront(events)))


def _nobody(number: int) -> str:
    """Whom a rule of another town, of another tier, or (one of ten) for larger buyers is for."""
    if number % 10 == 9:
        return f"orders.total > {1_000_000 + number}"
    if number % 2:
        return f'orders.count >= 1 and customer.card == "tier-{number}"'
    return f'customer.city == "Город {number}" and cart.total > 500'


def _mixed() -> list[dict[str, Any]]:
    """The triggers of the first example of each page, and carts."""
    yaml = YAML(typ="safe", pure=True)
    pages = [_RULE.search(page.read_text()) for page in sorted(_PAGES.glob("*.md"))]
    return [_TEN_CARTS[1], *(yaml.load(found[1])["trigger"] for found in pages if found is not None)]


def _book(
    documents: list[dict[str, Any]], settings: Path | None = None, audiences: Mapping[str, str] = MappingProxyType({})
) -> RuleBook:
    """Rules as a team would have written them (JSON is YAML). `audiences`: what is written in which file."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "rules").mkdir()
        (folder / "audiences").mkdir()
        for path, text in audiences.items():
            (folder / path).write_text(text)
        for document in documents:
            (folder / "rules" / f"{document['rule']}.yaml").write_bytes(orjson.dumps(document))
        (folder / "shop.yaml").write_bytes(settings.read_bytes() if settings is not None else b"name: Shop\n")
        return _folder(folder)


def _folder(folder: Path) -> RuleBook:
    read_book = read_rulebook(folder)
    assert read_book.book is not None, read_book
    return read_book.book


def _tea() -> MemoryStore:
    store = MemoryStore()
    with (TEA_HOUSE / "feed.xml").open("rb") as feed:
        store.apply(("main", found.product_id, found) for found in read(feed) if isinstance(found, Product))
    return store
