"""`rewake suppress list`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Final

import typer

from streams.commands.console import CHECK_FAILED, JsonOption, say, say_columns, say_json
from streams.commands.on_kafka import BootstrapOption, settings_or_exit
from streams.commands.suppress.options import RegionOption, phones_or_exit, region_or_exit, secret_or_exit
from streams.commands.suppress.topic import over, plain, read_all, wall

if TYPE_CHECKING:
    from streams.suppressions.records import KnownReason

SHOWN_OF_A_HASH: Final = 12
"""Characters."""


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

    settings = settings_or_exit(bootstrap)
    hashed = number = None
    if phone is not None:
        number = phones_or_exit([phone], region_or_exit(settings, shop or "main", region))[0]
        hashed = phone_hmac(secret_or_exit(settings), number)
    now = wall()
    found = [
        one
        for one in read_all(settings)
        if (shop is None or one.shop_id == shop)
        and (hashed is None or one.phone_hmac == hashed)
        and (reason is None or one.reason == reason)
        and (ended or not over(one, now))
    ]
    if json:
        say_json({"suppressions": [plain(one, now) for one in found], "count": len(found)})
    elif found:
        head = ("SHOP", "PHONE'S HASH", "REASON", "SINCE", "UNTIL", "SOURCE")
        say_columns([head, *(_shown(one, now) for one in found)])
    elif number is None:
        say("nobody is suppressed")
    if number is not None and not json:
        phones = f"{mask_phone(number)} is"
        say(f"{phones} suppressed" if any(not over(one, now) for one in found) else f"{phones} not suppressed")
    if number is not None and all(over(one, now) for one in found):
        raise typer.Exit(CHECK_FAILED)


def _shown(one: KnownReason, now: int) -> tuple[str, ...]:
    until = "for ever" if one.until is None else one.until
    return (
        one.shop_id, one.phone_hmac[:SHOWN_OF_A_HASH], one.reason, one.since or "?",
        f"{until} (over)" if over(one, now) else until, "unreadable" if one.unreadable else one.source or "",
    )  # fmt: skip
