"""What commands that read and write Rewake's topics by themselves share."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from streams.commands.console import USED_WRONGLY, fail

if TYPE_CHECKING:
    from streams.settings import Settings

BootstrapOption = Annotated[str | None, typer.Option(help="Kafka's address; default: REWAKE_KAFKA_BOOTSTRAP.")]
ShopOption = Annotated[str, typer.Option("--shop", metavar="ID", help="The shop's id.")]


def seconds(said: str | float) -> float:
    """`30`, `30s`, `2m`."""
    found = re.fullmatch(r"(\d+(?:\.\d+)?)(s|m)?", str(said))
    if found is None:
        raise typer.BadParameter("write it like 30s or 2m")
    return float(found[1]) * (60 if found[2] == "m" else 1)


WaitOption = Annotated[
    float, typer.Option(parser=seconds, metavar="TIME", help="How long to wait for it, like 30s; 0: not at all.")
]

_Result = TypeVar("_Result")


def settings_or_exit(bootstrap: str | None) -> Settings:
    """The settings; wrong ones end the command."""
    from streams.settings import SettingsError, load_settings

    try:
        return load_settings(**({"kafka_bootstrap": bootstrap} if bootstrap else {}))
    except SettingsError as error:
        fail(str(error), code=USED_WRONGLY)


def on_kafka(settings: Settings, run: Callable[[], Awaitable[_Result]]) -> _Result:
    """Run it to its end; what goes wrong with Kafka is said for people and ends the command."""
    import asyncio

    from aiokafka.errors import KafkaError

    from streams.customers.found import NoTopics
    from triggers.layouts import UnknownLayout

    async def whole() -> _Result:
        return await run()

    try:
        return asyncio.run(whole())
    except NoTopics as error:
        fail(f"topics are missing: {error}", "make the topics with: rewake topics create")
    except UnknownLayout as error:
        fail(f"the customer's row: {error}", "use the release that the workers run")
    except (KafkaError, OSError) as error:
        fail(f"Kafka at {settings.kafka_bootstrap}: {error}", "is it up? `rewake stack status`")
