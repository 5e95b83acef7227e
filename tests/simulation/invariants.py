"""What must hold after a seed, whatever happened. Each answers with what is wrong, None when nothing is."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import blake2b
from itertools import pairwise
from typing import Any, Final

import msgspec
import orjson

from schemas.emitted import CancelSms
from schemas.instants import parse_rfc3339
from tests.simulation.broker.interface import Place
from tests.simulation.clocks import SECOND
from tests.simulation.evidence import Evidence, touch_of
from tests.simulation.invariants_of_phones import linked_as_they_say, none_to_the_suppressed, suppressed_once
from tests.simulation.observed import ObservedBroker
from tests.simulation.oracle import Proposed
from tests.simulation.outcome import Rows, unnumbered
from tests.simulation.replayed import Replay
from tests.simulation.worker import APP, INPUTS, Setting
from tests.simulation.world import World
from triggers.customer import decode_row

_TIME_BYTES: Final = 8
CLOSE: Final = SECOND
"""A worker's clock may be off by what the guard can't see in one heartbeat: here it is exact but for the road."""


def same_decisions(seen: Evidence) -> str | None:
    """Stream clock: the decisions are the oracle's, byte for byte; at least once, some come twice."""
    found = [one.value for one, _ in seen.out.decisions]
    return _differ("decisions", found, seen.expected.decisions, once=seen.setting.transactions)


def same_commands(seen: Evidence) -> str | None:
    """Stream clock: the commands are the oracle's, byte for byte; at least once, some come twice."""
    once = seen.setting.transactions
    return _differ("SMS commands", seen.out.sms, seen.expected.sms, once=once) or _differ(
        "CRM commands", seen.out.crm, seen.expected.crm, once=once
    )


def same_rows(seen: Evidence) -> str | None:
    """Stream clock: every customer's committed row is the oracle's, byte for byte; but for the number of the last walk,
    with which a row that it left as it was is not stored."""
    expected = seen.expected.encoded()
    for key in sorted(expected.keys() | seen.out.rows.keys()):
        row = unnumbered(seen.out.rows.get(key, b""))[_TIME_BYTES:]
        if row != expected.get(key, b""):
            return f"row {key}: {_shown(row)} instead of {_shown(expected.get(key, b''))}"
    return None


def same_facts(seen: Evidence) -> str | None:
    """Wall clock: what a committed row knows of its customer is what the log says of him."""
    for key, wanted in seen.expected.rows.items():
        stored = seen.out.rows.get(key)
        if stored is None:
            return f"the row of {key} is lost"
        row = decode_row(stored[_TIME_BYTES:])
        for name, there, right in (
            ("cart", row.cart.now.lines, wanted.cart.now.lines),
            ("orders", row.orders, wanted.orders),
            ("profile", row.profile, wanted.profile),
            ("consents", row.consents, wanted.consents),
            ("interests", row.interests, wanted.interests),
        ):
            if there != right:
                return f"{name} of {key}: {there} instead of {right}"
    return None


def same_proposals(seen: Evidence) -> str | None:
    """Journeys begin and their first touches fall due exactly as they do in event time.

    But for what a rule begins with a customer after it refused him because of a STOP or a receipt that came back
    meanwhile: the oracle knows neither; there that touch was sent, or waits for the morning, so that its journey ends
    at another time, and the next may begin with another cart."""
    first = [d for _, d in seen.out.decisions if d.step == "1"]
    found = {(d.customer_id, d.rule, d.epoch, d.step, d.due_at) for d in first}
    right = {one for one in seen.expected.proposals if one[3] == "1"}
    parted: dict[tuple[str, str], int] = {}
    for _, decision in seen.out.decisions if seen.setting.returning else ():
        if any(one.gate == "suppression" and one.verdict == "refuse" for one in decision.verdicts):
            whose = decision.customer_id, decision.rule
            parted[whose] = min(parse_rfc3339(decision.due_at), parted.get(whose, seen.reached))

    def compared(one: Proposed) -> bool:
        return parse_rfc3339(one[4]) < seen.reached and parse_rfc3339(one[4]) <= parted.get(one[:2], seen.reached)

    extra, missing = filter(compared, found - right), filter(compared, right - found)
    wrong = sorted(extra), sorted(missing)
    if any(wrong):
        return f"proposals that nobody should have made: {wrong[0]}; that are missing: {wrong[1]}"
    return None


def same_emissions(seen: Evidence) -> str | None:
    """Wall clock: decisions, commands and every committed row are what the pure engine makes of the same log by the
    same schedule, byte for byte; at least once, some come twice."""
    return Replay(
        seen.world, seen.setting, seen.schedule, seen.out, seen.suppressions.records, seen.caused
    ).wrong


