"""The installation's secret, by which phones are hashed."""

from __future__ import annotations

from typing import Final

from pydantic import SecretStr

SECRET: Final = SecretStr("a secret of the simulation")
