"""Trials that crash, hang and eat memory, to see that the run tells of them."""

from __future__ import annotations

import os
import signal
import time


def crashing(number: int) -> str:
    if number == 2:
        os.kill(os.getpid(), signal.SIGSEGV)
    return "fine"


def hanging(number: int) -> str:
    if number == 1:
        time.sleep(3600)
    return "fine"


def hungry(number: int) -> str:
    if number == 1:
        return str(len(bytearray(os.urandom(1) * (400 * 1024**2))))
    return "fine"


def wrong(number: int) -> str:
    assert number != 3, "three is not fine"
    return "fine"
