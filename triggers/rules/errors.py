"""What is wrong with a rule or with a shop's settings, and where, as data."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, order=True)
class RuleError:
    """One mistake. `line` and `column` count from 1; 0 when it is of the file as a whole.

    `hint` continues the message's sentence: "unknown field `idel`" + "did you mean `idle`?".
    """

    file: str
    line: int
    column: int
    message: str
    hint: str | None = None

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}:{self.column}" if self.line else self.file
        return f"{place}: {self.message}, {self.hint}" if self.hint else f"{place}: {self.message}"


@dataclass(frozen=True, slots=True, order=True)
class RuleWarning(RuleError):
    """Something that is allowed and probably not meant."""
