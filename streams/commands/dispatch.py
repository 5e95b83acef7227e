"""`rewake dispatch`: the sandbox dispatcher."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from streams.commands.console import USED_WRONGLY, JsonOption, fail, note, out, say_json, stopping_cleanly

if TYPE_CHECKING:
    from rich.panel import Panel

    from streams.dispatcher import Happening


def dispatch(
    clock: Annotated[
        str | None, typer.Option(help="wall, or stream: live at each command's due_at; default: REWAKE_CLOCK.")
    ] = None,
    fail_rate: Annotated[
        float, typer.Option(min=0.0, max=1.0, help="Share of phones that cannot be written to; always the same ones.")
    ] = 0.0,
    once: Annotated[bool, typer.Option("--once", help="Leave when nothing has come for two seconds.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="Show no messages, only the totals at the end.")] = False,
    bootstrap: Annotated[str | None, typer.Option(help="Kafka's address; default: REWAKE_KAFKA_BOOTSTRAP.")] = None,
    json: JsonOption = False,
) -> None:
    """Play the SMS gateway: consume commands, show each message as on a phone, answer with delivery receipts.

    Deduplicates on command_id, keeps within not_before and not_after, honours cancels. Sends nothing to anybody.

    Example: rewake dispatch --clock stream --once
    """
    import asyncio

    from aiokafka.errors import KafkaError

    from streams.dispatching import Dispatching
    from streams.settings import SettingsError, load_settings

    overrides = {"kafka_bootstrap": bootstrap, "clock": clock}
    try:
        settings = load_settings(**{name: value for name, value in overrides.items() if value is not None})
    except SettingsError as error:
        fail(str(error), code=USED_WRONGLY)

    def show(happening: Happening) -> None:
        if quiet:
            return
        if json:
            say_json(line(happening))
        elif happening.status == "sent":
            out().print(phone(happening), soft_wrap=False)  # a bubble wraps its text
        elif happening.status not in ("accepted", "delivered"):
            out().print(f"{happening.status} {happening.command_id}", style="dim", markup=False)

    dispatching = Dispatching(
        settings.kafka_client_options(), app=settings.app_id, clock=settings.clock, show=show, fail_rate=fail_rate
    )
    with stopping_cleanly() as stop:
        note(f"dispatching from {settings.kafka_bootstrap} on the {settings.clock} clock; Ctrl-C stops")
        try:
            asyncio.run(dispatching.run(stopped=lambda: stop.asked, once=once))
        except (KafkaError, OSError) as error:
            fail(f"Kafka at {settings.kafka_bootstrap}: {error}", "is it up? `rewake stack status`")
    totals = dict(sorted(dispatching.tally.items()))
    if json:
        say_json({"totals": totals})
    else:
        said = ", ".join(f"{count:,} {status.replace('_', ' ')}" for status, count in totals.items())
        note(said or "nothing to dispatch")


def line(happening: Happening) -> dict[str, object]:
    """A happening for programs; the text is there, the phone masked."""
    from schemas.instants import rfc3339
    from streams.dispatcher import masked

    command = happening.command
    return {
        "status": happening.status,
        "at": rfc3339(happening.at),
        "command_id": happening.command_id,
        "error_code": happening.error_code,
        **(
            {}
            if command is None
            else {
                "shop_id": command.shop_id,
                "customer_id": command.customer_id,
                "rule": command.rule,
                "step": command.step,
                "sender": command.sender,
                "phone": masked(command.phone),
                "text": command.text,
                "segments": command.segments,
            }
        ),
    }


def phone(happening: Happening) -> Panel:
    """A message as it looks on a phone: sender above, text in a bubble, phone and time below."""
    from rich.panel import Panel
    from rich.text import Text

    from schemas.instants import rfc3339
    from streams.dispatcher import masked

    command = happening.command
    if command is None:
        raise ValueError("only a known command is shown")
    parts = f"{command.segments} segment{'s' if command.segments != 1 else ''}"
    below = f"{masked(command.phone)} · {rfc3339(happening.at)[:16].replace('T', ' ')} · {parts}"
    return Panel(
        Text(command.text),
        title=Text(command.sender or "unknown sender", style="bold"),
        title_align="left",
        subtitle=Text(below, style="dim"),
        subtitle_align="right",
        width=60,
        border_style="green",
        padding=(0, 1),
    )


def register(root: typer.Typer) -> None:
    """Hang `dispatch` on the root."""
    root.command()(dispatch)
