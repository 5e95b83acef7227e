"""`rewake preview`: a rule's texts as somebody would get them now. Nothing is sent, counted or published."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, NamedTuple

import typer

from streams.commands.console import USED_WRONGLY, JsonOption, counted, fail, say, say_json
from streams.commands.known import row_or_exit
from streams.commands.on_kafka import BootstrapOption
from streams.commands.rules import rulebook_or_exit
from streams.commands.shop_of import OneShopOption, shop_or_exit

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from feeds.store import Store
    from schemas.catalogue import Product
    from triggers.messages.message import Message
    from triggers.rules.model import Rule, Shop
    from triggers.samples import Judged, Samples, Text
    from triggers.verdicts import Verdict


SAMPLES: Final = 3


class _Shown(NamedTuple):
    """A text that somebody would get, or why not. `verdicts`: of samples those of the gate of messages alone.
    `products`: those of the feed that a sample is shown."""

    customer: str
    text: Text
    made: Judged
    verdicts: tuple[Verdict, ...]
    products: Sequence[Product] = ()


def register(root: typer.Typer) -> None:
    root.command(name="preview")(preview)


def preview(
    rule: Annotated[str, typer.Argument(metavar="RULE", help="The rule's name.", show_default=False)],
    rules: Annotated[Path, typer.Option(metavar="DIR", help="A folder of rules, of one shop, or of shops.")],
    customer: Annotated[
        str | None, typer.Option(metavar="ID", help="A customer of yours, as the workers know them.")
    ] = None,
    sample: Annotated[
        int | None,
        typer.Option(
            min=1, max=1000, metavar="N",
            help=f"So many sample customers, with products of the feed; default: {SAMPLES}. Not beside --customer.",
        ),
    ] = None,
    products: Annotated[
        Path | None,
        typer.Option(metavar="FEED", help="The products: a feed of any format, or what `rewake feed parse` wrote."),
    ] = None,
    step: Annotated[str | None, typer.Option(metavar="STEP", help="One step alone.")] = None,
    state: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Where --customer is looked for: a replay's state; not given: Kafka."),
    ] = None,
    shop: OneShopOption = None,
    bootstrap: BootstrapOption = None,
    json: JsonOption = False,
) -> None:
    """Write a rule's texts, each step and variant, for sample customers or for one of yours, and what each would cost.

    Of your own customer is said, too, what would speak against it now: consent, quiet hours, conditions. Caps are not
    asked. No phone is printed. A text that needs too many segments is shown as it is with all given up that may be.

    Example: rewake preview abandoned-cart --rules examples/tea-house --products examples/tea-house/feed.xml
    """
    import time

    _check(customer, sample, state, bootstrap)
    book = rulebook_or_exit(rules)
    of = shop_or_exit(book, rules, shop)
    chosen = _rule(book.rules.get(of.id, ()), rule)
    at = time.time_ns() // 1000
    count = SAMPLES if sample is None else sample
    if products is None:
        from feeds.store import MemoryStore

        found = list(_made(of, chosen, step, MemoryStore(), at, customer, count, state, bootstrap))
    else:
        from feeds.problems import FeedError
        from streams.commands.feed.common import nothing_sound, opened, refused
        from streams.costs import feed_store

        try:
            with opened(str(products)) as stream, feed_store(stream, of.id, at) as (store, tally):
                if not tally.products:
                    nothing_sound(tally, f"{products} has no sound product: rewake feed parse {products}", json=json)
                found = list(_made(of, chosen, step, store, at, customer, count, state, bootstrap))
        except FeedError as error:
            refused(error, json=json)
    for one in found:
        if json:
            say_json(_plain(one))
        else:
            _show(one)
    if any(one.made.message for one in found):
        return
    if any(one.made.unfit for one in found):
        fail("no text fits", "shorten the texts, mark parts as optional, or raise `max_segments`")
    fail("no text could be made", None if products else "texts about products need --products FEED")


def _check(customer: str | None, sample: int | None, state: Path | None, bootstrap: str | None) -> None:
    """Options that would say nothing, or two things, end the command."""
    if customer is not None and sample is not None:
        fail(f"--customer is one of yours, --sample {sample} are made up", "leave one out", code=USED_WRONGLY)
    if customer is None:
        for name, given in (("--state", state), ("--bootstrap", bootstrap)):
            if given is not None:
                what = f"{name} says where a customer is looked for, and none is named"
                fail(what, "add --customer ID", code=USED_WRONGLY)


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
        row = row_or_exit(shop.id, customer, state, bootstrap)
        for text in some:
            made = samples.judged(text, row)
            yield _Shown(customer, text, made, made.verdicts)
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
            made = samples.judged(text, row, window)
            verdicts = tuple(one for one in made.verdicts if one.gate == "message")
            yield _Shown(row.customer_id, text, made, verdicts, window)


def _against(one: _Shown) -> list[str]:
    """What speaks against it, in the gates' words. Who is suppressed, and caps, are not asked."""
    from triggers.verdicts import Answer

    return [
        f"{verdict.gate}: {verdict.reason}" + "".join(f", {name} {value}" for name, value in verdict.numbers)
        for verdict in one.verdicts
        if verdict.answer in (Answer.REFUSE, Answer.DELAY)
    ]


