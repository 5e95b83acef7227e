"""Who took part in a sale over a week of real visitors is asked, by two texts, exactly as DuckDB counts them."""

from __future__ import annotations

import json
from pathlib import Path

import duckdb
from typer.testing import CliRunner

from schemas.instants import rfc3339
from streams.commands import build_root
from tests.clickstream import retailrocket_items, with_welcomes, write_events

RULES = """\
rule: bought
trigger:
  survey: {after: sale, took_part: bought, wait: 2d}
steps:
  - sms: "How do you like it?"
---
rule: came
trigger:
  survey: {after: sale, took_part: came, wait: 2d}
steps:
  - sms: "You found nothing?"
"""

SALE = {
    "type": "FlashSaleAnnounced", "event_id": "sale", "shop_id": "main", "sale_id": "week", "name": "A week",
    "occurred_at": "2015-06-15T00:00:00Z", "ends_at": "2015-06-22T00:00:00Z",
}  # fmt: skip

TOOK_PART = """
with week as (
    select visitorid as visitor, event, epoch_ms(timestamp::bigint) as t from read_csv('{file}', all_varchar = true)
    where epoch_ms(timestamp::bigint) between '2015-06-15 00:00:00' and '2015-06-22 00:00:00'
), took_part as (
    select visitor, bool_or(event = 'transaction') as bought from week group by visitor
)
select count(*) filter (bought), count(*) filter (not bought) from took_part where {who}
"""


def test_those_who_bought_and_those_who_came_in_a_week_are_asked_and_who_answered_is_not(
    shared_data: Path, tmp_path: Path
) -> None:
    file = shared_data / "clickstream" / "retailrocket_raw_sample.csv"
    everybody = duckdb.execute(TOOK_PART.format(file=file, who="true")).fetchall()
    expected = duckdb.execute(TOOK_PART.format(file=file, who="visitor::bigint % 7 <> 0")).fetchall()
    assert (everybody, expected) == ([(2, 267)], [(2, 224)])

    events = write_events(tmp_path / "events.jsonl", with_welcomes(retailrocket_items(shared_data)))
    visitors = duckdb.execute(
        f"select distinct visitorid from read_csv('{file}', all_varchar = true) where visitorid::bigint % 7 = 0"
    ).fetchall()
    at = rfc3339(1_434_974_400_000_000)  # a little after the end
    said = [
        {"type": "SurveyAnswered", "event_id": f"answer-{visitor}", "shop_id": "main", "customer_id": visitor,
         "occurred_at": at, "survey_id": "week", "answers": {"score": 5}}
        for (visitor,) in visitors
    ]  # fmt: skip
    more = tmp_path / "more.jsonl"
    more.write_text("".join(json.dumps(one) + "\n" for one in (SALE, *said)))
    rules = tmp_path / "rules"
    rules.mkdir()
    (rules / "survey.yaml").write_text(RULES)
    out = tmp_path / "out"
    ran = CliRunner().invoke(
        build_root(), ["replay", "--rules", str(rules), "--out", str(out), "--json", str(events), str(more)]
    )
    assert ran.exit_code == 0, ran.output
    result = json.loads(ran.stdout)
    assert (result["dead_lettered"], result["faults"]) == (0, 0)
    sent = [json.loads(line)["rule"] for line in (out / "commands.jsonl").read_text().splitlines()]
    assert [(sent.count("bought"), sent.count("came"))] == expected
