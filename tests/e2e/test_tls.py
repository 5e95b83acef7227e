"""Kafka and Redis over TLS with passwords: the settings an operator writes are enough, and wrong ones are refused."""

from __future__ import annotations

import hashlib
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import KafkaConnectionError, KafkaError

from streams.ledger import RIGHTS, RedisLedger, UnfitRedis, check_redis
from streams.ledger.guard import Guard
from streams.settings import Settings, load_settings
from streams.stacks import StackFailed, real
from streams.stacks.process import Server, ServerFailed, free_port, kafka_answers
from tests.conftest import unavailable
from tests.contract.redis_process import RedisProcess
from triggers.asks import Ask, CapLimit, Full, Granted, Scope

PRODUCTION = Path(__file__).parents[2] / "docs" / "production.md"
PASSWORD = "a pass:word/with@signs"


@dataclass(frozen=True)
class Certificates:
    """PEM files: an authority, a certificate of localhost by it with its key, and an authority nobody knows."""

    ca: Path
    cert: Path
    key: Path
    other_ca: Path


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    home = tmp_path_factory.mktemp("certificates")

    def openssl(*arguments: str | Path) -> None:
        subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True, cwd=home)

    for name in ("ca", "other"):
        openssl(
            "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", f"/CN={name}",
            "-addext", "keyUsage=critical,keyCertSign,cRLSign",
            "-keyout", f"{name}.key", "-out", f"{name}.pem",
        )  # fmt: skip
    openssl("req", "-new", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=localhost", "-keyout", "key", "-out", "csr")
    (home / "names").write_text("subjectAltName=DNS:localhost,IP:127.0.0.1\n")
    openssl(
        "x509", "-req", "-in", "csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "2",
        "-extfile", "names", "-out", "cert.pem",
    )  # fmt: skip
    return Certificates(home / "ca.pem", home / "cert.pem", home / "key", home / "other.pem")


# -- Redis


@pytest.fixture(scope="module")
def redis(certificates: Certificates, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisProcess]:
    """It wants TLS, a certificate of ours and a password; the user may do what the docs say, and no more."""
    home = tmp_path_factory.mktemp("redis-tls")
    (home / "redis.conf").write_text(
        "user default off\n"
        f'user rewake on "#{hashlib.sha256(PASSWORD.encode()).hexdigest()}" ~rewake:* {RIGHTS}\n'
        f"tls-cert-file {certificates.cert}\ntls-key-file {certificates.key}\ntls-ca-cert-file {certificates.ca}\n"
        "tls-auth-clients yes\n"
    )
    server = RedisProcess(home, tls=True, configuration=home / "redis.conf")
    yield server
    server.stop()


@pytest.fixture
def redis_environment(
    redis: RedisProcess, certificates: Certificates, monkeypatch: pytest.MonkeyPatch
) -> pytest.MonkeyPatch:
    monkeypatch.setenv("REWAKE_REDIS_URL", redis.url)
    monkeypatch.setenv("REWAKE_REDIS_USERNAME", "rewake")
    monkeypatch.setenv("REWAKE_REDIS_TIMEOUT", "10s")
    monkeypatch.setenv("REWAKE_REDIS_PASSWORD", PASSWORD)
    monkeypatch.setenv("REWAKE_REDIS_CA_FILE", str(certificates.ca))
    monkeypatch.setenv("REWAKE_REDIS_CERT_FILE", str(certificates.cert))
    monkeypatch.setenv("REWAKE_REDIS_KEY_FILE", str(certificates.key))
    return monkeypatch


async def test_the_ledger_works_over_tls_as_an_acl_user_with_the_rights_the_docs_name(
    redis_environment: pytest.MonkeyPatch,
) -> None:
    settings = load_settings(hmac_secret="0123456789abcdef0123456789abcdef")
    client = settings.redis_client()
    assert await check_redis(client) is None
    guard = Guard(client, settings.app_id, "all")
    await guard.take_up()
    assert await guard.lock("t")
    assert await guard.finish("t", await guard.begin("t"))
    await guard.renew("t")
    await guard.unlock("t")
    ledger = RedisLedger(
        client, prefix=settings.app_id, timeout=settings.redis_timeout, secret=settings.hmac_secret, guard=guard
    )
    at, day = 1_795_000_000_000_000, 86_400_000_000
    all_of_them = (
        Scope("customer", "", (CapLimit(5, day),)), Scope("phone", "+79990000042", (CapLimit(5, day),)),
        Scope("budget", "2026-11-18", (CapLimit(1, 0, at, at + day),)),
    )  # fmt: skip
    asks = [Ask("main", "42", f"t{n}", at + n, all_of_them) for n in range(2)]
    answers = await ledger.reserve(asks)
    assert answers == [Granted(False, (0, 0, 0)), Full(2, 0, (0, 1, 1), at + day)]  # the row knows of none
    await ledger.forget([("main", "43")])
    await ledger.confirm(asks[:1])
    await ledger.release(asks[1:])
    assert not ledger.is_away
    assert f"user rewake on >password ~rewake:* {RIGHTS}\n" in PRODUCTION.read_text()
    await ledger.close()


@pytest.mark.parametrize(
    ("variable", "value"),
    [("REWAKE_REDIS_PASSWORD", "wrong"), ("REWAKE_REDIS_USERNAME", "somebody"), ("REWAKE_REDIS_USERNAME", "default")],
)
async def test_a_wrong_login_to_redis_is_refused_at_start_without_showing_it(
    redis_environment: pytest.MonkeyPatch, variable: str, value: str
) -> None:
    redis_environment.setenv(variable, value)
    client = load_settings().redis_client()
    with pytest.raises(UnfitRedis, match="REWAKE_REDIS_USERNAME and REWAKE_REDIS_PASSWORD") as refused:
        await check_redis(client)
    assert PASSWORD not in str(refused.value)
    await client.aclose()


async def test_a_redis_whose_certificate_nobody_vouches_for_is_not_spoken_to(
    redis_environment: pytest.MonkeyPatch, certificates: Certificates
) -> None:
    redis_environment.setenv("REWAKE_REDIS_CA_FILE", str(certificates.other_ca))
    client = load_settings().redis_client()
    assert "REWAKE_REDIS_CA_FILE names the PEM file of the authority" in str(await check_redis(client))
    ledger = RedisLedger(client)
    assert await ledger.reserve([Ask("main", "42", "x", 1, (Scope("customer", "", ()),))]) == [None]
    await ledger.close()


async def test_a_redis_that_wants_tls_does_not_answer_plainly(redis: RedisProcess) -> None:
    client = Settings(redis_url=f"redis://localhost:{redis.port}").redis_client()
    assert "needs a REWAKE_REDIS_URL that begins with rediss://" in str(await check_redis(client))
    await client.aclose()


async def test_a_client_without_the_certificate_that_is_asked_for_is_told_so(
    redis_environment: pytest.MonkeyPatch,
) -> None:
    redis_environment.delenv("REWAKE_REDIS_CERT_FILE")
    redis_environment.delenv("REWAKE_REDIS_KEY_FILE")
    client = load_settings().redis_client()
    assert "REWAKE_REDIS_CERT_FILE and REWAKE_REDIS_KEY_FILE" in str(await check_redis(client))
    await client.aclose()


async def test_tls_to_a_redis_that_has_none_is_told_so(tmp_path: Path) -> None:
    plain = RedisProcess(tmp_path)
    client = Settings(redis_url=f"rediss://localhost:{plain.port}", redis_timeout=1.0).redis_client()
    try:
        assert "a port without TLS gives none to rediss://" in str(await check_redis(client))
    finally:
        await client.aclose()
        plain.stop()


# -- Kafka


@dataclass(frozen=True)
class Listeners:
    """Ports of one Apache Kafka: password over TLS, and TLS with a certificate of the client's."""

    sasl: int
    mutual: int


@pytest.fixture(scope="module")
def secured_kafka(certificates: Certificates, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Listeners]:
    home = tmp_path_factory.mktemp("kafka-tls")
    try:
        java, libraries = real.find_java(), real.kafka_libraries()
    except StackFailed as error:
        unavailable(str(error))
        raise
    ports = Listeners(free_port(), free_port())
    inside, controller = free_port(), free_port()
    (home / "keystore.pem").write_text(certificates.key.read_text() + certificates.cert.read_text())
    escaped = PASSWORD.replace("\\", "\\\\")
    settings = dict(
        line.split("=", 1) for line in real.broker_properties(inside, controller, home / "data").splitlines()
    ) | {
        "listeners": f"PLAINTEXT://127.0.0.1:{inside},LOGIN://127.0.0.1:{ports.sasl},MUTUAL://127.0.0.1:{ports.mutual},"
        f"CONTROLLER://127.0.0.1:{controller}",
        "advertised.listeners": f"PLAINTEXT://127.0.0.1:{inside},LOGIN://localhost:{ports.sasl},"
        f"MUTUAL://localhost:{ports.mutual}",
        "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,LOGIN:SASL_SSL,MUTUAL:SSL",
        "inter.broker.listener.name": "PLAINTEXT",
        "sasl.enabled.mechanisms": "PLAIN,SCRAM-SHA-256,SCRAM-SHA-512",
        "listener.name.login.plain.sasl.jaas.config": "org.apache.kafka.common.security.plain."
        f'PlainLoginModule required user_rewake="{escaped}";',
        **{
            f"listener.name.login.scram-sha-{bits}.sasl.jaas.config": "org.apache.kafka.common.security.scram."
            "ScramLoginModule required;"
            for bits in (256, 512)
        },
        "ssl.keystore.type": "PEM",
        "ssl.keystore.location": str(home / "keystore.pem"),
        "ssl.truststore.type": "PEM",
        "ssl.truststore.location": str(certificates.ca),
        "listener.name.mutual.ssl.client.auth": "required",
    }
    properties = home / "kafka.properties"
    properties.write_text("".join(f"{name}={value}\n" for name, value in settings.items()))
    base = [java, "-cp", f"{libraries}/*", "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn", "-XX:TieredStopAtLevel=1"]
    formatting = [*base, "kafka.tools.StorageTool", "format", "-t", "MkU3OEVBNTcwNTJENDM2Qk", "-c", str(properties)]
    for bits in (256, 512):
        formatting += ["--add-scram", f'SCRAM-SHA-{bits}=[name=rewake,password="{PASSWORD}"]']
    done = subprocess.run(formatting, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    server = Server(
        "kafka",
        [*base, "-Xmx512m", "kafka.Kafka", str(properties)],
        log=home / "broker.log",
        ready=lambda: kafka_answers(inside),
        timeout=60,
        guard=None,
    )
    try:
        server.wait()
        yield ports
    except ServerFailed as error:
        pytest.fail(str(error))
    finally:
        server.stop()


async def send_and_read_back(settings: Settings, topic: str) -> list[bytes | None]:
    """What a worker does: create a topic, write in a transaction, commit, read committed."""
    options = settings.kafka_client_options()
    admin = AIOKafkaAdminClient(**options)
    await admin.start()
    await admin.create_topics([NewTopic(topic, 1, 1)])
    await admin.close()
    producer = AIOKafkaProducer(**options, transactional_id=f"{topic}-0", transaction_timeout_ms=15_000)
    await producer.start()
    async with producer.transaction():
        await producer.send_and_wait(topic, b"sent")
    await producer.stop()
    consumer = AIOKafkaConsumer(
        topic, **options, group_id=topic, auto_offset_reset="earliest", isolation_level="read_committed"
    )
    await consumer.start()
    record = await consumer.getone()
    await consumer.stop()
    return [record.value]


@pytest.mark.parametrize("mechanism", ["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"])
@pytest.mark.real_only
async def test_transactions_and_groups_work_over_tls_with_a_password(
    secured_kafka: Listeners,
    certificates: Certificates,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    mechanism: str,
) -> None:
    (tmp_path / "password").write_text(PASSWORD + "\n")
    monkeypatch.setenv("REWAKE_KAFKA_BOOTSTRAP", f"localhost:{secured_kafka.sasl}")
    monkeypatch.setenv("REWAKE_KAFKA_SECURITY", "SASL_SSL")
    monkeypatch.setenv("REWAKE_KAFKA_SASL_MECHANISM", mechanism)
    monkeypatch.setenv("REWAKE_KAFKA_USERNAME", "rewake")
    monkeypatch.setenv("REWAKE_KAFKA_PASSWORD_FILE", str(tmp_path / "password"))
    monkeypatch.setenv("REWAKE_KAFKA_CA_FILE", str(certificates.ca))
    assert await send_and_read_back(load_settings(), f"over-{mechanism.lower()}") == [b"sent"]


@pytest.mark.real_only
async def test_a_certificate_of_its_own_lets_a_worker_in(secured_kafka: Listeners, certificates: Certificates) -> None:
    settings = load_settings(
        kafka_bootstrap=f"localhost:{secured_kafka.mutual}",
        kafka_security="SSL",
        kafka_ca_file=certificates.ca,
        kafka_cert_file=certificates.cert,
        kafka_key_file=certificates.key,
    )
    assert await send_and_read_back(settings, "over-mutual-tls") == [b"sent"]


@pytest.mark.parametrize("wrong", ["password", "authority", "no certificate"])
@pytest.mark.real_only
async def test_wrong_credentials_for_kafka_are_refused(
    secured_kafka: Listeners, certificates: Certificates, wrong: str
) -> None:
    settings = load_settings(
        kafka_bootstrap=f"localhost:{secured_kafka.mutual if wrong == 'no certificate' else secured_kafka.sasl}",
        kafka_security="SSL" if wrong == "no certificate" else "SASL_SSL",
        kafka_username=None if wrong == "no certificate" else "rewake",
        kafka_password=None if wrong == "no certificate" else ("wrong" if wrong == "password" else PASSWORD),
        kafka_ca_file=certificates.other_ca if wrong == "authority" else certificates.ca,
    )
    producer = AIOKafkaProducer(**settings.kafka_client_options(), request_timeout_ms=3000)
    with pytest.raises((KafkaConnectionError, KafkaError)) as refused:
        await producer.start()
    await producer.stop()
    assert PASSWORD not in str(refused.value)
