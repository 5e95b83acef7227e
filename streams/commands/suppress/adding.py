"""`rewake suppress add`."""

from __future__ import annotations

from streams.commands.console import JsonOption, say, say_json
from streams.commands.on_kafka import BootstrapOption, ShopOption, settings_or_exit
from streams.commands.suppress.options import (
    DryRunOption,
    PhonesArgument,
    ReasonOption,
    RegionOption,
    SourceOption,
    UntilOption,
    phones_or_exit,
    region_or_exit,
    secret_or_exit,
    terms_or_exit,
)
from streams.commands.suppress.topic import suppress, wall


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
    from schemas.instants import rfc3339
    from streams.privacy import mask_phone
    from streams.suppressions.lists import Entry

    settings = settings_or_exit(bootstrap)
    secret = secret_or_exit(settings)
    now = wall()
    numbers = phones_or_exit(phones, region_or_exit(settings, shop, region))
    reason, ends, source = terms_or_exit(reason, until, source, now)
    if not dry_run:
        suppress(settings, secret, shop, [Entry(0, number, reason, ends, source) for number in numbers], now)
    end = None if ends is None else rfc3339(ends)
    if json:
        say_json({"suppressed": len(numbers), "reason": reason, "until": end, "dry_run": dry_run})
        return
    for number in numbers:
        lasting = "for ever" if end is None else f"until {end}"
        say(f"{mask_phone(number)} {'would be' if dry_run else 'is'} suppressed {lasting}: {reason}")
