"""JSON feeds as a stream: arrays, lines and bodies of requests, breaks, cuts, limits."""

from __future__ import annotations

import pytest

from feeds.problems import Limits, RecordTooLarge
from tests.unit.feeds.reading import Read, read_all


def pen(number: int, more: str = "") -> str:
    images = f'"images": [{{"uri": "https://x.example/{number}"}}, {{"uri": "https://x.example/b"}}]'
    return f'{{"id": "{number}", "title": "Pen {number}", {images}{more}}}'


def told(done: Read) -> list[tuple[int, str | None, str]]:
    return [(found.line, found.product_id, found.reason) for found in done.rejected]


def lines(*objects: str) -> bytes:
    return "".join(f"{each}\n" for each in objects).encode()


def array(*objects: str) -> bytes:
    return ("[" + ",\n".join(objects) + "]").encode()


PRETTY = (
    '{\n  "kind": "retail#import",\n  "total": 2, "inputConfig": {\n "productInlineSource": {\n    "products": [\n'
    + ",\n".join(pen(n).replace(", ", ",\n      ").replace("{", "{\n      ") for n in (1, 2))
    + '\n    ]\n  }}, "next": "x"\n}\n'
)


@pytest.mark.parametrize(
    "data",
    [
        lines(pen(1), pen(2)),
        lines(pen(1), "", "  ", pen(2)).replace(b"\n", b"\r\n"),
        lines(pen(1), pen(2)).rstrip(),
        b"\xef\xbb\xbf" + lines(pen(1), pen(2)),
        lines(pen(1), pen(2)).decode().encode("utf-16"),
        array(pen(1), pen(2)),
        b" [\n" + array(pen(1), pen(2))[1:] + b"\n",
        b"[" + f"{pen(1)},{pen(2)}".encode() + b"]",
        b'{"products": ' + array(pen(1), pen(2)) + b"}",
        PRETTY.encode(),
        (pen(1) + pen(2)).replace(", ", ",\n").encode(),
    ],
)
def test_lines_arrays_and_bodies_of_requests_are_read(data: bytes) -> None:
    done = read_all(data)
    assert done.ids == ["1", "2"]
    assert done.products[1].picture == "https://x.example/2"
    assert (done.rejected, done.repaired, done.feed.complete) == ([], [], True)


BROKEN = [
    '{"id": "2", "title": "Pen}',
    '{"id": "2", "title": "Pen" "x": 1}',
    '{"id": "2", "title": Pen}',
    '{"id": "2", "images": [{"uri": "https://x.example/1"}, {"uri": 5 6}, {"uri": "x"}]}',
    '{"id": "2", "title": "a \\x b"}',
]


@pytest.mark.parametrize("broken", BROKEN)
def test_a_broken_line_is_rejected_and_all_others_are_kept(broken: str) -> None:
    done = read_all(lines(pen(1), broken, pen(3), broken, pen(4)))
    assert done.ids == ["1", "3", "4"]
    assert told(done) == [(2, "2", "bad-json"), (4, "2", "bad-json")]
    assert done.feed.complete


@pytest.mark.parametrize("broken", BROKEN)
def test_a_broken_object_of_an_array_is_rejected_and_all_others_are_kept(broken: str) -> None:
    done = read_all(array(pen(1), broken, pen(3)))
    assert done.ids == ["1", "3"]
    assert told(done) == [(2, "2", "bad-json")]
    assert done.feed.complete


def test_a_break_in_an_array_of_one_line_costs_one_object() -> None:
    done = read_all(f"[{pen(1)},{BROKEN[1]} , {pen(3)}]".encode())
    assert done.ids == ["1", "3"]
    assert told(done) == [(1, "2", "bad-json")]


def test_two_broken_objects_side_by_side_are_one_break_and_may_be_any_products() -> None:
    done = read_all(array(pen(1), BROKEN[1], '{"id": "3" "x"}', pen(4)))
    assert done.ids == ["1", "4"]
    assert told(done) == [(2, None, "bad-json")]
    assert not done.feed.complete


