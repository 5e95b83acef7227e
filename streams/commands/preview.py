"""`rewake preview`: a rule's texts as somebody would get them now. Nothing is sent, counted or published."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import typer

from streams.commands.console import USED_WRONGLY, JsonOption, err, fail, note, say, say_json
from streams.commands.on_kafka import BootstrapOption, on_kafka, settings_or_exit
from streams.commands.rules import rulebook_or_exit

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from feeds.store import Store
    from schemas.catalogue import Product
    from triggers.customer import CustomerRow
    from triggers.messages.template import Message
    from triggers.rules.model import Rule, Shop
    from triggers.samples import Samples, Text
    from triggers.verdicts import Verdict


class _Shown(NamedTuple):
    """A text that somebody would get, or why not; `against`: what gates say besides, of a real customer."""

    customer: str
    text: Text
    message: Message | None
    verdicts: tuple[Verdict, ...]


def register(root: typer.Typer) -> None:
    root.command(name="preview")(preview)


def preview(
    rule: Annotated[str, typer.Argument(metavar="RULE", help="The rule's name.", show_default=False)],
    rules: Annotated[Path, typer.Option(metavar="DIR", help="A folder of rules, of one shop, or of shops.")],
    customer: Annotated[
        str | None, typer.Option(metavar="ID", help="A customer of yours, as the workers know them.")
    ] = None,
    sample: Annotated[
        int, typer.Option(min=1, max=1000, metavar="N", help="So many sample customers, with products of the feed.")
    ] = 3,
    products: Annotated[
        Path | None,
        typer.Option(metavar="FEED", help="The products: a feed of any format, or what `rewake feed parse` wrote."),
    ] = None,
    step: Annotated[str | None, typer.Option(metavar="STEP", help="One step alone.")] = None,
    state: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Where --customer is looked for: a replay's state; not given: Kafka."),
    ] = None,
    shop: Annotated[str, typer.Option(metavar="ID", help="The rule's shop.")] = "main",
    bootstrap: BootstrapOption = None,
    json: JsonOption = False,
) -> None:
    """Write a rule's texts, each step and variant, for sample customers or for one of yours, and what each would cost.

    Of your own customer is said, too, what would speak against it now: consent, quiet hours, conditions. Caps are not
    asked. No phone is printed.

    Example: rewake preview abandoned-cart --rules examples/tea-house --products examples/tea-house/feed.xml
    """
    import time

    if state is not None and customer is None:
        fail("--state says where a customer is looked for, and none is named", "add --customer ID", code=USED_WRONGLY)
    book = rulebook_or_exit(rules)
    if shop not in book.shops:
        fail(f"there is no shop {shop!r} in {rules}", f"shops are: {', '.join(book.shops)}", code=USED_WRONGLY)
    chosen = _rule(book.rules.get(shop, ()), rule)
    at = time.time_ns() // 1000
    if products is None:
        from feeds.store import MemoryStore

        found = list(_made(book.shops[shop], chosen, step, MemoryStore(), at, customer, sample, state, bootstrap))
    else:
        from feeds.problems import FeedError
        from streams.commands.feed.common import opened, refused
        from streams.costs import feed_store

        try:
            with opened(str(products)) as stream, feed_store(stream, shop, at) as (store, _):
                found = list(_made(book.shops[shop], chosen, step, store, at, customer, sample, state, bootstrap))
        except FeedError as error:
            refused(error)
    for one in found:
        if json:
            say_json(_plain(one))
        else:
            _show(one)
    if not any(one.message for one in found):
        fail("no text could be made", None if products else "texts about products need --products FEED")


def _rule(rules: Sequence[Rule], name: str) -> Rule:
    found = next((rule for rule in rules if rule.name == name), None)
    if found is None:
        fail(f"there is no rule {name!r}", f"rules are: {', '.join(rule.name for rule in rules)}", code=USED_WRONGLY)
    return found


def _made(
    shop: Shop, rule: Rule, step: str | None, store: Store, at: int, customer: str | None, sample: int,
    state: Path | None, bootstrap: str | None,
) -> Iterator[_Shown]:  # fmt: skip
    from triggers.samples import Samples, texts

    some = [text for text in texts(shop, [rule]) if step in (None, text.step)]
    if not some:
        steps = ", ".join(one.id for one in rule.steps)
        what = f"no text at step {step!r}" if step else f"rule {rule.name} has no text"
        fail(what, f"steps are: {steps}", code=USED_WRONGLY)
    samples = Samples(shop, store, at)
    if customer is not None:
        row = _row(shop.id, customer, state, bootstrap)
        for text in some:
            yield _Shown(customer, text, *samples.judged(text, row))
        return
    yield from _sampled(some, samples, store.products(shop.id), sample)


def _sampled(
    some: Sequence[Text], samples: Samples, products: Iterator[Product], sample: int
) -> Iterator[_Shown]:
    from streams.costs import SHOWN, windows

    shown: list[Sequence[Product]] = []
    for window in windows(products):
        if len(shown) == sample:
            break
        shown.append(window)
    for number in range(sample):
        window = shown[number % len(shown)] if shown else ()
        row = samples.shopper(number, window[:SHOWN])
        for text in some:
            message, verdicts = samples.judged(text, row, window)
            yield _Shown(row.customer_id, text, message, tuple(one for one in verdicts if one.gate == "message"))


def _row(shop_id: str, customer: str, state: Path | None, bootstrap: str | None) -> CustomerRow:
    """The customer's row, from a replay's state or from what the workers have committed; who is not known ends the
    command."""
    from schemas.partitioner import customer_key
    from streams.chunks.reader import reading
    from streams.customers.listing import of_changelog
    from streams.replay import StateError, saved_rows

    found: list[CustomerRow] = []

    def take(rows: Iterable[CustomerRow]) -> None:
        found.extend(row for row in rows if (row.shop_id, row.customer_id) == (shop_id, customer))

    if state is not None:
        try:
            take(saved_rows(state)[1])
        except (StateError, OSError) as error:
            fail(str(error), code=USED_WRONGLY)
    else:
        settings = settings_or_exit(bootstrap)

        async def run() -> None:
            async with reading(settings.kafka_client_options()) as reader:
                await of_changelog(reader, settings.app_id, says, take, customer_key(shop_id, customer))

        def says(what: str) -> None:
            if err().is_terminal:
                note(f"reading {what}")

        on_kafka(settings, run)
    if not found:
        fail(f"customer {customer!r} of shop {shop_id} is not known")
    return found[0]


def _against(one: _Shown) -> list[str]:
    """What speaks against it, in the gates' words. Who is suppressed, and caps, are not asked."""
    from triggers.verdicts import Answer

    return [
        f"{verdict.gate}: {verdict.reason}" + "".join(f", {name} {value}" for name, value in verdict.numbers)
        for verdict in one.verdicts
        if verdict.answer in (Answer.REFUSE, Answer.DELAY)
    ]


def _show(one: _Shown) -> None:
    from triggers.gates.message import given_up

    name = " ".join(filter(None, (one.text.rule.name, one.text.step, one.text.variant)))
    if one.message is None:
        say(f"{one.customer}, {name}: no text", style="yellow")
    else:
        made = one.message
        segments = "1 segment" if made.segments == 1 else f"{made.segments} segments"
        changed = "".join(f", {what} {value}" for what, value in given_up(made).items())
        say(f"{one.customer}, {name}: {made.encoding}, {made.units} units, {segments}{changed}")
        for line in made.text.split("\n"):
            say(f"  {line}")
    for against in _against(one):
        say(f"  - {against}", style="yellow")


def _plain(one: _Shown) -> dict[str, Any]:
    from triggers.gates.message import given_up

    made = one.message
    return {
        "customer_id": one.customer, "rule": one.text.rule.name, "step": one.text.step,
        "variant": one.text.variant or None, "text": None if made is None else made.text,
        "encoding": None if made is None else made.encoding, "units": None if made is None else made.units,
        "segments": None if made is None else made.segments, "inputs": {} if made is None else given_up(made),
        "against": _against(one),
    }  # fmt: skip
