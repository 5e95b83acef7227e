"""The Lua that runs inside Redis, by call and slot; it is in `lua/`, each file with what it reads, keeps and answers.

Each call takes any number of asks; in a cluster those of one slot. How a customer and a phone are kept is told in
`lua/slot.lua`, a budget's day in `lua/budget.lua`, what is asked and answered in `lua/asked.lua`.

Numbers of Lua are doubles: exact to the microsecond until the year 2255.
"""

from __future__ import annotations

import hashlib
from importlib.resources import files
from typing import Final


def _lua(*names: str) -> str:
    """One script of these files, one after the other: each sees what those before it define."""
    return "\n".join(files(__package__).joinpath("lua", f"{name}.lua").read_text("utf-8") for name in names)


RESERVE: Final = _lua("sentinel", "slot", "asked", "judged", "plain", "reserve")
CONFIRM: Final = _lua("slot", "confirm")
RELEASE: Final = _lua("slot", "release")
RESERVE_BUDGET: Final = _lua("sentinel", "budget", "reserve_budget")
CONFIRM_BUDGET: Final = _lua("budget", "confirm_budget")
RELEASE_BUDGET: Final = _lua("budget", "release_budget")

OF: Final = {
    ("reserve", "customer"): RESERVE,
    ("reserve", "phone"): RESERVE,
    ("reserve", "budget"): RESERVE_BUDGET,
    ("confirm", "customer"): CONFIRM,
    ("confirm", "phone"): CONFIRM,
    ("confirm", "budget"): CONFIRM_BUDGET,
    ("release", "customer"): RELEASE,
    ("release", "phone"): RELEASE,
    ("release", "budget"): RELEASE_BUDGET,
}
"""By call and slot."""

DIGEST: Final = {script: hashlib.sha1(script.encode(), usedforsecurity=False).hexdigest() for script in OF.values()}
"""By which Redis knows a script that it has seen."""
