"""Reading Jinja2's syntax, with the place of everything in it.

Jinja2's own lexer and parser read the source; nothing of Jinja2 ever runs it. Its nodes know only the line they stand
in, so the tokens are numbered by their offset in the source instead: a node's `lineno` *is* an offset here.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any, Final

from jinja2 import TemplateSyntaxError, nodes
from jinja2.environment import Environment
from jinja2.lexer import TOKEN_FLOAT, TOKEN_INTEGER, TOKEN_OPERATOR, Token, TokenStream
from jinja2.parser import Parser

from triggers.expressions.mistakes import told
from triggers.expressions.optional import OptionalParts

LONGEST_SOURCE: Final = 8_000
"""Characters of one template or expression."""
DEEPEST_NESTING: Final = 20
"""Brackets within one another."""
_LONGEST_NUMBER: Final = 18
_CONTROLS: Final = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_PLAIN_NUMBER: Final = re.compile(r"\d+(\.\d+)?")


class SourceInvalid(Exception):
    """What is wrong, and where: `offset` counts characters of the source from 0."""

    def __init__(self, offset: int, message: str, hint: str = "") -> None:
        super().__init__(f"{message}; {hint}" if hint else message)
        self.offset = offset
        self.message = message
        self.hint = hint


def line_and_column(source: str, offset: int) -> tuple[int, int]:
    """Both counted from 1."""
    return source.count("\n", 0, offset) + 1, offset - source.rfind("\n", 0, offset)


def plain_newlines(source: str) -> str:
    return source.replace("\r\n", "\n").replace("\r", "\n")


def parse_expression(source: str) -> nodes.Expr:
    """Raises SourceInvalid."""
    _check_size(source)
    try:
        parser = Parser(_ENVIRONMENT, source, state="variable")
        if parser.stream.eos:
            raise SourceInvalid(0, "the condition is empty")
        tree = parser.parse_expression()
        if not parser.stream.eos:
            token = parser.stream.current
            hint = _HABITS.get(str(token.value).lower(), "")
            raise SourceInvalid(token.lineno, f"unexpected `{token.value}` after the condition", hint)
    except TemplateSyntaxError as error:
        message = (error.message or _UNREADABLE).replace("'end of template'", "end of the condition")
        raise SourceInvalid(min(error.lineno, len(source)), message) from error
    except RecursionError as error:
        raise SourceInvalid(0, "nested too deeply") from error
    return tree


def parse_template(source: str) -> nodes.Template:
    """Raises SourceInvalid."""
    _check_size(source)
    try:
        return Parser(_ENVIRONMENT, source).parse()
    except TemplateSyntaxError as error:
        raise SourceInvalid(*told(error.message or _UNREADABLE, source, min(error.lineno, len(source)))) from error
    except RecursionError as error:
        raise SourceInvalid(0, "nested too deeply") from error


def offset_of(node: nodes.Node) -> int:
    """Where the node begins: operators carry the place of their sign, so their leftmost operand is asked."""
    match node:
        case nodes.Compare():
            return offset_of(node.expr)
        case nodes.BinExpr():
            return offset_of(node.left)
        case nodes.Getattr() | nodes.Getitem() | nodes.Call() | nodes.Test():
            return offset_of(node.node)
        case nodes.Filter() if node.node is not None:
            return offset_of(node.node)
        case nodes.Concat() if node.nodes:
            return offset_of(node.nodes[0])
        case nodes.CondExpr():
            return offset_of(node.expr1)
        case nodes.Tuple() if node.items:
            return offset_of(node.items[0])
        case nodes.Scope() if node.body:  # Jinja2 gives it no place
            return offset_of(node.body[0])
    return node.lineno


_SIGNS: Final = {
    "eq": "==", "ne": "!=", "gt": ">", "gteq": ">=", "lt": "<", "lteq": "<=", "in": "in", "notin": "not in",
}  # fmt: skip


def sign(operator: str) -> str:
    return _SIGNS[operator]


def written(node: nodes.Node | None) -> str:
    """The node as source again, in one spelling: for messages and for the parts of a condition."""
    match node:
        case nodes.Const():
            return _literal(node.value)
        case nodes.Name():
            return str(node.name)
        case nodes.Getattr():
            return f"{written(node.node)}.{node.attr}"
        case nodes.Getitem():
            return f"{written(node.node)}[{written(node.arg)}]"
        case nodes.Slice():
            return ":".join(written(bound) for bound in (node.start, node.stop))
        case nodes.Compare():
            rest = "".join(f" {sign(part.op)} {operand(part.expr)}" for part in node.ops)
            return operand(node.expr) + rest
        case nodes.And() | nodes.Or():
            return f"{inner(node.left)} {type(node).__name__.lower()} {inner(node.right)}"
        case nodes.BinExpr():
            return f"{inner(node.left)} {node.operator} {inner(node.right)}"
        case nodes.Not():
            return f"not {inner(node.node)}"
        case nodes.UnaryExpr():
            return f"{node.operator}{inner(node.node)}"
        case nodes.Concat():
            return " ~ ".join(inner(part) for part in node.nodes)
        case nodes.Filter():
            arguments = f"({', '.join(map(written, node.args))})" if node.args else ""
            return f"{inner(node.node)} | {node.name}{arguments}"
        case nodes.Test():
            return f"{inner(node.node)} is {node.name}"
        case nodes.Call():
            return f"{written(node.node)}({', '.join(map(written, node.args))})"
        case nodes.List() | nodes.Tuple():
            return f"[{', '.join(map(written, node.items))}]"
        case nodes.CondExpr():
            return f"{written(node.expr1)} if {written(node.test)} else {written(node.expr2)}"
    return "" if node is None else type(node).__name__.lower()


def inner(node: nodes.Node | None) -> str:
    """The node as it stands within another operation."""
    text = written(node)
    compound = isinstance(node, nodes.BinExpr | nodes.Compare | nodes.Not | nodes.CondExpr | nodes.Concat)
    return f"({text})" if compound else text


def operand(node: nodes.Node | None) -> str:
    """The node as it stands beside the sign of a comparison, which binds less than arithmetic does."""
    return written(node) if isinstance(node, nodes.Sub | nodes.Add | nodes.Mul | nodes.Div) else inner(node)


def _literal(value: object) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case None:
            return "none"
        case Decimal():
            return format(value, "f")
        case str():
            return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    return str(value)


def _check_size(source: str) -> None:
    if len(source) > LONGEST_SOURCE:
        raise SourceInvalid(LONGEST_SOURCE, f"longer than {LONGEST_SOURCE} characters")
    for offset, character in enumerate(source):
        if "\ud800" <= character <= "\udfff" or (_CONTROLS.match(character) and character not in "\t\n"):
            raise SourceInvalid(offset, f"the control character U+{ord(character):04X} can't stand here")


class _Offsets(Environment):
    """An environment whose tokens carry their offset for their line, and whose numbers are decimals."""

    def _tokenize(
        self, source: str, name: str | None, filename: str | None = None, state: str | None = None
    ) -> TokenStream:
        try:
            raw = list(self.lexer.tokeniter(source, name, filename, state))
        except TemplateSyntaxError as error:  # the only ones that still count in lines
            raise _lexical(source, error) from error
        tokens: list[Token] = []
        offset = depth = 0
        for _, kind, text in raw:
            # Jinja strips blanks around `{%- -%}`, so a token may stand after a gap, never before.
            offset = source.find(text, offset)
            if kind in _NUMBERS:
                value: Any = _number(offset, text)  # Jinja types every value as a str
                tokens.append(Token(offset, TOKEN_FLOAT, value))
            else:
                tokens.extend(self.lexer.wrap([(offset, kind, text)]))
            depth += (text in _OPENING) - (text in _CLOSING) if kind == TOKEN_OPERATOR else 0
            if depth > DEEPEST_NESTING:
                raise SourceInvalid(offset, f"nested too deeply: {DEEPEST_NESTING} brackets are the most")
            offset += len(text)
        return TokenStream(iter(tokens), name, filename)


_NUMBERS: Final = frozenset({TOKEN_INTEGER, TOKEN_FLOAT})
_OPENING: Final = frozenset("([{")
_CLOSING: Final = frozenset(")]}")

_HABITS: Final = {
    "=": "equality is written `==`",
    "&": "write `and`",
    "!": "write `not`",
    "and": "`and` is written in lower case",
    "or": "`or` is written in lower case",
    "not": "`not` is written in lower case",
    **dict.fromkeys("“”„«»‘’", "texts stand in straight quotes, `\"` or `'`"),
}
"""What other languages write, and what it is here."""
_STRAIGHT: Final = "'\""
_UNREADABLE: Final = "this can't be read"


def _number(offset: int, text: str) -> Decimal:
    if _PLAIN_NUMBER.fullmatch(text) is None:
        raise SourceInvalid(offset, f"`{text[:20]}` is not a plain number", "write it like 1990 or 0.5")
    if len(text) > _LONGEST_NUMBER:
        raise SourceInvalid(offset, f"a number of more than {_LONGEST_NUMBER} characters")
    return Decimal(text)


def _lexical(source: str, error: TemplateSyntaxError) -> SourceInvalid:
    message = error.message or _UNREADABLE
    place = re.search(r" at (\d+)$", message)
    if place is not None:
        offset = int(place.group(1))
        character = source[offset]
        if character in _STRAIGHT:
            hint = f"write {character} after the text"
            return SourceInvalid(offset, f"the quote `{character}` is never closed", hint)
        return SourceInvalid(offset, f"unexpected character `{character}`", _HABITS.get(character, ""))
    start = 0
    for _ in range(error.lineno - 1):
        start = source.find("\n", start) + 1
    return SourceInvalid(*told(message, source, start))


_ENVIRONMENT: Final = _Offsets(extensions=[OptionalParts])
