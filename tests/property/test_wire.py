"""The fast decoder and the contracts agree on every input: on validity, on the reason, and on the values."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from schemas.clock import ClockAdvanced as ClockContract
from schemas.contracts import CUSTOMER_EVENTS, MARKETING_EVENTS, Refused, read_event
from schemas.fields import Contract
from schemas.wire import Malformed, ProductViewed, decode_batch, decode_one, from_contract

ALLOWED: tuple[type[Contract], ...] = (*CUSTOMER_EVENTS, *MARKETING_EVENTS, ClockContract)
MANY = settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
FEWER = settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))


def example_of(model: type[Contract]) -> dict[str, Any]:
    [example] = model.model_json_schema()["examples"]
    return dict(example)


EXAMPLES = [example_of(model) for model in ALLOWED]

# Values that have broken decoders before, valid and invalid, for any field.
AWKWARD: list[Any] = [
    None, True, False, 0, -0.0, 1, 1.0, 2.0, 1e2, 1.5, -1, 10**6, 10**6 + 1, 2**53, 2**63, 2**64, 10**40, 1e300, "",
    " ",
    "0", "1", "19.90", "0.00", "-1", "+1", "1e5", "NaN", "Infinity", "1,5", ".5", "5.", "١", "1" * 13, "0.1234567",
    "1 ",
    "1\n", "RUR", "RUB", "rub", "RUBL", "ЯЯЯ", "x" * 128, "x" * 129, "я" * 128, "😀" * 128, "😀" * 129, "a\nb",
    "a\u0000",
    "a\u007f", "a\\b", 'a"b', "sms", "SMS", "main", "ma in", "shop\n", "ш", "2026-11-21T10:00:00Z",
    "2026-11-21T10:00:00.123456Z", "2026-11-21T10:00:00.1234567Z", "2026-11-21T10:00:00.1Z", "2026-11-21T10:00:00.Z",
    "2026-11-21T10:00:00+03:00", "2026-11-21T10:00:00.25-11:30", "2026-11-21T10:00:00+24:00", "2026-11-21T10:00:00",
    "2026-11-21 10:00:00Z", "2026-11-21t10:00:00z", "2026-02-30T10:00:00Z", "2026-11-21T24:00:00Z",
    "2026-11-21T10:00:60Z", "2026-11-21T10:00:00Z\n", "1970-01-01T00:00:00Z", "1970-01-01T00:00:00+03:00",
    "1969-12-31T23:59:59Z", "2199-12-31T23:59:59.999999Z", "2199-12-31T23:59:59-01:00", "2200-01-01T00:00:00Z",
    "9999-12-31T23:59:59Z", "0001-01-01T00:00:00Z", "٢٠٢٦-11-21T10:00:00Z", "1990-02-28", "1990-02-29", "19900228",
    "delivered", "lost", [], {}, [1], ["a"], [None], [""], ["a", "a"], {"a": 1}, [{}], [{"product_id": "a"}],
    [{"product_id": "a", "quantity": 1.0, "price": "5"}], [{"product_id": "a", "price": 5}], [{"product_id": ""}],
    [{"product_id": "a", "quantity": 0}], [{"product_id": "a", "note": [[[]]]}], {"a": [1]},
    {"a": "b" * 300}, {"": 1}, {"a": 1e16}, {"a\n": 1}, {"q": ["x", "y"]}, {"day": "1990-02-28"}, {"day": None},
    {"day": "1990-02-29"}, {"Day": "1990-02-28"}, {"name day": None}, {"day\n": None}, {"d" * 33: None},
    {f"day_{number}": "1990-02-28" for number in range(10)}, {f"day_{number}": None for number in range(11)},
]  # fmt: skip


def contract_answer(value: bytes) -> tuple[str, Any]:
    try:
        return "event", from_contract(read_event(value, ALLOWED))
    except Refused as refused:
        return "refused", (refused.reason, refused.detail)


def fast_answer(event: Any) -> tuple[str, Any]:
    if isinstance(event, Malformed):
        return "refused", (event.reason, event.detail)
    return "event", event


def same(left: tuple[str, Any], right: tuple[str, Any]) -> bool:
    """Equal, down to the types of the values (a Decimal's digits, not only its amount)."""
    return left == right and repr(left) == repr(right) and type(left[1]) is type(right[1])


def check(*values: bytes) -> None:
    expected = [contract_answer(value) for value in values]
    together = [fast_answer(event) for event in decode_batch(list(values))]
    assert len(together) == len(values)
    for value, want, got in zip(values, expected, together, strict=True):
        assert same(want, got), (value, want, got)
        alone = fast_answer(decode_one(value))
        assert same(want, alone), (value, want, alone)


def encode(fields: Any, ascii_only: bool = False) -> bytes:
    return json.dumps(fields, ensure_ascii=ascii_only).encode("utf-8", "surrogatepass")


def mutations(data: st.DataObject) -> bytes:
    """A valid event, up to three of its fields then dropped or given an awkward value."""
    fields = dict(data.draw(st.sampled_from(EXAMPLES), label="event"))
    names = [
        *fields, "at", "note", "quantity", "items", "price", "currency", "birthday", "registered_at", "expires_at",
        "dates",
    ]  # fmt: skip
    for _ in range(data.draw(st.integers(0, 3), label="changes")):
        name = data.draw(st.sampled_from(names), label="field")
        if data.draw(st.integers(0, 5)) == 0:
            fields.pop(name, None)
        else:
            fields[name] = data.draw(st.sampled_from(AWKWARD), label="value")
    order = data.draw(st.permutations(list(fields))) if data.draw(st.booleans()) else list(fields)
    return encode({name: fields[name] for name in order}, data.draw(st.booleans()))


@pytest.mark.parametrize("fields", EXAMPLES, ids=lambda fields: str(fields["type"]))
def test_every_contracts_example_reads_the_same_both_ways(fields: dict[str, Any]) -> None:
    value = encode(fields)
    assert contract_answer(value)[0] == "event"
    check(value)


# the others are always read by the contract, so that one value a field shows as much
@pytest.mark.parametrize("fields", [*EXAMPLES[:17], EXAMPLES[-1]], ids=lambda fields: str(fields["type"]))
def test_every_field_with_every_awkward_value_reads_the_same_both_ways(fields: dict[str, Any]) -> None:
    names = [*fields, "at", "note"]
    check(*(encode({**fields, name: value}) for name in names for value in AWKWARD))


@pytest.mark.parametrize("fields", EXAMPLES, ids=lambda fields: str(fields["type"]))
def test_every_field_left_out_or_null_reads_the_same_both_ways(fields: dict[str, Any]) -> None:
    check(*(encode({n: v for n, v in fields.items() if n != name}) for name in fields))
    check(*(encode({**fields, name: None}) for name in fields))


@MANY
@given(st.data())
def test_changed_fields_read_the_same_both_ways(data: st.DataObject) -> None:
    check(*(mutations(data) for _ in range(data.draw(st.integers(1, 4)))))


@MANY
@given(st.data())
def test_changed_bytes_read_the_same_both_ways(data: st.DataObject) -> None:
    value = bytearray(mutations(data))
    for _ in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.integers(0, len(value)))
        match data.draw(st.integers(0, 3)):
            case 0:
                value[place : place + 1] = data.draw(st.binary(min_size=1, max_size=1))
            case 1:
                del value[place : place + data.draw(st.integers(1, 40))]
            case 2:
                value[place:place] = data.draw(
                    st.sampled_from([b"\x00", b'"', b"\\", b",", b"}", b"{", b"[", b"\xff", b"\n"])
                )
            case 3:
                value[place:place] = data.draw(
                    st.sampled_from([b"\\u0000", b"\\ud800", b'"type":"X",', b"1e999", b"NaN"])
                )
    check(bytes(value), encode(EXAMPLES[0]))


