"""Apache Kafka (KRaft, one node) from its Maven Central artifacts with the local Java, and redis-server from the PATH.

For tests, benchmarks and a look at transactions where no Docker engine runs. The jars are fetched once into the user's
cache directory.
"""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import subprocess
import tempfile
import uuid
from base64 import urlsafe_b64encode
from pathlib import Path
from typing import Final

from streams.stacks.base import DATA, Stack, StackFailed, assemble
from streams.stacks.embedded import choose, redis_at
from streams.stacks.process import Guard, Server, free_port, kafka_answers

KAFKA_VERSION: Final = "4.1.1"
POM: Final = Path(__file__).with_name("kafka") / "pom.xml"


def start(*, directory: str, kafka_port: int | None, redis_port: int | None, detach: bool) -> Stack:
    """Both servers, answering. See streams.stacks.start."""
    java, libraries = find_java(), kafka_libraries()
    redis = shutil.which("redis-server")
    if redis is None:
        raise StackFailed("redis-server is not on the PATH: install it (Debian: apt-get install redis-server).")
    at = Path(directory).resolve()

    def start_kafka(guard: Guard | None) -> tuple[Server, int]:
        return kafka_at(java, libraries, choose(kafka_port), at=at, guard=guard)

    def start_redis(guard: Guard | None) -> tuple[Server, int]:
        return redis_at(redis, choose(redis_port), at=at, guard=guard)

    return assemble("real", transactions=True, detach=detach, start_kafka=start_kafka, start_redis=start_redis)


def find_java() -> str:
    """The `java` of JAVA_HOME or of the PATH, 17 or later."""
    home = os.environ.get("JAVA_HOME")
    program = str(Path(home) / "bin" / "java") if home else shutil.which("java")
    if program is None or not Path(program).exists():
        raise StackFailed("Apache Kafka needs Java 17 or later (Debian: apt-get install openjdk-17-jdk-headless).")
    said = subprocess.run([program, "-version"], capture_output=True, text=True, check=False).stderr
    found = re.search(r'version "(\d+)', said)
    if found is None or int(found[1]) < 17:
        raise StackFailed(f"Apache Kafka {KAFKA_VERSION} needs Java 17 or later; {program} says: {said.strip()[:80]}")
    return program


def kafka_libraries() -> Path:
    """The folder with Kafka's jars, fetched by Maven the first time (about 43 MB)."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "rewake"
    target = cache / f"kafka-{KAFKA_VERSION}"
    if target.is_dir():
        return target
    maven = shutil.which("mvn")
    if maven is None:
        raise StackFailed("Maven is needed once, to fetch Apache Kafka: install it (Debian: apt-get install maven).")
    cache.mkdir(parents=True, exist_ok=True)
    with (cache / "kafka.lock").open("w") as lock:  # two test runs at once fetch once
        fcntl.flock(lock, fcntl.LOCK_EX)
        if target.is_dir():
            return target
        with tempfile.TemporaryDirectory(dir=cache) as fresh:
            jars = Path(fresh) / "jars"
            command = [maven, "-q", "-B", "-f", str(POM), "dependency:copy-dependencies", f"-DoutputDirectory={jars}"]
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            if done.returncode or not list(jars.glob("kafka_2.13-*.jar")):
                raise StackFailed(f"Maven could not fetch Apache Kafka:\n{(done.stdout + done.stderr).strip()[-2000:]}")
            jars.rename(target)  # all of it or nothing
    return target


def kafka_at(java: str, libraries: Path, port: int, *, at: Path, guard: Guard | None) -> tuple[Server, int]:
    """One broker that is its own controller, with empty storage."""
    data = at / DATA
    shutil.rmtree(data, ignore_errors=True)
    data.mkdir(parents=True)
    properties = at / "kafka.properties"
    properties.write_text(broker_properties(port, free_port(), data))
    format_storage(java, libraries, properties)
    return kafka_server(java, libraries, properties, port, log=at / "broker.log", guard=guard), port


def format_storage(java: str, libraries: Path, properties: Path) -> None:
    """Make the empty storage that `properties` names a broker's. Raises StackFailed."""
    cluster = urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
    formatting = [*_java(java, libraries), "-XX:TieredStopAtLevel=1", "kafka.tools.StorageTool", "format"]
    formatting += [f"--cluster-id={cluster}", "-c", str(properties)]  # an id may begin with a dash
    done = subprocess.run(formatting, capture_output=True, text=True, check=False)
    if done.returncode:
        raise StackFailed(f"Kafka's storage could not be formatted:\n{(done.stdout + done.stderr).strip()[-2000:]}")


def kafka_server(java: str, libraries: Path, properties: Path, port: int, *, log: Path, guard: Guard | None) -> Server:
    """The broker over storage that is formatted, whatever lies in it."""
    return Server(
        "kafka",
        [*_java(java, libraries), "-Xms256m", "-Xmx768m", "kafka.Kafka", str(properties)],
        log=log,
        ready=lambda: kafka_answers(port),
        timeout=60,
        guard=guard,
    )


def _java(java: str, libraries: Path) -> list[str]:
    return [java, "-cp", f"{libraries}/*", "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn"]


def broker_properties(port: int, controller_port: int, data: Path) -> str:
    """server.properties of a single node: everything internal has one replica, and groups do not wait for company."""
    settings = {
        "process.roles": "broker,controller",
        "node.id": "1",
        "controller.quorum.voters": f"1@127.0.0.1:{controller_port}",
        "listeners": f"PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller_port}",
        "advertised.listeners": f"PLAINTEXT://127.0.0.1:{port}",
        "controller.listener.names": "CONTROLLER",
        "log.dirs": str(data),
        "offsets.topic.replication.factor": "1",
        "offsets.topic.num.partitions": "8",
        "transaction.state.log.replication.factor": "1",
        "transaction.state.log.min.isr": "1",
        "transaction.state.log.num.partitions": "8",
        # a crashed worker's transaction is ended within a second of its timeout, not ten
        "transaction.abort.timed.out.transaction.cleanup.interval.ms": "1000",
        "share.coordinator.state.topic.replication.factor": "1",
        "share.coordinator.state.topic.min.isr": "1",
        "group.initial.rebalance.delay.ms": "0",
        "group.min.session.timeout.ms": "6000",
        # a topic that nobody created is a mistake to be seen
        "auto.create.topics.enable": "false",
        "num.partitions": "4",
        # what a topic may drop, it drops soon: a long benchmark must not fill the disk
        "log.retention.check.interval.ms": "10000",
        "log.cleaner.dedupe.buffer.size": str(32 * 1024 * 1024),
    }
    return "".join(f"{name}={value}\n" for name, value in settings.items())
