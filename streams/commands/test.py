"""`rewake test`: a test message to somebody of the shop's own."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from streams.commands.console import CHECK_FAILED, USED_WRONGLY, JsonOption, fail, note, say, say_json
from streams.commands.on_kafka import BootstrapOption, ShopOption, WaitOption, on_kafka, settings_or_exit

if TYPE_CHECKING:
    from streams.trying import Tried
    from triggers.rules.model import RuleBook


def test(
    rule: Annotated[str, typer.Argument(metavar="RULE", help="The rule's name.", show_default=False)],
    to: Annotated[str, typer.Option(metavar="NAME", help="A name of the shop's `test_list`.", show_default=False)],
    step: Annotated[str | None, typer.Option(metavar="ID", help="The step to try; default: the first.")] = None,
    shop: ShopOption = "main",
    rules: Annotated[
        Path | None, typer.Option(metavar="DIR", help="The folder of rules; default: REWAKE_RULES.", show_default=False)
    ] = None,
    wait: WaitOption = 30.0,
    bootstrap: BootstrapOption = None,
    json: JsonOption = False,
) -> None:
    """Send one step of a rule to somebody of the shop's own test list, as the worker would now.

    Consent and suppression hold. Conditions, caps and quiet hours stop nothing and are shown. It is marked as a test
    and counts nowhere. A worker must run, with the same rules.

    Example: rewake test abandoned-cart --to anna --step 2
    """
    from streams.chunks.reader import reading
    from streams.commands.rules import rulebook_or_exit
    from streams.commands.rules_published import published_book_or_exit
    from streams.trying import try_out

    settings = settings_or_exit(bootstrap)
    if rules is None and settings.rules_published:
        book = published_book_or_exit(settings)
    else:
        book = rulebook_or_exit(rules or settings.rules)
    customer = _checked(book, shop, rule, step, to)
    options = settings.kafka_client_options()

    async def run() -> Tried:
        async with reading(options) as reader:
            return await try_out(reader, options, shop, customer, rule, step, wait=wait)

    tried = on_kafka(settings, run)
    if json:
        say_json(_plain(tried))
    elif tried.decision is not None:
        _show(tried, to)
    elif not wait:
        say(f"asked for: {tried.event_id}")
    if wait and tried.decision is None:
        fail(
            f"asked for, and after {wait:g} s nobody has judged it",
            "does a worker run, and has time moved on (`--clock stream`)? It is sent once that is so",
        )
    if tried.decision is not None and tried.decision.outcome != "emitted":
        raise typer.Exit(CHECK_FAILED)


def _checked(book: RuleBook, shop: str, rule: str, step: str | None, to: str) -> str:
    """The customer whom the name stands for; whatever is not there ends the command with what is."""
    if shop not in book.shops and shop not in book.rules:
        fail(f"there is no shop {shop}", _listed("shops", sorted({*book.shops, *book.rules})), USED_WRONGLY)
    known = {one.name: one for one in book.rules.get(shop, ())}
    if rule not in known:
        fail(f"{shop} has no rule {rule}", _listed("rules", sorted(known)), USED_WRONGLY)
    steps = [one.id for one in known[rule].steps]
    if step is not None and step not in steps:
        fail(f"{rule} has no step {step}", _listed("steps", steps), USED_WRONGLY)
    settings = book.shops.get(shop)
    people = dict(settings.test_list) if settings is not None else {}
    if to not in people:
        fail(f"{to} is not on the test list of {shop}", _listed("on it", sorted(people)), USED_WRONGLY)
    return people[to]


def _listed(what: str, names: list[str]) -> str:
    if not names:
        return 'write it into shop.yaml, like `test_list: {anna: "42"}`' if what == "on it" else f"there are no {what}"
    return f"{what}: {', '.join(names)}"


def _show(tried: Tried, to: str) -> None:
    from schemas.emitted import CreateCallTask, GrantBonus, SendSms
    from streams.privacy import mask_phone

    decision = tried.decision
    assert decision is not None
    for command in tried.commands or ():
        if isinstance(command, SendSms):
            parts = f"{command.segments} segment{'s' if command.segments > 1 else ''}, {command.encoding}"
            say(f"to {to}, {mask_phone(command.phone)}, from {command.sender}: {parts}")
            say(command.text)
        elif isinstance(command, CreateCallTask):
            say(f"and a call to {mask_phone(command.phone or '')} (a test): {command.note}")
        elif isinstance(command, GrantBonus):
            say(f"and {command.points} points (a test)")
    against = [one for one in decision.verdicts if one.verdict in ("refuse", "delay")]
    for verdict in against:
        say(f"not sent: {verdict.gate}: {verdict.reason}")
        for name, value in verdict.numbers.items():
            say(f"  {name}: {value}")
    for verdict in decision.verdicts:
        if would := verdict.numbers.get("would"):
            note(f"a customer would not have got it now: {verdict.gate}: {would}")


def _plain(tried: Tried) -> dict[str, Any]:
    import msgspec

    from schemas.emitted import CreateCallTask, SendSms
    from streams.privacy import mask_phone

    commands = []
    for command in tried.commands or ():
        said = msgspec.to_builtins(command)
        if isinstance(command, SendSms | CreateCallTask) and command.phone is not None:
            said["phone"] = mask_phone(command.phone)
        commands.append(said)
    decision = None if tried.decision is None else msgspec.to_builtins(tried.decision)
    return {"event_id": tried.event_id, "decision": decision, "commands": commands}


def register(root: typer.Typer) -> None:
    """Hang `test` on the root."""
    root.command()(test)