@FEWER
@given(st.lists(st.binary(max_size=60), max_size=5))
def test_arbitrary_bytes_read_the_same_both_ways(values: list[bytes]) -> None:
    check(*values)


NO_CART = b'{"type":"CheckoutStarted","event_id":"e","customer_id":"c","occurred_at":"2026-11-21T10:00:00Z"'


@pytest.mark.parametrize(
    "ignored",
    [
        b"1e999", b"9" * 5000, b"-1e-999", b'"\xff"', b'"\\ud800"', b'"\\udc00\\ud800"', b'"\x01"', b'"\\u0001"',
        b'"\\n"',
        b"[" * 63 + b"]" * 63, b"[" * 64 + b"]" * 64, b"[" * 900 + b"]" * 900, b"[" * 200_000,
        b'{"a":' * 70 + b"1" + b"}" * 70,
        b"[" + b"{}," * 100 + b"{}]", b'"' + b"[" * 100 + b'"', b'"\\"' + b"[" * 100 + b'"', b"NaN", b"01", b"1.",
        b"[1,]",
        b"{1:2}", b"tru", b"'a'", b'"' + b"x" * 1_000_000 + b'"',
    ],
    ids=lambda value: repr(value[:24]),
)  # fmt: skip
def test_what_stands_in_an_ignored_field_reads_the_same_both_ways(ignored: bytes) -> None:
    value = NO_CART + b',"ignored":' + ignored + b"}"
    check(value)
    check(b"", value, NO_CART + b"}")
    check(value, value)


