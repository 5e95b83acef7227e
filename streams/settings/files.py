"""Files that settings name."""

from __future__ import annotations

from pathlib import Path


def is_a_file(path: Path | None) -> Path | None:
    """The path of a file that is there, or None. Raises ValueError."""
    if path is not None and not path.is_file():
        raise ValueError("no such file")
    return path


def check_pair(service: str, cert: Path | None, key: Path | None) -> None:
    """Raises ValueError for a certificate without its key, or the other way round."""
    if (cert is None) != (key is None):
        raise ValueError(f"REWAKE_{service}_CERT_FILE and REWAKE_{service}_KEY_FILE go together")
