"""`rewake suppress`: phones that must not be written to."""

from __future__ import annotations

import sys
from collections.abc import Callable, Coroutine, Iterator, Sequence
from contextlib import contextmanager
from io import TextIOWrapper
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, NoReturn, TextIO, TypeVar

import typer

from streams.commands.console import USED_WRONGLY, JsonOption, fail, note, progress, say, say_columns, say_json

if TYPE_CHECKING:
    from pydantic import SecretStr

    from streams.settings import Settings
    from streams.suppress_import import BadLine, Entry
    from streams.suppressing import KnownReason

app = typer.Typer(help="Phones that must not be written to, why and until when.", no_args_is_help=True)

T = TypeVar("T")

OPTED_OUT: Final = "opted_out"
"""What only its customer, or who names it, takes back."""
SHOWN_OF_A_HASH: Final = 12
SHOWN_MISTAKES: Final = 20

PhonesArgument = Annotated[list[str], typer.Argument(metavar="PHONE...", help="Phones, as people write them.")]
ShopOption = Annotated[str, typer.Option("--shop", metavar="ID", help="The shop.")]
RegionOption = Annotated[
    str | None,
    typer.Option("--region", metavar="RU", help="Country of phones without +; default: the shop's `default_region`."),
]
ReasonOption = Annotated[str, typer.Option("--reason", metavar="WORD", help="Why, where a line does not say it.")]
UntilOption = Annotated[
    str | None,
    typer.Option("--until", metavar="TIME", help="RFC 3339, or how long from now, like 90d; default: for ever."),
]
SourceOption = Annotated[str, typer.Option("--source", metavar="TEXT", help="Where this is known from.")]
BootstrapOption = Annotated[
    str | None, typer.Option("--bootstrap", help="Kafka's address; default: REWAKE_KAFKA_BOOTSTRAP.")
]
DryRunOption = Annotated[bool, typer.Option("--dry-run", help="Only say what would be written.")]


def register(root: typer.Typer) -> None:
    """Hang `suppress` on the root."""
    root.add_typer(app, name="suppress")


@app.command(name="list")
def list_(
    shop: Annotated[str | None, typer.Option("--shop", metavar="ID", help="Of this shop alone.")] = None,
    phone: Annotated[str | None, typer.Option("--phone", help="Of this phone alone: looked up by its hash.")] = None,
    reason: Annotated[str | None, typer.Option("--reason", metavar="WORD", help="For this reason alone.")] = None,
    ended: Annotated[bool, typer.Option("--ended", help="Also those whose time is over.")] = False,
    region: RegionOption = None,
    bootstrap: BootstrapOption = None,
    json: JsonOption = False,
) -> None:
    """Who is suppressed: the phone's hash, the reason, since when, until when, and where that is known from.

    Phones themselves are not known: only their hashes are kept. `--phone` looks one up (and needs REWAKE_HMAC_SECRET);
    it leaves with 1 when that phone is not suppressed.

    Example: rewake suppress list --reason opted_out
    """
    from streams.privacy import mask_phone, phone_hmac

    settings = _settings(bootstrap)
    hashed = number = None
    if phone is not None:
        number = _phones([phone], _region(settings, shop or "main", region))[0]
        hashed = phone_hmac(_secret(settings), number)
    now = _wall()
    found = [
        one
        for one in _all(settings)
        if (shop is None or one.shop_id == shop)
        and (hashed is None or one.phone_hmac == hashed)
        and (reason is None or one.reason == reason)
        and (ended or not _over(one, now))
    ]
    if json:
        say_json({"suppressions": [_plain(one, now) for one in found], "count": len(found)})
    elif found:
        head = ("SHOP", "PHONE'S HASH", "REASON", "SINCE", "UNTIL", "SOURCE")
        say_columns([head, *(_shown(one, now) for one in found)])
    elif number is None:
        say("nobody is suppressed")
    if number is not None and not json:
        phones = f"{mask_phone(number)} is"
        say(f"{phones} suppressed" if any(not _over(one, now) for one in found) else f"{phones} not suppressed")
    if number is not None and all(_over(one, now) for one in found):
        raise typer.Exit(1)


