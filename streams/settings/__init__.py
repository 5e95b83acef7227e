"""Every setting of Rewake, read once from the environment (`REWAKE_*`), checked, then passed on frozen.

Passwords and secrets come from the environment, from a file that `REWAKE_<NAME>_FILE` names, or from a directory of
secrets that `REWAKE_SECRETS_DIR` names (files `rewake_<name>`, as Docker and Kubernetes mount them). They are held as
`SecretStr`, so that no log and no repr shows them. Durations are seconds, written as a number or as `100ms`, `2s`,
`5m`, `1h`. `docs/settings.md` is generated from the model (`python -m streams.reference`).

`work` has what a worker does, `kafka` and `redis` how those are reached; `model` puts them together and reads them.
"""

from streams.settings.model import PREFIX, Settings, SettingsError, load_settings, secret_fields

__all__ = ["PREFIX", "Settings", "SettingsError", "load_settings", "secret_fields"]
