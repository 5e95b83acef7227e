"""Replays of rules that ask for figures of the whole shop: counted on the way, in force a day after their day."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import orjson
import pytest

from schemas.catalogue import Catalogue, Product
from schemas.instants import parse_rfc3339, rfc3339
from streams.eventfiles import EventFiles
from streams.replay import Replay
from streams.rules.folder import read_rulebook
from tests.unit.triggers.driving import DAY, HOUR, MINUTE, MONDAY

SHOP = "currency: RUB\n"
REMINDER = 'rule: reminder\ntrigger: {{cart_abandoned: {{idle: 1h}}}}\nsteps: [{{sms: "{text}"}}]\n'


class Shelf:
    """A catalogue of a few products, kettles and cups."""

    def get(self, shop_id: str, product_id: str) -> Product | None:
        if not product_id.startswith(("kettle", "cup")):
            return None
        return Product(
            product_id=product_id, name=product_id.title(), url=f"https://shop.example/{product_id}",
            category_id=product_id.rstrip("0123456789"),
        )  # fmt: skip


def known(customer: str, at: int = MONDAY - HOUR) -> list[dict[str, Any]]:
    who = {"customer_id": customer, "occurred_at": rfc3339(at)}
    granted = {"channel": "sms", "purpose": "marketing", "granted": True}
    return [
        {"type": "ConsentChanged", "event_id": f"c-{customer}", **who, **granted},
        {"type": "CustomerUpdated", "event_id": f"u-{customer}", **who, "phone": f"+7999000{int(customer):04d}"},
    ]


def bought(customer: str, at: int, *products: str, total: int = 500) -> dict[str, Any]:
    return {
        "type": "OrderPlaced", "event_id": f"o-{customer}-{at}", "customer_id": customer, "occurred_at": rfc3339(at),
        "order_id": f"{customer}-{at}", "total": str(total), "currency": "RUB",
        "items": [{"product_id": product} for product in products or ("cup1",)],
    }  # fmt: skip


def added(customer: str, at: int, product: str = "kettle1") -> dict[str, Any]:
    return {
        "type": "CartItemAdded", "event_id": f"a-{customer}-{at}", "customer_id": customer,
        "occurred_at": rfc3339(at), "product_id": product,
    }  # fmt: skip


def looked(customer: str, at: int, category: str) -> dict[str, Any]:
    return {
        "type": "CategoryViewed", "event_id": f"l-{customer}-{at}", "customer_id": customer,
        "occurred_at": rfc3339(at), "category_id": category,
    }  # fmt: skip


class Run:
    """What a replay wrote. Every customer in `lines` may be written to."""

    def __init__(
        self, folder: Path, lines: list[dict[str, Any]], *rules: str, shop: str = SHOP, until: int | None = None,
        state: Path | None = None, catalogue: Catalogue | None = None,
    ) -> None:  # fmt: skip
        (folder / "rules").mkdir(parents=True, exist_ok=True)
        (folder / "shop.yaml").write_text(shop)
        for number, rule in enumerate(rules):
            (folder / "rules" / f"{number}.yaml").write_text(rule)
        read = read_rulebook(folder)
        assert not read.errors, read.errors
        path = (state or folder).with_suffix(".jsonl")
        customers = dict.fromkeys(line["customer_id"] for line in lines if "customer_id" in line)
        told = sorted(
            [*(one for customer in customers for one in known(customer)), *lines], key=lambda one: one["occurred_at"]
        )
        path.write_bytes(b"\n".join(map(orjson.dumps, told)))
        self.replay = Replay(read.book, catalogue or Shelf(), until=until)
        if state is not None:
            self.replay.load(state)
        asyncio.run(self.replay.run(EventFiles([str(path)], positions=self.replay.positions)))
        self.replay.write(folder)
        if state is not None:
            self.replay.save(state)
        self.commands, self.decisions = (
            [orjson.loads(line) for line in (folder / f"{name}.jsonl").read_bytes().splitlines()]
            for name in ("commands", "decisions")
        )

    def texts(self, customer: str) -> list[str]:
        return [one["text"] for one in self.commands if one["customer_id"] == customer and one["type"] == "SendSms"]

    def facts(self, customer: str) -> list[str | None]:
        return [one["inputs"].get("facts") for one in self.decisions if one["customer_id"] == customer]


def cheques(count: int = 30, day: int = 0, total: int = 500) -> list[dict[str, Any]]:
    return [bought(str(100 + n), MONDAY + day * DAY + n * MINUTE, total=total) for n in range(count)]


def again(days: int, count: int = 30) -> list[dict[str, Any]]:
    """So many customers who buy again after so many days."""
    return [bought(str(100 + n), MONDAY + day * DAY + n * MINUTE) for day in (0, days) for n in range(count)]


def test_the_average_cheque_is_in_force_a_day_after_its_day_and_the_decision_names_it(tmp_path: Path) -> None:
    """Monday's is in force with Wednesday's first instant, before that Sunday's, on which nobody bought anything."""
    early, late = MONDAY + 2 * DAY - 2 * HOUR, MONDAY + 2 * DAY
    lines = [*cheques(), added("1", early), added("2", late)]
    run = Run(tmp_path, lines, REMINDER.format(text="{{ shop.average_cheque }}"))
    assert (run.texts("1"), run.facts("1")) == ([], ["2026-11-22"])
    assert (run.texts("2"), run.facts("2")) == (["500"], ["2026-11-23"])


