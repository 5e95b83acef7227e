"""`rewake sms`: what texts cost as SMS."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import IO, Annotated

import typer

from streams.commands.console import USED_WRONGLY, fail, note

app = typer.Typer(help="What texts cost as SMS.", no_args_is_help=True)

_BATCH = 8_192


def register(root: typer.Typer) -> None:
    root.add_typer(app, name="sms")


@app.callback()
def _group() -> None:
    """What texts cost as SMS."""


@app.command()
def measure(
    file: Annotated[
        str, typer.Argument(metavar="[FILE]", help="JSON Lines of strings; `-`, or none, reads standard input.")
    ] = "-",
    json: Annotated[bool, typer.Option("--json", help="What it prints anyway.", hidden=True)] = False,
) -> None:
    """Encoding, units and segments of each text: one JSON string a line in, one JSON object a line out.

    A line that is not a JSON string is named on standard error and left out; the exit code is then 1.
    """
    if file == "-":
        wrong = _measure_lines(sys.stdin.buffer, sys.stdout.buffer)
    else:
        try:
            with Path(file).open("rb") as lines:
                wrong = _measure_lines(lines, sys.stdout.buffer)
        except OSError as error:
            fail(f"{file}: {error.strerror}", code=USED_WRONGLY)
    if wrong:
        fail(f"{wrong} lines could not be measured")


def _measure_lines(lines: IO[bytes], out: IO[bytes]) -> int:
    """Answers how many lines were no JSON string."""
    import msgspec

    from triggers.messages.sms import measure as measured

    decode = msgspec.json.Decoder(str).decode
    wrong = 0
    batch: list[str] = []
    for number, line in enumerate(lines, 1):
        try:
            text = decode(line)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            note(f"line {number}: not a JSON string: {error}")
            wrong += 1
            continue
        encoding, units, segments = measured(text)
        batch.append(f'{{"encoding":"{encoding}","units":{units},"segments":{segments}}}\n')
        if len(batch) == _BATCH:
            out.write("".join(batch).encode())
            batch.clear()
    out.write("".join(batch).encode())
    out.flush()
    return wrong
