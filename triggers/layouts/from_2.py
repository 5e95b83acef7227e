"""From layout 2 to 3: what every kind of trigger knows. Rows say when each kind looks at them next and which walks they
have taken, what was bought, which categories were looked at, what was wished for and answered; journeys what they are
about.

All of it is new and stands at the ends, with a default: the array stays as it is. The number is another because a
release that knows layout 2 alone would drop what it does not know, and begin journeys again.
"""

from __future__ import annotations

from typing import Any


def step(values: list[Any]) -> list[Any]:
    return values