def test_the_broken_last_object_of_an_array_hides_its_end() -> None:
    done = read_all(array(pen(1), BROKEN[1]))
    assert [found.reason for found in done.rejected] == ["bad-json", "cut-off"]


def test_what_is_no_object_is_rejected() -> None:
    done = read_all(lines(pen(1), "5", '"x"', pen(2), "]"))
    assert done.ids == ["1", "2"]
    assert [(found.line, found.reason) for found in done.rejected] == [(2, "bad-json"), (5, "bad-json")]


def test_objects_nested_without_end_are_rejected_for_that() -> None:
    deep = '{"id": "2", "x": ' + "[" * 100_000 + "]" * 100_000 + "}"
    for data in (lines(pen(1), deep, pen(3)), array(pen(1), deep, pen(3))):
        done = read_all(data)
        assert done.ids == ["1", "3"]
        assert told(done) == [(2, "2", "too-deep")]


def test_a_number_of_thousands_of_digits_is_no_price_and_costs_nothing() -> None:
    done = read_all(lines(pen(1, ', "priceInfo": {"price": ' + "9" * 5000 + "}"), pen(2)))
    assert done.ids == ["1", "2"]
    assert done.repairs == [("1", "bad-price")]


def test_bytes_of_another_encoding_reject_their_object_only() -> None:
    data = lines(pen(1), pen(2, ', "brands": ["@@"]'), pen(3)).replace(b"@@", "Чай".encode("cp1251"))
    for each in (data, b"[" + data.strip().replace(b"\n", b",\n") + b"]"):
        done = read_all(each)
        assert done.ids == ["1", "3"]
        assert told(done) == [(2, "2", "bad-encoding")]
        assert done.feed.complete


@pytest.mark.parametrize(
    ("data", "ids"),
    [
        (lines(pen(1), pen(2))[:-20], ["1"]),
        (array(pen(1), pen(2))[:-20], ["1"]),
        (array(pen(1), pen(2))[:-1], ["1", "2"]),
        (b'{"products": ' + array(pen(1), pen(2)), ["1", "2"]),
    ],
)
def test_a_feed_that_is_cut_off_keeps_what_came_before_and_says_so(data: bytes, ids: list[str]) -> None:
    done = read_all(data)
    assert done.ids == ids
    assert done.rejected[0].reason == "cut-off"
    assert not done.feed.complete


def test_what_follows_the_list_is_reported() -> None:
    done = read_all(array(pen(1)) + b"\n{}")
    assert (done.ids, [found.reason for found in done.rejected]) == (["1"], ["bad-json"])


@pytest.mark.parametrize("end", ['"}', "", '"}' + " " * 300_000])
def test_an_object_larger_than_the_limit_is_refused(end: str) -> None:
    for data in (lines(pen(1), '{"id": "2", "title": "' + "x" * 400_000 + end), b"[" + lines(pen(1))):
        if data.startswith(b"["):
            continue
        with pytest.raises(RecordTooLarge, match="line 2"):
            read_all(data, Limits(record_bytes=100_000))


def test_many_objects_over_many_chunks_keep_their_lines() -> None:
    objects = [pen(number, ', "description": "' + "я" * (number % 700) + '"') for number in range(3000)]
    objects[2500] = BROKEN[0]
    for data in (lines(*objects), array(*objects)):
        done = read_all(data)
        assert len(done.ids) == 2999
        assert told(done) == [(2501, "2", "bad-json")]


def test_a_hostile_array_that_never_gets_sound_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("feeds.objects._TRIED", 100_000)
    hostile = b"[" + pen(1).encode() + b', {"id": "2" "x"' + b'},{"a":[{"b":1}' * 20_000 + b"," + pen(3).encode() + b"]"
    done = read_all(hostile)
    assert done.ids == ["1"]
    assert not done.feed.complete
