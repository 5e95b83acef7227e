"""What somebody answers by SMS, understood: opt-out, help, start, a shop's own keyword, or nothing of these.

`classify` is pure. The words are data, one file a language (`triggers.inbound.languages`), with the law they come
from. Whatever is ambiguous opts out: a message too few can be mended by START, one after a STOP breaks the law.
"""

from triggers.inbound.answers import ANSWERING, Answering, ShopKeyword, WrittenAnswers
from triggers.inbound.classify import Help, Keyword, Meaning, Nothing, OptOut, Start, clashes, classify
from triggers.inbound.languages import LANGUAGES

__all__ = [
    "ANSWERING", "LANGUAGES", "Answering", "Help", "Keyword", "Meaning", "Nothing", "OptOut", "ShopKeyword", "Start",
    "WrittenAnswers", "clashes", "classify",
]