def _show(one: _Shown) -> None:
    name = " ".join(filter(None, (one.text.rule.name, one.text.step, one.text.variant)))
    message, unfit, _ = one.made
    if message is not None:
        say(f"{one.customer}, {name}: {_costs(message)}")
        _lines(message)
    elif unfit is not None:
        most = one.text.plan.step.writing.max_segments
        say(f"{one.customer}, {name}: not sent, too-many-segments ({most} at most): {_costs(unfit)}", style="yellow")
        _lines(unfit)
    else:
        say(f"{one.customer}, {name}: no text", style="yellow")
    for against in _against(one):
        if unfit is None or not against.startswith("message: "):  # that is said above
            say(f"  - {against}", style="yellow")
    if message is None and unfit is None and one.products:
        reasons = _unpresented(one)
        products = (f"{name} ({reasons[name]})" if name in reasons else name for name in _ids(one))
        say(f"  - of the feed: {', '.join(products)}", style="yellow")


def _ids(one: _Shown) -> list[str]:
    return [product.product_id for product in one.products]


def _unpresented(one: _Shown) -> dict[str, str]:
    """Which of its products can't be shown, and why."""
    from triggers.messages.presentable import unpresentable

    return {name: why for name, product in zip(_ids(one), one.products, strict=True) if (why := unpresentable(product))}


def _costs(made: Message) -> str:
    """With what it gave up."""
    from triggers.gates.message import given_up

    changed = "".join(f", {what} {value}" for what, value in given_up(made).items())
    return f"{made.encoding}, {made.units} units, {counted(made.segments, 'segment')}{changed}"


def _lines(made: Message) -> None:
    for line in made.text.split("\n"):
        say(f"  {line}")


def _plain(one: _Shown) -> dict[str, Any]:
    message, unfit, _ = one.made
    return {
        "customer_id": one.customer, "rule": one.text.rule.name, "step": one.text.step,
        "variant": one.text.variant or None, **_measured(message), "unfit": None if unfit is None else _measured(unfit),
        "against": _against(one), "products": _ids(one), "unpresentable": _unpresented(one),
    }  # fmt: skip


def _measured(made: Message | None) -> dict[str, Any]:
    from triggers.gates.message import given_up

    if made is None:
        return {"text": None, "encoding": None, "units": None, "segments": None, "inputs": {}}
    return {
        "text": made.text, "encoding": made.encoding, "units": made.units, "segments": made.segments,
        "inputs": given_up(made),
    }  # fmt: skip
