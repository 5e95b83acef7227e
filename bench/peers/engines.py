"""Who is measured, and how each is started. All get their settings from `PEER_*` (bench/peers/cart.py)."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]
PEERS_PYTHON: Final = ROOT / ".venv-peers" / "bin" / "python"
STREAMS: Final = Path(__file__).with_name("kafka-streams") / "target"

OURS: Final = "rewake"
BARE: Final = "aiokafka"


@dataclass(frozen=True, slots=True)
class Engine:
    """`command`: its process; empty for our own worker, which is started as every worker is. `small`: too slow for all
    the events. `writes`: it does the job; the bare loops only read."""

    name: str
    about: str
    command: tuple[str, ...] = ()
    environment: dict[str, str] = field(default_factory=dict)
    small: bool = False
    writes: bool = True

    @property
    def missing(self) -> str | None:
        """What has to be made before it can run."""
        if not self.command or self.command[0] == sys.executable:
            return None
        if self.command[0] == "java":
            return None if (STREAMS / "kafka-streams.jar").exists() else "mvn -q package in bench/peers/kafka-streams"
        return None if PEERS_PYTHON.exists() else "make .venv-peers/.installed"


def _python(module: str, *arguments: str) -> tuple[str, ...]:
    return (str(PEERS_PYTHON), "-m", f"bench.peers.{module}", *arguments)


_JAVA: Final = (
    "java", "-Xmx1g", "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn", "-cp",
    f"{STREAMS}/kafka-streams.jar:{STREAMS}/lib/*", "rewake.bench.Main",
)  # fmt: skip

ENGINES: Final = (
    Engine(OURS, "Rewake, one worker, transactions"),
    Engine("kafka-streams", "Kafka Streams 4.1.1, at least once", _JAVA),
    Engine("kafka-streams-eos", "Kafka Streams 4.1.1, exactly_once_v2", _JAVA, {"PEER_EXACTLY_ONCE": "1"}),
    Engine("bytewax", "Bytewax 0.21.1, recovery on", _python("bytewax_cart")),
    Engine("quix", "Quix Streams 3.28.1, at least once", _python("quix_cart")),
    Engine(
        "faust", "stock Faust 0.15.3, table with changelog",
        _python("faust_cart", "worker", "-l", "warn", "--without-web"), small=True,
    ),
    Engine(BARE, "bare aiokafka + orjson: read and parse", (sys.executable, "-m", "bench.peers.bare_aiokafka"),
           writes=False),
    Engine("confluent", "bare confluent-kafka + orjson: read and parse",
           (sys.executable, "-m", "bench.peers.bare_confluent"), writes=False),
)  # fmt: skip

BY_NAME: Final = {engine.name: engine for engine in ENGINES}
