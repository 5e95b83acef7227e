"""A hundred races on Apache Kafka with transactions and Redis, as `make races` does it with a thousand."""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path

from tests.conftest import Kafka, Redis
from tests.races.plan import KINDS, races
from tests.races.report import few, summary
from tests.races.run import Run

HASTY = (sys.executable, str(Path(__file__).with_name("hasty.py")))


async def test_of_a_hundred_customers_who_leave_at_the_last_moment_nobody_is_written_to_who_had_left(
    kafka: Kafka, redis_server: Redis, prefix: str, tmp_path: Path
) -> None:
    report = await Run(races(100, 1), tmp_path, prefix, kafka.bootstrap, redis_server.url).run()
    said = summary(report, 1)
    assert report.passed and report.missed == 0, said
    assert Counter(raced.kind for raced in report.raced) == dict.fromkeys(KINDS, 25), said
    assert few(report.raced) is None, said


async def test_a_worker_that_does_not_wait_for_its_logs_is_found_to_miss_cancels(
    kafka: Kafka, redis_server: Redis, prefix: str, tmp_path: Path
) -> None:
    planned = races(60, 1, nights=False, near=(-0.03, -0.001))
    report = await Run(planned, tmp_path, prefix, kafka.bootstrap, redis_server.url, program=HASTY).run()
    assert report.missed > 0, summary(report, 1)
    assert any("in the log" in complaint for complaint in report.findings.complaints)