def commands_once(seen: Evidence) -> str | None:
    """Each command once under `read_committed`; at least once, repeated with the same id and to the same end."""
    ids: dict[str, Any] = {}
    for command in seen.out.commands:
        former = ids.setdefault(command.command_id, command)
        if former is command:
            continue
        if seen.setting.transactions:
            return f"command {command.command_id} for {command.customer_id} was written twice"
        if (former.customer_id, former.rule, former.step) != (command.customer_id, command.rule, command.step):
            return f"command {command.command_id} stands for two touches"
    return None


def decisions_once(seen: Evidence) -> str | None:
    """Each judgement once: of one planned touch there is one decision (under transactions)."""
    if not seen.setting.transactions:
        return None
    for name, times in Counter(decision.decision_id for _, decision in seen.out.decisions).items():
        if times > 1:
            return f"decision {name} was written {times} times"
    return None


def commands_of_decisions(seen: Evidence) -> str | None:
    """Every command belongs to a decision that emitted it, and every such decision has its commands.

    At least once, what was written before a crash may be judged otherwise after it: on the wall clock, and by what has
    come back since.
    """
    if not (seen.setting.transactions or (seen.setting.stream and not seen.setting.returning)):
        return None
    said = {name for _, decision in seen.out.decisions for name in decision.command_ids}
    sent = {one.command_id for one in seen.out.commands if not isinstance(one, CancelSms)}
    if said != sent:
        return f"commands without a decision: {sorted(sent - said)}; without their command: {sorted(said - sent)}"
    return None


def none_early(seen: Evidence) -> str | None:
    """Nothing is judged before it is due; on the wall clock by the broker's own clock."""
    for where, decision in seen.out.decisions:
        due = parse_rfc3339(decision.due_at)
        if parse_rfc3339(decision.judged_at) < due:
            return f"{touch_of(decision)} judged at {decision.judged_at}, before it was due at {decision.due_at}"
        if seen.setting.stream:
            continue
        written = seen.broker.written_at[where.place, where.offset]
        if written < due + seen.setting.grace - CLOSE:
            return f"{touch_of(decision)} written {(due - written) / SECOND:.3f} s before it was due"
        if abs(parse_rfc3339(decision.judged_at) - written) > 60 * SECOND:
            return f"{touch_of(decision)} judged by a clock that was wrong: {decision.judged_at}"
    return None


def none_after_its_exit(seen: Evidence) -> str | None:
    """Wall clock: no message about a cart whose order was in the log when the touch fell due."""
    if seen.setting.stream:
        return None
    orders: dict[str, list[tuple[int, int]]] = defaultdict(list)
    for place, logged in seen.world.log.items():
        if place[0] == "order-events":
            for one in logged:
                if one.sent.kind == "OrderPlaced" and one.sent.happened:
                    orders[one.sent.customer].append((one.sent.happened, one.stamp * 1000))
    for _, decision in seen.out.decisions:
        if decision.outcome != "emitted":
            continue
        began = int(decision.epoch.split("-")[0])
        due = parse_rfc3339(decision.due_at)
        for happened, stamped in orders[decision.customer_id]:
            if happened >= began and stamped < due + seen.setting.grace:
                return f"{touch_of(decision)}: sent although an order of {happened} was in the log since {stamped}"
    return None


def caps_hold(seen: Evidence) -> str | None:
    """No customer gets more touches within a window than the shop's caps allow, those that were held out counted."""
    touches: dict[tuple[str, str], dict[tuple[str, str, str], int]] = defaultdict(dict)
    for _, decision in seen.out.decisions:
        if decision.outcome in ("emitted", "held_out"):
            name = (decision.rule, decision.epoch, decision.step)
            for rule in ("", decision.rule):
                touches[decision.customer_id, rule].setdefault(name, parse_rfc3339(decision.judged_at))
    for (customer, rule), all_of_them in touches.items():
        times = sorted(all_of_them.values())
        for cap in seen.setting.rules.shops["main"].caps:
            if cap.by != ("rule" if rule else "customer") or not cap.window:
                continue
            for index, at in enumerate(times):
                within = [one for one in times[: index + 1] if one > at - cap.window]
                if len(within) > cap.limit:
                    return f"customer {customer} got {len(within)} touches {rule} within {cap.window / SECOND:g} s"
    return None


def one_of_those_that_compete(seen: Evidence) -> str | None:
    """No customer gets two touches that were due nearer than `compete` (under transactions)."""
    within = seen.setting.rules.shops["main"].compete
    if within is None or not seen.setting.transactions:
        return None
    due: dict[str | None, set[tuple[int, str, str]]] = defaultdict(set)
    for command in seen.out.commands:
        if not isinstance(command, CancelSms):  # a touch may have several
            due[command.customer_id].add((parse_rfc3339(command.due_at), command.rule, command.step))
    for customer, touches in due.items():
        for earlier, later in pairwise(sorted(touches)):
            if later[0] - earlier[0] < within:
                return f"customer {customer} got touches of {earlier} and {later}, which compete"
    return None


