"""What the contracts accept, refuse and say."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any, get_args

import pytest

from schemas.contracts import EVENTS, MAX_EVENT_BYTES, Refused, read_event
from schemas.dead_letters import REASONS, Reason
from schemas.fields import Contract
from schemas.wire import CartItemAdded, Malformed, SmsReceived, decode_inbound, decode_one

ADDED: dict[str, Any] = {
    "type": "CartItemAdded", "event_id": "e", "customer_id": "42", "occurred_at": "2026-11-21T10:00:00Z",
    "product_id": "sku-7",
}  # fmt: skip


def read(**changes: Any) -> Any:
    return decode_one(json.dumps({**ADDED, **changes}, ensure_ascii=False).encode())


def why(event: Any) -> tuple[str, str]:
    assert isinstance(event, Malformed)
    assert event.reason in REASONS
    return event.reason, event.detail.partition(":")[0]


def test_what_is_left_out_is_filled_in() -> None:
    assert read() == CartItemAdded(
        event_id="e", customer_id="42", occurred_at="2026-11-21T10:00:00Z", at=1_795_255_200_000_000, shop_id="main",
        product_id="sku-7", quantity=1, price=None, currency=None, category_id=None,
    )  # fmt: skip


def test_money_is_an_exact_decimal_and_the_roubles_old_code_its_new_one() -> None:
    event = read(price="0.10", currency="RUR")
    assert (event.price, event.currency) == (Decimal("0.10"), "RUB")


def test_fields_that_the_contract_does_not_name_are_ignored() -> None:
    assert read(page={"referrer": ["x"]}, at=5) == read()


@pytest.mark.parametrize(
    ("changes", "reason", "field"),
    [
        ({"quantity": 0}, "invalid-value", "quantity"),
        ({"quantity": -1}, "invalid-value", "quantity"),
        ({"quantity": 1_000_001}, "invalid-value", "quantity"),
        ({"quantity": "1"}, "invalid-value", "quantity"),
        ({"quantity": None}, "invalid-value", "quantity"),
        ({"quantity": True}, "invalid-value", "quantity"),
        ({"price": 19.9}, "invalid-value", "price"),
        ({"price": "1 299,00"}, "invalid-value", "price"),
        ({"price": "-5"}, "invalid-value", "price"),
        ({"price": "NaN"}, "invalid-value", "price"),
        ({"price": "9" * 13}, "invalid-value", "price"),
        ({"currency": "rub"}, "invalid-value", "currency"),
        ({"customer_id": 42}, "invalid-value", "customer_id"),
        ({"customer_id": ""}, "invalid-value", "customer_id"),
        ({"customer_id": "4\n2"}, "invalid-value", "customer_id"),
        ({"shop_id": "two shops"}, "invalid-value", "shop_id"),
        ({"product_id": "x" * 1_000_000}, "invalid-value", "product_id"),
        ({"note": "x" * 1_000_000}, "too-large", "more than 262144 bytes"),
        ({"occurred_at": "yesterday"}, "invalid-value", "occurred_at"),
        ({"occurred_at": "9999-12-31T23:59:59Z"}, "invalid-value", "occurred_at"),
        ({"occurred_at": "2026-11-21T10:00:00"}, "invalid-value", "occurred_at"),
        ({"type": "CartItemStolen"}, "unknown-type", "type"),
        ({"type": "SmsReceived"}, "unknown-type", "type"),
        ({"type": None}, "invalid-value", "type"),
    ],
)
def test_an_absurd_value_is_refused_by_name_of_its_field(changes: dict[str, Any], reason: str, field: str) -> None:
    assert why(read(**changes)) == (reason, field)


@pytest.mark.parametrize("field", sorted(ADDED))
def test_a_missing_field_is_named(field: str) -> None:
    value = json.dumps({name: part for name, part in ADDED.items() if name != field}).encode()
    assert why(decode_one(value)) == ("missing-field", field)


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (b"\xff\xfe{\x00", "not-utf8"),
        ('{"type":"Привет"}'.encode("cp1251"), "not-utf8"),
        (b"", "not-json"),
        (None, "not-json"),
        (b"{'type': 1}", "not-json"),
        (b'{"type": NaN}', "not-json"),
        (b"[" * 100_000, "not-json"),
        (b"\xef\xbb\xbf{}", "not-json"),
        (b"[]", "not-an-object"),
        (b"null", "not-an-object"),
        (b"9" * 100_000, "not-an-object"),
        (b"{}", "missing-field"),
    ],
)
def test_bytes_that_are_no_event_are_refused_with_what_they_are_not(value: bytes | None, reason: str) -> None:
    assert why(decode_one(value))[0] == reason


def test_a_refusal_never_repeats_what_was_in_the_record() -> None:
    secret = "+79990000042"
    for changes in (
        {"price": secret}, {"currency": secret}, {"quantity": secret}, {"type": secret}, {"occurred_at": secret},
        {"shop_id": secret}, {"items": secret}, {"type": "CustomerUpdated", "birthday": secret},
        {"type": "SurveyAnswered", "survey_id": "s", "answers": {secret: {}}},
        {"type": "DeliveryReceipt", "command_id": "c", "status": secret},
    ):  # fmt: skip
        event = read(**changes)
        if isinstance(event, Malformed):
            assert secret not in event.detail
    broken = decode_one(f'{{"phone": "{secret}"'.encode())
    assert isinstance(broken, Malformed) and secret not in broken.detail


def test_an_answer_to_an_sms_may_hold_line_breaks() -> None:
    value = (
        b'{"type":"SmsReceived","event_id":"e","occurred_at":"2026-11-21T10:00:00Z","phone":"+7999","text":"STOP\\n"}'
    )
    [event, refused] = decode_inbound([value, b"{}"])
    assert isinstance(event, SmsReceived)
    assert (event.text, event.shop_id) == ("STOP\n", "main")
    assert isinstance(refused, Malformed)


def test_a_cart_of_two_thousand_lines_fits_and_a_larger_record_does_not() -> None:
    items = [
        {"product_id": f"sku-{number:04}-with-a-long-name", "quantity": 3, "price": "123456.78"}
        for number in range(2000)
    ]
    value = json.dumps({**ADDED, "type": "CartUpdated", "items": items}).encode()
    assert len(value) < MAX_EVENT_BYTES
    assert not isinstance(decode_one(value), Malformed)
    assert why(decode_one(value + b" " * MAX_EVENT_BYTES))[0] == "too-large"


def test_reasons_are_documented_one_by_one() -> None:
    assert set(REASONS) == set(get_args(Reason))


@pytest.mark.parametrize("model", EVENTS, ids=lambda model: str(model.__name__))
def test_only_what_is_allowed_is_read(model: type[Contract]) -> None:
    [example] = model.model_json_schema()["examples"]
    value = json.dumps(example).encode()
    assert isinstance(read_event(value, [model]), model)
    with pytest.raises(Refused, match="unknown-type"):
        read_event(value, [other for other in EVENTS if other is not model])
