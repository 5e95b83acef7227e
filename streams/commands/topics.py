"""`rewake topics`: the topics on the broker."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from streams.commands.console import JsonOption, fail, note, say, say_json
from streams.commands.on_kafka import BootstrapOption, on_kafka, settings_or_exit

app = typer.Typer(help="The topics on the broker.", no_args_is_help=True)


@app.callback()
def _group() -> None:
    """The topics on the broker."""


@app.command()
def create(
    partitions: Annotated[
        int | None,
        typer.Option(min=1, help="Of every topic by customer, for good; default: as is, else REWAKE_PARTITIONS."),
    ] = None,
    replication: Annotated[int, typer.Option(min=1, help="Copies of each partition; 3 in production.")] = 1,
    history: Annotated[
        bool, typer.Option("--history", help="Keep all records for ever (retention.ms=-1), to load old events.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be done.")] = False,
    bootstrap: BootstrapOption = None,
    json: JsonOption = False,
) -> None:
    """Create the topics that are missing, with the right partitions, retention and compaction; say what differs.

    Existing topics are left as they are, and the command may be run again at any time.

    Example: rewake topics create --partitions 12 --replication 3
    """
    from streams.provision import PartitionsDiffer, provide

    settings = settings_or_exit(bootstrap)
    try:
        done = on_kafka(
            settings,
            lambda: provide(
                settings.kafka_client_options(),
                app=settings.app_id,
                partitions=partitions,
                default_partitions=settings.partitions,
                replication=replication,
                history=history,
                dry_run=dry_run,
            ),
        )
    except PartitionsDiffer as error:
        fail(str(error), "partitions are fixed for a topic's life: give --partitions as they are, or use new topics")
    if json:
        say_json({**asdict(done), "dry_run": dry_run})
        return
    would = "would create" if dry_run else "created"
    for one in done.create:
        kept = one.config.get("retention.ms")
        keeps = {None: "compacted", "-1": "kept for ever"}.get(kept) or f"kept {int(kept or 0) // 86_400_000} days"
        count = f"{one.partitions} partition{'s' if one.partitions > 1 else ''},"
        say(f"{would} {one.name:<26} {count:<15} {keeps}")
    for name in done.lengthen:
        say(f"{'would keep' if dry_run else 'now keeps'} the records of {name} for ever")
    for it in done.differences:
        note(f"{it.topic}: {it.setting} is {it.found}, and {it.wanted} is wanted; left as it is")
    if not done.create and not done.lengthen:
        say(f"all topics are there, {done.partitions} partitions by customer")


def register(root: typer.Typer) -> None:
    """Hang `topics` on the root."""
    root.add_typer(app, name="topics")
