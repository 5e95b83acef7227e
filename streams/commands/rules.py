"""`rewake rules`: check a folder of rules, list what is in it, print the editor's schema."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from streams.commands.console import (
    CHECK_FAILED,
    USED_WRONGLY,
    JsonOption,
    counted,
    fail,
    note,
    say,
    say_columns,
    say_json,
)

if TYPE_CHECKING:
    from streams.rules.folder import BookRead
    from triggers.rules.errors import RuleError
    from triggers.rules.model import Rule, RuleBook

app = typer.Typer(help="Check, list and describe rules.", no_args_is_help=True)

FolderArgument = Annotated[
    Path, typer.Argument(metavar="DIR", help="A folder of rules, of one shop, or of shops.", show_default=False)
]
ShopOption = Annotated[
    Path | None, typer.Option("--shop", metavar="FILE", help="The shop.yaml of a lone folder of rules.")
]


def register(root: typer.Typer) -> None:
    root.add_typer(app, name="rules")


def rulebook_or_exit(folder: Path, shop: Path | None = None) -> RuleBook:
    """The rule book of `folder` for a command that runs it: mistakes go to stderr and end the command."""
    from streams.rules.folder import read_rulebook

    if not folder.exists():
        fail(f"there is no folder {folder}", code=USED_WRONGLY)
    read = read_rulebook(folder, shop)
    for warning in read.warnings:
        note(f"warning: {warning}", style="yellow")
    for error in read.errors:
        note(str(error), style="red")
    if read.errors:
        fail(f"{counted(len(read.errors), 'mistake')} in the rules", f"rewake rules check {folder}")
    return read.book


@app.command()
def check(
    folder: FolderArgument,
    shop: ShopOption = None,
    products: Annotated[
        Path | None,
        typer.Option(metavar="FEED", help="The products that texts are made for, where a rule has a `budget`."),
    ] = None,
    prices: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="What an SMS costs, of --products; not given: the shop's `sms_price`."),
    ] = None,
    json: JsonOption = False,
) -> None:
    """Say everything that is wrong with the rules, each with its place, and what probably is not meant.

    With `--products` every text of a rule that has a `budget` is made for every product, and what costs more is a
    mistake; what does not fit, so that it would not be sent, is a warning.

    Leaves with 0 when there are rules and no mistakes (warnings do not count), with 1 otherwise.
    """
    from dataclasses import replace

    from streams.commands.budgets import over_budgets

    read = _read(folder, shop)
    errors, unsent = over_budgets(read, products, prices, json=json)
    read = replace(read, errors=(*read.errors, *errors), warnings=(*read.warnings, *unsent))
    if json:
        say_json(
            {
                "rules": sum(len(rules) for rules in read.book.rules.values()),
                "errors": [_plain(error) for error in read.errors],
                "warnings": [_plain(warning) for warning in read.warnings],
            }
        )
    else:
        for error in read.errors:
            say(str(error), style="red")
        for warning in read.warnings:
            say(f"{warning} (warning)", style="yellow")
        good = sum(len(rules) for rules in read.book.rules.values())
        summary = [counted(good, "rule") + " right"]
        summary += [counted(len(read.errors), "mistake")] if read.errors else []
        summary += [counted(len(read.warnings), "warning")] if read.warnings else []
        say(", ".join(summary), style="red" if read.errors else "green")
    if read.errors:
        raise typer.Exit(CHECK_FAILED)
    if not any(read.book.rules.values()):
        # A wrong path in somebody's CI would check nothing and be green.
        fail(f"no rule was found in {folder}", "rules are .yaml files there, in rules/, or in shops/ID/rules/")


@app.command(name="list")
def list_(
    folder: Annotated[
        Path | None, typer.Argument(metavar="[DIR]", help="A folder of rules, of one shop, or of shops.")
    ] = None,
    shop: ShopOption = None,
    kinds: Annotated[bool, typer.Option("--kinds", help="List the kinds of triggers there are instead.")] = False,
    json: JsonOption = False,
) -> None:
    """List the rules of a folder: name, trigger, steps, version. Transactional ones come by themselves."""
    if kinds:
        if folder is not None or shop is not None:
            fail("--kinds lists the kinds of triggers, not a folder's rules", "leave one out", code=USED_WRONGLY)
        _list_kinds(json)
        return
    if folder is None:
        fail("say which folder", "rewake rules list DIR, or --kinds for the kinds of triggers", code=USED_WRONGLY)
    read = _read(folder, shop)
    rules = [rule for shop_id in read.book.rules for rule in read.book.rules[shop_id]]
    if json:
        say_json([_described(rule) for rule in rules])
    else:
        several = len(read.book.rules) > 1
        transactional = [rule for rule in rules if rule.purpose == "transactional"]
        marketing = [rule for rule in rules if rule.purpose == "marketing"]
        if marketing or not transactional:
            say_columns(_rows(marketing, several))
        if transactional:
            if marketing:
                say("")
            said = counted(len(transactional), "transactional rule")
            say(f"{said}: no consent is asked for, no advertising allowed")
            say_columns(_rows(transactional, several))
    if read.errors:
        for error in read.errors:
            note(str(error), style="red")
        raise typer.Exit(CHECK_FAILED)


@app.command()
def schema(
    kind: Annotated[
        Literal["rule", "shop", "audience"], typer.Option("--kind", help="Of a rule, of shop.yaml or of an audience.")
    ] = "rule",
) -> None:
    """Print the JSON Schema by which an editor completes and checks rules while they are written."""
    from json import dumps

    from triggers.rules.schema import editor_schema

    typer.echo(dumps(editor_schema(kind), indent=2, ensure_ascii=False))


def _read(folder: Path, shop: Path | None) -> BookRead:
    from streams.rules.folder import read_rulebook

    if not folder.exists():
        fail(f"there is no folder {folder}", code=USED_WRONGLY)
    if shop is not None and not shop.is_file():
        fail(f"there is no file {shop}", code=USED_WRONGLY)
    return read_rulebook(folder, shop)


def _list_kinds(json: bool) -> None:
    from triggers.rules.written import KINDS

    if json:
        say_json([{"kind": kind, "starts_when": meaning} for kind, meaning in KINDS.items()])
        return
    say_columns([["trigger", "starts a journey when"], *KINDS.items()])


def _rows(rules: list[Rule], several: bool) -> list[list[str]]:
    """`several`: shops, so that each is named."""
    rows = [["shop", "rule", "trigger", "steps", "version"]]
    rows += [[rule.shop_id, rule.name, rule.trigger.kind, _steps(rule), rule.version[:8]] for rule in rules]
    return rows if several else [row[1:] for row in rows]


def _plain(error: RuleError) -> dict[str, Any]:
    return {
        "file": error.file,
        "line": error.line or None,
        "column": error.column or None,
        "message": error.message,
        "hint": error.hint,
    }


def _steps(rule: Rule) -> str:
    """Each step's id and delay: `1`, `2 +23h`."""
    from triggers.rules.quantities import show_duration

    return ", ".join(f"{step.id} +{show_duration(step.after)}" if step.after else step.id for step in rule.steps)


def _described(rule: Rule) -> dict[str, Any]:
    return {
        "shop_id": rule.shop_id,
        "rule": rule.name,
        "version": rule.version,
        "description": rule.description,
        "trigger": rule.trigger.kind,
        "priority": rule.priority,
        "purpose": rule.purpose,
        "steps": [step.id for step in rule.steps],
    }
