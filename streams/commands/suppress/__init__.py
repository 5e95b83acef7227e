"""`rewake suppress`: phones that must not be written to. One module a command, beside them what they share."""

from __future__ import annotations

import typer

from streams.commands.suppress.adding import add
from streams.commands.suppress.importing import import_
from streams.commands.suppress.listing import list_
from streams.commands.suppress.removing import remove

app = typer.Typer(help="Phones that must not be written to, why and until when.", no_args_is_help=True)

app.command(name="list")(list_)
app.command()(add)
app.command()(remove)
app.command(name="import")(import_)


def register(root: typer.Typer) -> None:
    """Hang `suppress` on the root."""
    root.add_typer(app, name="suppress")
