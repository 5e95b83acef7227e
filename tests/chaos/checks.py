"""The invariants, over what stands in the logs at the end. Pure: everything looked at is passed in.

Every function answers complaints, one sentence each; no complaint means that it holds.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

import orjson

from schemas.instants import parse_rfc3339

STAMP_SLACK: Final = 250_000
"""Microseconds. The broker stamps a record a little before a reader can fetch it."""


@dataclass(slots=True)
class Findings:
    """`missing`, `extra`, `repeated`: how many records, over everything that was compared."""

    complaints: list[str] = field(default_factory=list)
    missing: int = 0
    extra: int = 0
    repeated: int = 0

    def __iadd__(self, other: Findings) -> Findings:
        self.complaints += other.complaints
        self.missing += other.missing
        self.extra += other.extra
        self.repeated += other.repeated
        return self


def same(what: str, wanted: Sequence[bytes], found: Sequence[bytes], identity: str) -> Findings:
    """**Stream clock, commands and decisions.** What readers see under `read_committed` is byte for byte what `rewake
    replay` makes of the same events: each record once, none missing, none extra. (SEMANTICS, Equality: rules without
    phone, budget or pace gates, on one worker or many.) `identity`: the field that tells records apart."""
    expected = {orjson.loads(value)[identity]: value for value in wanted}
    seen: dict[str, list[bytes]] = defaultdict(list)
    for value in found:
        seen[orjson.loads(value)[identity]].append(value)
    findings = Findings()
    for id_, value in expected.items():
        if id_ not in seen:
            findings.missing += 1
            findings.complaints.append(f"{what}: missing {value.decode()}")
    for id_, values in seen.items():
        if id_ not in expected:
            findings.extra += 1
            findings.complaints.append(f"{what}: extra {values[0].decode()}")
        elif any(value != expected[id_] for value in values):
            findings.extra += 1
            findings.missing += 1
            other = next(value for value in values if value != expected[id_])
            findings.complaints.append(
                f"{what}: differs {other.decode()}\n{' ' * len(what)}  wanted {expected[id_].decode()}"
            )
        if len(values) > 1:
            findings.repeated += len(values) - 1
            findings.complaints.append(f"{what}: {len(values)} times {values[0].decode()}")
    return findings


def same_rows(wanted: Mapping[str, Any], found: Mapping[str, Any]) -> list[str]:
    """**Stream clock, rows.** The changelog's last value of each key decodes to the row that `rewake replay --state`
    saves of the same events: no row lost, none made up, none stale."""
    complaints = [f"row {key}: missing" for key in sorted(wanted.keys() - found.keys())]
    complaints += [f"row {key}: extra" for key in sorted(found.keys() - wanted.keys())]
    for key in sorted(wanted.keys() & found.keys()):
        if wanted[key] != found[key]:
            complaints.append(f"row {key}: differs: {found[key]}\n  wanted {wanted[key]}")
    return complaints


def counted(counters: Mapping[str, int], published: int) -> list[str]:
    """**Counters.** They are committed with what they count, so every record published was counted in exactly once,
    and came to exactly one end."""
    parts = ("applied", "repeated", "dead_lettered", "markers")
    complaints = []
    if counters.get("in", 0) != published:
        complaints.append(f"counters: {counters.get('in', 0)} records came in of {published} published")
    if counters.get("in", 0) != sum(counters.get(part, 0) for part in parts):
        complaints.append(f"counters do not add up: {dict(counters)}")
    return complaints


def offsets_at_ends(offsets: Mapping[Any, int], ends: Mapping[Any, int]) -> list[str]:
    """**Offsets.** In the end they are the logs' ends: none short (work left undone), none beyond. That none ever ran
    ahead of its effects follows from nothing being missing."""
    return [
        f"offset of {place}: {offsets.get(place, 0)}, the log ends at {end}"
        for place, end in ends.items()
        if offsets.get(place, 0) != end
    ]


OVERTAKEN_MOST: Final = 13_000_000
"""Microseconds: the longest freeze or stall of the catalogue and two seconds. An order that lay in the log for longer
than that when its touch was judged was there to be read."""


# -- the wall clock


class Logged(NamedTuple):
    """A record as a reader sees it, and when it got into the log: microseconds, the broker's stamp."""

    at: int
    record: dict[str, Any]