def test_a_condition_may_ask_for_the_purchase_interval_of_the_shop(tmp_path: Path) -> None:
    rule = REMINDER.format(text="Come").replace("steps", "audience: shop.interval == days(4)\nsteps")
    run = Run(tmp_path, [*again(4), added("1", MONDAY + 5 * DAY), added("2", MONDAY + 6 * DAY)], rule)
    assert (run.texts("1"), run.texts("2"), run.facts("2")) == ([], ["Come"], ["2026-11-27"])


BUYERS = [
    bought("101", MONDAY, "kettle1", "cup1"), bought("102", MONDAY + HOUR, "kettle1"),
    bought("101", MONDAY + DAY, "kettle1"), bought("103", MONDAY + DAY, "cup2"),
]  # fmt: skip


def test_a_text_may_name_the_best_sellers_and_how_many_bought_them(tmp_path: Path) -> None:
    text = (
        "{% for one in shop.best_sellers %}{{ one.name }} {{ one.buyers(days(30)) }}/{{ one.buyers(days(1)) }} "
        "{% endfor %}"
    )
    run = Run(tmp_path, [*BUYERS, added("1", MONDAY + 3 * DAY)], REMINDER.format(text=text))
    assert run.texts("1") == ["Kettle1 2/1 Cup1 1/0 Cup2 1/1"]


def test_a_category_is_shown_by_its_best_sellers(tmp_path: Path) -> None:
    rule = (
        "rule: category\ntrigger: {category_viewed: {idle: 1h}}\n"
        "steps: [{sms: '{{ products[0].name }}, {{ products[1].name }}'}]\n"
    )
    lines = [*BUYERS, bought("104", MONDAY + DAY, "cup2"), looked("1", MONDAY + 3 * DAY, "cup")]
    run = Run(tmp_path, lines, rule)
    assert run.texts("1") == ["Cup2, Cup1"]


def test_a_sleep_is_as_long_as_the_interval_of_the_shop_says(tmp_path: Path) -> None:
    """Who bought once is asleep after one and a half times what it takes others, as known when the sleep began."""
    rule = (
        "rule: asleep\ntrigger: {dormant: {after: 1.5 x interval, without_interval: 90d}}\n"
        "steps: [{sms: 'Where are you?'}]\n"
    )
    lines = [*again(4), bought("1", MONDAY + 3 * DAY), bought("2", MONDAY + 7 * DAY)]
    run = Run(tmp_path, lines, rule, until=MONDAY + 99 * DAY)
    due = {one["customer_id"]: one["due_at"] for one in run.commands}
    assert due["1"] == rfc3339(MONDAY + 93 * DAY)  # nothing was known then
    assert due["2"] == rfc3339(MONDAY + 13 * DAY)
    (decided,) = (one for one in run.decisions if one["customer_id"] == "2")
    assert decided["inputs"]["interval"] == "4d shop 2026-11-28"


def test_a_segment_with_an_interval_of_its_own_goes_by_that(tmp_path: Path) -> None:
    shop = SHOP + "segments: {vip: 'customer.card == \"VIP\"'}\n"
    rule = (
        "rule: asleep\ntrigger: {dormant: {after: {vip: interval + 1d, otherwise: interval + 1d}, "
        "without_interval: 90d}}\nsteps: [{sms: 'Where are you?'}]\n"
    )
    lines: list[dict[str, Any]] = []
    for n in range(30):
        card = {"type": "CustomerUpdated", "event_id": f"v-{n}", "customer_id": str(200 + n), "card": "VIP"}
        lines.append({**card, "occurred_at": rfc3339(MONDAY - HOUR)})
        lines += [bought(str(200 + n), MONDAY + day * DAY + n) for day in (0, 2)]
    vip = {"type": "CustomerUpdated", "event_id": "v", "customer_id": "2", "card": "VIP"}
    lines += [*again(6), {**vip, "occurred_at": rfc3339(MONDAY)}, bought("1", MONDAY + 9 * DAY)]
    lines += [bought("2", MONDAY + 9 * DAY)]
    run = Run(tmp_path, lines, rule, shop=shop, until=MONDAY + 20 * DAY)
    due = {one["customer_id"]: one["due_at"] for one in run.commands}
    assert due["2"] == rfc3339(MONDAY + 12 * DAY)
    assert due["1"] == rfc3339(MONDAY + 14 * DAY)  # in no segment: by the gaps of all, half of them of 2 days, half 6


