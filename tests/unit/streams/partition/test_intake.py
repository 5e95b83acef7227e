"""What comes into a partition: in order, once, and handed out with the positions it may be committed at."""

from __future__ import annotations

from schemas.topics import CART_EVENTS, MARKETING_EVENTS, ORDER_EVENTS
from streams.chunks.chunk import Columns
from streams.delivery import Record
from streams.letters import Letter
from streams.partition.intake import Intake
from streams.partition.screening import Screened, Stretch
from streams.table import PartitionRecord
from tests.unit.streams.chunking import columns


class Plain:
    """Values are times; `!` is a dead letter, `=time` a marker."""

    def sort(self, columns: Columns, wall: int) -> Screened:
        screened = Screened()
        stretch = Stretch()
        for offset, value in zip(columns.offsets, columns.values, strict=True):
            assert value is not None
            if value == b"!":
                screened.letters.append(Letter(offset, "not-json", Record(None, value)))
            elif value.startswith(b"="):
                screened.markers.append(offset)
                stretch.marker = int(value[1:])
                screened.stretches.append(stretch)
                stretch = Stretch()
            else:
                stretch.times.append(int(value))
                stretch.offsets.append(offset)
                stretch.events.append(value)
        screened.stretches.append(stretch)
        return screened


def intake(committed: dict[str, int] | None = None, record: PartitionRecord | None = None) -> Intake:
    inputs = [(CART_EVENTS, Plain()), (ORDER_EVENTS, Plain()), (MARKETING_EVENTS, Plain())]
    made = Intake(3, inputs, {"marketing-events"})
    made.begin(committed or {"cart-events": 0, "order-events": 0, "marketing-events": 0}, record or PartitionRecord())
    made.offer("marketing-events", columns([b"=1000"]), 0)
    return made


def offer(made: Intake, topic: str, *values: bytes, start: int = 0, to: int | None = None) -> None:
    chunk = columns(values, start=start)
    if to is not None:
        chunk.next = to
    made.offer(topic, chunk, 0)


def times(made: Intake, limit: int = 1000) -> list[int]:
    return [item[0] for item in made.take(limit).items]


def test_what_the_merge_holds_back_is_not_in_the_offsets() -> None:
    made = intake()
    offer(made, "cart-events", b"10", b"20", b"30")
    offer(made, "order-events", b"25")
    assert times(made) == [10, 20]
    assert made.offsets() == {"cart-events": 2}


def test_an_input_with_nothing_left_is_committed_past_its_control_records() -> None:
    made = intake()
    offer(made, "cart-events", b"10", to=5)
    offer(made, "order-events", b"=100")
    assert times(made) == []
    offer(made, "cart-events", b"=50", start=5)
    assert times(made) == [10]
    assert made.offsets() == {"cart-events": 6, "order-events": 1}


def test_only_offsets_that_have_moved_are_committed_again() -> None:
    made = intake()
    offer(made, "cart-events", b"=50")
    made.take(10)
    offsets = made.offsets()
    assert offsets == {"cart-events": 1}
    made.note_committed(offsets)
    assert made.offsets() == {}


def test_a_dead_letter_leaves_with_the_commit_that_passes_it() -> None:
    made = intake()
    offer(made, "cart-events", b"10", b"!", b"30", b"!")
    offer(made, "order-events", b"20")
    first = made.take(1000)
    assert (len(first.items), first.letters) == (1, [])
    assert made.offsets()["cart-events"] == 1
    offer(made, "order-events", b"=100", start=1)
    offer(made, "cart-events", b"=100", start=4)
    second = made.take(1000)
    assert [found.offset for _, found in second.letters] == [1, 3]
    assert second.arrived["cart-events"] == 4  # two letters, one event, one marker


def test_everything_that_arrived_is_counted_once() -> None:
    made = intake()
    offer(made, "cart-events", b"10", b"!", b"=20", b"15", b"!")
    offer(made, "order-events", b"12", b"=500")
    offer(made, "cart-events", b"=400", start=5)
    taken = [made.take(1) for _ in range(5)]
    assert sum(found.arrived["cart-events"] for found in taken) == 6
    assert sum(found.arrived["order-events"] for found in taken) == 2
    assert sum(len(found.items) for found in taken) == 3
    assert not taken[-1].moved


def test_records_that_come_again_are_left_out() -> None:
    made = intake()
    offer(made, "order-events", b"=1000")
    offer(made, "cart-events", b"10", b"20")
    offer(made, "cart-events", b"10", b"20", b"30", b"=99")
    assert times(made) == [10, 20, 30]


def test_a_chunk_from_beyond_a_gap_is_dropped_and_says_where_to_fetch_from() -> None:
    made = intake()
    offer(made, "order-events", b"=1000")
    offer(made, "cart-events", b"50", b"=99", start=5)
    assert times(made) == [] and made.gaps() == {("cart-events", 3): 0}
    offer(made, "cart-events", b"10", b"=20")
    assert times(made) == [10] and made.gaps() == {}


def test_records_that_are_gone_from_the_log_are_passed_when_the_same_gap_comes_twice() -> None:
    made = intake()
    offer(made, "order-events", b"=1000")
    for _ in range(2):
        offer(made, "cart-events", b"50", b"=99", start=5)
    assert times(made) == [50] and made.gaps() == {}


def test_records_that_the_log_still_has_are_never_passed_however_often_they_are_lost_on_their_way() -> None:
    made = intake()
    offer(made, "order-events", b"=1000")
    later = columns([b"50", b"=99"], start=2)
    for _ in range(3):
        made.offer("cart-events", later, 0, begins=0)
        assert made.gaps() == {("cart-events", 3): 0}
    made.offer("cart-events", later, 0, begins=2)
    assert times(made) == [50] and made.gaps() == {}, "retention has come meanwhile"