@dataclass(slots=True)
class Cart:
    """From its first item to the order that closed it, by the events' own times. Microseconds; `changed` and `ordered`
    are when the last change and the order got into the log."""

    customer: str
    epoch: str
    changed: int
    ordered: int | None = None


def carts_of(events: Iterable[Logged]) -> list[Cart]:
    """The carts in these additions and whole-cart orders."""
    carts: list[Cart] = []
    open_: dict[str, Cart] = {}
    for at, event in sorted(events, key=lambda logged: parse_rfc3339(logged.record["occurred_at"])):
        customer = event["customer_id"]
        if event["type"] == "CartItemAdded":
            cart = open_.get(customer)
            if cart is None:
                epoch = f"{parse_rfc3339(event['occurred_at'])}-{event['event_id']}"
                cart = open_[customer] = Cart(customer, epoch, at)
                carts.append(cart)
            cart.changed = max(cart.changed, at)
        elif event["type"] == "OrderPlaced" and customer in open_:
            open_.pop(customer).ordered = at
    return carts


@dataclass(frozen=True, slots=True)
class Live:
    """What a round on the wall clock left: carts from the input logs, `decisions` and `commands` (SendSms) as
    committed. `grace` and `window` (of the cap of `limit` touches) in microseconds."""

    carts: Sequence[Cart]
    decisions: Sequence[dict[str, Any]]
    commands: Sequence[Logged]
    grace: int
    limit: int
    window: int

    def emitted(self) -> list[dict[str, Any]]:
        return [decision for decision in self.decisions if decision["outcome"] == "emitted"]


def each_once(live: Live) -> Findings:
    """**Wall clock, once.** Under `read_committed` every command id and every decision id stands once, every emitted
    decision's commands are there, and every command has its decision: they are one transaction."""
    ids = Counter(command.record["command_id"] for command in live.commands)
    named = Counter(id_ for decision in live.emitted() for id_ in decision["command_ids"])
    judged = Counter(decision["decision_id"] for decision in live.decisions)
    findings = Findings()
    for what, counts in (("command", ids), ("decision", judged), ("command named by decisions", named)):
        for id_, count in counts.items():
            if count > 1:
                findings.repeated += count - 1
                findings.complaints.append(f"{what} {id_}: {count} times")
    for id_ in named.keys() - ids.keys():
        findings.missing += 1
        findings.complaints.append(f"command {id_}: decided and not there")
    for id_ in ids.keys() - named.keys():
        findings.extra += 1
        findings.complaints.append(f"command {id_}: there and never decided")
    return findings


def none_early(live: Live) -> list[str]:
    """**Wall clock, not early.** No touch is judged, and no command written, before its due time and the grace have
    passed on the wall."""
    complaints = []
    for decision in live.decisions:
        early = parse_rfc3339(decision["due_at"]) + live.grace - parse_rfc3339(decision["wall_at"])
        if early > 0:
            complaints.append(f"judged {early / 1e6:.3f} s early: {decision}")
    for command in live.commands:
        early = parse_rfc3339(command.record["due_at"]) + live.grace - command.at
        if early > 1_000:  # stamps are whole milliseconds
            complaints.append(f"written {early / 1e6:.3f} s early: {command.record}")
    return complaints


def _arose(cart: Cart, decision: Mapping[str, Any], grace: int) -> int:
    """The earliest instant at which this touch can have arisen: its worker had the cart, and its wall had passed due
    and grace. What is in the log by then is read before the touch is judged (SEMANTICS, two clocks)."""
    return max(parse_rfc3339(decision["due_at"]) + grace, cart.changed)


