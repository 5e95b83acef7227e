"""`rewake audience`: who is in a named audience."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from streams.commands.console import USED_WRONGLY, JsonOption, fail, note, say_columns, say_json
from streams.commands.known import rows_or_exit
from streams.commands.on_kafka import BootstrapOption
from streams.commands.rules import rulebook_or_exit
from streams.commands.shop_of import OneShopOption, shop_or_exit

if TYPE_CHECKING:
    from collections.abc import Iterable

    from triggers.customer import CustomerRow

app = typer.Typer(help="Who is in an audience.", no_args_is_help=True)


def register(root: typer.Typer) -> None:
    """Hang `audience` on the root."""
    root.add_typer(app, name="audience")


@app.callback()
def _group() -> None:
    """Who is in an audience."""


@app.command(name="list")
def list_(
    name: Annotated[str, typer.Argument(metavar="NAME", help="The audience's name.", show_default=False)],
    rules: Annotated[Path, typer.Option(help="Folder of rules, with its audiences.")],
    state: Annotated[
        Path | None, typer.Option(help="Folder of a replay's state; not given: what the workers know, from Kafka.")
    ] = None,
    at: Annotated[str | None, typer.Option(help="RFC 3339 time to ask for; default: now, or the state's time.")] = None,
    shop: OneShopOption = None,
    limit: Annotated[int, typer.Option(min=1, help="Print so many at most.")] = 1_000,
    bootstrap: BootstrapOption = None,
    json: JsonOption = False,
) -> None:
    """List the customers of an audience with its extra fields, and how many they are. No phone is printed.

    An audience is asked for at the moment when a message forms, so this is who they are now. With `--json` a line each.

    Example: rewake audience list vip --rules . --limit 20
    """
    from datetime import UTC, datetime

    from schemas.instants import parse_rfc3339, rfc3339
    from streams.customers.listing import Listed, listed

    book = rulebook_or_exit(rules)
    of = shop_or_exit(book, rules, shop)
    audiences = book.audiences.get(of.id, {})
    audience = audiences.get(name)
    if audience is None:
        known = f"audiences are: {', '.join(audiences)}" if audiences else "audiences are files in `audiences`"
        fail(f"there is no audience {name!r}", known, code=USED_WRONGLY)
    try:
        asked = parse_rfc3339(at if at is not None else datetime.now(UTC).isoformat(timespec="seconds"))
    except ValueError:
        fail(f"--at {at!r} is no time", "write it as 2026-11-21T10:00:00Z", code=USED_WRONGLY)

    found: list[Listed] = []
    count = 0

    def take(rows: Iterable[CustomerRow], reached: int | None) -> None:
        nonlocal count, asked
        asked = reached if at is None and reached is not None else asked
        for one in listed(rows, audience, of, asked):
            count += 1
            if count <= limit:
                found.append(one)

    rows_or_exit(state, bootstrap, take)
    if json:
        for one in found:
            say_json(one)
    elif found:
        names = list(audience.fields)
        say_columns([["customer", *names], *([one["customer_id"], *_cells(one["fields"], names)] for one in found)])
    note(f"{count:,} in {name} at {rfc3339(asked)}" + (f", the first {limit:,} are shown" if count > limit else ""))


def _cells(fields: dict[str, Any], names: list[str]) -> list[str]:
    return ["-" if fields[name] is None else str(fields[name]) for name in names]
