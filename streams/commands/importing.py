"""`rewake customers import`: a base that already exists."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from streams.commands.console import CHECK_FAILED, USED_WRONGLY, JsonOption, counted, fail, note, say, say_json
from streams.commands.customers import app
from streams.commands.on_kafka import ShopOption

if TYPE_CHECKING:
    from streams.customers.tables import BadRow, Row

_SHOWN: Final = 20
"""Bad lines that are shown of a table."""


@app.command("import")
def import_(
    customers: Annotated[
        Path | None, typer.Argument(help="Their table: .csv, .jsonl, .parquet; plain or .gz.", show_default=False)
    ] = None,
    orders: Annotated[Path | None, typer.Option(help="The table of their orders.")] = None,
    out: Annotated[
        Path | None, typer.Option(help="The file for the events, JSON Lines; `-` is standard output.")
    ] = None,
    names: Annotated[
        list[str] | None,
        typer.Option("--map", metavar="NAME=COLUMN", help="What your table calls a column; `orders.NAME` for orders."),
    ] = None,
    at: Annotated[
        str | None, typer.Option(help="RFC 3339 time as of which the tables are; nothing later is taken. Default: now.")
    ] = None,
    time_zone: Annotated[str, typer.Option(help="IANA zone of times without an offset.")] = "UTC",
    shop: ShopOption = "main",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Read and report, and write nothing.")] = False,
    json: JsonOption = False,
) -> None:
    """Make history of the customers and orders that a shop has: one CustomerImported each.

    Rows are filled as if Rewake had always been there, so that purchase intervals and thresholds work from the first
    day, and nothing that fell due before is sent. Then publish it: rewake load FILE

    Example: rewake customers import customers.csv --orders orders.csv --out history.jsonl
    """
    from datetime import UTC, datetime
    from re import fullmatch

    from schemas.fields import MAX_SHOP_ID, SHOP_ID_PATTERN
    from schemas.instants import parse_rfc3339, rfc3339
    from streams.customers.importing import CUSTOMER_COLUMNS, DATES, ORDER_COLUMNS, Base, imported
    from streams.customers.tables import NoTable
    from triggers.zones import zone

    if customers is None and orders is None:
        fail("there is no table", "give the customers' table, --orders, or both", code=USED_WRONGLY)
    if out is None and not dry_run:
        fail("where to?", "give --out FILE, or --dry-run to see what would be read", code=USED_WRONGLY)
    if fullmatch(SHOP_ID_PATTERN[1:-1], shop) is None or len(shop) > MAX_SHOP_ID:
        fail(f"--shop {shop!r} is no shop", "use letters, digits, `-` and `_`", code=USED_WRONGLY)
    tz = zone(time_zone)
    if tz is None:
        fail(f"--time-zone {time_zone!r} is no time zone", "write it like Europe/Moscow", code=USED_WRONGLY)
    try:
        now = parse_rfc3339(at or datetime.now(UTC).isoformat(timespec="seconds"))
    except ValueError:
        fail(f"--at {at!r} is no time", "write it as 2026-11-21T10:00:00Z", code=USED_WRONGLY)
    of_customers, of_orders = _names(names or (), CUSTOMER_COLUMNS, ORDER_COLUMNS, DATES)

    base = Base(tz)
    try:
        if customers is not None:
            base.take_customers(_checked(customers, of_customers), of_customers)
        if orders is not None:
            base.take_orders(_checked(orders, of_orders), of_orders)
    except NoTable as error:
        fail(str(error), error.hint or None, code=USED_WRONGLY)
    except (OSError, EOFError) as error:
        fail(f"{getattr(error, 'filename', None) or 'a table'}: {getattr(error, 'strerror', None) or error}",
             code=USED_WRONGLY)  # fmt: skip

    later = placed = 0

    def events() -> Iterator[bytes]:
        nonlocal later, placed
        for known in base.known.values():
            value, left = imported(known, shop, now)
            later += left
            placed += sum(1 for order in known.orders.values() if not order.cancelled) - left
            yield value + b"\n"

    try:
        _write(out if not dry_run else None, events())
    except OSError as error:
        fail(f"{out}: {error.strerror}", code=USED_WRONGLY)
    bad = len(base.bad_customers) + len(base.bad_orders)
    for path, lines in ((customers, base.bad_customers), (orders, base.bad_orders)):
        for line in lines[:_SHOWN]:
            note(f"{path}:{line.line}: {line.why}")
        if len(lines) > _SHOWN:
            note(f"... and {counted(len(lines) - _SHOWN, 'more line')} of {path}")
    result: dict[str, Any] = {
        "lines": base.lines, "bad_lines": bad, "customers": len(base.known), "orders": placed, "later_orders": later,
        "at": rfc3339(now), "written": not dry_run,
    }  # fmt: skip
    aside = out == Path("-") and not dry_run
    if json and not aside:
        say_json(result)
    else:
        tell = note if aside else say
        tell(f"{counted(len(base.known), 'customer')} with {counted(placed, 'order')} as of {rfc3339(now)}")
        if later:
            tell(f"{counted(later, 'order')} later than that left out")
        if bad:
            tell(f"{counted(bad, 'line')} left out")
    if bad:
        raise typer.Exit(CHECK_FAILED)


def _names(
    given: Sequence[str], customers: Sequence[str], orders: Sequence[str], dates: str
) -> tuple[dict[str, str], dict[str, str]]:
    """What `--map` says of the customers' table, and of the orders'."""
    of_customers: dict[str, str] = {}
    of_orders: dict[str, str] = {}
    for one in given:
        name, sign, column = one.partition("=")
        of_one, known = (of_orders, orders) if name.startswith("orders.") else (of_customers, customers)
        name = name.removeprefix("orders.")
        if not sign or not column or not (name in known or (known is customers and name.startswith(dates))):
            fail(f"--map {one!r}", f"write NAME=COLUMN; names are: {', '.join(known)}", code=USED_WRONGLY)
        of_one[name] = column
    return of_customers, of_orders


def _checked(path: Path, names: dict[str, str]) -> Iterator[tuple[int, Row | BadRow]]:
    """Its rows; a table that has none of a column in any row ends the command, for its name is wrong then."""
    from streams.customers.tables import BadRow, rows

    missing = dict(names)
    any_row = False
    for number, row in rows(path):
        if missing and not isinstance(row, BadRow):
            any_row = True
            missing = {name: column for name, column in missing.items() if column not in row}
        yield number, row
    if missing and any_row:
        name, column = next(iter(missing.items()))
        fail(f"{path} has no column {column!r} for `{name}`", "columns are told by their exact names", USED_WRONGLY)


def _write(out: Path | None, events: Iterator[bytes]) -> None:
    if out is None:
        for _ in events:
            pass
    elif out == Path("-"):
        from sys import stdout

        for event in events:
            stdout.buffer.write(event)
        stdout.flush()
    else:
        with out.open("wb") as file:
            file.writelines(events)
