"""What the commands are told in common, read; wrong options end the command."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from streams.commands.console import USED_WRONGLY, fail

if TYPE_CHECKING:
    from pydantic import SecretStr

    from streams.settings import Settings

PhonesArgument = Annotated[list[str], typer.Argument(metavar="PHONE...", help="Phones, as people write them.")]
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
DryRunOption = Annotated[bool, typer.Option("--dry-run", help="Only say what would be written.")]


def secret_or_exit(settings: Settings) -> SecretStr:
    """What phones are hashed with."""
    if settings.hmac_secret is None:
        fail(
            "REWAKE_HMAC_SECRET is not set: a phone can't be hashed without it",
            "set it to the very secret that the workers have: under another one they would not know the phone",
            code=USED_WRONGLY,
        )
    return settings.hmac_secret


def region_or_exit(settings: Settings, shop: str, given: str | None) -> str | None:
    """The country of phones without +: as given, or the shop's own."""
    from re import fullmatch

    import phonenumbers

    from schemas.fields import SHOP_ID_PATTERN
    from streams.rules.folder import default_region

    if fullmatch(SHOP_ID_PATTERN, shop) is None:
        fail(f"{shop!r} is no shop", "use letters of a to z, digits, - and _", code=USED_WRONGLY)
    if given is None:
        return default_region(settings.rules, shop)
    if given.upper() not in phonenumbers.SUPPORTED_REGIONS:
        fail(f"--region {given!r} is no country", "write its two letters, like RU", code=USED_WRONGLY)
    return given.upper()


def phones_or_exit(written: Sequence[str], region: str | None) -> list[str]:
    """E.164, each once."""
    from streams.suppressions.lists import BadEntry, e164

    try:
        return list(dict.fromkeys(e164(one.strip(), region) for one in written))
    except BadEntry as bad:
        fail(str(bad), code=USED_WRONGLY)


def terms_or_exit(reason: str, until: str | None, source: str, now: int) -> tuple[str, int | None, str]:
    """Reason, until when (microseconds; None: for ever) and source."""
    from streams.suppressions.lists import BadEntry, read_reason, read_source, read_until

    try:
        reason, source = read_reason(reason), read_source(source)
        ends = None if until is None else read_until(until, now)
        if ends is not None and ends <= now:
            raise BadEntry(f"--until {until} is over")
    except BadEntry as bad:
        fail(str(bad), code=USED_WRONGLY)
    return reason, ends, source
