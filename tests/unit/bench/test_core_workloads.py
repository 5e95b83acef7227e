"""The workloads of many rules: what is compared does the same, and comes of every kind that has a page."""

from __future__ import annotations

import pytest

from bench.core import Drive
from bench.core_workloads import WORKLOADS
from triggers.kinds import KINDS


@pytest.mark.parametrize(("ten", "many"), [("rules10", "rules200"), ("mixed10", "mixed200")])
def test_two_hundred_rules_do_what_the_ten_that_can_fire_do_alone(ten: str, many: str) -> None:
    done = []
    for name, count in ((ten, 10), (many, 200)):
        workload = WORKLOADS[name](4_000)
        assert len(workload.rules.rules["main"]) == count
        drive = Drive(workload)
        drive.run(workload)
        done.append({stage: drive.done[stage] for stage in ("on_emit", "commands", "decode_row")})
    assert done[0] == done[1]
    assert done[0]["on_emit"] > 0


def test_mixed_rules_are_of_every_kind_of_trigger() -> None:
    found = {rule.trigger.kind for rule in WORKLOADS["mixed200"](1).rules.rules["main"]}
    assert found == {kind.name for kind in KINDS.values()}
