"""Settings of texts where there is no text to go by them: they stand in a rule and change nothing."""

from __future__ import annotations

from collections.abc import Container, Iterator
from typing import Final

from triggers.rules.documents import Path
from triggers.rules.model import Rule, Step

_OF_SMS: Final = ("writing", "opt_out")
_OF_SMS_IN_RULE: Final = (*_OF_SMS, "links", "budget")


def idle(rule: Rule, written: Container[Path]) -> Iterator[tuple[Path, str, str]]:
    """Where each stands, what is wrong and what to do about it. `written`: the paths of the fields that are."""
    if all(step.sms is None for step in rule.steps):
        for name in _OF_SMS_IN_RULE:
            if (name,) in written:
                yield (name,), f"`{name}` changes nothing: no step of this rule has an `sms`", "leave it out"
    for number, step in enumerate(rule.steps):
        if step.sms is None:
            for name in _OF_SMS:
                path: Path = ("steps", number, name)
                if path in written:
                    what = f"`{name}` changes nothing: step {number + 1} has no `sms`{_instead(step)}"
                    yield path, what, "leave it out"
            if step.call is None and ("steps", number, "missing_product") in written:
                what = f"`missing_product` changes nothing: step {number + 1} has no text"
                yield ("steps", number, "missing_product"), what, "leave it out"
    yield from _vain_sacrifice(rule, written)


def _instead(step: Step) -> str:
    return "" if step.call is None else ", and what the caller reads is sent to no phone"


def _vain_sacrifice(rule: Rule, written: Container[Path]) -> Iterator[tuple[Path, str, str]]:
    """What would be given up by a text that may be as long as it is."""
    texts = [(number, step) for number, step in enumerate(rule.steps) if step.sms is not None]
    what = "`sacrifice` changes nothing without `max_segments`"
    hint = "say into how many SMS a text has to fit, like `max_segments: 1`"
    if texts and ("writing", "sacrifice") in written and all(one.writing.max_segments is None for _, one in texts):
        yield ("writing", "sacrifice"), what, hint
    for number, step in texts:
        path: Path = ("steps", number, "writing", "sacrifice")
        if path in written and step.writing.max_segments is None:
            yield path, what, hint
