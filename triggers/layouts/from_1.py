"""From layout 1 to 2: touches say what they offered, under which tags, and whether they were held out; consents
remember opt-outs by SMS and what confirmed them, rows the last click and the phones that messages went to, also those
that are on their way.

All of it is new and stands at the ends, with a default: the array stays as it is. The number is another because a
release that knows layout 1 alone would drop what it does not know, and write to a control group or past an opt-out.
"""

from __future__ import annotations

from typing import Any


def step(values: list[Any]) -> list[Any]:
    return values
