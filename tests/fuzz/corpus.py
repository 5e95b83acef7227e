"""What is mutated: the real feeds in ../shared/data and the sample shop's, and every template of examples and docs."""

from __future__ import annotations

import gzip
import io
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from ruamel.yaml import YAML

ROOT: Final = Path(__file__).parents[2]
FEEDS: Final = ROOT.parent / "shared" / "data" / "feeds"

LARGEST: Final = 48 * 1024
"""Bytes of one feed to mutate: of a longer one the beginning and the end, with a record torn where they meet."""

FEED_TOKENS: Final = (
    b"<", b">", b"&", b"</", b"/>", b"<!--", b"-->", b"<![CDATA[", b"]]>", b"<?xml?>", b"<!DOCTYPE a [",
    b"<!ENTITY a 'b'>", b"&a;", b"&amp;", b"&#0;", b"&#x110000;", b"&lt;", b"<offer id='1'>", b"</offer>", b"<item>",
    b"</item>", b"<entry>", b"</entry>", b"<offers>", b"</offers>", b"<category id='1' parentId='1'>", b"<price>",
    b"</price>", b"<name>", b"\x00", b"\xff\xfe", b"\xef\xbb\xbf", b"\xf0\x9f", b"\n", b"\r", b"\t", b'"', b'""', b",",
    b";", b"{", b"}", b"[", b"]", b":", b"null", b"1e400", b"-1", b"1 299,00", b"NaN", b"9" * 40,
    b"encoding='windows-1251'", b"xmlns:g='http://base.google.com/ns/1.0'", b"g:id", b"\xe2\x80\xae", b"\\u0000",
    b"\\ud800", b"PK\x03\x04", b"\x1f\x8b\x08", b" " * 64, b"<a>" * 300,
)  # fmt: skip

TEMPLATE_TOKENS: Final = (
    "{{", "}}", "{%", "%}", "{#", "#}", "{%-", "-}}", "|", "(", ")", "[", "]", "{", "}", ".", ",", ":", "~", "*", "**",
    "//", "%", "+", "-", "/", "==", "!=", "<", ">", "and", "or", "not", "in", "is", "if", "else", "elif", "endif",
    "for", "endfor", "set", "endset", "macro", "endmacro", "call", "include", "import", "extends", "block", "endblock",
    "raw", "endraw", "autoescape", "filter", "with", "recursive", "loop", "self", "range", "lipsum", "cycler", "joiner",
    "namespace", "dict", "__class__", "__mro__", "__globals__", "__init__", "mro", "format", "map", "attr", "safe",
    "join", "replace", "batch", "xmlattr", "tojson", "optional", "endoptional", "cart", "cart.lines",
    "cart.lines[0].name", "cart.lines[:9]", "customer.first_name", "orders.count", "incentive.valid_until",
    "shop.best_sellers", "products[0]", "viewed.products", "days(30)", "now", "default('x')", "shorten(5)", "money",
    "date", "plural('a','b')", "upper", "round(2)", "length", "'", '"', "\\", "'a' * 99999999", "9" * 18, "0.1", "none",
    "true", "\x00", "\n", "\u202e", "\U0001f600", "Ж", "((((((((((((((((((((", "not " * 40, "[" * 30, "1" + "+1" * 70,
    "{% for x in cart.lines %}", "{% endfor %}", "{% if true %}", "{% endif %}",
)  # fmt: skip
"""What a hostile marketer would try, and the words of the language."""

_HOSTILE: Final = (
    "{{ ''.__class__.__mro__[1].__subclasses__() }}",
    "{{ cart.__init__.__globals__ }}",
    "{{ customer | attr('__class__') }}",
    "{% for x in range(10**9) %}{{ x }}{% endfor %}",
    "{{ 'a' * 10**9 }}",
    "{{ 9 ** 9 ** 9 }}",
    "{% for a in cart.lines %}{% for b in cart.lines %}{% for c in cart.lines %}x{% endfor %}{% endfor %}{% endfor %}",
    "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}",
    "{% set a = 'x' %}{% for l in cart.lines %}{% set a = a ~ a %}{% endfor %}{{ a }}",
    "{{ '%999999999d' | format(1) }}",
    "{% for x in cart.lines recursive %}{{ loop(x) }}{% endfor %}",
    "{% include '/etc/passwd' %}",
)


def feeds() -> list[bytes]:
    """Whole or shortened, the same in the same order on every machine. FileNotFoundError without the real ones."""
    found = sorted(path for path in FEEDS.rglob("*") if path.suffix in (".xml", ".csv", ".tsv", ".json"))
    if not found:
        raise FileNotFoundError(f"no feeds in {FEEDS}")
    plain = [_short(path.read_bytes()) for path in [*found, ROOT / "examples/tea-house/feed.xml"]]
    small = next(data for data in plain if len(data) < 4096)
    return [*plain, gzip.compress(small, mtime=0), _zipped(small)]


def templates() -> list[str]:
    files = sorted((ROOT / "examples").rglob("*.yaml"))
    rules = [text for path in files for text in _texts(YAML(typ="safe").load(path))]
    pages = sorted([*(ROOT / "docs").glob("*.md"), *(ROOT / "docs" / "triggers").glob("*.md")])
    quoted = [text for path in pages for text in re.findall(r'sms: "(.*)"', path.read_text())]
    return sorted({*rules, *quoted, *_HOSTILE})


def _short(data: bytes) -> bytes:
    return data if len(data) <= LARGEST else data[: LARGEST - 2048] + data[-2048:]


def _zipped(data: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(zipfile.ZipInfo("feed.xml"), data)
    return out.getvalue()


def _texts(written: Any) -> Iterator[str]:
    """Every text below a key `sms` of a rule."""
    if isinstance(written, dict):
        for key, value in written.items():
            if key == "sms" and isinstance(value, str):
                yield value
            else:
                yield from _texts(value)
    elif isinstance(written, list):
        for value in written:
            yield from _texts(value)