def none_after_the_order(live: Live) -> list[str]:
    """**Wall clock, not after the order.** No message for a cart whose order was in the log when the touch arose. An
    order that arrives while a touch is being judged may come too late: no worker can read what comes after it looked,
    and between looking and judging lies at most the longest freeze.
    """
    emitted = {(d["customer_id"], d["epoch"]): d for d in live.emitted()}
    complaints = []
    for cart in live.carts:
        decision = emitted.get((cart.customer, cart.epoch))
        if decision is not None and cart.ordered is not None:
            before = _arose(cart, decision, live.grace) - cart.ordered
            if before > STAMP_SLACK:
                complaints.append(f"its order had been in the log for {before / 1e6:.3f} s when it arose: {decision}")
            lay = parse_rfc3339(decision["wall_at"]) - cart.ordered
            if lay > OVERTAKEN_MOST:
                complaints.append(f"its order lay unread in the log for {lay / 1e6:.3f} s: {decision}")
    return complaints


def none_lost(live: Live) -> Findings:
    """**Wall clock, nothing lost.** Every cart that was never ordered is judged exactly once in the end, and a
    customer's only cart is written to. (A second cart may be refused by the cap, also by a reservation that a crashed
    worker left: until that lapses it can send less, never more.) A cart that was ordered is judged once at most, and
    nothing else is judged."""
    judged: dict[tuple[str, str], list[dict[str, Any]]] = defaultdict(list)
    for decision in live.decisions:
        judged[decision["customer_id"], decision["epoch"]].append(decision)
    carts_each = Counter(cart.customer for cart in live.carts)
    findings = Findings()
    for cart in live.carts:
        found = judged.pop((cart.customer, cart.epoch), [])
        if len(found) > 1:
            findings.repeated += len(found) - 1
            findings.complaints.append(f"{cart}: judged {len(found)} times: {found}")
        if cart.ordered is not None:
            continue
        if not found:
            findings.missing += 1
            findings.complaints.append(f"{cart}: never judged")
        elif found[0]["outcome"] != "emitted" and (carts_each[cart.customer] == 1 or not _refused_by_cap(found[0])):
            findings.missing += 1
            findings.complaints.append(f"{cart}: not written to: {found[0]}")
    for left in judged.values():
        findings.extra += len(left)
        findings.complaints.append(f"judged, and no such cart: {left[0]}")
    return findings


def _refused_by_cap(decision: Mapping[str, Any]) -> bool:
    return any(v["gate"] == "cap" and v["verdict"] == "refuse" for v in decision["verdicts"])


def caps_held(live: Live) -> list[str]:
    """**Caps.** In no span of the cap's length are there more touches of one customer than its limit, whatever Redis
    has forgotten: the rows count too."""
    touched: dict[str, list[int]] = defaultdict(list)
    for decision in live.emitted():
        touched[decision["customer_id"]].append(parse_rfc3339(decision["wall_at"]))
    complaints = []
    for customer, times in touched.items():
        times.sort()
        for first, last in zip(times, times[live.limit :], strict=False):
            if last - first < live.window:
                complaints.append(f"{customer}: more than {live.limit} within {(last - first) / 1e6:.1f} s")
    return complaints


def overtaken(live: Live) -> tuple[int, float]:
    """No invariant, a figure: messages whose order got into the log after the touch arose and before it was judged,
    and the most seconds an order lay there by then. Freezes and outages are what makes them long."""
    emitted = {(d["customer_id"], d["epoch"]): d for d in live.emitted()}
    spans = [
        parse_rfc3339(emitted[cart.customer, cart.epoch]["wall_at"]) - cart.ordered
        for cart in live.carts
        if cart.ordered is not None and (cart.customer, cart.epoch) in emitted
    ]
    late = [span for span in spans if span > 0]
    return len(late), max(late, default=0) / 1e6


LIVE_CHECKS: Final[tuple[Callable[[Live], Findings | list[str]], ...]] = (
    each_once, none_early, none_after_the_order, none_lost, caps_held,
)  # fmt: skip


def judge_live(live: Live) -> Findings:
    """All the invariants of the wall clock."""
    findings = Findings()
    for check in LIVE_CHECKS:
        found = check(live)
        findings += found if isinstance(found, Findings) else Findings(complaints=found)
    return findings
