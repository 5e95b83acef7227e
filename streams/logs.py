"""Structured logs: one line an event, JSON or for people, with every phone masked.

Faust, mode, aiokafka and redis log through the standard library; their records take the same way, so nothing reaches a
stream unmasked. Faust's own Worker sets the root logger to DEBUG for mode's console spinner, at 15 % of the CPU;
`streams.app` starts the Faust app without it, so what is set here stays.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Mapping
from typing import IO, Any, Final

import structlog
from structlog.typing import EventDict, Processor

from streams.privacy import mask_phone, mask_phones
from streams.settings import Settings

_NAMES_OF_PHONES: Final = ("phone", "msisdn", "tel")
_NUMBERS: Final = frozenset({"at", "due", "wake", "offset", "partition", "lineno", "pid", "port"})
_CHATTY: Final = (
    "faust", "mode", "aiokafka", "kafka", "redis", "asyncio", "aiohttp", "httpx", "httpcore", "urllib3",
    # Faust's services log under the module of the class that runs: ours, where they are subclassed.
    "streams.chunks.faust_app", "streams.chunks.consumer",
)  # fmt: skip


class MaskPhones:
    """The last processor before the renderer: messages, fields, nested ones, exceptions' texts."""

    def __call__(self, logger: Any, method: str, event: EventDict) -> EventDict:
        """All that is left of phones is their first and last digits."""
        return {str(self._text(str(name))): self._value(value, str(name)) for name, value in event.items()}

    def _value(self, value: object, name: str) -> object:
        if value is None or isinstance(value, bool | float):
            return value
        if any(mark in name.lower() for mark in _NAMES_OF_PHONES) and isinstance(value, str | int | bytes):
            return mask_phone(value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value))
        if isinstance(value, int):
            masked = value if name in _NUMBERS or name.endswith(("_us", "_ms", "_at")) else self._text(str(value))
            return value if str(masked) == str(value) else masked
        if isinstance(value, str):
            return value if name in ("timestamp", "level") else self._text(value)
        if isinstance(value, bytes | bytearray):
            return self._text(bytes(value).decode("utf-8", "replace"))
        if isinstance(value, Mapping):
            return {self._text(str(key)): self._value(item, str(key)) for key, item in value.items()}
        if isinstance(value, list | tuple | set | frozenset):
            return [self._value(item, name) for item in value]
        return self._text(str(value))

    @staticmethod
    def _text(text: str) -> str:
        return mask_phones(text)


def set_up(settings: Settings, stream: IO[str] | None = None) -> None:
    """Route structlog and the standard library into `stream` (standard error), masked. Call once, at start."""
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.stdlib.PositionalArgumentsFormatter(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    level = logging.getLevelName(settings.log_level.upper())
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,  # modules make theirs at import, before this runs
    )
    out = stream or sys.stderr
    last: list[Processor] = [
        structlog.processors.format_exc_info,
        structlog.processors.StackInfoRenderer(),
        MaskPhones(),
    ]
    if settings.log_format == "json":
        last.append(structlog.processors.JSONRenderer(sort_keys=False, ensure_ascii=False))
    else:
        last.append(structlog.dev.ConsoleRenderer(colors=out.isatty()))
    handler = logging.StreamHandler(out)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[structlog.stdlib.ExtraAdder(), *shared],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *last],
        )
    )
    root = logging.getLogger()
    for former in list(root.handlers):
        root.removeHandler(former)
    root.addHandler(handler)
    root.setLevel(level)
    quiet = max(level, logging.WARNING) if level > logging.DEBUG else logging.INFO
    for name in _CHATTY:
        library = logging.getLogger(name)
        library.handlers.clear()
        library.propagate = True
        library.setLevel(quiet)
    logging.captureWarnings(True)
