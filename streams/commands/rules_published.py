"""`rewake rules publish`, `rewake rules history`: rules in their topic, where workers change over by themselves."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, TypeVar

import typer

from streams.commands.console import USED_WRONGLY, JsonOption, fail, note, say, say_columns, say_json, until_or_exit
from streams.commands.on_kafka import BootstrapOption, on_kafka, settings_or_exit

if TYPE_CHECKING:
    from streams.settings import Settings
    from triggers.rules.inforce import Record, RulesInForce
    from triggers.rules.model import RuleBook

_Result = TypeVar("_Result")

FileOption = Annotated[
    Path | None,
    typer.Option(
        "--file", metavar="FILE.jsonl", help="A file of records instead of the topic: for `rewake replay --rules`."
    ),
]


def register(root: typer.Typer) -> None:
    """Both hang on `rewake rules`."""
    from streams.commands.rules import app

    app.command()(publish)
    app.command()(history)


def published_book_or_exit(settings: Settings) -> RuleBook:
    """What was published and is in force, or will be; what goes wrong ends the command."""
    from streams.rules.publishing import newest_book

    return _on_topic(settings, lambda: newest_book(settings.kafka_client_options()))


def publish(
    folder: Annotated[
        Path | None, typer.Argument(metavar="[DIR]", help="A folder of rules, of one shop, or of shops.")
    ] = None,
    shop: Annotated[
        Path | None, typer.Option("--shop", metavar="FILE", help="The shop.yaml of a lone folder of rules.")
    ] = None,
    at: Annotated[
        str | None,
        typer.Option(metavar="TIME", help="RFC 3339 time from which it holds, in event time; default: in a minute."),
    ] = None,
    migrate: Annotated[
        Literal["continue", "restart", "stop"],
        typer.Option(
            help="Journeys that run under the version before: each goes on under its own, begins anew under the new "
            "one, or ends."
        ),
    ] = "continue",
    withdraw: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="A rule that is to hold no more; of a shop other than main: SHOP/NAME."),
    ] = None,
    file: FileOption = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be published.")] = False,
    bootstrap: BootstrapOption = None,
    json: JsonOption = False,
) -> None:
    """Publish a folder of rules: all workers that run with REWAKE_RULES=topic change over at one event time.

    Only what means something else than before is written. Rules that are in the topic and not in the folder stay in
    force until they are withdrawn.

    Example: rewake rules publish shops --migrate restart
    """
    import time

    from schemas.instants import rfc3339
    from streams.commands.rules import rulebook_or_exit
    from streams.rules.folder import NO_RULES, read_rulebook
    from streams.rules.publishing import AHEAD, Publication, publish_to_file
    from streams.rules.publishing import publish as publish_rules
    from streams.rules.recorded import NoRuleRecords
    from triggers.rules.publishing import CannotPublish

    withdrawn = [_named(name) for name in withdraw or ()]
    if folder is None and not withdrawn:
        fail("say which folder", "rewake rules publish DIR, or --withdraw NAME", code=USED_WRONGLY)
    if folder is None and shop is not None:
        fail("--shop gives the settings of a folder, and there is none", "leave it out", code=USED_WRONGLY)
    _one_place(file, bootstrap)
    if folder is not None:
        rulebook_or_exit(folder, shop)  # says its mistakes
    read = NO_RULES if folder is None else read_rulebook(folder, shop)
    now = time.time_ns() // 1000
    effective_at = until_or_exit(at) or now + AHEAD
    if effective_at <= now and not dry_run and file is None:
        note(f"warning: {rfc3339(effective_at)} has passed: workers that run take it as of when they hear of it")
    publication = Publication(read, now, effective_at, migrate, withdrawn, dry_run)
    try:
        if file is not None:
            changes = publish_to_file(file, publication)
        else:
            settings = settings_or_exit(bootstrap)
            changes = _on_topic(settings, lambda: publish_rules(settings.kafka_client_options(), publication))
    except (CannotPublish, NoRuleRecords) as error:
        fail(str(error))
    except OSError as error:
        fail(f"{file}: {error.strerror}", code=USED_WRONGLY)
    if json:
        say_json({
            "effective_at": rfc3339(effective_at), "dry_run": dry_run,
            "changes": [
                {"shop_id": one.shop_id, "rule": one.rule or None, "version": one.version, "change": one.what}
                for one in changes
            ],
        })  # fmt: skip
        return
    if not changes:
        say("nothing has changed")
        return
    say_columns([
        ["shop", "rule", "version", ""],
        *([one.shop_id, one.rule or "(settings)", (one.version or "-")[:8], one.what] for one in changes),
    ])  # fmt: skip
    say(("would be" if dry_run else "is") + f" in force from {rfc3339(effective_at)}")


def history(
    rule: Annotated[str | None, typer.Argument(metavar="[RULE]", help="One rule alone.")] = None,
    shop: Annotated[str | None, typer.Option("--shop", metavar="ID", help="Of one shop alone.")] = None,
    source: Annotated[bool, typer.Option("--source", help="With each version as it was written.")] = False,
    file: FileOption = None,
    bootstrap: BootstrapOption = None,
    json: JsonOption = False,
) -> None:
    """List which versions of the published rules are in force from when.

    Example: rewake rules history abandoned-cart --source
    """
    from streams.rules.publishing import known, known_in
    from streams.rules.recorded import NoRuleRecords

    _one_place(file, bootstrap)
    try:
        if file is not None:
            found = known_in(file)
        else:
            settings = settings_or_exit(bootstrap)
            found = _on_topic(settings, lambda: known(settings.kafka_client_options()))
    except NoRuleRecords as error:
        fail(str(error))
    except OSError as error:
        fail(f"{file}: {error.strerror}", code=USED_WRONGLY)
    listed = [
        {
            "shop_id": shop_id, "rule": name, "version": one.version, "effective_at": one.effective_at,
            "migrate": one.migrate,
        }
        for (shop_id, name), pointer in sorted(found.published.rules.items())
        if rule in (None, name) and shop in (None, shop_id)
        for one in pointer.history
    ]  # fmt: skip
    if source:
        for one in listed:
            version = found.versions.get((str(one["shop_id"]), str(one["rule"]), str(one["version"])))
            one["source"] = None if version is None else version.source
    for key in found.unreadable:
        note(f"warning: {key} is no record of rules")
    if json:
        say_json(listed)
        return
    if not listed:
        fail("no rules were published" if rule is None else f"no rule {rule} was published", "rewake rules publish DIR")
    say_columns([
        ["shop", "rule", "version", "in force from", "running journeys"],
        *(
            [
                str(one["shop_id"]), str(one["rule"]), str(one["version"] or "withdrawn")[:9],
                str(one["effective_at"]), str(one["migrate"] if one["version"] else "end"),
            ]
            for one in listed
        ),
    ])  # fmt: skip
    for text in dict.fromkeys(str(one["source"]) for one in listed if source and one.get("source")):
        say("---")
        say(text)


def _one_place(file: Path | None, bootstrap: str | None) -> None:
    if file is not None and bootstrap is not None:
        fail("--file and --bootstrap are two places", "leave one out", code=USED_WRONGLY)


def _named(name: str) -> tuple[str, str]:
    from schemas.wire import DEFAULT_SHOP

    shop_id, _, rule = name.rpartition("/")
    return shop_id or DEFAULT_SHOP, rule


def _on_topic(settings: Settings, run: Callable[[], Awaitable[_Result]]) -> _Result:
    from streams.rules.published import RulesTopicMissing

    try:
        return on_kafka(settings, run)
    except RulesTopicMissing as error:
        fail(str(error))


def published_or_exit(path: Path) -> RulesInForce:
    """What a file of records says is in force; its mistakes end the command."""
    from streams.rules.recorded import rules_of_file

    return _of_file(path, rules_of_file)


def records_or_exit(path: Path) -> list[tuple[Record, bytes]]:
    """The records of such a file, with their bytes."""
    from streams.rules.recorded import read_rule_file

    return _of_file(path, read_rule_file)


def _of_file(path: Path, read: Callable[[Path], _Result]) -> _Result:
    from streams.rules.recorded import NoRuleRecords

    try:
        return read(path)
    except NoRuleRecords as error:
        fail(str(error))
    except OSError as error:
        fail(f"{path}: {error.strerror}", code=USED_WRONGLY)
