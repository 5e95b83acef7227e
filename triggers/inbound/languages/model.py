"""What a language's file says. Words and phrases as people write them; they are folded (`triggers.inbound.folding`)."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Refusal:
    """`starts` ... `rest`, with three words between them at most: `don't` ... `text`. `but` are beginnings that look
    like it and mean something else: `why don't`."""

    starts: tuple[str, ...]
    rest: tuple[str, ...]
    but: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Language:
    """`code`: ISO 639-1. `sources`: the law and the usage that the words come from.

    `stop` opts out wherever it stands in a text, unless one of `nots` stands right before it (words of `between` may
    come in between), or it is part of one of `others`, which mean something else.
    `alone` opts out when nothing else is said (but `courtesies`), and close before one of `objects`, unless negated
    by `nots` or `soft_nots`.
    `phrases` opt out wherever they stand; so do `refusals`.
    `help` and `start` must be all that is said, but for courtesies.
    `answers`: what HELP and START are answered with where the shop has written nothing, `{shop}` being its name.
    """

    code: str
    sources: tuple[str, ...]
    stop: tuple[str, ...]
    alone: tuple[str, ...]
    help: tuple[str, ...]
    start: tuple[str, ...]
    help_answer: str
    start_answer: str
    phrases: tuple[str, ...] = ()
    courtesies: tuple[str, ...] = ()
    objects: tuple[str, ...] = ()
    nots: tuple[str, ...] = ()
    soft_nots: tuple[str, ...] = ()
    between: tuple[str, ...] = ()
    others: tuple[str, ...] = ()
    refusals: tuple[Refusal, ...] = ()