@pytest.mark.parametrize(
    "values",
    [
        [b"1},{", b'"a":1}'],
        [NO_CART + b',"x":[{}', b"{}]}", NO_CART + b"}," + NO_CART + b"}"],
        [NO_CART, b"}"],
        [NO_CART + b"},", NO_CART + b"}"],
        [NO_CART + b',"x":"', b'"}'],
        [b"", b" ", b"\x00", b"null", b"[]", b'""', b"{}"],
        [b"\xef\xbb\xbf" + NO_CART + b"}"],
        [NO_CART + b"}\x00", NO_CART + b"}\n", b"\r\n\t " + NO_CART + b"}"],
        [NO_CART + b',"type":"CustomerErased"}', b'{"type":"X",' + NO_CART[1:] + b"}"],
        [NO_CART + b',"customer_id":5}', NO_CART + b',"customer_id":5,"customer_id":"d"}'],
        [b"[" * 60 + NO_CART + b"}", b"[" * 3000, *[b"1"] * 50],
        [("{" + ' "a" : [' * 2 + "é").encode()[:-1], "é".encode()[1:]],
    ],
)
def test_neighbours_that_break_each_other_read_the_same_both_ways(values: list[bytes]) -> None:
    check(*values)
    check(*reversed(values))


@pytest.mark.parametrize("lines", [64, 65, 2000, 2001])
def test_long_carts_read_the_same_both_ways(lines: int) -> None:
    items = [{"product_id": str(n), "quantity": n + 1, "price": "5"} for n in range(lines)]
    cart = {**EXAMPLES[4], "items": items}
    assert cart["type"] == "CartUpdated"
    check(encode(cart), encode({**cart, "note": [[]]}))


def test_one_bad_record_leaves_the_others_of_its_chunk_as_they_are() -> None:
    good = [encode({**EXAMPLES[2], "event_id": str(n)}) for n in range(50)]
    alone = decode_batch(good)
    for bad in (b"{", b"\xff", b'{"type":"CartItemAdded"}', b"[" * 100_000, b'"\\n"'):
        mixed = decode_batch([*good[:20], bad, *good[20:]])
        assert isinstance(mixed.pop(20), Malformed)
        assert mixed == alone


@FEWER
@given(st.text(max_size=20), st.sampled_from(["price", "total", "balance"]))
def test_any_text_as_money_reads_the_same_both_ways(text: str, name: str) -> None:
    for fields in EXAMPLES:
        if name in fields:
            check(encode({**fields, name: text}, ascii_only=True))


@FEWER
@given(st.from_regex(r"[0-9]{1,14}(\.[0-9]{1,8})?", fullmatch=True))
def test_money_keeps_its_digits(text: str) -> None:
    event = decode_one(encode({**EXAMPLES[0], "price": text}))
    if isinstance(event, Malformed):
        whole, _, fraction = text.partition(".")
        assert len(whole) > 12 or len(fraction) > 6
    else:
        assert isinstance(event, ProductViewed)
        assert str(event.price) == str(Decimal(text))


def test_structs_are_the_public_ones_and_survive_msgpack() -> None:
    for fields in EXAMPLES:
        event = decode_one(encode(fields))
        assert not isinstance(event, Malformed)
        assert type(event).__module__ == "schemas.events"
        again = msgspec.msgpack.decode(msgspec.msgpack.encode(event), type=type(event))
        assert again == event
