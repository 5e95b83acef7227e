"""With `double_opt_in` a consent to marketing counts once it is confirmed."""

from __future__ import annotations

from itertools import permutations

import pytest

from schemas import wire
from tests.unit.triggers.driving import DAY, MONDAY, added, drive, event, profile, rule
from triggers.customer import CustomerRow, decode_row, encode_row, new_row
from triggers.facts import APPLY, ShopSays
from triggers.gates.consent import consent
from triggers.rules.model import Shop
from triggers.rules.read import read_shop

CONFIRMING = frozenset({"confirm-link"})
SAYS = ShopSays(confirm_sources=CONFIRMING)


def change(at: int, granted: bool, source: str | None) -> wire.ConsentChanged:
    made: wire.ConsentChanged = event(
        wire.ConsentChanged, at, channel="sms", purpose="marketing", granted=granted, source=source
    )
    return made


def after(*changes: tuple[bool, str | None], says: ShopSays = SAYS) -> CustomerRow:
    row = new_row("main", "42")
    for number, (granted, source) in enumerate(changes):
        APPLY[wire.ConsentChanged](row, change(MONDAY + number, granted, source), says)
    return decode_row(encode_row(row))


def reason(row: CustomerRow, confirming: frozenset[str] | None = CONFIRMING) -> str:
    return consent(row.consents, "sms", "marketing", confirming).reason


ONCE, CONFIRMED, START, NO = (True, "checkout"), (True, "confirm-link"), (True, "inbound-sms"), (False, "account-page")


@pytest.mark.parametrize(
    ("changes", "found"),
    [
        ([ONCE], "not-confirmed"),
        ([ONCE, ONCE], "not-confirmed"),
        ([ONCE, CONFIRMED], "granted"),
        ([ONCE, START], "granted"),
        ([ONCE, CONFIRMED, ONCE], "granted"),  # asked once more at another checkout: it is confirmed already
        ([ONCE, CONFIRMED, NO], "withdrawn"),
        ([ONCE, CONFIRMED, NO, ONCE], "not-confirmed"),  # a withdrawal takes the confirmation with it
        ([ONCE, CONFIRMED, NO, ONCE, CONFIRMED], "granted"),
        ([(True, None)], "not-confirmed"),
        ([], "no-consent"),
    ],
)
def test_a_consent_counts_from_its_confirmation_to_its_withdrawal(
    changes: list[tuple[bool, str | None]], found: str
) -> None:
    assert reason(after(*changes)) == found


def test_without_the_setting_one_consent_is_enough() -> None:
    assert reason(after(ONCE), None) == "granted"


def test_transactional_messages_need_neither() -> None:
    assert consent({}, "sms", "transactional", CONFIRMING).reason == "transactional"


def test_what_confirmed_before_the_shop_asked_for_it_counts_as_long_as_it_is_the_last_word() -> None:
    assert reason(after(ONCE, CONFIRMED, says=ShopSays())) == "granted"
    assert reason(after(ONCE, CONFIRMED, ONCE, says=ShopSays())) == "not-confirmed"


def test_the_order_in_which_changes_arrive_is_nothing() -> None:
    changes = [change(MONDAY + n, *what) for n, what in enumerate([ONCE, CONFIRMED, NO, ONCE])]
    rows = []
    for order in permutations(changes):
        row = new_row("main", "42")
        for one in order:
            APPLY[wire.ConsentChanged](row, one, SAYS)
        rows.append(row.consents["sms/marketing"])
    assert len(set(map(repr, rows))) == 1


def test_a_journey_of_somebody_who_has_not_confirmed_ends() -> None:
    shop = Shop(confirm_sources=CONFIRMING)
    known = [profile(MONDAY), change(MONDAY, *ONCE), added(MONDAY + 1)]
    refused = drive(rule(), events=known, shop=shop).drain()
    assert refused.outcomes() == ["refused"] and refused.verdict("consent") == ("refuse", "not-confirmed")
    written = drive(rule(), events=[*known, change(MONDAY + 2, *CONFIRMED)], shop=shop).drain()
    assert written.outcomes() == ["emitted"]


def test_an_erased_customer_has_confirmed_nothing_before() -> None:
    row = after(ONCE, CONFIRMED)
    kept = row.consents["sms/marketing"].newer(MONDAY + DAY)
    assert (kept.confirmed_at, kept.withdrawn_at) == (0, 0)


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("double_opt_in: true", frozenset()),
        ("double_opt_in: {sources: [confirm-link]}", CONFIRMING),
        ("double_opt_in: false", None),
        ("", None),
    ],
)
def test_the_shop_asks_for_it(text: str, meant: frozenset[str] | None) -> None:
    read = read_shop(text, "shop.yaml", "main")
    assert not read.errors and read.shop.confirm_sources == meant


def test_anything_else_is_a_mistake() -> None:
    (error,) = read_shop("double_opt_in: maybe", "shop.yaml", "main").errors
    assert str(error).startswith("shop.yaml:1:16: `double_opt_in` should be fields of its own, not `maybe`")
