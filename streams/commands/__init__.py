"""The command line, `rewake`: one module of this package a command or group of commands.

A command module defines `register(root)`, which hangs its commands on the root; it is found by lying here. Anything
heavy (the engine, Faust, Redis, feeds) is imported inside the command's function, so that `rewake --help` stays quick.
Every command prints for people by default and takes `--json` for programs; it exits with 0 when it is done, 1 when what
it checked failed, 2 when it was used wrongly (`streams.commands.console` has the helpers).
"""

from __future__ import annotations

import importlib
import pkgutil
from typing import Annotated

import typer

_HELP = "Rewake: the right message, once, at a lawful hour. Rules in, storefront events in, SMS commands out."


def build_root() -> typer.Typer:
    """The root command with every command module of this package registered, in order of module name."""
    root = typer.Typer(
        name="rewake",
        help=_HELP,
        no_args_is_help=True,
        context_settings={"help_option_names": ["-h", "--help"]},
        # locals may hold phones and secrets: a traceback must not show them
        pretty_exceptions_show_locals=False,
    )
    root.callback()(_root)
    for found in sorted(pkgutil.iter_modules(__path__), key=lambda module: module.name):
        register = getattr(importlib.import_module(f"{__name__}.{found.name}"), "register", None)
        if register is not None:
            register(root)
    return root


def main() -> None:
    """The entry point of the `rewake` script."""
    build_root()()


def _version(asked: bool) -> None:
    if asked:
        from importlib.metadata import version

        typer.echo(f"rewake {version('rewake')}")
        raise typer.Exit


def _root(
    version: Annotated[
        bool, typer.Option("--version", help="Print the version and leave.", is_eager=True, callback=_version)
    ] = False,
) -> None:
    pass
