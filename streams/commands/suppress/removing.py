"""`rewake suppress remove`."""

from __future__ import annotations

from typing import Annotated

import typer

from streams.commands.console import CHECK_FAILED, JsonOption, note, say, say_json
from streams.commands.on_kafka import BootstrapOption, ShopOption, settings_or_exit
from streams.commands.suppress.options import (
    DryRunOption,
    PhonesArgument,
    RegionOption,
    phones_or_exit,
    region_or_exit,
    secret_or_exit,
)
from streams.commands.suppress.topic import over, plain, read_all, wall, write


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
    from schemas.suppressions import OPTED_OUT
    from streams.privacy import mask_phone, phone_hmac
    from streams.suppressions.records import ending

    settings = settings_or_exit(bootstrap)
    secret = secret_or_exit(settings)
    numbers = phones_or_exit(phones, region_or_exit(settings, shop, region))
    hashes = {phone_hmac(secret, number): number for number in numbers}
    now = wall()
    known = [one for one in read_all(settings) if one.shop_id == shop and one.phone_hmac in hashes]
    # what somebody said themselves only they take back, or who names it
    lifted = [one for one in known if (one.reason != OPTED_OUT if reason is None else one.reason == reason)]
    stays = [one for one in known if one not in lifted and not over(one, now)]
    if not dry_run:
        write(settings, [ending(secret, shop, hashes[one.phone_hmac], one.reason) for one in lifted])
    if json:
        say_json({"lifted": [plain(one, now) for one in lifted], "stays": [plain(one, now) for one in stays],
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
        raise typer.Exit(CHECK_FAILED)
