"""Text that says nothing of its encoding and is not UTF-8: which of the two encodings that shops use is it?

Told apart by how the letters beyond ASCII stand. In windows-1251 Russian words are made of them alone, eleven of them
make up two thirds of any text (a third of a Greek or Hebrew one has the same bytes), and capitals stand at the
beginning of a word or make up all of it (not so in Arabic or Greek read as Russian). In windows-1252 they stand singly
among Latin letters. What is neither is not guessed: a wrong name is worse than none.
"""

from __future__ import annotations

import re
from typing import Final

_RUNS: Final = re.compile(rb"[\x80-\xff]+")
_ODD_CASE: Final = re.compile(rb"[\xe0-\xff][\xc0-\xdf]|[\xc0-\xdf]{2}[\xe0-\xff]")  # as in теА and ТЕа
_FREQUENT: Final = tuple(letter.encode("cp1251") for letter in "аеиклнорствАЕИКЛНОРСТВ")


def guessed(text: bytes) -> str | None:
    """`windows-1251` or `windows-1252`; None when the bytes look like neither."""
    runs = _RUNS.findall(text)
    high = sum(map(len, runs))
    if not high:
        return None
    words = sum(len(run) for run in runs if len(run) >= 3)
    if 2 * words > high:
        frequent = sum(run.count(letter) for run in runs for letter in _FREQUENT)
        odd = len(_ODD_CASE.findall(text))
        return "windows-1251" if 5 * frequent > 2 * high and 20 * odd < words else None
    return "windows-1252" if 5 * words < high and all(byte >= 0xA0 for run in runs for byte in run) else None


def holds_utf8(text: bytes) -> bool:
    """Whether a line of the text has letters beyond ASCII in sound UTF-8."""
    for line in text.split(b"\n"):
        if not line.isascii():
            try:
                line.decode()
            except UnicodeDecodeError:
                continue
            return True
    return False
