"""What must hold of any bytes that are read as a feed, and of any text that is read as a template."""

from __future__ import annotations

import io
from collections.abc import Iterator
from decimal import Decimal
from typing import Final

from feeds.problems import FeedError, Limits, Rejected
from feeds.read import Feed
from feeds.records import ParsedRecords, Record
from feeds.snapshots import encode
from schemas.catalogue import Product
from schemas.products import ProductSnapshot
from streams.feeds.apart import body_of, encoded, records_in
from tests.unit.triggers.shoppers import Feed as Goods
from tests.unit.triggers.shoppers import context, line, product
from triggers.expressions import ExpressionInvalid, compile_expression
from triggers.expressions.compiler import LONGEST_TEXT
from triggers.messages.refused import MessageRefused
from triggers.messages.sms import measure
from triggers.messages.template import TemplateInvalid, compile_template

LIMITS: Final = Limits(
    feed_bytes=1024**2, record_bytes=64 * 1024, text_chars=500, products=1500, categories=300, params=20
)

_GOODS: Final = Goods(
    product("a", name="Kettle {{ customer.phone }}\r\n{% for %}"),
    product("b", name="Чайник \u202e\x00 «Бодрость» " * 9),
    product("c", price=None, url="https://shop.example/c?a=1&b=2"),
    product("d", available=False),
)  # fmt: skip
_SHOPPERS: Final = (
    context(),
    context(line("a", price="100"), line("b", price="250.50"), feed=_GOODS, first_name="Anna", city="Kazan"),
    context(
        *(line(name, at=-place, price="9.90", quantity=3) for place, name in enumerate("abcd")),
        feed=_GOODS, first_name="{{ 7 * 7 }}\n", language="ru", bonus_balance=Decimal("0.5"),
    ),
)  # fmt: skip


class _Sent(ParsedRecords):
    """As a process of its own sends them: what comes is what was read."""

    def __init__(self, data: bytes) -> None:
        super().__init__(io.BytesIO(data), LIMITS)

    def __iter__(self) -> Iterator[Record]:
        for record in super().__iter__():
            [come] = records_in(body_of([encoded(record)]))
            assert come == record
            yield come


def try_feed(data: bytes) -> str:
    """Read it: refused as a whole by a FeedError, or every product keeps the contract of its topic, no id comes twice
    and no limit is passed. What came of it in a word. AssertionError when that does not hold."""
    seen: set[str] = set()
    lost = 0
    try:
        for found in Feed(_Sent(data), "main", None, LIMITS):
            if not isinstance(found, Product):
                assert found.line >= 1, found
                assert found.reason and found.detail, found
                lost += isinstance(found, Rejected)
                continue
            assert found.product_id not in seen, f"{found.product_id!r} came twice"
            seen.add(found.product_id)
            ProductSnapshot.model_validate_json(encode(found, None, "sync", 0))
            for text in (found.name, found.vendor, *found.category_path, *found.labels):
                assert text is None or (len(text) <= LIMITS.text_chars and not _breaks(text)), text
            assert len(found.params) <= LIMITS.params
    except FeedError as refused:
        assert refused.reason and str(refused), refused
        return refused.reason
    assert len(seen) <= LIMITS.products
    return "products" if seen else "rejected" if lost else "empty"


def try_template(source: str) -> str:
    """Compile it, as a message and as a condition, and write it to three shoppers: refused with its place, or a text
    within its bounds without a line break or sign of control that the template did not have. What came of it."""
    try:
        compile_expression(source)
    except ExpressionInvalid as invalid:
        assert 1 <= invalid.column <= len(source) + 1 and invalid.message, invalid
    try:
        template = compile_template(source)
    except TemplateInvalid as invalid:
        assert 1 <= invalid.line <= source.count("\n") + source.count("\r") + 1, invalid
        assert invalid.message, invalid
        return "invalid"
    written = 0
    for shopper in _SHOPPERS:
        try:
            message = template.render(shopper)
        except MessageRefused as refused:
            assert refused.reason, refused
            continue
        written += 1
        assert 0 < len(message.text) <= LONGEST_TEXT
        assert not _breaks(message.text.replace("\n", "")), message.text
        assert message.text.count("\n") <= source.count("\n") + source.count("\r"), message.text
        assert (message.encoding, message.units, message.segments) == measure(message.text)
    return "written" if written else "refused"


def _breaks(text: str) -> bool:
    return any(ord(letter) < 32 or 127 <= ord(letter) < 160 or letter in "\u2028\u2029" for letter in text)
