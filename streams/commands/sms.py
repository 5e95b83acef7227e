"""`rewake sms`: what texts cost as SMS, and what they would cost in cheaper letters."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import IO, Annotated, Final

import typer

from streams.commands.console import USED_WRONGLY, JsonOption, counted, fail, note, say_columns, say_json

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
    transliterate: Annotated[
        str | None, typer.Option(metavar="SCHEME", help="As with this transliteration: `rewake sms schemes`.")
    ] = None,
    smart: Annotated[bool, typer.Option("--smart", help="As with smart encoding.")] = False,
    json: Annotated[bool, typer.Option("--json", help="What it prints anyway.", hidden=True)] = False,
) -> None:
    """Encoding, units and segments of each text: one JSON string a line in, one JSON object a line out.

    With --transliterate or --smart they are those of the text as it would be sent, which is printed too, with what it
    was `before`; what all of them save is said on standard error.

    A line that is not a JSON string is named on standard error and left out; the exit code is then 1.
    """
    cheaper = _cheaper(transliterate, smart) if smart or transliterate is not None else None
    if file == "-":
        wrong = _measure_lines(sys.stdin.buffer, sys.stdout.buffer, cheaper)
    else:
        try:
            with Path(file).open("rb") as lines:
                wrong = _measure_lines(lines, sys.stdout.buffer, cheaper)
        except OSError as error:
            fail(f"{file}: {error.strerror}", code=USED_WRONGLY)
    if wrong:
        fail(f"{wrong} lines could not be measured")


_SAMPLE: Final = "Юлия, съешь ещё этих щей"


@app.command()
def schemes(json: JsonOption = False) -> None:
    """The transliterations that there are, each with a sample and whether a text becomes cheaper by it."""
    from triggers.messages.transliteration import SCHEMES, transliterated
    from triggers.messages.writing import Writing, dear_letters

    found = [
        (name, origin, transliterated(_SAMPLE, name), dear_letters(Writing(name)), dear_letters(Writing(name, True)))
        for name, origin in SCHEMES.items()
    ]
    if json:
        keys = ("name", "origin", "sample", "dear", "dear_with_smart_encoding")
        say_json([dict(zip(keys, one, strict=True)) for one in found])
        return
    rows = [("SCHEME", "OF", _SAMPLE, "CHEAPER")]
    for name, origin, sample, dear, still in found:
        cheaper = f"not with {' '.join(still)}" if still else "with smart encoding" if dear else "yes"
        rows.append((name, origin, sample, cheaper))
    say_columns(rows)


def _cheaper(transliterate: str | None, smart: bool) -> Callable[[str], str]:
    from triggers.messages.transliteration import SCHEMES
    from triggers.messages.writing import Writing, cheaper
    from triggers.rules.values import listed

    if transliterate is not None and transliterate not in SCHEMES:
        fail(f"--transliterate `{transliterate}`: no such scheme", f"there are {listed(SCHEMES)}", code=USED_WRONGLY)
    writing = Writing(transliterate, smart)
    return lambda text: cheaper(text, writing)


def _measure_lines(lines: IO[bytes], out: IO[bytes], cheaper: Callable[[str], str] | None) -> int:
    """Answers how many lines were no JSON string."""
    import msgspec

    from triggers.messages.sms import measure as measured

    encode = msgspec.json.encode
    decode = msgspec.json.Decoder(str).decode
    wrong = texts = segments_before = segments_after = 0
    batch: list[str] = []
    for number, line in enumerate(lines, 1):
        try:
            text = decode(line)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            note(f"line {number}: not a JSON string: {error}")
            wrong += 1
            continue
        encoding, units, segments = measured(text)
        line_out = f'{{"encoding":"{encoding}","units":{units},"segments":{segments}'
        if cheaper is not None:
            sent = cheaper(text)
            after = measured(sent)
            texts += 1
            segments_before += segments
            segments_after += after.segments
            before = f'{line_out}}}'
            line_out = f'{{"encoding":"{after.encoding}","units":{after.units},"segments":{after.segments}'
            line_out += f',"text":{encode(sent).decode()},"before":{before}'
        batch.append(line_out + "}\n")
        if len(batch) == _BATCH:
            out.write("".join(batch).encode())
            batch.clear()
    out.write("".join(batch).encode())
    out.flush()
    if cheaper is not None:
        note(f"{counted(texts, 'text')}: {counted(segments_after, 'segment')} instead of {segments_before:,}")
    return wrong
