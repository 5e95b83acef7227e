"""`rewake customers`: a person's rights. (`import` has a module of its own.)"""

from __future__ import annotations

from typing import Annotated, Any

import typer

from streams.commands.console import CHECK_FAILED, JsonOption, err, fail, note, say, say_json
from streams.commands.on_kafka import BootstrapOption, ShopOption, WaitOption, on_kafka, settings_or_exit

app = typer.Typer(help="What is known of customers: show, erase or import it.", no_args_is_help=True)

CustomerArgument = Annotated[str, typer.Argument(metavar="ID", help="The customer's id.", show_default=False)]


def register(root: typer.Typer) -> None:
    """Hang `customers` on the root."""
    root.add_typer(app, name="customers")


@app.callback()
def _group() -> None:
    """What is known of customers: show, erase or import it."""


@app.command()
def erase(
    customer: CustomerArgument,
    shop: ShopOption = "main",
    wait: WaitOption = 30.0,
    bootstrap: BootstrapOption = None,
    json: JsonOption = False,
) -> None:
    """Forget a customer: row, planned messages, caps; what is handed over and has not left is called back.

    A worker must run. What was written before is deleted by the topics' retention; the date is printed. Suppressions of
    the customer's phone stay, by its hash alone.

    Example: rewake customers erase 42
    """
    from schemas.instants import rfc3339
    from streams.chunks.reader import reading
    from streams.customers.erasing import Erased, gone_by
    from streams.customers.erasing import erase as carry_out
    from streams.provision import Existing, Provisioner, specs_of

    settings = settings_or_exit(bootstrap)
    options = settings.kafka_client_options()

    async def run() -> tuple[Erased, dict[str, Existing]]:
        async with Provisioner(options) as broker:
            existing = await broker.existing(specs_of(settings.app_id))
        async with reading(options) as reader:
            return await carry_out(reader, options, settings.app_id, shop, customer, wait=wait), existing

    erased, existing = on_kafka(settings, run)
    gone, for_ever = gone_by(erased.at, existing)
    said = {
        "shop_id": shop, "customer_id": customer, "event_id": erased.event_id, "erased_at": rfc3339(erased.at),
        "done": erased.done, "bare": erased.bare, "cancelled": erased.cancelled,
        "gone_by": None if gone is None else rfc3339(gone), "kept_for_ever": for_ever,
    }  # fmt: skip
    if json:
        say_json(said)
    elif erased.done:
        say(f"erased: of {shop}:{customer} a marker is left, {rfc3339(erased.at)}")
        if not erased.bare:
            say("and what has happened since: the customer has come back")
        if erased.cancelled:
            say(f"called back: {', '.join(erased.cancelled)}")
    elif not wait:
        say(f"CustomerErased is published: {erased.event_id}")
    if not json:
        if gone is None:
            say(f"records from before stay: {', '.join(for_ever)} keep them for ever (retention.ms=-1)")
        else:
            say(f"records from before are gone from all topics by {rfc3339(gone)[:10]}")
    if wait and not erased.done:
        fail(
            f"CustomerErased is published, and after {wait:g} s no row says so",
            "it holds once a worker has read it: does one run, and has time moved on (`--clock stream`)?",
        )


@app.command()
def export(
    customer: CustomerArgument,
    shop: ShopOption = "main",
    masked: Annotated[bool, typer.Option("--masked", help="With all phones masked.")] = False,
    bootstrap: BootstrapOption = None,
    json: JsonOption = False,
) -> None:
    """Print everything that is known of a customer, as JSON: the row, and what the topics still hold.

    Of each topic by customer one partition is read whole. It holds phones and texts: give it to that person alone.

    Example: rewake customers export 42 > 42.json
    """
    from streams.chunks.reader import reading
    from streams.customers.found import Search
    from streams.customers.told import masked as without_phones
    from streams.rules.folder import default_region

    settings = settings_or_exit(bootstrap)
    options = settings.kafka_client_options()

    def says(what: str) -> None:
        if err().is_terminal:
            note(f"reading {what}")

    async def run() -> dict[str, Any]:
        async with reading(options) as reader:
            region = default_region(settings.rules, shop)
            search = Search(reader, settings.app_id, shop, customer, secret=settings.hmac_secret, region=region)
            return await search.run(says)

    found = on_kafka(settings, run)
    nothing = not any(found[name] for name in found if name not in ("shop_id", "customer_id"))
    if settings.hmac_secret is None:
        note("suppressions can't be looked up without REWAKE_HMAC_SECRET: they are left out")
    if masked:
        found = without_phones(found)
    if json:
        say_json(found)
    else:
        import orjson

        say(orjson.dumps(found, option=orjson.OPT_INDENT_2).decode())
    if nothing:
        note(f"nothing is known of {shop}:{customer}")
        raise typer.Exit(CHECK_FAILED)
