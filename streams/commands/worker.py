"""`rewake worker`: consume, decide, emit, until told to stop."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from streams.commands.console import USED_WRONGLY, fail, note


def worker(
    rules: Annotated[Path | None, typer.Option(help="Folder of shops and rules; default: REWAKE_RULES.")] = None,
    clock: Annotated[str | None, typer.Option(help="wall or stream; default: REWAKE_CLOCK.")] = None,
    bootstrap: Annotated[str | None, typer.Option(help="Kafka's address; default: REWAKE_KAFKA_BOOTSTRAP.")] = None,
    instance: Annotated[
        str | None, typer.Option(help="Static member name, one per worker; default: REWAKE_INSTANCE_ID.")
    ] = None,
) -> None:
    """Run a worker. More of them share the partitions.

    SIGTERM or Ctrl-C drains, commits and leaves; a second Ctrl-C interrupts. All settings: docs/settings.md.

    Example: rewake worker --rules shops
    """
    import asyncio
    import contextlib
    import gc
    import signal

    from streams import logs
    from streams.app import build_app
    from streams.settings import SettingsError, load_settings
    from streams.wiring.refusing import CannotStart

    given: dict[str, Any] = {"rules": rules, "clock": clock, "kafka_bootstrap": bootstrap, "instance_id": instance}
    try:
        settings = load_settings(**{name: value for name, value in given.items() if value is not None})
    except SettingsError as error:
        fail(str(error), "all settings: docs/settings.md", code=USED_WRONGLY)
    logs.set_up(settings)
    for warning in settings.warnings():
        note(f"warning: {warning}")
    # Rows are many, long-lived and acyclic: the collector walks them and finds nothing. Its defaults cost 0.4 us an
    # event, and with a million customers still 3 us when it comes every 200,000 objects: a chunk makes as many, and
    # lets go of them. At this figure a chunk never calls it.
    gc.set_threshold(1_000_000, 10, 1_000)

    async def run() -> None:
        app = build_app(settings)
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()

        def asked() -> None:
            stop.set()
            for number in (signal.SIGINT, signal.SIGTERM):
                loop.remove_signal_handler(number)  # the second one ends it at once

        with contextlib.suppress(NotImplementedError):  # on Windows: there Ctrl-C interrupts as Python has it
            for number in (signal.SIGINT, signal.SIGTERM):
                loop.add_signal_handler(number, asked)
        await app.run(stop)

    try:
        asyncio.run(run())
    except CannotStart as error:
        fail(str(error))
    except KeyboardInterrupt:
        raise typer.Exit(130) from None


def register(root: typer.Typer) -> None:
    """Hang `worker` on the root."""
    root.command()(worker)