@app.command()
def add(
    phones: PhonesArgument,
    shop: ShopOption = "main",
    reason: ReasonOption = "manual",
    until: UntilOption = None,
    source: SourceOption = "rewake suppress",
    region: RegionOption = None,
    dry_run: DryRunOption = False,
    bootstrap: BootstrapOption = None,
    json: JsonOption = False,
) -> None:
    """Suppress phones. It holds for every customer who has one, from the next message on.

    Example: rewake suppress add "+7 999 000-00-42" --reason complaint --until 365d
    """
    from streams.privacy import mask_phone
    from streams.suppress_import import BadEntry, Entry, read_reason, read_source, read_until

    settings = _settings(bootstrap)
    secret = _secret(settings)
    now = _wall()
    numbers = _phones(phones, _region(settings, shop, region))
    try:
        ends = None if until is None else read_until(until, now)
        if ends is not None and ends <= now:
            raise BadEntry(f"--until {until} is over")
        entries = [Entry(0, number, read_reason(reason), ends, read_source(source)) for number in numbers]
    except BadEntry as bad:
        fail(str(bad), code=USED_WRONGLY)
    _write(settings, secret, shop, entries, now, dry_run)
    if json:
        say_json({"suppressed": len(entries), "reason": reason, "until": _time(ends), "dry_run": dry_run})
        return
    for number in numbers:
        lasting = f"until {_time(ends)}" if ends is not None else "for ever"
        say(f"{mask_phone(number)} {'would be' if dry_run else 'is'} suppressed {lasting}: {reason}")


@app.command()
def remove(
    phones: PhonesArgument,
    shop: ShopOption = "main",
    reason: Annotated[
        str | None, typer.Option("--reason", metavar="WORD", help="Only this reason; default: all but opted_out.")
    ] = None,
    region: RegionOption = None,
    dry_run: DryRunOption = False,
    bootstrap: BootstrapOption = None,
    json: JsonOption = False,
) -> None:
    """Lift suppressions of phones. One that opted out itself stays, unless `--reason opted_out` says it.

    Leaves with 1 when a phone stays suppressed for another reason.

    Example: rewake suppress remove "+7 999 000-00-42"
    """
    from streams.privacy import mask_phone, phone_hmac
    from streams.suppressing import ending

    settings = _settings(bootstrap)
    secret = _secret(settings)
    numbers = _phones(phones, _region(settings, shop, region))
    hashes = {phone_hmac(secret, number): number for number in numbers}
    now = _wall()
    known = [one for one in _all(settings) if one.shop_id == shop and one.phone_hmac in hashes]
    lifted = [one for one in known if (one.reason != OPTED_OUT if reason is None else one.reason == reason)]
    stays = [one for one in known if one not in lifted and not _over(one, now)]
    if not dry_run:
        _publish(settings, [ending(secret, shop, hashes[one.phone_hmac], one.reason) for one in lifted])
    if json:
        say_json({"lifted": [_plain(one, now) for one in lifted], "stays": [_plain(one, now) for one in stays],
                  "dry_run": dry_run})
    else:
        for hashed, number in hashes.items():
            reasons = sorted(one.reason for one in lifted if one.phone_hmac == hashed)
            kept = sorted(one.reason for one in stays if one.phone_hmac == hashed)
            said = f"{'would be' if dry_run else 'is'} no longer suppressed: {', '.join(reasons)}"
            say(f"{mask_phone(number)} {said if reasons else 'was not suppressed' if not kept else 'is not changed'}")
            if kept:
                note(f"{mask_phone(number)} stays suppressed: {', '.join(kept)}", style="yellow")
    if stays:
        raise typer.Exit(1)


