"""The frequency ledger: who was touched when, so that caps hold over all workers, replays and retries."""

from streams.ledger.fitness import RIGHTS, UnfitRedis, check_redis
from streams.ledger.memory import LAPSE, MemoryLedger
from streams.ledger.patient import PatientLedger
from streams.ledger.protocol import Ledger
from streams.ledger.redis import RedisLedger
from streams.ledger.row import RowLedger

__all__ = [
    "LAPSE",
    "RIGHTS",
    "Ledger",
    "MemoryLedger",
    "PatientLedger",
    "RedisLedger",
    "RowLedger",
    "UnfitRedis",
    "check_redis",
]
