"""ruamel's mistakes of syntax in a marketer's words."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from ruamel.yaml.error import MarkedYAMLError

from triggers.rules.errors import RuleError

_QUOTE: Final = 'put "…"'
QUOTE_ALL: Final = f"{_QUOTE} around the whole text"

_FIELD: Final = re.compile(r"\s*(?:- +)?(?:[\w-]+\s*:\s+)?(?P<value>\S.*)")


@dataclass(frozen=True, slots=True)
class SyntaxMistake:
    """`value`: where in the source the value lies that is no YAML, if it is one value of one line."""

    error: RuleError
    value: tuple[int, int] | None = None


def syntax_mistake(error: MarkedYAMLError, source: str, file: str) -> SyntaxMistake:
    mark = error.problem_mark or error.context_mark
    line, column = (mark.line, mark.column) if mark else (0, 0)
    context = error.context_mark or mark
    context_line, context_column = (context.line, context.column) if context else (0, 0)
    problem, hint = str(error.problem or error.context or "not YAML"), None
    inside = str(error.context)

    template = _template_without_quotes(source, {line, context_line})
    if template is not None:
        number, column, value = template
        message = "a text that begins with `{{` needs quotes"
        return SyntaxMistake(RuleError(file, number + 1, column + 1, message, QUOTE_ALL), value)

    opened = re.search(r"while parsing a flow (sequence|mapping)", inside)
    if opened:
        bracket = "[" if opened.group(1) == "sequence" else "{"
        problem, hint = f"the `{bracket}` that is opened here is not closed", f"{_QUOTE} around it if it is text"
        line, column = context_line, context_column
    elif "while parsing a flow node" in inside and "<stream end>" in problem:
        problem = "a `[` or `{` is opened and not closed before the end of the file"
    elif "'\\t'" in problem:
        problem, hint = "a tab where YAML wants spaces", "indent with spaces"
    elif "mapping values are not allowed" in problem:
        message, hint = "a second `: ` in a line", f"{_QUOTE} around a text that has `: ` in it"
        found = RuleError(file, line + 1, column + 1, message, hint)
        return SyntaxMistake(found, _value_of_line(source, line, column))
    elif "undefined alias" in problem:
        problem = problem.replace("found undefined", "there is no anchor for the").replace("'", "`")
    elif "cannot start any token" in problem:
        character = problem.removeprefix("found character '").removesuffix("' that cannot start any token")
        message = f"a text cannot begin with `{character}`"
        found = RuleError(file, line + 1, column + 1, message, QUOTE_ALL)
        return SyntaxMistake(found, _value_of_line(source, line, column))
    elif "end of stream" in problem and "quoted scalar" in inside:
        problem = "a quote that is opened here is never closed"
        line, column = context_line, context_column
    elif "block mapping" in inside and "block end" in problem:
        problem, hint = "this line does not fit the ones above", "check its indentation and quotes"
    return SyntaxMistake(RuleError(file, line + 1, column + 1, problem, hint))


def _template_without_quotes(source: str, lines: set[int]) -> tuple[int, int, tuple[int, int]] | None:
    """Line, column and span of the first value of `lines` that begins with `{{`: to YAML that is two mappings."""
    for number in sorted(lines):
        begin, text = _line(source, number)
        field = _FIELD.match(text)
        if field and field["value"].startswith("{{"):
            return number, field.start("value"), (begin + field.start("value"), begin + len(text.rstrip()))
    return None


def _value_of_line(source: str, number: int, column: int) -> tuple[int, int] | None:
    """The span of a line's value, if `column` lies within it."""
    begin, text = _line(source, number)
    field = _FIELD.match(text)
    if field is None or column < field.start("value"):
        return None
    return begin + field.start("value"), begin + len(text.rstrip())


def _line(source: str, number: int) -> tuple[int, str]:
    """Where a line begins, and the line."""
    lines = source.split("\n")
    if number >= len(lines):
        return len(source), ""
    return sum(len(line) + 1 for line in lines[:number]), lines[number]
