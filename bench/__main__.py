"""Every figure of docs/benchmarks.md but the peers' (those: python -m bench.peers), each on servers of its own.

  python -m bench                          all of them; results into bench/results, a table to standard output
  python -m bench job latency              some of them
  python -m bench --events 100000 --rounds 1 --soak-events 1000000 --seconds 10 --many 50000
                                           whether everything works, in some minutes
  python -m bench --write-docs             and put the table into docs/benchmarks.md
  python -m bench --only-docs              the same from the last saved results, measuring nothing

{figures}

A figure that fails says why and does not stop the others; the exit code is 1 then. Ctrl-C cleans up; a soak keeps what
it has measured by then, in soak-stopped.json, and a whole one is not lost for it. Progress goes to standard error. One
JSON file a figure: all runs, medians, least and most, and what the machine is.
"""

from __future__ import annotations

import argparse
import sys
import time
from types import ModuleType

from bench.figures import (
    Options,
    Stopped,
    feed,
    gates,
    growth,
    job,
    latency,
    product,
    restore,
    rules,
    sale,
    soak,
    workers,
)
from bench.processes import RunFailed
from bench.publishing import PublishingFailed
from bench.results import conditions, load, machine, save, table, write_docs
from bench.stack import say
from streams.stacks import StackFailed

FIGURES: dict[str, ModuleType] = {
    "job": job, "product": product, "latency": latency, "workers": workers, "restore": restore, "growth": growth,
    "sale": sale, "gates": gates, "rules": rules, "feed": feed, "soak": soak,
}  # fmt: skip

STOPPED = "-stopped"
"""After the name of what was saved of a figure that was not measured whole."""


def main() -> None:
    names = "\n".join(f"  {name:<10}{figure.ABOUT}" for name, figure in FIGURES.items())
    usual = Options()
    parser = argparse.ArgumentParser(
        prog="python -m bench", description=(__doc__ or "").replace("{figures}", names),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    parser.add_argument("figures", nargs="*", metavar="FIGURE", help="all when none is named")
    parser.add_argument("--events", type=int, default=usual.events)
    parser.add_argument("--rounds", type=int, default=usual.rounds)
    parser.add_argument("--soak-events", type=int, default=usual.soak_events)
    parser.add_argument("--seconds", type=int, default=usual.seconds, help="of live traffic that count (latency, sale)")
    parser.add_argument("--rate", type=int, default=usual.rate, help="events a second (latency; also half, a quarter)")
    parser.add_argument("--many", type=int, default=usual.many, help="customers (restore, growth, sale)")
    parser.add_argument("--offers", type=int, default=usual.offers, help="of the large feed (feed); 1000000 are 1 GB")
    parser.add_argument("--write-docs", action="store_true", help="put the table into docs/benchmarks.md")
    parser.add_argument("--only-docs", action="store_true", help="the same, measuring nothing")
    given = parser.parse_args()
    unknown = set(given.figures) - set(FIGURES)
    if unknown:
        parser.error(f"no such figure: {', '.join(sorted(unknown))}; there are {', '.join(FIGURES)}")
    wanted = [] if given.only_docs else given.figures or list(FIGURES)
    options = Options(
        events=given.events, rounds=given.rounds, soak_events=given.soak_events, seconds=given.seconds,
        rate=given.rate, many=given.many, offers=given.offers,
    )  # fmt: skip
    try:
        failed = [name for name in wanted if not done(name, options)]
    except Stopped:
        sys.exit(130)
    text = rendered()
    print(text)
    if given.write_docs or given.only_docs:
        write_docs("figures", text)
    if failed:
        sys.exit(f"failed: {', '.join(failed)}")


def done(name: str, options: Options) -> bool:
    """Measure one and save it; False, and why on standard error, when it could not be measured."""
    began = time.monotonic()
    say(f"-- {name}: {FIGURES[name].ABOUT}")
    try:
        result = FIGURES[name].measure(options)
    except (RunFailed, PublishingFailed, StackFailed) as failure:
        say(f"{name} failed: {failure}")
        return False
    except Stopped as stopped:
        say(f"{name} was stopped; what it has measured is in {save(f'{name}{STOPPED}', stopped.result)}")
        raise
    save(name, result)
    say(f"-- {name} took {time.monotonic() - began:.0f} s")
    return True


def rendered() -> str:
    """The table of everything that was ever saved."""
    rows, facts = [], machine()
    for name, figure in FIGURES.items():
        saved = load(name) or load(f"{name}{STOPPED}")
        if saved is not None:
            facts = saved["machine"]
            rows += figure.rows(saved)
    if not rows:
        return "Nothing has been measured here yet: `make bench`."
    return f"{conditions(facts)}\n\n{table(['what', 'median (least to most)', 'CPU an event, and more'], rows)}"


if __name__ == "__main__":
    main()
