"""`rewake demo`: the whole path on one machine, in about a minute."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Final

import typer

from streams.commands.console import CHECK_FAILED, JsonOption, fail, note, out, say_json, stopping_cleanly

if TYPE_CHECKING:
    from streams.demo.run import Outcome, Show
    from streams.stacks import Stack

_INTERRUPTED: Final = 130
_LINE_SECONDS: Final = 4.0


def demo(
    customers: Annotated[int, typer.Option(min=1, max=200_000, help="How many shoppers there are.")] = 2500,
    days: Annotated[float, typer.Option(min=0.1, max=30, help="How long the shop is open.")] = 3.0,
    seed: Annotated[int, typer.Option(help="The same seed gives the same shoppers and the same messages.")] = 1,
    seconds: Annotated[float, typer.Option(min=1, help="How long those days are to take, about.")] = 40.0,
    plain: Annotated[bool, typer.Option("--plain", help="A line every few seconds instead of a live screen.")] = False,
    keep: Annotated[
        bool, typer.Option("--keep", help="Leave everything running at the end, until Ctrl-C, to look around.")
    ] = False,
    json: JsonOption = False,
) -> None:
    """See all of it work: the sample shop's days on servers of its own, live, then a summary with what was checked.

    Starts the embedded servers (memory only, at-least-once; nothing else is needed), a worker and the sandbox
    dispatcher, plays three days of the tea house to them, and stops everything. Sends nothing to anybody. Exit code 1
    when a check failed.

    Example: rewake demo --customers 5000 --seed 7
    """
    import shutil
    import tempfile
    from pathlib import Path

    from streams.demo import sample, screen
    from streams.demo.run import PARTITIONS, Demo, DemoFailed, Stopped
    from streams.stacks import StackFailed

    outcomes: list[Outcome] = []

    def finished(outcome: Outcome, stack: Stack) -> None:
        view.close()
        outcomes.append(outcome)
        if json:
            say_json(screen.facts(outcome))
        else:
            screen.summary(outcome, out())
        if keep:
            note(f"Still running: Kafka on {stack.bootstrap}, Valkey on {stack.redis_url},")
            note(f"the worker's metrics on http://127.0.0.1:{outcome.show.http_port}/metrics,")
            note(f"logs and events.jsonl in {folder}.")
            note("Ctrl-C stops everything.")

    with stopping_cleanly() as stop:
        folder = Path(tempfile.mkdtemp(prefix="rewake-demo-"))
        view = _View(live=out().is_terminal and not plain and not json)
        try:
            played = sample.make(customers=customers, days=days, seed=seed, partitions=PARTITIONS)
            note(f"{len(played.lines):,} events of {played.customers:,} shoppers who do not exist; seed {seed}.")
            Demo(
                sample=played,
                seconds=seconds,
                folder=folder,
                stopped=lambda: stop.asked,
                draw=view.draw,
                say=note,
                finished=finished,
                keep=keep,
            ).run()
        except (sample.SampleMissing, StackFailed) as error:
            fail(str(error))
        except DemoFailed as error:
            view.close()
            kept, folder = folder, Path()
            fail(str(error), f"all logs lie in {kept}")
        except Stopped:
            view.close()
            note("stopped; nothing is left running")
            raise typer.Exit(_INTERRUPTED) from None
        finally:
            view.close()
            if folder != Path():
                shutil.rmtree(folder, ignore_errors=True)
    if not all(check.passed for outcome in outcomes for check in outcome.checks):
        raise typer.Exit(CHECK_FAILED)


class _View:
    """Where the demo is drawn: on a live screen, or as lines on stderr."""

    def __init__(self, live: bool) -> None:
        from rich.live import Live

        self._live = Live(console=out(), auto_refresh=False, transient=True) if live else None
        self._next = 0.0

    def draw(self, show: Show) -> None:
        import time

        from streams.demo import screen

        if self._live is not None:
            self._live.start()  # once: it does nothing when it has begun
            self._live.update(screen.screen(show), refresh=True)
        elif time.monotonic() >= self._next:
            self._next = time.monotonic() + _LINE_SECONDS
            note(screen.line(show))

    def close(self) -> None:
        if self._live is not None:
            self._live.stop()
            self._live = None
        self._next = float("inf")


def register(root: typer.Typer) -> None:
    """Hang `demo` on the root."""
    root.command()(demo)
