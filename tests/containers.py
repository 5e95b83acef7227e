"""The real stack in containers, for machines with a Docker engine."""

from __future__ import annotations

import contextlib
import os
import socket
from collections.abc import Iterator
from pathlib import Path

from streams import stacks
from streams.stacks import real
from streams.stacks.process import free_port

KAFKA_IMAGE = f"apache/kafka:{real.KAFKA_VERSION}"
REDIS_IMAGE = "redis:8-alpine"


def engine_answers() -> bool:
    """Whether a Docker engine (not only its client) is there."""
    kind, _, address = os.environ.get("DOCKER_HOST", "unix:///var/run/docker.sock").partition("://")
    line = socket.socket(socket.AF_UNIX if kind == "unix" else socket.AF_INET)
    line.settimeout(3)
    host, _, port = address.rpartition(":")
    with line:
        try:
            line.connect(address if kind == "unix" else (host, int(port)))
            line.sendall(b"GET /_ping HTTP/1.0\r\n\r\n")
            return b" 200 " in line.recv(64)
        except (OSError, ValueError):
            return False


def kafka_environment(port: int) -> dict[str, str]:
    """The broker's settings as the image reads them. The outer port is the inner one, so it can be advertised."""
    environment = {}
    for line in real.broker_properties(port, 29093, Path("/tmp/kafka-data")).splitlines():
        name, _, value = line.partition("=")
        environment["KAFKA_" + name.upper().replace(".", "_")] = value
    environment["KAFKA_LISTENERS"] = f"PLAINTEXT://0.0.0.0:{port},CONTROLLER://127.0.0.1:29093"
    environment["CLUSTER_ID"] = "cmV3YWtlLXRlc3QtY2x1cw"
    return environment


@contextlib.contextmanager
def real_stack() -> Iterator[stacks.Stack]:
    from testcontainers.core.container import DockerContainer
    from testcontainers.core.waiting_utils import wait_for_logs

    port = free_port()
    kafka = DockerContainer(KAFKA_IMAGE).with_bind_ports(port, port)
    for name, value in kafka_environment(port).items():
        kafka = kafka.with_env(name, value)
    redis = DockerContainer(REDIS_IMAGE).with_exposed_ports(6379)
    with kafka, redis:
        wait_for_logs(kafka, "Kafka Server started", timeout=90)
        wait_for_logs(redis, "Ready to accept connections", timeout=30)
        yield stacks.Stack(
            kind="real",
            bootstrap=f"{kafka.get_container_host_ip()}:{port}",
            redis_url=f"redis://{redis.get_container_host_ip()}:{redis.get_exposed_port(6379)}/0",
            transactions=True,
        )
