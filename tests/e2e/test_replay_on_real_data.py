"""Real shoppers through `rewake replay`, counted independently by DuckDB.

A spell is a cart with goods in it that nothing changes for `idle`; SEMANTICS says what comes first at equal instants.
"""

from __future__ import annotations

import json
from pathlib import Path

import duckdb
import pytest
from typer.testing import CliRunner

from streams.commands import build_root
from tests.clickstream import otto, rees46, retailrocket, with_welcomes, write_events

RULE = """\
rule: abandoned-cart
trigger:
  cart_abandoned: {{idle: {idle}, reenter: {reenter}}}
steps:
  - sms: "You left goods in your cart."
"""

# Of one customer's adds and orders in order of (time, adds first): adds with nothing within `idle` after them, and the
# carts (from an add to the order) that have at least one such.
RETAILROCKET = """
with events as (
    select event_time::timestamp as t, {customer} as customer, (event = 'purchase')::int as ordered,
           row_number() over () as n
    from read_csv('{file}', all_varchar = true) where event <> 'view'
), spells as (
    select *, lead(t) over w as next_at,
           coalesce(sum(ordered) over (partition by customer order by t, ordered, n
               rows between unbounded preceding and 1 preceding), 0) as cart
    from events window w as (partition by customer order by t, ordered, n)
)
select count(*), count(distinct (customer, cart)) from spells
where ordered = 0 and (next_at is null or next_at > t + interval '{minutes} minutes')
"""


def replayed(tmp_path: Path, events: Path, idle: str, reenter: str) -> int:
    """The number of SMS that one rule with one touch sends over `events`."""
    rules = tmp_path / "rules"
    rules.mkdir()
    (rules / "abandoned-cart.yaml").write_text(RULE.format(idle=idle, reenter=reenter))
    ran = CliRunner().invoke(
        build_root(), ["replay", "--rules", str(rules), "--out", str(tmp_path / "out"), "--json", str(events)]
    )
    assert ran.exit_code == 0, ran.output
    result = json.loads(ran.stdout)
    assert result["read"] == result["applied"] + result["repeated"] + result["dead_lettered"]
    commands = [json.loads(line) for line in (tmp_path / "out" / "commands.jsonl").read_text().splitlines()]
    assert len({command["command_id"] for command in commands}) == len(commands)
    assert {command["type"] for command in commands} <= {"SendSms"}
    return len(commands)


@pytest.fixture(scope="session")
def retailrocket_events(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("retailrocket")
    return {
        customer: write_events(folder / f"{customer}.jsonl", with_welcomes(retailrocket(shared_data, customer)))
        for customer in ("visitor", "session")
    }


@pytest.mark.parametrize(
    ("customer", "idle", "minutes", "each_spell", "per_cart"),
    [
        ("visitor", "30m", 30, 23_289, 20_678),
        ("visitor", "60m", 60, 21_724, 19_948),
        ("visitor", "4h", 240, 20_770, 19_463),
        ("visitor", "24h", 1440, 20_215, 19_318),
        ("session", "24h", 1440, 21_400, None),
    ],
)
def test_retailrocket_carts_are_touched_exactly_as_often_as_they_were_left(
    retailrocket_events: dict[str, Path], shared_data: Path, tmp_path: Path,
    customer: str, idle: str, minutes: int, each_spell: int, per_cart: int | None,
) -> None:
    query = RETAILROCKET.format(
        file=shared_data / "clickstream" / "retailrocket_cart_sessions.csv.gz", minutes=minutes,
        customer={"visitor": "visitorid", "session": "session_id"}[customer],
    )
    spells, carts = duckdb.execute(query).fetchall()[0]
    assert spells == each_spell
    (tmp_path / "spells").mkdir()
    assert replayed(tmp_path / "spells", retailrocket_events[customer], idle, "each_spell") == spells
    if per_cart is not None:
        assert carts == per_cart
        (tmp_path / "carts").mkdir()
        assert replayed(tmp_path / "carts", retailrocket_events[customer], idle, "per_cart") == carts


# The same with removals: of each customer's life between orders, what a product's last add or removal says is in the
# cart; a removal of what is not there is no change. Quantities do not matter: a removal takes the product out.
WITH_REMOVALS = """
with ops as (select * from read_json('{file}') ),
events as (
    select customer, occurred::timestamp as t, kind, product, n,
           sum((kind = 'order')::int) over (
               partition by customer order by occurred::timestamp, kind = 'order', n
               rows between unbounded preceding and current row) - (kind = 'order')::int as life
    from ops
), before as (
    select e.*, (
        select p.kind from events p where p.customer = e.customer and p.life = e.life and p.product = e.product
          and p.kind <> 'order' and (p.t, p.n) < (e.t, e.n) order by p.t desc, p.n desc limit 1) as former
    from events e
), changes as (
    select * from before where kind in ('add', 'order') or (kind = 'remove' and former = 'add')
), filled as (
    select c.*, lead(t) over (partition by customer order by t, kind = 'order', n) as next_at, (
        select count(*) from (
            select distinct on (p.product) p.product, p.kind from events p
            where p.customer = c.customer and p.life = c.life and p.kind <> 'order' and (p.t, p.n) <= (c.t, c.n)
            order by p.product, p.t desc, p.n desc) final where final.kind = 'add') as lines
    from changes c
)
select count(*) from filled
where kind <> 'order' and lines > 0 and (next_at is null or next_at > t + interval '{minutes} minutes')
"""

KINDS = {"CartItemAdded": "add", "CartItemRemoved": "remove", "OrderPlaced": "order"}


@pytest.mark.parametrize("source", ["rees46-oct", "rees46-nov", "rees46-dec", "otto"])
@pytest.mark.parametrize(("idle", "minutes"), [("5m", 5), ("30m", 30)])
def test_carts_with_removals_are_touched_exactly_as_often_as_they_were_left(
    shared_data: Path, tmp_path: Path, source: str, idle: str, minutes: int
) -> None:
    events = list(otto(shared_data) if source == "otto" else rees46(shared_data, source.removeprefix("rees46-")))
    ops = [
        {"customer": e["customer_id"], "occurred": e["occurred_at"], "kind": KINDS[e["type"]], "n": n,
         "product": e.get("product_id")}
        for n, e in enumerate(events) if e["type"] in KINDS
    ]
    (tmp_path / "ops.json").write_text(json.dumps(ops))
    expected = duckdb.execute(WITH_REMOVALS.format(file=tmp_path / "ops.json", minutes=minutes)).fetchall()[0][0]
    assert expected > 0
    path = write_events(tmp_path / "events.jsonl", with_welcomes(events))
    assert replayed(tmp_path, path, idle, "each_spell") == expected
