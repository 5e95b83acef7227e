"""A customer's row as people can read it: names instead of numbers, instants as RFC 3339. Pure.

What the row has is told by its own field names, so that a field which is new is told as well.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

import msgspec

from schemas.instants import rfc3339
from streams.privacy import mask_phone, mask_phones
from triggers.customer import NEVER, PROFILE_FIELDS, CustomerRow, new_row
from triggers.interests import Interest
from triggers.tastes import Seen

OWN: Final = frozenset({
    "layout", "shop_id", "customer_id", "applied", "seen", "outgoing", "faults", "deadline", "fired", "walked", "plan",
    "looks", "looked_at",
})  # fmt: skip
"""Of the row what is how it is kept, and says nothing of the person. (`seen` are hashes of event ids.)"""

_INSTANTS: Final = frozenset({"at", "due", "wake", "began", "since", "until", "not_before", "not_after"})
_PHONES: Final = ("phone", "msisdn")


def told(row: CustomerRow) -> dict[str, Any]:
    """Everything that the row knows of the person."""
    said: dict[str, Any] = {}
    for field in row.__struct_fields__:
        name = field.removeprefix("part_")
        if name not in OWN:
            said[name] = _plain(getattr(row, name), name)
    said["profile"] = {
        PROFILE_FIELDS[number]: {"value": field.value, "since": rfc3339(field.at)}
        for number, field in sorted(row.profile.items())
    }
    cart = row.cart.now
    said["cart"] = {
        "lines": _plain(cart.lines, "lines"),
        "changed_at": _instant(cart.changed_at),
        "since": _instant(cart.first_at),
        "checkout_at": _instant(cart.checkout_at),
    }
    said["interests"] = _viewed(row.interests)
    said["categories"] = _viewed(row.categories)
    said["surveys"] = {
        survey: {"at": rfc3339(one.at), "answers": one.answers} for survey, one in row.surveys.items()
    }
    said["bought"] = {
        product: {
            "at": rfc3339(one.at), "times": one.times, "price": None if one.price is None else str(one.price),
            "before": rfc3339(one.at - one.gap) if one.times > 1 else None,
        }
        for product, one in row.bought.items()
    }  # fmt: skip
    said["looked"] = {
        spell: {"since": _instant(base), "until": _instant(base + looked)}
        for spell, (base, looked) in row.looked.items()
    }
    return said


def _viewed(likings: Mapping[str, Interest] | Mapping[str, Seen]) -> dict[str, Any]:
    """What was looked at, with the instants at which it was."""
    said = {}
    for name, one in likings.items():
        said[name] = {
            "at": rfc3339(one.at), "times": one.times, "viewed": [rfc3339(at) for at in one.views],
            "looked": rfc3339(one.at + one.looked) if one.looked else None,
        }
        if isinstance(one, Interest):
            said[name]["price"] = None if one.price is None else str(one.price)
    return said


def is_marker(row: CustomerRow) -> bool:
    """Whether nothing is left of an erased customer but that there was one, and when that ended."""
    nobody = told(new_row(row.shop_id, row.customer_id))
    return bool(row.erased_at) and not row.cart.ops and told(row) == nobody | {"erased_at": rfc3339(row.erased_at)}


def masked(value: Any, name: str = "") -> Any:
    """The same with every phone in it masked; of what is no text (`base64`) its length is left."""
    if isinstance(value, Mapping):
        return {mask_phones(str(key)): masked(item, _inside(name, str(key))) for key, item in value.items()}
    if isinstance(value, list):
        return [masked(item, name) for item in value]
    if isinstance(value, str):
        if name == "base64":
            return f"{len(value)} characters"
        return mask_phone(value) if name in _PHONES else mask_phones(value)
    if isinstance(value, int | float) and not isinstance(value, bool):  # a dead letter may have a phone as a number
        said = str(value)
        shown = masked(said, name)
        return value if shown == said else shown
    return value


def _inside(name: str, key: str) -> str:
    """What a field is known by: the value of a profile's phone is a phone."""
    return name if key == "value" and name in _PHONES else key


def _plain(value: Any, name: str = "") -> Any:
    if isinstance(value, msgspec.Struct):
        return {field: _plain(getattr(value, field), field) for field in value.__struct_fields__}
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, int) and not isinstance(value, bool) and (name in _INSTANTS or name.endswith("_at")):
        return _instant(value)
    return value


def _instant(at: int) -> str | None:
    """None for one that is not known, or never comes."""
    return rfc3339(at) if 0 < at < NEVER else None
