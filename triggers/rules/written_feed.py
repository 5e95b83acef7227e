"""`feed` of shop.yaml, as it is written."""

from __future__ import annotations

import re
from pathlib import PurePosixPath
from typing import Annotated, Any, Final

from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field, WithJsonSchema, model_validator

from triggers.rules import quantities
from triggers.rules.feeding import EVERY, LARGEST, LONGEST, LONGEST_FETCH, SHORTEST, TIMEOUT, Feeding
from triggers.rules.values import Duration, Written, listed, shown, web_address, wrong
from triggers.rules.written_guard import WrittenGuard

_UNITS: Final = {"KB": 1000, "MB": 1000**2, "GB": 1000**3}
_SIZE: Final = r"^([1-9]\d{0,5}) ?(KB|MB|GB)$"


def _read_size(value: object) -> int:
    if isinstance(value, int) and not isinstance(value, bool):
        raise wrong(f"the size {shown(value)} has no unit", f"write `{value} MB`")
    found = re.fullmatch(_SIZE, value.strip(), re.ASCII) if isinstance(value, str) else None
    if found is None:
        raise wrong(f"{shown(value)} is no size", "write it like `500 MB`")
    size = int(found[1]) * _UNITS[found[2]]
    if size > LARGEST:
        raise wrong(f"{shown(value)} is more than is read of a feed", f"give at most `{LARGEST // _UNITS['GB']} GB`")
    return size


Size = Annotated[
    int,
    BeforeValidator(_read_size),
    WithJsonSchema({"type": "string", "pattern": _SIZE, "examples": ["500 MB"]}),
]
"""Bytes."""


def _below(value: str) -> str:
    path = PurePosixPath(value)
    if path.is_absolute() or ".." in path.parts or not path.parts or "\0" in value:
        raise wrong(
            f"{shown(value)} leads out of the folder of feeds",
            "write it from there, like `tea/feed.xml`; `rewake feed sync --files` names the folder",
        )
    return str(path)


def _often_enough(value: int) -> int:
    if not SHORTEST <= value <= LONGEST:
        bounds = f"between `{quantities.show_duration(SHORTEST)}` and `{quantities.show_duration(LONGEST)}`"
        raise wrong(f"a feed can't be looked at every {quantities.show_duration(value)}", f"give something {bounds}")
    return value


def _soon_enough(value: int) -> int:
    if value > LONGEST_FETCH:
        longest = quantities.show_duration(LONGEST_FETCH)
        raise wrong(f"a feed is not waited for {quantities.show_duration(value)}", f"give at most `{longest}`")
    return value


class WrittenFeed(Written):
    """The shop's product feed: where it is, how often `rewake feed sync --watch` looks at it, what it may change."""

    model_config = ConfigDict(json_schema_extra={"not": {"required": ["url", "path"]}})

    url: Annotated[
        str,
        Field(max_length=2000),
        AfterValidator(web_address),
        WithJsonSchema({"type": "string", "format": "uri", "maxLength": 2000}),
    ] | None = Field(default=None, description="Its address.", examples=["https://shop.example/feed.xml"])
    path: Annotated[str, Field(min_length=1, max_length=1000), AfterValidator(_below)] | None = Field(
        default=None,
        description="Instead of an address: its file, below the folder that `rewake feed sync --files` names.",
        examples=["tea/feed.xml"],
    )
    every: Annotated[Duration, AfterValidator(_often_enough)] = Field(
        default=EVERY, description="How often it is looked at: `1m` to `7d`.", examples=["1h"]
    )
    allow_private: bool = Field(
        default=False,
        description="Whether the address may be one inside a network: loopback, private; never link-local.",
    )
    timeout: Annotated[Duration, AfterValidator(_soon_enough)] = Field(
        default=TIMEOUT, description="How long fetching it may take in all, `6h` at most.", examples=["30m"]
    )
    max_size: Size = Field(
        default=LARGEST, description="How much it may have, unpacked; `4 GB` at most.", examples=["500 MB"]
    )

    guard: WrittenGuard = Field(
        default=WrittenGuard(),
        description="What one sync may change; beyond it the feed is held until somebody accepts it.",
        examples=[{"vanished": "30%", "prices": "50%", "factor": 5}],
    )

    @model_validator(mode="before")
    @classmethod
    def _fields(cls, value: Any) -> Any:
        if isinstance(value, str):
            raise wrong(f"`feed` should be fields of its own, not {shown(value)}", f"write `feed: {{url: {value}}}`")
        return value

    @model_validator(mode="after")
    def _one_place(self) -> WrittenFeed:
        if self.url is not None and self.path is not None:
            raise wrong(f"a feed has one place, here are both {listed(('url', 'path'))}", "give one of them")
        if self.path is not None and self.allow_private:
            raise wrong("`allow_private` is about addresses, and the feed is a file", "leave it out")
        return self

    def meant(self) -> Feeding | None:
        """None where it has no place: it is not looked at on a schedule."""
        if self.url is None and self.path is None:
            return None
        return Feeding(self.url, self.path, self.every, self.allow_private, self.timeout, self.max_size)
