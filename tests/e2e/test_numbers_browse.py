"""What real visitors looked at and left, through `rewake replay`, counted independently by DuckDB."""

from __future__ import annotations

import json
from pathlib import Path

import duckdb
import pytest
from typer.testing import CliRunner

from streams.commands import build_root
from tests.clickstream import retailrocket_items, with_welcomes, write_events

RULE = """\
rule: seen
trigger:
  product_viewed: {{times: {times}, within: {within}, idle: {idle}}}
steps:
  - sms: "Still thinking of it?"
"""

# A view that the item's next one, if any, comes more than `idle` after; with `times` views of the item in the window
# that ends with it; the item neither in the cart when it falls due (any order ends the whole cart) nor bought since.
# What is done at the very instant comes first. Two items of one visitor that fall due together begin one journey.
DUE = """
with events as (
    select visitorid as visitor, itemid as item, event, epoch_ms(timestamp::bigint) as t
    from read_csv('{file}', all_varchar = true)
), views as (
    select visitor, item, t, lead(t) over (partition by visitor, item order by t) as following
    from events where event = 'view'
), due as (
    select visitor, item, t, t + interval '{idle} hours' as due from views
    where following is null or following > t + interval '{idle} hours'
)
select count(*), count(distinct (visitor, due)) from due d
where {times} <= (select count(*) from views v where v.visitor = d.visitor and v.item = d.item
                  and v.t > d.t - interval '{within} hours' and v.t <= d.t)
  and not exists (select 1 from events b where b.visitor = d.visitor and b.item = d.item and b.event = 'transaction'
                  and b.t between d.t and d.due)
  and not exists (select 1 from events a where a.visitor = d.visitor and a.item = d.item and a.event = 'addtocart'
                  and a.t <= d.due and not exists (select 1 from events o where o.visitor = d.visitor
                      and o.event = 'transaction' and o.t between a.t and d.due))
"""


@pytest.fixture(scope="module")
def events(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("visitors")
    return write_events(folder / "events.jsonl", with_welcomes(retailrocket_items(shared_data)))


@pytest.mark.parametrize(
    ("times", "within", "idle", "items", "journeys"),
    [(1, 24, 1, 7681, 7680), (2, 24, 1, 1011, 1011), (3, 168, 1, 363, 363), (2, 24, 24, 896, 896)],
)
def test_items_that_were_looked_at_and_left_are_reminded_of_exactly_as_often(
    events: Path, shared_data: Path, tmp_path: Path, times: int, within: int, idle: int, items: int, journeys: int
) -> None:
    file = shared_data / "clickstream" / "retailrocket_raw_sample.csv"
    (counted,) = duckdb.execute(DUE.format(file=file, times=times, within=within, idle=idle)).fetchall()
    assert counted == (items, journeys)

    rules = tmp_path / "rules"
    rules.mkdir()
    (rules / "seen.yaml").write_text(RULE.format(times=times, within=f"{within}h", idle=f"{idle}h"))
    ran = CliRunner().invoke(
        build_root(), ["replay", "--rules", str(rules), "--out", str(tmp_path / "out"), "--json", str(events)]
    )
    assert ran.exit_code == 0, ran.output
    result = json.loads(ran.stdout)
    assert (result["dead_lettered"], result["faults"]) == (0, 0)
    assert result["commands"] == {"SendSms": journeys}