def held_out_always(seen: Evidence) -> str | None:
    """A customer is written to, or held out, and never both; who is held out gets no command."""
    fates: dict[str, set[str]] = defaultdict(set)
    for _, decision in seen.out.decisions:
        if decision.outcome in ("emitted", "held_out"):
            fates[decision.customer_id].add(decision.outcome)
    both = sorted(customer for customer, outcomes in fates.items() if len(outcomes) > 1)
    sent = {one.customer_id for one in seen.out.commands} & {c for c, o in fates.items() if o == {"held_out"}}
    return f"customers {both} were held out and written to, {sorted(map(str, sent))} held out and sent to" if (
        both or sent
    ) else None


def letters_once(seen: Evidence) -> str | None:
    """What is no event lies in `dead-letters`, once, with where it came from."""
    return _differ("dead letters", seen.out.dead_letters, seen.expected.dead_letters, once=seen.setting.transactions)


def no_fault_of_ours(seen: Evidence) -> str | None:
    """No partition stopped for an error of the product's own."""
    return seen.trace.faults[0] if seen.trace.faults else None


Invariant = Callable[[Evidence], str | None]

STREAM: Final[tuple[Invariant, ...]] = (
    commands_once, decisions_once, none_early, caps_hold, one_of_those_that_compete, held_out_always, letters_once,
    commands_of_decisions, same_decisions,
    same_commands, same_rows, no_fault_of_ours,
)  # fmt: skip
WALL: Final[tuple[Invariant, ...]] = (
    commands_once, decisions_once, none_early, none_after_its_exit, none_to_the_suppressed, caps_hold,
    one_of_those_that_compete, held_out_always, letters_once, commands_of_decisions, suppressed_once,
    linked_as_they_say, same_facts, same_proposals, same_emissions, no_fault_of_ours,
)  # fmt: skip
BROADCASTS: Final = tuple(one for one in WALL if one not in (same_proposals, same_emissions))
"""Wall clock: whether what marketing says is read before what a customer did then is up to the workers."""
RETURNING: Final[tuple[Invariant, ...]] = (
    commands_once, decisions_once, none_early, caps_hold, one_of_those_that_compete, held_out_always, letters_once,
    commands_of_decisions, suppressed_once, linked_as_they_say, same_facts, same_proposals, no_fault_of_ours,
)  # fmt: skip
"""Stream clock: what comes back is applied as it arrives, and stands outside of the promise of equality."""


def invariants(setting: Setting) -> tuple[Invariant, ...]:
    if not setting.stream:
        return BROADCASTS if setting.broadcasts else WALL
    return RETURNING if setting.returning else STREAM


def offsets_after_effects(check: EffectsCheck) -> str | None:
    """At every commit: what lies below the group's offsets has left its trace in the committed rows."""
    return check.wrong


@dataclass(slots=True)
class EffectsCheck:
    """Looks at the broker each time offsets were committed: the rows of events below them must know these events."""

    world: World
    setting: Setting
    rows: Rows = field(default_factory=Rows)
    wrong: str | None = None
    commits: int = 0
    _checked: dict[Place, int] = field(default_factory=dict)

    def __call__(self, broker: ObservedBroker, now: float) -> None:
        if self.wrong is not None or not broker.at_rest:
            return
        self.commits += 1
        offsets = broker.group(APP).offsets
        for number in range(self.setting.partitions):
            rows: dict[str, bytes] | None = None
            for spec in INPUTS:
                place = (spec.name, number)
                upto, done = offsets.get(place, 0), self._checked.get(place, 0)
                if upto < done:
                    self.wrong = f"at {now:.3f} s the offset of {place} went back from {done} to {upto}"
                    return
                if upto == done:
                    continue
                if rows is None:
                    rows = self.rows.read(broker, number)
                for one in self.world.at_offset(place, upto):
                    sent = one.sent
                    if one.offset < done or not sent.happened or not sent.customer:
                        continue
                    name = orjson.loads(sent.value or b"")["event_id"]
                    row = rows.get(f"main:{sent.customer}", b"")
                    if blake2b(name.encode(), digest_size=8).digest() not in row:
                        self.wrong = (
                            f"at {now:.3f} s the offset of {place[0]}/{number} is {upto}, but the row of customer "
                            f"{sent.customer} does not know of offset {one.offset} ({sent.kind})"
                        )
                        return
                self._checked[place] = upto


def _differ(what: str, found: list[Any], right: list[Any], *, once: bool) -> str | None:
    there, wanted = Counter(found), Counter(right)
    extra = there - wanted if once else Counter(set(there) - set(wanted))
    missing = wanted - there
    if not once:
        missing = Counter(set(wanted) - set(there))
    if not extra and not missing:
        return None
    return (
        f"{what}: {extra.total()} too many, {missing.total()} missing; too many: "
        f"{[*extra][:2]}; missing: {[*missing][:2]}"
    )


def _shown(row: bytes) -> str:
    return repr(msgspec.msgpack.decode(row)) if row else "none"
