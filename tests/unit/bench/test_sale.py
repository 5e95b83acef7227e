"""The sale beside live traffic: who is concerned, what counts, and that a wrong sale fails."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from bench import job as jobs
from bench.figures import sale
from bench.figures.sale import Look, Sent, announcement, check_sale, concerned, found, stretch, walked
from bench.job import VIEW
from bench.processes import RunFailed
from bench.shops import sale_shop
from schemas.events import FlashSaleAnnounced
from schemas.instants import parse_rfc3339
from schemas.wire import decode_batch
from streams.rules.folder import read_rulebook

AT = 1_795_000_000.0
"""When it is announced, seconds since the epoch."""

ROWS = 40
LIKED = [jobs.name(number) for number in concerned(ROWS)]


def carts(*late: float, due: float = AT - 10) -> list[Sent]:
    """Of others: read so many seconds after due + grace."""
    return [Sent("quiet-cart", f"c{n}", due, due + sale.GRACE + seconds) for n, seconds in enumerate(late)]


def about_sale(*customers: str) -> list[Sent]:
    return [Sent("sale", customer, AT, AT + 3) for customer in customers]


def looks(walks: int = 0) -> list[Look]:
    """Twice a second: a thousand events a second, half a core, all asked in four seconds."""
    all_ = sale.OTHERS + ROWS
    return [
        Look(AT + n / 2, n / 4, n * 500, 7 + min(all_, max(0, n) * all_ // 8), 4 if 0 < n < 8 else walks)
        for n in range(-60, 20)
    ]


def test_one_of_twenty_is_concerned_and_none_of_the_others() -> None:
    assert len(concerned(1_000_000)) == 50_000
    assert concerned(1_000_000)[0] == sale.OTHERS


def test_the_announcement_is_what_the_wire_says_and_live_traffic_never_is_about_its_product() -> None:
    event = msgspec.json.decode(announcement(int(AT * 1000)), type=FlashSaleAnnounced)
    (item,) = event.items
    assert parse_rfc3339(event.occurred_at) == int(AT * 1_000_000)
    assert parse_rfc3339(event.ends_at) == int((AT + 86_400) * 1_000_000)
    (view,) = decode_batch([jobs.encoded(VIEW, 1, "c1", int(AT * 1000), sale.PRODUCTS, "19.90")])
    assert item.product_id == getattr(view, "product_id", "") == "p02000"


def test_the_shop_that_is_measured_is_right(tmp_path: Path) -> None:
    read = read_rulebook(sale_shop(tmp_path, "20s"))
    assert not read.errors
    assert {rule.name for rules in read.book.rules.values() for rule in rules} == {"sale", "quiet-cart"}


def test_a_command_is_read_with_the_instant_it_was_due() -> None:
    value = b'{"rule":"sale","customer_id":"c1","due_at":"2026-11-22T10:00:00.5Z"}'
    assert sale.read(value, 5.0) == Sent("sale", "c1", 1_795_341_600.5, 5.0)


def test_a_sale_that_wrote_to_each_who_is_concerned_once_is_right() -> None:
    check_sale(about_sale(*LIKED), set(LIKED))


@pytest.mark.parametrize("sent", [LIKED[1:], [*LIKED, "c1"], [*LIKED, LIKED[0]], []])
def test_a_sale_that_left_one_out_or_wrote_to_another_or_twice_fails(sent: list[str]) -> None:
    with pytest.raises(RunFailed, match="2 customers are concerned"):
        check_sale(about_sale(*sent), set(LIKED))


def test_the_walk_is_over_when_all_rows_were_asked_and_nothing_is_open() -> None:
    last = walked(looks(), AT, sale.OTHERS + ROWS)
    assert last is not None and last.at == AT + 4
    assert walked(looks(walks=1), AT, sale.OTHERS + ROWS) is None
    assert walked(looks(), AT, sale.OTHERS + ROWS + 1) is None


def test_what_was_asked_before_the_announcement_does_not_count() -> None:
    seen = [Look(AT - 1, 0.0, 0, 500, 0), Look(AT + 1, 0.0, 0, 520, 0), Look(AT + 2, 0.0, 0, 600, 0)]
    assert walked(seen, AT, 100) == seen[-1]


def test_both_stretches_count_what_might_leave_within_them() -> None:
    before, during = carts(0.1, 0.2), carts(0.7, 0.8, due=AT - sale.GRACE)
    after = carts(5.0, due=AT + 10)
    result = found([*before, *during, *after, *about_sale(*LIKED)], looks(), AT - 20, AT, AT + 6, ROWS)
    assert (result["before"]["commands"], result["before"]["p99_ms"]) == (2, 200.0)
    assert (result["during"]["commands"], result["during"]["p99_ms"]) == (2, 800.0)
    assert (result["before"]["rate"], result["before"]["worker_cores"]) == (1_000, 0.5)
    assert (result["messages"], result["messages_seconds"], result["walk_seconds"]) == (2, 3.0, 4.0)
    assert result["rows_asked"] == sale.OTHERS + ROWS


def test_a_customers_own_next_event_may_show_earlier_that_a_deadline_has_passed() -> None:
    one = stretch(carts(-0.5, 0.2), looks(), AT - 20, AT)
    assert (one["commands"], one["earlier"]) == (1, 1)


@pytest.mark.parametrize(
    ("sent", "why"), [([], "0 commands of others"), (carts(-2.5), "before it was due"), (carts(-0.5), "0 commands")]
)
def test_a_stretch_in_which_nothing_could_be_timed_fails(sent: list[Sent], why: str) -> None:
    with pytest.raises(RunFailed, match=why):
        stretch(sent, looks(), AT - 20, AT)


@pytest.mark.parametrize(("late", "word"), [(0.999, "kept"), (1.0, "missed")])
def test_the_table_says_whether_the_p99_stayed_under_a_second(late: float, word: str) -> None:
    sent = [*carts(0.1), *carts(late, due=AT), *about_sale(*LIKED)]
    result = found(sent, looks(), AT - 20, AT, AT + 6, ROWS) | {"rss_mb": 100.0}
    lines = sale.rows(result)
    assert [len(line) for line in lines] == [3, 3, 3]
    assert lines[1][1].endswith(f"(under 1,000 ms: {word})") and "under" not in lines[0][1]