@app.command(name="import")
def import_(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="One phone a line, or a table; - is standard input.")],
    shop: ShopOption = "main",
    reason: ReasonOption = "manual",
    until: UntilOption = None,
    source: SourceOption = "rewake suppress import",
    region: RegionOption = None,
    skip_bad: Annotated[bool, typer.Option("--skip-bad", help="Write the others though some lines are bad.")] = False,
    dry_run: DryRunOption = False,
    bootstrap: BootstrapOption = None,
    json: JsonOption = False,
) -> None:
    """Suppress the phones of a list: one a line, or a table whose head names phone, reason, until, source.

    Columns are parted by comma, semicolon or tab. A bad line is told with its number, and then nothing is written
    (--skip-bad: the others are); the command leaves with 1. It may be run again: a phone counts once for each reason.

    Example: rewake suppress import opt-outs.csv --reason opted_out --source "old gateway"
    """
    from streams.suppress_import import BadEntry, read_reason, read_source, read_until

    settings = _settings(bootstrap)
    secret = _secret(settings)
    now = _wall()
    try:
        reason, source = read_reason(reason), read_source(source)
        ends = None if until is None else read_until(until, now)
        if ends is not None and ends <= now:
            raise BadEntry(f"--until {until} is over")
    except BadEntry as bad:
        fail(str(bad), code=USED_WRONGLY)
    entries, mistakes = _read(file, _region(settings, shop, region), now)
    for mistake in mistakes[:SHOWN_MISTAKES]:
        note(f"{file}:{mistake.line}: {mistake.why}")
    if len(mistakes) > SHOWN_MISTAKES:
        note(f"... and {len(mistakes) - SHOWN_MISTAKES:,} more bad lines")
    written = not mistakes or skip_bad
    filled = [_filled(entry, reason, ends, source) for entry in entries] if written else []
    if filled:
        _write(settings, secret, shop, filled, now, dry_run)
    phones = len({entry.phone for entry in filled})
    if json:
        bad_lines = [{"line": mistake.line, "why": mistake.why} for mistake in mistakes]
        say_json({"suppressed": len(filled), "phones": phones, "bad_lines": bad_lines, "dry_run": dry_run})
    elif not written:
        note(f"{_counted(len(mistakes), 'bad line')}: nothing was written", style="red")
    else:
        count = f"{_counted(len(filled), 'suppression')} of {_counted(phones, 'phone')}"
        say(f"{count} {'would be written' if dry_run else 'written'}; {_counted(len(mistakes), 'bad line')}")
    if mistakes:
        raise typer.Exit(1)


# -- what the commands share


def _counted(count: int, what: str) -> str:
    return f"{count:,} {what}{'' if count == 1 else 's'}"


def _settings(bootstrap: str | None) -> Settings:
    from streams.settings import SettingsError, load_settings

    try:
        return load_settings(**({"kafka_bootstrap": bootstrap} if bootstrap else {}))
    except SettingsError as error:
        fail(str(error), code=USED_WRONGLY)


def _secret(settings: Settings) -> SecretStr:
    if settings.hmac_secret is None:
        fail(
            "REWAKE_HMAC_SECRET is not set: a phone can't be hashed without it",
            "set it to the very secret that the workers have: under another one they would not know the phone",
            code=USED_WRONGLY,
        )
    return settings.hmac_secret


def _region(settings: Settings, shop: str, given: str | None) -> str | None:
    """The country of phones without +: as given, or the shop's own."""
    from re import fullmatch

    import phonenumbers

    from schemas.fields import SHOP_ID_PATTERN
    from streams.rulebook import read_rulebook

    if fullmatch(SHOP_ID_PATTERN[1:-1], shop) is None:
        fail(f"{shop!r} is no shop", "use letters of a to z, digits, - and _", code=USED_WRONGLY)
    if given is not None:
        if given.upper() not in phonenumbers.SUPPORTED_REGIONS:
            fail(f"--region {given!r} is no country", "write its two letters, like RU", code=USED_WRONGLY)
        return given.upper()
    if not settings.rules.exists():
        return None
    found = read_rulebook(settings.rules).book.shops.get(shop)
    return None if found is None else found.default_region


def _phones(written: Sequence[str], region: str | None) -> list[str]:
    from streams.suppress_import import BadEntry, e164

    try:
        return list(dict.fromkeys(e164(one.strip(), region) for one in written))
    except BadEntry as bad:
        fail(str(bad), code=USED_WRONGLY)


