"""The arithmetic of limits. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from triggers.asks import CapLimit, Full, Granted, LedgerAnswer, Scope

Counted = Sequence[tuple[str, int, int, int]]
"""What a scope counts, each touch once: (touch_id, from, to, weight). It counts somewhere between the two instants,
which differ only while several workers have asked for it: whichever commits, no limit is exceeded."""


def judge(touch_id: str, at: int, scopes: Sequence[Scope], held: Sequence[Counted]) -> LedgerAnswer:
    """The answer to an ask of one slot, given what each of its scopes counts (the touch itself among it, if it does).

    Those before the touch are looked at first, and are what an answer tells: an ask that comes again after a crash,
    when later touches have been reserved already, is answered with the numbers of the first time. Where it counts at
    that very time, with that weight or more, it stands; else it is judged anew, as others may have filled the window
    that it moves to. (What is only reserved must not be `disproved`, which is the caller's to look at.)
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


def disproved(touch_id: str, at: int, scopes: Sequence[Scope]) -> bool:
    """Whether what the asker's row proves leaves the touch no room, whatever else is reserved: then a reservation for
    that very time was made by one who did not know it, when the ledger had lost it, and does not stand.

    Only what a ledger lost is found so: what was granted, now or later, was counted beside all else of its stretch."""
    for scope in scopes:
        row = [(touched_at, weight) for known, touched_at, weight in scope.known if known != touch_id]
        for cap in scope.limits:
            window = cap.window
            stretches = [(cap.since, cap.until)]
            if window:  # those that hold this touch, each from the first that it holds
                stretches = [(since, since + window) for since, _ in [(at, 0), *row] if at - window < since <= at]
            for since, until in stretches:
                proven = sum(weight for touched_at, weight in row if since <= touched_at < until)
                if proven and proven + scope.weight > cap.limit:
                    return True
    return False


def free_at(cap: CapLimit, at: int, weight: int, others: Counted) -> int:
    """The earliest instant after `at` at which a touch of `weight` has room beside `others`; 0 for never.

    A calendar limit has room when its span is over; what the next one holds is another limit's."""
    if weight > cap.limit:
        return 0
    window = cap.window
    if not window:
        return cap.until
    for leaves in sorted({last + window for _, _, last, _ in others if last + window > at}):
        held = sum(its for _, first, last, its in others if first < leaves + window and last > leaves - window)
        if held + weight <= cap.limit:
            return leaves
    return 0
