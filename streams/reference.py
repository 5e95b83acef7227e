"""The generated pages `docs/settings.md` and `docs/metrics.md`; `python -m streams.reference` writes them."""

from __future__ import annotations

import enum
from pathlib import Path
from typing import Literal, get_args, get_origin

from pydantic.fields import FieldInfo

from streams.feeds.metrics import FeedMetrics
from streams.metrics import Exposed, Metrics
from streams.settings import PREFIX, Settings, secret_fields

_SETTINGS_HEAD = """# Settings

Generated from `streams/settings` by `python -m streams.reference`; don't edit.

Every setting is an environment variable. Durations are seconds, or written like `100ms`, `2s`, `5m`, `1h`. A wrong
value stops the start with the variable's name; an unknown `REWAKE_` variable is named in the log. A secret (marked
*secret*) may lie in a file instead: `REWAKE_HMAC_SECRET_FILE=/run/secrets/hmac`, or as `rewake_hmac_secret` in the
directory that `REWAKE_SECRETS_DIR` names. `.env` files are not read.

| variable | default | meaning |
|---|---|---|
"""


def settings_page() -> str:
    """`docs/settings.md` as it should be: one line a setting, in the model's order."""
    secrets = set(secret_fields())
    return _SETTINGS_HEAD + "".join(
        f"| `{PREFIX}{name.upper()}` | {_default(field)} | {_meaning(field, name in secrets)} |\n"
        for name, field in Settings.model_fields.items()
    )


_METRICS_HEAD = """# Metrics

Generated from `streams/metrics.py` and `streams/feeds/metrics.py` by `python -m streams.reference`; don't edit.

A worker serves them as Prometheus text on `/metrics` (`REWAKE_HTTP_HOST`, `REWAKE_HTTP_PORT`), beside those of the
process itself (`process_cpu_seconds_total`, `process_resident_memory_bytes`, `python_gc_*`). No label ever holds a
customer or a phone. Histograms have `_bucket`, `_sum` and `_count`.

Over any stretch of time `rewake_events_in_total` = `rewake_events_applied_total` + `rewake_events_repeated_total` +
`rewake_clock_markers_total` + `rewake_dead_letters_total`.

| metric | kind | labels | meaning |
|---|---|---|---|
"""

_FEEDS_HEAD = """
## Of feeds

`rewake feed sync --watch` ([On a schedule](feeds.md#on-a-schedule)) serves its own at the same address and port, which
must be another process's than a worker's.

| metric | kind | labels | meaning |
|---|---|---|---|
"""


def metrics_page() -> str:
    """`docs/metrics.md` as it should be: one line a metric, in the order of the code."""
    return _METRICS_HEAD + _lines(Metrics()) + _FEEDS_HEAD + _lines(FeedMetrics())


def _lines(metrics: Exposed) -> str:
    return "".join(
        f"| `{metric.name}` | {metric.kind} | {labels} | {metric.meaning} |\n"
        for metric in metrics.definitions
        for labels in [", ".join(f"`{label}`" for label in metric.labels)]
    )


def _default(field: FieldInfo) -> str:
    value = field.default
    if value is None:
        return "none"
    if isinstance(value, float):
        return f"`{value:g}s`"
    return f"`{value.value if isinstance(value, enum.Enum) else value}`"


def _meaning(field: FieldInfo, secret: bool) -> str:
    said = (field.description or "").replace("|", "\\|")
    if get_origin(field.annotation) is Literal:
        said += " One of " + ", ".join(f"`{choice}`" for choice in get_args(field.annotation)) + "."
    return said + (" *secret*" if secret else "")


def write(docs: Path) -> list[Path]:
    """Write every page into the folder; the paths written."""
    pages = {docs / "settings.md": settings_page(), docs / "metrics.md": metrics_page()}
    for path, text in pages.items():
        path.write_text(text, encoding="utf-8")
    return list(pages)


if __name__ == "__main__":
    for written in write(Path(__file__).parent.parent / "docs"):
        print(written)
