"""Who must not be written to, from the records of the topic."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import permutations

import orjson
import pytest
from pydantic import SecretStr
from structlog.testing import capture_logs

from schemas.instants import rfc3339
from streams.chunks.chunk import Columns
from streams.privacy import phone_hmac
from streams.suppressions.merged import NoSecret, SuppressionStore
from streams.suppressions.records import KnownReason, in_force, record, taken_back
from tests.unit.triggers.driving import DAY, MONDAY
from triggers.gates.suppression import Suppressions

SECRET = SecretStr("0123456789abcdef0123456789abcdef")
ANNA, BORIS = "+79990000042", "+79990000043"

Sent = tuple[bytes | None, bytes | None]


def key(phone: str, reason: str = "opted_out", shop: str = "main") -> bytes:
    return f"{shop}:{phone_hmac(SECRET, phone)}:{reason}".encode()


def suppressed(phone: str, reason: str = "opted_out", shop: str = "main", until: int | None = None) -> Sent:
    value = {
        "type": "Suppression", "shop_id": shop, "phone_hmac": phone_hmac(SECRET, phone), "reason": reason,
        "since": rfc3339(MONDAY), "until": None if until is None else rfc3339(until),
    }  # fmt: skip
    return key(phone, reason, shop), orjson.dumps(value)


def lifted(phone: str, reason: str = "opted_out", shop: str = "main") -> Sent:
    return key(phone, reason, shop), None


def columns(records: Iterable[Sent]) -> Columns:
    keys, values = [list(column) for column in zip(*records, strict=True)]
    count = len(keys)
    return Columns(10, 10 + count, list(range(10, 10 + count)), keys, values, [0] * count, False)


def store(*records: Sent) -> SuppressionStore:
    made = SuppressionStore(SECRET)
    if records:
        made.take(columns(records))
    return made


def test_a_suppressed_phone_is_known_by_its_hash_and_others_are_not() -> None:
    asked: Suppressions = store(suppressed(ANNA))
    assert asked.reason("main", ANNA, MONDAY) == "opted_out"
    assert asked.reason("main", BORIS, MONDAY) is None


def test_when_a_phone_opted_out_is_known_until_it_is_lifted() -> None:
    asked = store(suppressed(ANNA), suppressed(BORIS, "blocked"), (key(BORIS, shop="second"), b"no json"))
    assert asked.opted_out_since("main", ANNA) == MONDAY
    assert asked.opted_out_since("main", BORIS) is asked.opted_out_since("second", ANNA) is None
    assert asked.opted_out_since("second", BORIS) == 0
    asked.take(columns([lifted(ANNA)]))
    assert asked.opted_out_since("main", ANNA) is None


def opted_out(at: int, phone: str = ANNA) -> Sent:
    made = record(SECRET, "main", phone, "opted_out", since=at, source="inbound-sms")
    return made.key, made.value


def opted_in(of: int, phone: str = ANNA) -> Sent:
    """The opt-out of that instant is taken back."""
    made = taken_back(SECRET, "main", phone, of)
    return made.key, made.value


@pytest.mark.parametrize("records", list(permutations([opted_out(MONDAY), opted_in(MONDAY)])))
def test_an_opt_out_that_is_taken_back_suppresses_no_more_in_whichever_order_the_two_are_read(
    records: tuple[Sent, ...],
) -> None:
    assert store(*records).reason("main", ANNA, MONDAY + DAY) is None


@pytest.mark.parametrize(
    "records",
    [
        [opted_out(MONDAY), opted_out(MONDAY + DAY), opted_in(MONDAY)],
        [opted_out(MONDAY), opted_in(MONDAY), opted_out(MONDAY + DAY)],
        [opted_out(MONDAY + DAY), opted_in(MONDAY)],  # as compaction leaves it
        [opted_in(MONDAY), opted_out(MONDAY + DAY)],
    ],
)
def test_a_later_opt_out_holds_however_late_it_is_heard_that_an_earlier_one_is_taken_back(
    records: list[Sent],
) -> None:
    asked = store(*records)
    assert asked.reason("main", ANNA, MONDAY + 2 * DAY) == "opted_out"
    assert asked.opted_out_since("main", ANNA) == MONDAY + DAY
    asked.take(columns([opted_in(MONDAY + DAY)]))
    assert asked.reason("main", ANNA, MONDAY + 2 * DAY) is None


def test_what_takes_an_opt_out_back_ends_no_other_reason_and_no_other_phones() -> None:
    asked = store(opted_out(MONDAY), suppressed(ANNA, "blocked"), opted_in(MONDAY), opted_out(MONDAY, BORIS))
    assert asked.reason("main", ANNA, MONDAY) == "blocked"
    assert asked.reason("main", BORIS, MONDAY) == "opted_out"
    asked.take(columns([lifted(ANNA, "blocked")]))
    assert asked.reason("main", ANNA, MONDAY) is None


def test_what_takes_an_opt_out_back_suppresses_nobody_by_itself_also_unreadable() -> None:
    with capture_logs() as said:
        asked = store(opted_in(MONDAY), (key(BORIS, "opted_in"), b"{"))
    assert [asked.reason("main", phone, MONDAY - DAY) for phone in (ANNA, BORIS)] == [None, None]
    assert len(asked) == 0 and [line["first"] for line in said] == [11]
    asked.take(columns([(key(BORIS), b"{")]))  # an opt-out of nobody knows when
    assert asked.reason("main", BORIS, MONDAY) == "opted_out"


def test_once_the_record_that_took_it_back_is_gone_an_opt_out_holds_again() -> None:
    asked = store(opted_out(MONDAY), opted_in(MONDAY), (opted_in(MONDAY)[0], None))
    assert asked.reason("main", ANNA, MONDAY) == "opted_out"


def test_for_people_an_opt_out_that_is_taken_back_is_none() -> None:
    def known(reason: str, since: int, phone: str = "a") -> KnownReason:
        return KnownReason("main", phone, reason, rfc3339(since), None, None)

    again, others = known("opted_out", MONDAY + DAY), known("opted_out", MONDAY, "b")
    assert in_force([known("opted_in", MONDAY), known("blocked", MONDAY), known("opted_out", MONDAY), others]) == [
        known("blocked", MONDAY), others,
    ]  # fmt: skip
    assert in_force([known("opted_in", MONDAY), again]) == [again]


def test_a_suppression_of_one_shop_is_none_of_another() -> None:
    asked = store(suppressed(ANNA), suppressed(BORIS, "blocked", "tea"))
    assert (asked.reason("main", BORIS, MONDAY), asked.reason("tea", BORIS, MONDAY)) == (None, "blocked")
    assert asked.reason("tea", ANNA, MONDAY) is None
    assert len(asked) == 2


def test_a_suppression_with_an_end_holds_before_it_and_no_longer_at_it() -> None:
    asked = store(suppressed(ANNA, "blocked", until=MONDAY + DAY))
    assert asked.reason("main", ANNA, MONDAY + DAY - 1) == "blocked"
    assert asked.reason("main", ANNA, MONDAY + DAY) is None


def test_of_several_reasons_the_one_that_lasts_longest_is_named_whatever_their_order() -> None:
    records = [suppressed(ANNA, "blocked", until=MONDAY + DAY), suppressed(ANNA), suppressed(ANNA, "dead")]
    for given in (records, records[::-1]):
        assert store(*given).reason("main", ANNA, MONDAY) == "dead"  # two are endless: the first by name
    both = store(records[0], suppressed(ANNA, "cold", until=MONDAY + 2 * DAY))
    assert both.reason("main", ANNA, MONDAY) == "cold"


def test_a_record_without_a_value_ends_its_one_reason() -> None:
    asked = store(suppressed(ANNA), suppressed(ANNA, "blocked"), lifted(ANNA, "blocked"))
    assert asked.reason("main", ANNA, MONDAY) == "opted_out"
    asked.take(columns([lifted(ANNA)]))
    assert asked.reason("main", ANNA, MONDAY) is None
    assert len(asked) == 0
    asked.take(columns([lifted(BORIS)]))  # of what was never there too
    assert len(asked) == 0


def test_the_last_record_of_a_reason_counts() -> None:
    asked = store(suppressed(ANNA), suppressed(ANNA, until=MONDAY + DAY))
    assert asked.reason("main", ANNA, MONDAY + DAY) is None
    asked.take(columns([suppressed(ANNA)]))
    assert asked.reason("main", ANNA, MONDAY + DAY) == "opted_out"


@pytest.mark.parametrize("bad", [
    None, b"", b"main", b"\xff:\xff:\xff", b"main:+79990000042:opted_out", key(ANNA) + b"\n", key(ANNA, "Opted Out"),
])  # fmt: skip
def test_a_record_with_a_wrong_key_is_logged_without_its_key_and_the_next_one_taken(bad: bytes | None) -> None:
    with capture_logs() as said:
        asked = store((bad, suppressed(ANNA)[1]), suppressed(BORIS))
    (line,) = said
    assert (line["log_level"], line["records"], line["first"]) == ("warning", 1, 10)
    assert "79990000042" not in str(line) and phone_hmac(SECRET, ANNA) not in str(line)
    assert (asked.reason("main", ANNA, MONDAY), asked.reason("main", BORIS, MONDAY)) == (None, "opted_out")


@pytest.mark.parametrize("value", [b"", b"{", b"\xff", b"[]", b"{}", suppressed(BORIS)[1]])
def test_a_right_key_whose_value_is_no_suppression_counts_without_an_end_and_is_logged(value: bytes) -> None:
    with capture_logs() as said:
        asked = store(suppressed(ANNA, until=MONDAY + DAY), (key(ANNA), value))
    assert [line["first"] for line in said] == [11]
    assert asked.reason("main", ANNA, MONDAY + DAY) == "opted_out"
    assert asked.reason("main", BORIS, MONDAY) is None


def test_a_thousand_bad_records_are_one_line_in_the_log() -> None:
    with capture_logs() as said:
        store(*[(b"nonsense", b"")] * 1000)
    assert [line["records"] for line in said] == [1000]


def test_a_phone_too_short_for_a_hash_is_not_suppressed_and_no_fault() -> None:
    assert store(suppressed(ANNA)).reason("main", "+4912", MONDAY) is None


def test_without_a_secret_nobody_is_looked_up_and_the_first_suppression_says_so() -> None:
    blind = SuppressionStore(None)
    assert blind.reason("main", ANNA, MONDAY) is None
    with pytest.raises(NoSecret, match="REWAKE_HMAC_SECRET"):
        blind.take(columns([suppressed(ANNA)]))
    with pytest.raises(NoSecret, match="REWAKE_HMAC_SECRET"):
        blind.reason("main", BORIS, MONDAY)


def test_without_a_secret_what_was_lifted_is_no_obstacle() -> None:
    blind = SuppressionStore(None)
    blind.take(columns([suppressed(ANNA), lifted(ANNA)]))
    assert blind.reason("main", ANNA, MONDAY) is None
