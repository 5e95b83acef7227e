"""`python -m tests.races`: customers who leave at the last moment, and that none of them is written to."""

from __future__ import annotations

import argparse
import asyncio
import logging
import os
import shutil
import sys
import tempfile
import uuid
from pathlib import Path

from streams import stacks
from tests.races.plan import races
from tests.races.report import few, summary
from tests.races.run import Run


def main() -> int:
    """0: no cancel was missed, and nothing else was wrong; 1: something was; 2: the servers can't run here."""
    parser = argparse.ArgumentParser(prog="python -m tests.races", description=__doc__)
    parser.add_argument("--races", type=int, default=1000, help="how many (1000)")
    parser.add_argument("--seed", type=int, default=1, help="of who ends how and how near (1)")
    parser.add_argument("--folder", type=Path, help="logs of a run that fails; default: a new one")
    given = parser.parse_args()
    folder = given.folder or Path(tempfile.mkdtemp(prefix="rewake-races-"))
    folder.mkdir(parents=True, exist_ok=True)
    logging.getLogger("aiokafka").setLevel(logging.ERROR)  # topics that were made a moment ago have no leader yet
    kafka, redis = os.environ.get("REWAKE_TEST_KAFKA"), os.environ.get("REWAKE_TEST_REDIS")
    app = f"races-{uuid.uuid4().hex[:8]}"
    planned = races(given.races, given.seed)
    try:
        if kafka and redis:
            report = asyncio.run(Run(planned, folder, app, kafka, redis).run())
        else:
            with stacks.start("real", directory=str(folder / "servers")) as stack:
                report = asyncio.run(Run(planned, folder, app, stack.bootstrap, stack.redis_url).run())
    except stacks.StackFailed as error:
        print(error, file=sys.stderr)
        return 2
    too_few = few(report.raced)
    if too_few is not None:
        report.findings.complaints.append(too_few)
    print(summary(report, given.seed))
    if report.passed:
        if given.folder is None:
            shutil.rmtree(folder, ignore_errors=True)
        return 0
    (folder / "report.txt").write_text("\n".join(report.findings.complaints) + "\n")
    print(f"all complaints and the workers' logs: {folder}")
    return 1


if __name__ == "__main__":
    sys.exit(main())
