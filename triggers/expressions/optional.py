"""The tag of a template's optional parts, `{% optional %} ... {% endoptional %}`, as Jinja2's parser reads it."""

from __future__ import annotations

from jinja2 import nodes
from jinja2.ext import Extension
from jinja2.parser import Parser


class OptionalParts(Extension):
    """Such a part becomes an OverlayScope, which nothing else that Jinja2 reads does: nodes of one's own can't be."""

    tags = {"optional"}

    def parse(self, parser: Parser) -> nodes.OverlayScope:
        offset = next(parser.stream).lineno
        body = parser.parse_statements(("name:endoptional",), drop_needle=True)
        return nodes.OverlayScope(nodes.Const(None), body, lineno=offset)
