"""`rewake contracts`: the wire contracts as JSON Schema and AsyncAPI."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from streams.commands.console import CHECK_FAILED, JsonOption, note, say, say_json


def contracts(
    out: Annotated[Path, typer.Option(help="The folder to write to.", file_okay=False)] = Path("docs/contracts"),
    check: Annotated[bool, typer.Option("--check", help="Write nothing; exit 1 when the folder is stale.")] = False,
    json: JsonOption = False,
) -> None:
    """Write a JSON Schema for every event, command and record, and one AsyncAPI 3 document of all topics.

    Example: rewake contracts --check
    """
    from schemas.published import documents

    wanted = documents()
    present = {path.name: path.read_text(encoding="utf-8") for path in sorted(out.glob("*.json"))}
    stale = sorted(name for name in wanted.keys() | present.keys() if wanted.get(name) != present.get(name))
    if not check:
        out.mkdir(parents=True, exist_ok=True)
        for name in stale:
            if name in wanted:
                (out / name).write_text(wanted[name], encoding="utf-8")
            elif name.endswith(".schema.json"):
                (out / name).unlink()  # a contract that is no more
    if json:
        say_json({"folder": str(out), "contracts": len(wanted), "stale" if check else "written": stale})
    elif not check:
        say(f"{len(wanted)} files in {out}, {len(stale)} of them changed")
    elif not stale:
        say(f"{len(wanted)} files in {out} are up to date")
    if check and stale:
        if not json:
            for name in stale:
                say(f"stale: {out / name}")
            note("hint: write them with `rewake contracts`")
        raise typer.Exit(CHECK_FAILED)


def register(root: typer.Typer) -> None:
    """Hang `contracts` on the root."""
    root.command()(contracts)
