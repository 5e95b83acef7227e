"""The arithmetic of limits. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from triggers.asks import CapLimit, Full, Granted, LedgerAnswer, Scope

Counted = Sequence[tuple[str, int, int, int]]
"""What a scope counts, each touch once: (touch_id, from, to, weight). It counts somewhere between the two instants,
which differ only while several workers have asked for it: whichever commits, no limit is exceeded."""


def judge(touch_id: str, at: int, scopes: Sequence[Scope], held: Sequence[Counted]) -> LedgerAnswer:
    """The answer to an ask of one slot, given what each of its scopes counts (the touch itself among it, if it does).

    Those before the touch are looked at first, and are what an answer tells. Where it counts at that very time, with
    that weight or more, it stands; else it is judged anew, as others may have filled the window that it moves to. (What
    is only reserved must not be `disproved`, which is the caller's to look at.)
    """
    before: list[int] = []
    around: list[int] = []
    full: tuple[int, int, int] | None = None
    crowded: tuple[int, int, int] | None = None
    repeated = bool(scopes)
    for number, (scope, touches) in enumerate(zip(scopes, held, strict=True)):
        weight, stands, others = scope.weight, False, touches
        for touch in touches:
            if touch[0] == touch_id:
                _, first, last, own = touch
                stands = at in (first, last) and own >= weight
                weight = max(weight, own)
                others = [one for one in touches if one[0] != touch_id]
                break
        else:
            repeated = False
        for index, cap in enumerate(scope.limits):
            window = cap.window
            low, high = (at - window, at + window) if window else (cap.since - 1, cap.until)
            earlier = all_of_them = 0
            for _, first, last, its in others:
                if first < high and last > low:
                    all_of_them += its
                    if first <= at:
                        earlier += its
            if window and all_of_them > earlier:
                all_of_them = fullest(at, window, others)
            before.append(earlier)
            around.append(all_of_them)
            if not stands:
                if full is None and earlier + weight > cap.limit:
                    full = number, index, weight
                if crowded is None and all_of_them + weight > cap.limit:
                    crowded = number, index, weight
    refused = full or crowded
    if refused is None:
        return Granted(repeated, tuple(before))
    number, index, weight = refused
    others = [one for one in held[number] if one[0] != touch_id and (full is None or one[1] <= at)]
    free = free_at(scopes[number].limits[index], at, weight, others)
    return Full(number, index, tuple(around if full is None else before), free)


def judge_beside_row(touch_id: str, at: int, scopes: Sequence[Scope], held: Sequence[Counted]) -> LedgerAnswer:
    """The answer to an ask of a customer's slot: what his row says alone, unless what else is reserved leaves no room.

    The row is asked first, and is what an answer tells. The rest is unknown to it: reserved by a turn that was lost in
    a crash, or by a worker that owns the customer no more. Nobody can tell in the ledger whether that was committed
    (at least once, its commands may be out and its row not), so none of it is taken back: it may refuse, so that no
    limit is ever exceeded, and does nothing else.

    And where a turn is done again it does not refuse what the turn granted. On the stream clock a customer's touches
    and the answers to them follow from his events, one after the other. So what a lost turn, or whoever went on,
    reserved is of the one history that is computed again, and so is the touch itself if the row has room: no stretch of
    a limit's length holds more of that history than the limit, and of what the ledger holds of it, which has forgotten
    some, no more either. Therefore `fullest` counts by stretches: what lies within a window before the touch and what
    lies within one after it may well be more together. (Limits that changed within that turn are the exception: a
    customer who moved to another zone, where the day is another. There a touch may be refused by what came later.)

    Nor may the numbers be the ledger's. Touches of the same instant, or those that a refusal lets fall due in the past,
    were asked for one after the other: at the first one's turn the others were not there, and now they are.
    """
    row = [
        [*(one for one in touches if one[0] == touch_id), *_known(touch_id, scope)]
        for scope, touches in zip(scopes, held, strict=True)
    ]
    alone = judge(touch_id, at, scopes, row)
    if isinstance(alone, Full):
        return alone
    said = judge(touch_id, at, scopes, held)
    return said if isinstance(said, Full) else Granted(said.repeated, alone.counts)


def _known(touch_id: str, scope: Scope) -> list[tuple[str, int, int, int]]:
    """What the row proves of others."""
    return [(known, at, at, weight) for known, at, weight in scope.known if known != touch_id]


def disproved(touch_id: str, at: int, scopes: Sequence[Scope]) -> bool:
    """Whether what the asker's row proves leaves the touch no room, whatever else is reserved: then a reservation for
    that very time was made by one who did not know it, when the ledger had lost it, and does not stand.

    Only what a ledger lost is found so: what was granted, now or later, was counted beside all else of its stretch."""
    for scope in scopes:
        row = _known(touch_id, scope)
        for cap in scope.limits:
            if cap.window:
                proven = fullest(at, cap.window, row)
            else:
                proven = sum(weight for _, touched_at, _, weight in row if cap.since <= touched_at < cap.until)
            if proven and proven + scope.weight > cap.limit:
                return True
    return False


def fullest(at: int, window: int, others: Counted) -> int:
    """The most that a stretch of a window's length holds of `others`, of all stretches that hold `at`.

    What is earlier and what is later than `at` are not added up: where both fill a window with it, but no one window
    holds them all, there is room. A stretch that is moved on loses nothing until its first touch leaves it, so that
    those that begin with a touch, or with `at`, are all that must be looked at."""
    return max(
        sum(its for _, first, last, its in others if first < since + window and last >= since)
        for since in {at, *(last for _, _, last, _ in others if at - window < last < at)}
    )


def free_at(cap: CapLimit, at: int, weight: int, others: Counted) -> int:
    """The earliest instant after `at` at which a touch of `weight` has room beside `others`; 0 for never.

    A calendar limit has room when its span is over; what the next one holds is another limit's."""
    if weight > cap.limit:
        return 0
    window = cap.window
    if not window:
        return cap.until
    for leaves in sorted({last + window for _, _, last, _ in others if last + window > at}):
        if fullest(leaves, window, others) + weight <= cap.limit:
            return leaves
    return 0