def _read(file: Path, region: str | None, now: int) -> tuple[list[Entry], list[BadLine]]:
    from streams.suppress_import import Entry, read_entries

    entries: list[Entry] = []
    mistakes: list[BadLine] = []
    with _opened(file) as lines, progress() as bar:
        task = bar.add_task("reading", total=None)
        for number, one in enumerate(read_entries(lines, region, now), 1):
            if isinstance(one, Entry):
                entries.append(one)
            else:
                mistakes.append(one)
            if number % 1000 == 0:
                bar.update(task, completed=number)
    return entries, mistakes


@contextmanager
def _opened(file: Path) -> Iterator[TextIO]:
    if str(file) == "-":
        if isinstance(sys.stdin, TextIOWrapper):
            sys.stdin.reconfigure(encoding="utf-8", errors="replace")
        yield sys.stdin
        return
    try:
        stream = file.open(encoding="utf-8", errors="replace", newline=None)
    except OSError as error:
        fail(f"{file}: {error.strerror}", code=USED_WRONGLY)
    with stream:
        yield stream


def _filled(entry: Entry, reason: str, until: int | None, source: str) -> Entry:
    from dataclasses import replace

    ends = entry.until if entry.until is not None else until
    return replace(entry, reason=entry.reason or reason, until=ends, source=entry.source or source)


def _write(
    settings: Settings, secret: SecretStr, shop: str, entries: Sequence[Entry], now: int, dry_run: bool
) -> None:
    from streams.suppressing import record

    if dry_run:
        return
    _publish(
        settings,
        (
            record(
                secret, shop, one.phone, one.reason or "manual", since=now, until=one.until, source=one.source
            )
            for one in entries
        ),
        len(entries),
    )  # fmt: skip


def _publish(settings: Settings, records: Any, total: int | None = None) -> None:
    from streams.suppressing import write

    with progress() as bar:
        task = bar.add_task("writing", total=total)
        _talk(settings, lambda options: write(options, records, lambda done: bar.update(task, completed=done)))


def _all(settings: Settings) -> list[KnownReason]:
    from streams.suppressing import read_all

    with progress() as bar:
        task = bar.add_task("reading the topic", total=None)
        return _talk(
            settings, lambda options: read_all(options, lambda done, of: bar.update(task, completed=done, total=of))
        )


def _talk(settings: Settings, work: Callable[[dict[str, Any]], Coroutine[Any, Any, T]]) -> T:
    """Do it with Kafka, or say why that can't be done."""
    import asyncio

    from aiokafka.errors import KafkaError

    from streams.suppressing import SuppressionsTopicUnusable

    try:
        return asyncio.run(work(settings.kafka_client_options()))
    except SuppressionsTopicUnusable as unusable:
        fail(str(unusable))
    except (KafkaError, OSError) as error:
        _away(settings, error)


def _away(settings: Settings, error: Exception) -> NoReturn:
    fail(f"Kafka at {settings.kafka_bootstrap}: {error}", "is it up? `rewake stack status`")


def _wall() -> int:
    import time

    return time.time_ns() // 1000


def _time(at: int | None) -> str | None:
    from schemas.instants import rfc3339

    return None if at is None else rfc3339(at)


def _over(one: KnownReason, now: int) -> bool:
    from schemas.instants import parse_rfc3339

    return one.until is not None and parse_rfc3339(one.until) <= now


def _plain(one: KnownReason, now: int) -> dict[str, Any]:
    return {
        "shop_id": one.shop_id, "phone_hmac": one.phone_hmac, "reason": one.reason, "since": one.since,
        "until": one.until, "source": one.source, "ended": _over(one, now), "unreadable": one.unreadable,
    }  # fmt: skip


def _shown(one: KnownReason, now: int) -> tuple[str, ...]:
    until = "for ever" if one.until is None else one.until
    return (
        one.shop_id, one.phone_hmac[:SHOWN_OF_A_HASH], one.reason, one.since or "?",
        f"{until} (over)" if _over(one, now) else until, "unreadable" if one.unreadable else one.source or "",
    )  # fmt: skip