def test_what_may_be_given_follows_the_average_cheque_of_the_shop(tmp_path: Path) -> None:
    shop = SHOP + "economics: {average_cheque: 900, margin: 40%, share: 50%}\n"
    rule = (
        "rule: gift\ntrigger: {cart_abandoned: {idle: 1h}}\n"
        "steps: [{incentive: {bonus: max, valid: 7d}, sms: '{{ incentive.amount }}'}]\n"
    )
    lines = [*cheques(), added("1", MONDAY + DAY), added("2", MONDAY + 2 * DAY)]
    run = Run(tmp_path, lines, rule, shop=shop)
    assert (run.texts("1"), run.texts("2"), run.facts("2")) == (["180"], ["100"], ["2026-11-23"])
    still = Run(tmp_path / "still", lines, rule, shop=shop.replace("50%}", "50%, live: false}"))
    assert (still.texts("2"), still.facts("2")) == (["180"], [None])


def test_a_pace_takes_as_long_as_the_customers_need_who_were_counted(tmp_path: Path) -> None:
    """An hour as long as nobody has counted; then 30 customers at 10 a minute are three minutes."""
    rule = "rule: letter\ntrigger: {broadcast: {pace: 10/min}}\nsteps: [{sms: 'Hello'}]\n"

    def asked(at: int) -> dict[str, Any]:
        return {
            "type": "BroadcastRequested", "event_id": f"m-{at}", "occurred_at": rfc3339(at), "broadcast_id": str(at),
            "rule": "letter",
        }  # fmt: skip

    first, second = MONDAY + HOUR, MONDAY + 2 * DAY
    run = Run(tmp_path, [*cheques(), asked(first), asked(second)], rule)
    for at, wide, facts in ((first, HOUR, None), (second, 3 * MINUTE, "2026-11-23")):
        told = [one for one in run.decisions if str(at) in one["epoch"]]
        turns = [parse_rfc3339(one["due_at"]) for one in told]
        assert len(told) == 30 and {one["inputs"].get("facts") for one in told} == {facts}
        assert at <= min(turns) and at + wide // 2 < max(turns) < at + wide


STORY = [
    *cheques(), *again(4), *BUYERS, *(added(str(n), MONDAY + n * 8 * HOUR, f"kettle{n}") for n in range(1, 30)),
]  # fmt: skip


@pytest.mark.parametrize("hours", [0.5, 24, 47.9, 48, 140])
def test_a_replay_in_two_parts_counts_what_one_does(tmp_path: Path, hours: float) -> None:
    rule = REMINDER.format(text="{{ shop.average_cheque | default(0) }} {{ shop.best_sellers[0].name | default('-') }}")
    whole = Run(tmp_path / "whole", STORY, rule)
    until = MONDAY + round(hours * HOUR)
    first = Run(tmp_path / "first", STORY, rule, until=until, state=tmp_path / "state")
    second = Run(tmp_path / "second", STORY, rule, state=tmp_path / "state")
    assert first.decisions + second.decisions == whole.decisions
    assert len({one["inputs"].get("facts", "") for one in whole.decisions}) > 5


def test_nothing_is_counted_where_no_rule_asks_unless_the_shop_says_so(tmp_path: Path) -> None:
    plain = Run(tmp_path / "plain", STORY, REMINDER.format(text="Come"))
    asked = Run(tmp_path / "asked", STORY, REMINDER.format(text="Come"), shop=SHOP + "figures: true\n")
    assert plain.replay.figures.newest("main", MONDAY + 99 * DAY) is None
    assert asked.replay.figures.customers("main", MONDAY + 99 * DAY) == len({one["customer_id"] for one in STORY})
    assert plain.commands == asked.commands


def test_figures_that_were_counted_before_are_there_for_the_first_rule_that_asks(tmp_path: Path) -> None:
    shop, state, until = SHOP + "figures: true\n", tmp_path / "state", MONDAY + 3 * DAY
    lines = [*cheques(), added("1", MONDAY + 4 * DAY)]
    Run(tmp_path / "first", lines, REMINDER.format(text="Come"), shop=shop, until=until, state=state)
    run = Run(tmp_path / "second", lines, REMINDER.format(text="{{ shop.average_cheque }}"), shop=shop, state=state)
    assert run.texts("1") == ["500"]


def test_a_shop_that_is_counted_from_some_day_on_counts_who_was_there_before(tmp_path: Path) -> None:
    state, until = tmp_path / "state", MONDAY + 3 * DAY
    lines = [*cheques(), added("1", MONDAY + 4 * DAY), added("2", MONDAY + 9 * DAY)]
    Run(tmp_path / "first", lines, REMINDER.format(text="Come"), until=until, state=state)
    run = Run(tmp_path / "second", lines, REMINDER.format(text="Come"), shop=SHOP + "figures: true\n", state=state)
    everybody = 30 + 2
    assert run.replay.figures.customers("main", MONDAY + 30 * DAY) == everybody
