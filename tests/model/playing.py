"""Examples: drawn by a seed, played, and made small when they fail."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from tests.model.settings import Dice, Setting, draw_setting
from tests.model.shell import World
from tests.model.steps import Step, draw_step, newcomers, play

MakeWorld = Callable[[Setting], World]


@dataclass
class Tally:
    """What examples came to. `seen`: (gate, answer, reason) of verdicts."""

    steps: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    seen: Counter[tuple[str, str, str]] = field(default_factory=Counter)

    def add(self, world: World, steps: int) -> None:
        self.steps += steps
        self.outcomes += world.reference.counts
        self.seen += world.reference.seen


@dataclass
class Example:
    setting: Setting
    steps: list[Step]

    def written(self) -> str:
        return json.dumps(asdict(self), ensure_ascii=False)


def read(text: str) -> Example:
    said: dict[str, Any] = json.loads(text)
    return Example(Setting(**said["setting"]), said["steps"])


def draw(seed: str, steps: int) -> Example:
    dice = Dice(seed)
    setting = draw_setting(dice)
    return Example(setting, [*newcomers(dice), *(draw_step(dice) for _ in range(steps))])


def fails(example: Example, make: MakeWorld = World, tally: Tally | None = None) -> Exception | None:
    """Why an example fails; None where it does not."""
    world, done = None, 0
    try:
        world = make(example.setting)
        for step in example.steps:
            play(world, step)
            done += 1
        world.over()
    except Exception as error:  # noqa: BLE001  # whatever it is, the example is made small and shown
        return error
    finally:
        if tally is not None and world is not None:
            tally.add(world, done)
    return None


def smaller(example: Example, error: Exception, make: MakeWorld = World, tries: int = 3000) -> Example:
    """An example that fails in the same way, and does not when any one thing more is left out."""
    kind = _kind(error)
    left = [tries]

    def still(candidate: Example) -> bool:
        left[0] -= 1
        found = fails(candidate, make) if left[0] > 0 else None
        return found is not None and _kind(found) == kind

    while True:
        before = example.written()
        size = max(1, len(example.steps) // 2)
        while size:
            at = 0
            while at < len(example.steps):
                candidate = replace(example, steps=example.steps[:at] + example.steps[at + size :])
                if still(candidate):
                    example = candidate
                else:
                    at += size
            size //= 2
        for setting in _simpler(example.setting):
            candidate = replace(example, setting=setting)
            if still(candidate):
                example = candidate
        for at, step in enumerate(example.steps):
            if step[-1] and isinstance(step[-1], str):
                candidate = replace(example, steps=[*example.steps[:at], [*step[:-1], ""], *example.steps[at + 1 :]])
                if still(candidate):
                    example = candidate
        if example.written() == before or left[0] <= 0:
            return example


def _kind(error: Exception) -> str:
    return f"{type(error).__name__} {str(error)[:24]}"


def _simpler(setting: Setting) -> list[Setting]:
    found = []
    for name in setting.shop:
        if name != "time_zone":
            found.append(replace(setting, shop={key: value for key, value in setting.shop.items() if key != name}))
    for at in range(len(setting.rules)):
        if len(setting.rules) > 1:
            found.append(replace(setting, rules=setting.rules[:at] + setting.rules[at + 1 :]))
        for name in setting.rules[at]:
            if name not in ("rule", "trigger", "priority", "steps"):
                rule = {key: value for key, value in setting.rules[at].items() if key != name}
                found.append(replace(setting, rules=[*setting.rules[:at], rule, *setting.rules[at + 1 :]]))
    return found
