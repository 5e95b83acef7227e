"""`rewake simulate`: the sample shop's events as JSON Lines."""

from __future__ import annotations

import gc
import gzip
import os
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import islice
from typing import IO, Annotated, Any, cast

import typer

from streams.commands.console import USED_WRONGLY, JsonOption, fail, note, progress, say_json, stopping_cleanly

_BATCH = 2000
_INTERRUPTED = 130


def simulate(
    seed: Annotated[int, typer.Option(help="The same seed gives the same events, byte for byte.")] = 1,
    customers: Annotated[int, typer.Option(min=1, max=10_000_000, help="How many shoppers there are.")] = 2000,
    days: Annotated[
        float | None, typer.Option(min=0.04, help="How long. Default: 3, or as long as `--events` takes.")
    ] = None,
    events: Annotated[int | None, typer.Option(min=1, help="Stop after so many events.")] = None,
    start: Annotated[str, typer.Option(help="When the first hour begins, RFC 3339.")] = "2026-11-02T00:00:00Z",
    shop: Annotated[str | None, typer.Option(help="The `shop_id` of the events. Default: none, for `main`.")] = None,
    out: Annotated[str, typer.Option(metavar="FILE.jsonl[.gz]", help="Where to; `-` is standard output.")] = "-",
    json: JsonOption = False,
) -> None:
    """Make the events of the sample shop (examples/tea-house), in order of time.

    Shoppers with phones, zones and consents view, fill carts, order, cancel, opt out, are erased. None of them exists.
    """
    begin = _time(start)
    if days is None and events is None:
        days = 3.0
    try:
        with _opened(out) as target:
            summary = _write(target, seed, customers, begin, days, events, shop)
    except BrokenPipeError:
        # whoever read has had enough: nothing more is to be flushed into the pipe when Python ends
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise typer.Exit(_INTERRUPTED) from None
    except OSError as error:
        fail(f"{out}: {error.strerror}", code=USED_WRONGLY)
    stopped = summary["stopped"]
    if json and out != "-":
        say_json(summary)
    elif json:
        import orjson

        note(orjson.dumps(summary).decode())
    else:
        note(
            f"{summary['events']:,} events of {summary['customers']:,} shoppers"
            + (f", {summary['first']} to {summary['last']}" if summary["events"] else "")
            + ("" if out == "-" else f", in {out}")
            + (" (stopped early)" if stopped else "")
        )
    if stopped:
        raise typer.Exit(_INTERRUPTED)


def register(root: typer.Typer) -> None:
    root.command()(simulate)


def _time(start: str) -> datetime:
    try:
        read = datetime.fromisoformat(start)
    except ValueError:
        read = None
    if read is None or read.tzinfo is None or not 1971 <= read.year <= 9000:
        fail(f"--start {start!r} is no time", "write it as 2026-11-02T00:00:00Z", code=USED_WRONGLY)
    return read.astimezone(UTC)


@contextmanager
def _opened(out: str) -> Iterator[IO[bytes]]:
    if out == "-":
        yield sys.stdout.buffer
        return
    with open(out, "wb") as file:
        if not out.endswith(".gz"):
            yield file
            return
        # neither the time nor the name goes into the file, so that the same seed gives the same bytes
        with gzip.GzipFile(filename="", fileobj=file, mode="wb", compresslevel=6, mtime=0) as packed:
            yield cast("IO[bytes]", packed)


@contextmanager
def _without_gc() -> Iterator[None]:
    """A simulation makes no cycles, and looking for them among its millions of dicts took a third of the time."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _write(
    target: IO[bytes],
    seed: int,
    customers: int,
    start: datetime,
    days: float | None,
    events: int | None,
    shop: str | None,
) -> dict[str, Any]:
    import orjson

    from streams.simulation import storefront

    source: Iterator[tuple[str, dict[str, Any]]] = storefront(seed, customers, start, days, shop)
    if events is not None:
        source = islice(source, events)
    types: Counter[str] = Counter()
    shoppers: set[str] = set()
    first = last = None
    with _without_gc(), stopping_cleanly() as stop, progress() as bar:
        # without a number of events the simulated minutes are what is known to be done
        task = bar.add_task("simulating", total=events or round((days or 0) * 24 * 60))
        done = 0
        while not stop.asked:
            batch = [event for _, event in islice(source, _BATCH)]
            if not batch:
                break
            target.write(b"\n".join(map(orjson.dumps, batch)) + b"\n")
            types.update(event["type"] for event in batch)
            shoppers.update(event["customer_id"] for event in batch)
            first = first or batch[0]["occurred_at"]
            last = batch[-1]["occurred_at"]
            done += len(batch)
            minutes = (datetime.fromisoformat(last) - start).total_seconds() / 60
            bar.update(task, completed=done if events else round(minutes))
        target.flush()
    return {
        "seed": seed,
        "events": done,
        "customers": len(shoppers),
        "first": first,
        "last": last,
        "types": dict(sorted(types.items())),
        "stopped": stop.asked,
    }