def test_a_restart_in_mid_merge_goes_on_with_the_same_order() -> None:
    cart = [b"30", b"10", b"20", b"=60", b"40", b"=70"]
    orders = [b"15", b"35", b"=100"]
    whole = intake()
    offer(whole, "cart-events", *cart)
    offer(whole, "order-events", *orders)
    straight = times(whole)
    for limit in range(1, 5):
        made, found, record = intake(), [], PartitionRecord()
        at = {"cart-events": 0, "order-events": 0, "marketing-events": 0}
        for _ in range(10):
            made.begin(at, record)  # a crash after every commit
            made.offer("marketing-events", columns([b"=1000"]), 0)
            offer(made, "cart-events", *cart[at["cart-events"] :], start=at["cart-events"])
            offer(made, "order-events", *orders[at["order-events"] :], start=at["order-events"])
            found += times(made, limit)
            made.describe(record)
            at |= made.offsets()
        assert found == straight == [15, 30, 30, 30, 35, 60]


def test_hand_assigned_topics_go_on_where_the_partitions_own_record_says() -> None:
    record = PartitionRecord(positions={"marketing-events": 4})
    made = Intake(0, [(CART_EVENTS, Plain()), (MARKETING_EVENTS, Plain())], {"marketing-events"})
    made.begin({"cart-events": 7, "marketing-events": 0}, record)
    assert made.inputs["marketing-events"].next == 4
    made.offer("marketing-events", columns([b"8", b"=9"], start=4), 0)
    made.set_end("cart-events", True)
    taken = made.take(10)
    assert (taken.shared, taken.markers["marketing-events"]) == (1, 1)
    assert [item[0] for item in taken.items] == [8]
    made.describe(record)
    assert record.positions == {"cart-events": 7, "marketing-events": 6} and record.maxima == {"marketing-events": 9}
    assert "marketing-events" not in made.offsets()


def test_only_an_input_ahead_of_the_slowest_is_paused_and_goes_on_when_it_has_room() -> None:
    made = intake()
    offer(made, "cart-events", *(b"%d" % time for time in range(10, 30)))
    assert list(made.to_pause(5)) == [("cart-events", True)]
    assert list(made.to_pause(5)) == []
    offer(made, "order-events", *(b"%d" % time for time in range(100, 120)))
    # Now the carts are the slowest: the merge waits for them.
    assert dict(made.to_pause(5)) == {"order-events": True}  # but has had enough of them for now
    made.take(100)
    assert dict(made.to_pause(5)) == {"cart-events": False}


def test_the_input_that_all_others_wait_for_is_never_paused_though_its_records_are_of_one_instant() -> None:
    made = intake()
    offer(made, "cart-events", *(b"10" for _ in range(20)))
    made.set_end("order-events", True)
    assert made.take(100).items == []  # one more of that instant may come
    assert list(made.to_pause(5)) == []
    made.set_end("order-events", False)
    assert list(made.to_pause(5)) == [("cart-events", True)]


def test_it_goes_on_where_the_partitions_record_says_when_the_groups_offsets_have_expired() -> None:
    record = PartitionRecord(maxima={"cart-events": 500}, positions={"cart-events": 40, "order-events": 7})
    made = intake({"cart-events": 0, "order-events": 9, "marketing-events": 0}, record)
    assert {name: source.next for name, source in made.inputs.items()} == {
        "cart-events": 40, "order-events": 9, "marketing-events": 1,
    }  # fmt: skip
    offer(made, "cart-events", *[b"10"] * 40, b"600", start=0)
    offer(made, "order-events", b"=2000", start=9)
    offer(made, "cart-events", b"=2000", start=41)
    assert times(made) == [600]


def test_an_offset_of_the_group_that_has_expired_is_committed_again_as_soon_as_something_is_applied() -> None:
    made = intake({"cart-events": 0}, PartitionRecord(positions={"cart-events": 40}))
    assert made.offsets() == {"cart-events": 40}


def test_all_positions_stand_in_the_partitions_record() -> None:
    made = intake()
    offer(made, "cart-events", b"10", b"20")
    offer(made, "order-events", b"15")
    made.take(10)
    record = PartitionRecord()
    made.describe(record)
    assert record.positions == {"cart-events": 1, "order-events": 0, "marketing-events": 1}


def test_an_offset_of_the_group_beyond_the_partitions_record_is_gone_on_from_and_counted() -> None:
    made = intake({"cart-events": 12}, PartitionRecord(positions={"cart-events": 10}))
    taken = made.take(10)
    assert taken.moved and taken.lost == {"cart-events": 2}
    record = PartitionRecord()
    made.describe(record)
    assert record.positions["cart-events"] == 12


def test_a_log_that_begins_later_than_the_position_is_gone_on_with_and_what_is_gone_is_counted() -> None:
    made = intake({"cart-events": 10, "order-events": 0, "marketing-events": 0})
    made.begins("cart-events", 25)
    made.begins("order-events", 0)
    taken = made.take(10)
    assert taken.moved and taken.lost == {"cart-events": 15}
    assert made.offsets() == {"cart-events": 25}
    assert made.take(10).lost == {}
    made.begins("cart-events", 25)
    offer(made, "cart-events", b"=100", b"7", start=25)
    assert made.take(10).lost == {} and made.inputs["cart-events"].next == 27


def test_records_that_retention_took_from_before_what_comes_are_counted_as_lost() -> None:
    made = intake()
    offer(made, "cart-events", b"10", start=0)
    offer(made, "cart-events", b"20", start=5)
    offer(made, "cart-events", b"20", start=5)  # fetched again from where it was asked for: nothing is there any more
    assert made.take(10).lost == {"cart-events": 4}
