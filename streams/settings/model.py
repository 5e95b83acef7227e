"""All settings together: read from the environment and from files of secrets, checked, with errors people can read."""

from __future__ import annotations

import difflib
import os
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from pydantic_settings import (
    BaseSettings,
    EnvSettingsSource,
    PydanticBaseSettingsSource,
    SecretsSettingsSource,
    SettingsConfigDict,
)

from streams.settings.kafka import KafkaSettings
from streams.settings.redis import RedisSettings
from streams.settings.work import WorkSettings

PREFIX = "REWAKE_"

_LIBRARY_VARIABLES = ("REWAKE_SECRETS_DIR",)


class SettingsError(Exception):
    """The environment doesn't hold usable settings. The text names variables, never their values."""


class _SecretFiles(EnvSettingsSource):
    """Secrets from files: `REWAKE_HMAC_SECRET_FILE=/run/secrets/hmac` in place of `REWAKE_HMAC_SECRET`."""

    def __call__(self) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for name in secret_fields():
            variable = f"{PREFIX}{name.upper()}"
            path = os.environ.get(f"{variable}_FILE")
            if not path:
                continue
            if os.environ.get(variable):
                raise SettingsError(f"{variable} and {variable}_FILE are both set: leave one")
            try:
                found[name] = Path(path).read_text(encoding="utf-8").rstrip("\r\n")
            except (OSError, UnicodeDecodeError) as error:
                raise SettingsError(f"{variable}_FILE can't be read: {type(error).__name__}") from None
        return found


class Settings(RedisSettings, KafkaSettings, WorkSettings, BaseSettings):  # pydantic: the last one's fields come first
    """All of Rewake's settings. `load_settings()` gives the errors people can read."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        frozen=True,
        extra="forbid",
        hide_input_in_errors=True,
        env_ignore_empty=True,
    )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Arguments, then variables, then files of secrets. No `.env`: a stray file must not change a worker."""
        sources: list[PydanticBaseSettingsSource] = [
            init_settings,
            env_settings,
            _SecretFiles(settings_cls),
        ]
        directory = os.environ.get("REWAKE_SECRETS_DIR")
        if directory:
            if not Path(directory).is_dir():
                raise SettingsError("REWAKE_SECRETS_DIR is no directory")
            sources.append(SecretsSettingsSource(settings_cls, secrets_dir=directory, env_prefix=PREFIX))
        return tuple(sources)

    def warnings(self) -> list[str]:
        """What is allowed but unwise, one sentence each, for the log at start: unknown variables, open doors."""
        said = []
        known = {f"{PREFIX}{name.upper()}" for name in Settings.model_fields}
        known |= {f"{PREFIX}{name.upper()}_FILE" for name in secret_fields()} | set(_LIBRARY_VARIABLES)
        for variable in sorted(os.environ):
            if variable.startswith(PREFIX) and variable not in known:
                near = difflib.get_close_matches(variable, known, n=1)
                said.append(f"{variable} is no setting" + (f", did you mean {near[0]}?" if near else ""))
        if self.hmac_secret is None:
            said.append("REWAKE_HMAC_SECRET is not set: phones can't be hashed, suppressions by phone don't work")
        if self.clock == "wall" and "SSL" not in self.kafka_security and not _all_local(self.kafka_bootstrap):
            said.append(f"REWAKE_KAFKA_SECURITY={self.kafka_security}: phones cross the network unencrypted")
        return said


def secret_fields() -> tuple[str, ...]:
    """Names of the settings that are secrets."""
    return tuple(name for name, field in Settings.model_fields.items() if "SecretStr" in repr(field.annotation))


def load_settings(**overrides: Any) -> Settings:
    """The settings of this process; `overrides` (command line options) win over the environment.

    Raises SettingsError with one line per mistake, naming the variable; values are never repeated.
    """
    try:
        return Settings(**overrides)
    except ValidationError as error:
        raise SettingsError("\n".join(_sentence(dict(found)) for found in error.errors(include_url=False))) from None


def _sentence(found: dict[str, Any]) -> str:
    said = str(found["msg"]).removeprefix("Value error, ")
    if not found["loc"]:
        return said
    name = str(found["loc"][0])
    if found["type"] == "extra_forbidden":
        near = difflib.get_close_matches(name, Settings.model_fields, n=1)
        return f"{name} is no setting" + (f", did you mean {near[0]}?" if near else "")
    return f"{PREFIX}{name.upper()}: {said}"


def _all_local(servers: str) -> bool:
    return all(s.rpartition(":")[0] in ("localhost", "127.0.0.1", "[::1]") for s in servers.split(","))
