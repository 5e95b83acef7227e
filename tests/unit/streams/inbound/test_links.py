"""Whose phone it is, from the records of the topic."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from structlog.testing import capture_logs

from streams.inbound.links import PhoneLinks
from tests.unit.streams.suppressions.test_merged import Sent, columns

HASHES = [f"{number:064x}" for number in (1 << 200, 2 << 200, 3 << 200)]


def link(hashed: str, customer: str, shop: str = "main") -> Sent:
    return f"{shop}:{hashed}:{customer}".encode(), b"{}"


def ended(hashed: str, customer: str) -> Sent:
    return link(hashed, customer)[0], None


def links(*records: Sent) -> PhoneLinks:
    made = PhoneLinks()
    if records:
        made.take(columns(records))
    return made


def test_everybody_who_has_a_phone_is_known_and_nobody_of_another_shop() -> None:
    made = links(link(HASHES[0], "b"), link(HASHES[0], "a"), link(HASHES[0], "c", "tea"), link(HASHES[1], "d"))
    assert made.customers("main", HASHES[0]) == ("a", "b")
    assert made.customers("tea", HASHES[0]) == ("c",)
    assert made.customers("main", HASHES[2]) == ()
    assert len(made) == 3


def test_a_record_without_a_value_ends_one_link() -> None:
    made = links(link(HASHES[0], "a"), link(HASHES[0], "b"), ended(HASHES[0], "a"), ended(HASHES[1], "x"))
    assert made.customers("main", HASHES[0]) == ("b",)
    made.take(columns([ended(HASHES[0], "b")]))
    assert made.customers("main", HASHES[0]) == () and len(made) == 0


def test_an_id_may_hold_anything() -> None:
    made = links(link(HASHES[0], "shop:42\n"), link(HASHES[0], "я"))
    assert made.customers("main", HASHES[0]) == ("shop:42\n", "я")


def test_what_is_no_link_is_said_in_one_line() -> None:
    with capture_logs() as logs:
        made = links((b"nonsense", b"{}"), (None, b"{}"), link(HASHES[0], "a"), (b"main:xyz:1", None))
    assert [(one["log_level"], one["records"]) for one in logs] == [("warning", 3)]
    assert made.customers("main", HASHES[0]) == ("a",)


@given(st.lists(st.tuples(st.sampled_from(HASHES), st.sampled_from("abc"), st.booleans())))
def test_the_last_record_of_each_key_decides(said: list[tuple[str, str, bool]]) -> None:
    made = links(*(link(h, c) if on else ended(h, c) for h, c, on in said))
    last = {(h, c): on for h, c, on in said}
    for hashed in HASHES:
        assert made.customers("main", hashed) == tuple(
            sorted(customer for (h, customer), on in last.items() if h == hashed and on)
        )
