"""Settings come from the environment, are checked with errors people can read, and never show a secret."""

from __future__ import annotations

import ssl
import subprocess
from pathlib import Path

import pytest
from pydantic import SecretStr, ValidationError
from redis.asyncio import Redis

from streams.dispatching import Dispatching
from streams.inbound.loop import group_of
from streams.ledger.cluster import Cluster
from streams.reference import settings_page
from streams.settings import Settings, SettingsError, load_settings, secret_fields

SECRET = "0123456789abcdef0123456789abcdef"
PAGE = Path(__file__).parents[3] / "docs" / "settings.md"


@pytest.fixture(autouse=True)
def _a_clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    import os

    for variable in list(os.environ):
        if variable.startswith("REWAKE_"):
            monkeypatch.delenv(variable)


def test_settings_come_from_the_environment_and_arguments_win(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("REWAKE_KAFKA_BOOTSTRAP", "a:9092, b:9093")
    monkeypatch.setenv("REWAKE_CLOCK", "stream")
    settings = load_settings(clock="wall")
    assert settings.kafka_bootstrap == "a:9092,b:9093"
    assert settings.clock == "wall"


@pytest.mark.parametrize(
    ("written", "seconds"),
    [("0.1", 0.1), ("100ms", 0.1), ("2s", 2.0), ("5m", 300.0), ("1.5h", 5400.0)],
)
def test_a_duration_is_seconds_or_has_a_unit(
    monkeypatch: pytest.MonkeyPatch, written: str, seconds: float
) -> None:
    monkeypatch.setenv("REWAKE_GRACE", written)
    settings = load_settings()
    assert settings.grace == pytest.approx(seconds)
    assert settings.grace_us == round(seconds * 1_000_000)


@pytest.mark.parametrize(
    ("variable", "value", "said"),
    [
        ("REWAKE_GRACE", "soon", "REWAKE_GRACE: a duration is"),
        ("REWAKE_GRACE", "-1s", "REWAKE_GRACE: a duration is"),
        (
            "REWAKE_COMMIT_INTERVAL",
            "0",
            "REWAKE_COMMIT_INTERVAL: Input should be greater than 0",
        ),
        ("REWAKE_KAFKA_BOOTSTRAP", "broker", "REWAKE_KAFKA_BOOTSTRAP: is host:port"),
        (
            "REWAKE_KAFKA_SECURITY",
            "TLS",
            "REWAKE_KAFKA_SECURITY: Input should be 'PLAINTEXT', 'SSL'",
        ),
        (
            "REWAKE_KAFKA_CA_FILE",
            "/nowhere/ca.pem",
            "REWAKE_KAFKA_CA_FILE: no such file",
        ),
        (
            "REWAKE_REDIS_URL",
            "http://localhost",
            "REWAKE_REDIS_URL: begins with redis://",
        ),
        ("REWAKE_REDIS_URL", "redis://", "REWAKE_REDIS_URL: names no host"),
        ("REWAKE_REDIS_URL", "redis://a:6379,", "REWAKE_REDIS_URL: names no host"),
        ("REWAKE_REDIS_URL", "redis://a:x", "REWAKE_REDIS_URL: "),
        ("REWAKE_REDIS_URL", "redis://a,b", "names several hosts, which needs REWAKE_REDIS_CLUSTER=true"),
        ("REWAKE_PARTITIONS", "0", "REWAKE_PARTITIONS: "),
        ("REWAKE_HTTP_PORT", "70000", "REWAKE_HTTP_PORT: "),
        ("REWAKE_APP_ID", "a b", "REWAKE_APP_ID: "),
        (
            "REWAKE_HEARTBEAT_INTERVAL",
            "9s",
            "REWAKE_HEARTBEAT_INTERVAL is at most half",
        ),
        (
            "REWAKE_KAFKA_SECURITY",
            "SASL_SSL",
            "needs REWAKE_KAFKA_USERNAME and REWAKE_KAFKA_PASSWORD",
        ),
        ("REWAKE_KAFKA_PASSWORD", "hunter2", "REWAKE_KAFKA_SECURITY is not SASL"),
    ],
)
def test_a_wrong_value_is_refused_naming_its_variable(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str, said: str
) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(SettingsError) as refused:
        load_settings()
    assert said in str(refused.value)


@pytest.mark.parametrize(
    "name", [group_of("shop"), Dispatching({}, app="shop", clock="wall", show=lambda _: None)._group]
)
def test_an_installation_is_not_named_as_another_ones_inbound_loop_or_dispatcher(name: str) -> None:
    with pytest.raises(SettingsError, match=r"^REWAKE_APP_ID: ends in -(inbound|dispatcher), .* Choose another name$"):
        load_settings(app_id=name)
    assert load_settings(app_id=f"{name}s").app_id == f"{name}s"


@pytest.mark.parametrize(
    ("url", "said"), [("redis://a:1,b:2/3", "database 0 alone"), ("unix:///run/redis.sock", "not unix://")]
)
def test_what_no_cluster_has_is_refused_for_one(url: str, said: str) -> None:
    with pytest.raises(SettingsError, match=said):
        load_settings(redis_url=url, redis_cluster=True)


def test_a_cluster_is_named_by_several_of_its_nodes_with_a_login_before_them() -> None:
    settings = load_settings(redis_url="rediss://me:secret@a:7000,[::1]:7001,c/0", redis_cluster=True)
    assert settings.redis_url == "rediss://a:7000,[::1]:7001,c/0"
    assert (settings.redis_username, settings.redis_password) == ("me", SecretStr("secret"))
    assert isinstance(settings.ledger_client(), Cluster)
    assert isinstance(load_settings().ledger_client(), Redis)


def test_an_unknown_argument_is_refused_with_a_suggestion() -> None:
    with pytest.raises(SettingsError, match="grase is no setting, did you mean grace"):
        load_settings(grase="2s")


def test_an_unknown_variable_is_named_in_the_warnings_with_a_suggestion(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("REWAKE_GRASE", "2s")
    assert (
        "REWAKE_GRASE is no setting, did you mean REWAKE_GRACE?"
        in load_settings().warnings()
    )


def test_a_missing_hmac_secret_is_warned_of() -> None:
    assert any("REWAKE_HMAC_SECRET" in said for said in load_settings().warnings())
    assert not any(
        "REWAKE_HMAC_SECRET" in said
        for said in load_settings(hmac_secret=SECRET).warnings()
    )


def test_phones_over_an_unencrypted_network_are_warned_of() -> None:
    assert any(
        "unencrypted" in said
        for said in load_settings(kafka_bootstrap="kafka.example:9092").warnings()
    )
    assert not any("unencrypted" in said for said in load_settings().warnings())


def test_settings_do_not_change() -> None:
    settings = load_settings()
    with pytest.raises(ValidationError):
        settings.grace = 3.0


def test_no_secret_shows_in_repr_or_dump_or_error(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("REWAKE_REDIS_URL", "redis://shop:p%40ss-in-url@cache:6379/2")
    monkeypatch.setenv("REWAKE_HMAC_SECRET", SECRET)
    settings = load_settings()
    shown = repr(settings) + str(settings) + settings.model_dump_json()
    assert "in-url" not in shown and SECRET not in shown
    assert settings.redis_url == "redis://cache:6379/2"
    assert settings.redis_username == "shop"
    assert (
        settings.redis_password is not None
        and settings.redis_password.get_secret_value() == "p@ss-in-url"
    )
    monkeypatch.setenv("REWAKE_HMAC_SECRET", "short-secret")
    with pytest.raises(SettingsError) as refused:
        load_settings()
    assert "REWAKE_HMAC_SECRET: has fewer than 32 characters" in str(refused.value)
    assert "short-secret" not in str(refused.value) and "in-url" not in str(
        refused.value
    )


@pytest.mark.parametrize("name", secret_fields())
def test_every_secret_may_lie_in_a_file(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str
) -> None:
    if name == "kafka_password":
        monkeypatch.setenv("REWAKE_KAFKA_SECURITY", "SASL_SSL")
        monkeypatch.setenv("REWAKE_KAFKA_USERNAME", "u")
    (tmp_path / "secret").write_text(SECRET + "\n")
    monkeypatch.setenv(f"REWAKE_{name.upper()}_FILE", str(tmp_path / "secret"))
    assert getattr(load_settings(), name).get_secret_value() == SECRET
    assert not any(name.upper() in said for said in load_settings().warnings())


def test_a_directory_of_secrets_is_read(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "rewake_hmac_secret").write_text(SECRET)
    monkeypatch.setenv("REWAKE_SECRETS_DIR", str(tmp_path))
    secret = load_settings().hmac_secret
    assert secret is not None and secret.get_secret_value() == SECRET


def test_a_secret_given_twice_or_unreadable_is_refused(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("REWAKE_HMAC_SECRET_FILE", str(tmp_path / "absent"))
    with pytest.raises(SettingsError, match="REWAKE_HMAC_SECRET_FILE can't be read"):
        load_settings()
    monkeypatch.setenv("REWAKE_HMAC_SECRET", SECRET)
    with pytest.raises(SettingsError, match="both set"):
        load_settings()
    monkeypatch.delenv("REWAKE_HMAC_SECRET_FILE")
    monkeypatch.setenv("REWAKE_SECRETS_DIR", str(tmp_path / "absent"))
    with pytest.raises(SettingsError, match="REWAKE_SECRETS_DIR"):
        load_settings()


def test_kafka_options_are_those_of_aiokafka_clients(tmp_path: Path) -> None:
    assert load_settings().kafka_client_options() == {
        "bootstrap_servers": "localhost:9092",
        "security_protocol": "PLAINTEXT",
    }
    key, cert = tmp_path / "key.pem", tmp_path / "cert.pem"
    subprocess.run(
        [
            "openssl",
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:prime256v1",
            "-nodes",
            "-days",
            "2",
            *("-subj", "/CN=localhost", "-keyout", str(key), "-out", str(cert)),
        ],
        check=True,
        capture_output=True,
    )
    options = load_settings(
        kafka_security="SASL_SSL",
        kafka_username="rewake",
        kafka_password="hunter2",
        kafka_ca_file=cert,
        kafka_cert_file=cert,
        kafka_key_file=key,
    ).kafka_client_options()
    assert isinstance(options["ssl_context"], ssl.SSLContext)
    assert options["ssl_context"].verify_mode is ssl.CERT_REQUIRED
    assert options["sasl_mechanism"] == "SCRAM-SHA-512"
    assert (options["sasl_plain_username"], options["sasl_plain_password"]) == (
        "rewake",
        "hunter2",
    )


@pytest.mark.parametrize(
    "half",
    [
        {"kafka_security": "SSL", "kafka_cert_file": __file__},
        {"redis_url": "rediss://x", "redis_key_file": __file__},
        {"redis_ca_file": __file__},
        {"kafka_ca_file": __file__},
    ],
)
def test_half_of_tls_is_refused(half: dict[str, str]) -> None:
    with pytest.raises(SettingsError, match="_FILE"):
        load_settings(**half)


def test_every_setting_is_described() -> None:
    assert [
        name for name, field in Settings.model_fields.items() if not field.description
    ] == []


def test_the_page_of_settings_is_not_stale() -> None:
    assert PAGE.read_text(encoding="utf-8") == settings_page(), (
        "run: python -m streams.reference"
    )
