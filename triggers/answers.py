"""What a customer answered in surveys."""

from __future__ import annotations

from typing import Any, Final

import msgspec

MAX_SURVEYS: Final = 5
MAX_ANSWERS: Final = 512
"""Bytes. Of a longer answer it is only known that there was one."""


class Said(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """A survey answered, and what was said: a MessagePack map from question to answer; b"" where that was too long."""

    at: int
    stored: bytes = b""

    @property
    def answers(self) -> dict[str, Any]:
        return _decode(self.stored) if self.stored else {}


_encode: Final = msgspec.msgpack.Encoder().encode
_decode: Final = msgspec.msgpack.Decoder(dict[str, Any]).decode


def answer(surveys: dict[str, Said], survey_id: str, at: int, answers: dict[str, Any]) -> None:
    """A survey is answered, perhaps again: the newest counts. Of more than MAX_SURVEYS the oldest goes."""
    known = surveys.get(survey_id)
    if known is not None and at < known.at:
        return
    data = _encode(answers)
    surveys[survey_id] = Said(at, data if len(data) <= MAX_ANSWERS else b"")
    if len(surveys) > MAX_SURVEYS:
        del surveys[min(surveys, key=lambda survey: (surveys[survey].at, survey))]
