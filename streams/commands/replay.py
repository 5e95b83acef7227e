"""`rewake replay`: what the rules would have done with these events, without a broker."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from streams.commands.console import (
    CHECK_FAILED,
    USED_WRONGLY,
    JsonOption,
    fail,
    note,
    out,
    progress,
    say_json,
    stopping_cleanly,
    until_or_exit,
)


def replay(
    events: Annotated[list[str], typer.Argument(help="Event files, JSON Lines, plain or gzip; - is standard input.")],
    rules: Annotated[
        Path,
        typer.Option(
            help="Folder of rules: a shop's folder, shops/, or rule files alone; or FILE.jsonl, records of published "
            "rules, each in force from its time."
        ),
    ],
    shop: Annotated[Path | None, typer.Option(help="The shop.yaml to use for a folder without one.")] = None,
    products: Annotated[Path | None, typer.Option(help="Products, as `rewake feed parse --out` writes them.")] = None,
    until: Annotated[
        str | None,
        typer.Option(help="RFC 3339 time. Fires what is due at or before it and reads no later event; default: all."),
    ] = None,
    out_dir: Annotated[
        Path | None, typer.Option("--out", help="Folder for commands.jsonl, decisions.jsonl, dead-letters.jsonl.")
    ] = None,
    state: Annotated[
        Path | None, typer.Option(help="Folder of a saved state: go on from it, and save to it at the end.")
    ] = None,
    json: JsonOption = False,
) -> None:
    """Run the engine alone over event files, on the stream clock, and say what it would have sent.

    Nothing is sent anywhere and no server is needed. The same input gives the same output, byte for byte.

    Example: rewake replay --rules examples/tea-house --out out/ events.jsonl.gz
    """
    import asyncio

    from feeds.store import MemoryStore, load_jsonl
    from streams.commands.rules import rulebook_or_exit
    from streams.commands.rules_published import published_or_exit
    from streams.effects import Unkept
    from streams.eventfiles import EventFiles
    from streams.replay import Replay, Summary
    from streams.rules.recorded import is_rule_file
    from streams.saved import StateError

    book = published_or_exit(rules) if is_rule_file(rules) else rulebook_or_exit(rules, shop)
    limit = until_or_exit(until)
    catalogue = MemoryStore()
    if products is not None:
        try:
            with products.open("rb") as lines:
                load_jsonl(catalogue, lines)
        except OSError as error:
            fail(f"{products}: {error.strerror}", code=USED_WRONGLY)
        except ValueError as error:
            fail(f"{products}: {error}", "make it with: rewake feed parse FEED --out FILE.jsonl", code=USED_WRONGLY)

    if state is not None and ("-" in events or len(set(events)) < len(events)):
        fail(
            "--state remembers how far each file was read, by its name",
            "give files by distinct names, not standard input",
            code=USED_WRONGLY,
        )

    def made(careful: bool) -> Replay:
        run = Replay(book, catalogue, until=limit, careful=careful)
        if state is not None:
            try:
                run.load(state)
            except StateError as error:
                fail(str(error), code=USED_WRONGLY)
        return run

    run = made(careful=False)
    with stopping_cleanly() as stop, progress() as bar:
        task = bar.add_task("looking through the files", total=None)
        try:
            files = EventFiles(events, positions=run.positions, seen=lambda lines: bar.advance(task, lines))
        except OSError as error:
            fail(f"{error.filename}: {error.strerror}", code=USED_WRONGLY)

        def seen(summary: Summary) -> None:
            bar.update(task, completed=summary.read, description=f"replaying · {summary.proposals:,} touches due")

        try:
            bar.reset(task, description="replaying", total=files.lines)
            try:
                summary = asyncio.run(run.run(files, stopped=lambda: stop.asked, seen=seen))
            except Unkept:
                # The engine fails on something: once more, so that it can be left out alone.
                run, files = made(careful=True), files.again(keep_raw=True)
                bar.reset(task, description="replaying with care", total=files.lines)
                summary = asyncio.run(run.run(files, stopped=lambda: stop.asked, seen=seen))
        except OSError as error:
            fail(f"can't read on: {error}", code=USED_WRONGLY)
        finally:
            files.close()
    if out_dir is not None:
        run.write(out_dir)
    if state is not None:
        run.save(state)
    result = _result(summary)
    if json:
        say_json(result)
    else:
        _show(result, out_dir)
    if products is None and any(reason == "no-product-to-show" for _, _, reason in summary.reasons):
        note("hint: messages show goods, and no --products were given: rewake feed parse FEED --out FILE.jsonl")
    if summary.faults:
        note(f"{summary.faults:,} faults of Rewake's own: what they cost is in dead-letters.jsonl as engine-error")
    if summary.left_out:
        note(f"{summary.left_out:,} changes of products were left out: of one sync 100,000 are looked at")
    if summary.stopped:
        note("stopped before the end" + (f"; go on with --state {state}" if state else ""))
        raise typer.Exit(CHECK_FAILED)


def _result(summary: Any) -> dict[str, Any]:
    from schemas.instants import rfc3339

    return {
        "read": summary.read,
        "applied": summary.applied,
        "repeated": summary.repeated,
        "dead_lettered": summary.dead_lettered,
        "markers": summary.markers,
        "passed_over": summary.passed_over,
        "dead_letters": dict(summary.dead_letters.most_common()),
        "customers": summary.customers,
        "open_carts": summary.open_carts,
        "proposals": summary.proposals,
        "commands": dict(sorted(summary.commands.items())),
        "decisions": dict(sorted(summary.decisions.items())),
        "reasons": [
            {"outcome": outcome, "gate": gate, "reason": reason, "count": count}
            for (outcome, gate, reason), count in summary.reasons.most_common()
        ],
        "faults": summary.faults,
        "reached": None if summary.reached is None else rfc3339(summary.reached),
        "stopped": summary.stopped,
    }


def _show(result: dict[str, Any], out_dir: Path | None) -> None:
    from rich.table import Table

    table = Table(show_header=False, box=None, pad_edge=False)
    table.add_column(justify="left")
    table.add_column(justify="right")
    table.add_row("events read", f"{result['read']:,}")
    for name in ("applied", "repeated", "dead_lettered"):
        table.add_row(f"  {name.replace('_', '-')}", f"{result[name]:,}")
    for reason, count in result["dead_letters"].items():
        table.add_row(f"    {reason}", f"{count:,}")
    if result["markers"]:
        table.add_row("  clock markers", f"{result['markers']:,}")
    if result["passed_over"]:
        table.add_row("  passed over (later than --until, or taken before)", f"{result['passed_over']:,}")
    table.add_row("customers", f"{result['customers']:,}")
    table.add_row("open carts at the end", f"{result['open_carts']:,}")
    table.add_row("touches judged", f"{sum(result['decisions'].values()):,}")
    for name, count in result["decisions"].items():
        table.add_row(f"  {name}", f"{count:,}")
        for why in result["reasons"]:
            if why["outcome"] == name:
                table.add_row(f"    {why['gate']}: {why['reason']}", f"{why['count']:,}")
    for name, count in result["commands"].items():
        table.add_row(name, f"{count:,}")
    out().print(table)
    if out_dir is not None:
        out().print(f"written to {out_dir}/commands.jsonl, decisions.jsonl, dead-letters.jsonl", markup=False)


def register(root: typer.Typer) -> None:
    """Hang `replay` on the root."""
    root.command()(replay)
