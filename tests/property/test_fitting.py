"""Texts that have to fit, of whatever names and parts, against one that tries everything there is to give up."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from decimal import Decimal
from itertools import product as each_of

from hypothesis import example, given
from hypothesis import strategies as st

from tests.unit.triggers.shoppers import Feed, context, line, product
from triggers.context import Context, IncentiveView
from triggers.messages.cuts import beginnings
from triggers.messages.links import Links
from triggers.messages.refused import MessageRefused
from triggers.messages.sms import measure
from triggers.messages.template import Message, compile_template
from triggers.messages.writing import Sacrifice, Writing

KEPT = " {{ cart.lines[0].url }} {{ incentive.code }} {{ 1990 }} "
"""A link, a code and a price, as every text here has them."""

words = st.text("abcdeжшщЁ01€—é\u0301", min_size=1, max_size=14) | st.sampled_from(["👩\u200d👧", "ж" * 30, "1", "990"])
names = st.lists(words, min_size=1, max_size=8).map(" ".join)
fixed = st.text("ab жш,.", max_size=40) | st.sampled_from(["x" * 100, "ж" * 40])


@dataclass(frozen=True)
class Piece:
    """A fixed text and the name of a good, by its place; or an optional part of such."""

    text: str
    good: int | None
    optional: bool

    @property
    def written(self) -> bool:
        """Whether there is anything in it."""
        return self.good is not None or bool(self.text.strip())

    @property
    def source(self) -> str:
        inner = self.text + ("" if self.good is None else f" {{{{ cart.lines[{self.good}].name }}}}")
        return f"{{% optional %}}{inner}{{% endoptional %}}" if self.optional else inner


pieces = st.lists(st.builds(Piece, fixed, st.none() | st.integers(0, 2), st.booleans()), max_size=6)
goods = st.tuples(names, names, names)
codes = st.sampled_from(["TEA-20", "ЧАЙ"])  # the latter makes the whole text UCS-2
orders = st.sampled_from(list[tuple[Sacrifice, ...]]([
    (), ("drop_optional",), ("shorten_names",), ("drop_optional", "shorten_names"), ("shorten_names", "drop_optional"),
]))  # fmt: skip
writings = st.builds(
    Writing,
    transliterate=st.sampled_from([None, "mosmetro", "gost_779"]), smart_encoding=st.booleans(),
    max_segments=st.integers(1, 4), sacrifice=orders,
    links=st.sampled_from([None, Links((("utm_source", "sms"),))]),
)  # fmt: skip


def cart_of(found: tuple[str, ...], code: str) -> Context:
    feed = Feed(*(product(str(place), name=name, price=Decimal(1990)) for place, name in enumerate(found)))
    cart = context(*(line(str(place), at=-place) for place in range(len(found))), feed=feed)
    return replace(cart, incentive=IncentiveView(kind="coupon", code=code))


def made(texts: list[Piece], given_: Context, writing: Writing) -> Message | None:
    """None where it is refused for that it does not fit."""
    source = KEPT + "".join(piece.source for piece in texts)
    try:
        return compile_template(source).render(given_, writing)
    except MessageRefused as refused:
        assert refused.reason == "too-many-segments"
        assert int(dict(refused.numbers)["segments"]) > (writing.max_segments or 0)
        return None


@given(pieces, goods, st.just("TEA-20"), writings)
def test_a_text_fits_or_is_refused_and_what_it_must_not_lose_stands_whole_in_it(
    texts: list[Piece], found: tuple[str, str, str], code: str, writing: Writing
) -> None:
    message = made(texts, cart_of(found, code), writing)
    assert message == made(texts, cart_of(found, code), writing)
    free = made(texts, cart_of(found, code), replace(writing, max_segments=None))
    assert free is not None
    if message is None:
        assert free.segments > (writing.max_segments or 0)
        return
    assert (message.encoding, message.units, message.segments) == measure(message.text)
    assert message.segments <= (writing.max_segments or 0)
    link = "https://shop.example/0" + ("?utm_source=sms" if writing.links is not None else "")
    assert f"{link} {code} 1990" in message.text
    assert message.dropped <= sum(piece.optional for piece in texts)
    if free.segments <= (writing.max_segments or 0):
        assert message == free
    else:
        assert message.dropped or message.shortened
    assert "drop_optional" in writing.sacrifice or not message.dropped
    assert "shorten_names" in writing.sacrifice or not message.shortened
    assert all(length >= 10 for length in message.shortened)


def tried(
    texts: list[Piece], found: tuple[str, ...], code: str, writing: Writing
) -> Iterator[tuple[tuple[int, int], str]]:
    """Every text that can be, and how many parts and how many characters of the names it gives up."""
    parts = [place for place, piece in enumerate(texts) if piece.optional and piece.written]
    longest = max(map(len, found)) + 3
    drops = range(len(parts) + 1 if "drop_optional" in writing.sacrifice else 1)
    lengths = range(longest + 1) if "shorten_names" in writing.sacrifice else [longest]
    for dropped, most, dots in each_of(drops, lengths, ("...", "…")):
        kept = parts[: len(parts) - dropped]
        text = f" https://shop.example/0 {code} 1990 "
        for place, piece in enumerate(texts):
            if piece.optional and place not in kept:
                continue
            text += piece.text
            if piece.good is not None:
                name = " ".join(found[piece.good].split())
                cuts = [left for left in beginnings(name) if len(left) + 3 < len(name)]
                fits = [left for left in cuts if len(left) + 3 <= most] or cuts[-1:]
                text += " " + (name if len(name) <= most or not cuts else fits[0] + dots)
        yield (dropped, longest - most), " ".join(text.split())


@given(pieces, goods, codes, orders, st.integers(1, 3))
@example([Piece("", 0, False)], ("Kettle of glass — and a lid", "x", "x"), "TEA-20", ("shorten_names",), 1)
@example([Piece("x" * 12, 0, False)], ("Kettle of glass — and a lid", "x", "x"), "TEA-20", ("shorten_names",), 1)
@example([Piece("x" * 13, 0, False)], ("Kettle of glass — and a lid", "x", "x"), "TEA-20", ("shorten_names",), 1)
def test_nothing_less_would_have_been_enough(
    texts: list[Piece], found: tuple[str, str, str], code: str, sacrifice: tuple[Sacrifice, ...], most: int
) -> None:
    writing = Writing(max_segments=most, sacrifice=sacrifice)
    message = made(texts, cart_of(found, code), writing)
    enough = [(loss, text) for loss, text in tried(texts, found, code, writing) if measure(text).segments <= most]
    if message is None:
        assert not enough
        return
    first = 0 if sacrifice[:1] == ("shorten_names",) else 1
    least = min((loss[first], loss[1 - first]) for loss, _ in enough)
    assert message.text in {text for loss, text in enough if (loss[first], loss[1 - first]) == least}


@given(pieces, goods, codes, orders, st.integers(1, 3), st.integers(1, 3))
def test_more_room_never_costs_more(
    texts: list[Piece], found: tuple[str, str, str], code: str, sacrifice: tuple[Sacrifice, ...], most: int, more: int
) -> None:
    narrow = made(texts, cart_of(found, code), Writing(max_segments=most, sacrifice=sacrifice))
    wide = made(texts, cart_of(found, code), Writing(max_segments=most + more, sacrifice=sacrifice))
    if narrow is None:
        return
    assert wide is not None
    if sacrifice[:1] == ("shorten_names",):
        assert wide.dropped <= narrow.dropped
        same = wide.dropped == narrow.dropped
    else:
        same = True
        if not narrow.shortened:
            assert not wide.shortened and wide.dropped <= narrow.dropped
            same = wide.dropped == narrow.dropped
    if same and wide.dropped == narrow.dropped:
        assert len(left(wide)) >= len(left(narrow))


def left(message: Message) -> str:
    """The text without the dots of names."""
    return message.text.replace("...", "").replace("…", "")
