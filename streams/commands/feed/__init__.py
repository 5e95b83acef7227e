"""`rewake feed`: product feeds, read and published. One module a command, beside them what they share."""

from __future__ import annotations

import typer

from streams.commands.feed.accept import accept
from streams.commands.feed.parse import parse
from streams.commands.feed.sync import sync

app = typer.Typer(help="Product feeds: read them, publish what changed.", no_args_is_help=True)

app.command()(parse)
app.command()(sync)
app.command()(accept)


def register(root: typer.Typer) -> None:
    """Hang `feed` on the root."""
    root.add_typer(app, name="feed")
