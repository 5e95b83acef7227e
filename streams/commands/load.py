"""`rewake load`: event files to Kafka."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from streams.commands.console import (
    CHECK_FAILED,
    USED_WRONGLY,
    JsonOption,
    fail,
    note,
    progress,
    say,
    say_json,
    stopping_cleanly,
    until_or_exit,
)
from streams.commands.on_kafka import BootstrapOption, settings_or_exit


def load(
    events: Annotated[list[str], typer.Argument(help="Event files, JSON Lines, plain or gzip; - is standard input.")],
    until: Annotated[
        str | None, typer.Option(help="RFC 3339 time: publish nothing later, and let the clock reach it.")
    ] = None,
    rules: Annotated[
        Path | None,
        typer.Option(metavar="FILE.jsonl", help="Records of published rules, written before the events."),
    ] = None,
    bootstrap: BootstrapOption = None,
    json: JsonOption = False,
) -> None:
    """Publish event files to their topics, in order of time, with the markers the stream clock needs.

    Old events: create the topics with `rewake topics create --history` first, or retention deletes them.

    Example: rewake load events.jsonl.gz --until 2026-11-24T00:00:00Z
    """
    import asyncio

    from aiokafka.errors import KafkaError

    from schemas.instants import rfc3339
    from schemas.topics import RULES
    from streams.commands.rules_published import records_or_exit
    from streams.eventfiles import EventFiles
    from streams.load import Loader, TopicMissing
    from triggers.rules.publishing import key_of

    limit = until_or_exit(until)
    settings = settings_or_exit(bootstrap)
    records = () if rules is None else records_or_exit(rules)

    with stopping_cleanly() as stop, progress() as bar:
        task = bar.add_task("looking through the files", total=None)
        try:
            files = EventFiles(events, keep_raw=True, seen=lambda lines: bar.advance(task, lines))
        except OSError as error:
            fail(f"{error.filename}: {error.strerror}", code=USED_WRONGLY)
        bar.reset(task, description="loading", total=files.lines)

        async def publish() -> Loader:
            loader = Loader(settings.kafka_client_options())
            try:
                await loader.start()
                for record, raw in records:
                    await loader.put(RULES.name, 0, key_of(record), raw)
                await loader.run(
                    files, until=limit, stopped=lambda: stop.asked, seen=lambda done: bar.update(task, completed=done)
                )
            finally:
                await loader.stop()
            return loader

        try:
            loaded = asyncio.run(publish()).loaded
        except TopicMissing as error:
            fail(f"the topic {error} is not there", "make the topics with: rewake topics create")
        except KafkaError as error:
            fail(f"Kafka at {settings.kafka_bootstrap}: {error}", "is it up? `rewake stack status`")
        finally:
            files.close()
    for bad in files.bad[:20]:
        note(f"{bad.file}:{bad.number}: not loaded: {bad.why.reason}: {bad.why.detail}")
    if len(files.bad) > 20:
        note(f"... and {len(files.bad) - 20:,} more lines not loaded")
    result = {
        "events": dict(sorted(loaded.events.items())),
        "markers": loaded.markers,
        "not_loaded": len(files.bad),
        "reached": None if loaded.reached is None else rfc3339(loaded.reached),
    }
    if json:
        say_json(result)
    else:
        for topic, count in sorted(loaded.events.items()):
            say(f"{topic:<20} {count:>12,}")
        say(f"clock markers up to {result['reached']}")
    if files.bad or stop.asked:
        raise typer.Exit(CHECK_FAILED)


def register(root: typer.Typer) -> None:
    """Hang `load` on the root."""
    root.command()(load)
