"""Published rules as a file of records, JSON Lines, as their topic holds them: to replay by, and to load."""

from __future__ import annotations

from pathlib import Path

from schemas.contracts import Refused
from streams.eventfiles import blocks
from streams.rules.published import read_record
from triggers.rules.inforce import Record, RulesInForce


class NoRuleRecords(Exception):
    """A file with a line that is no record of rules; the message names it."""


def is_rule_file(path: Path) -> bool:
    """Whether it is a file of records, and no folder and no rule."""
    return path.name.endswith((".jsonl", ".jsonl.gz"))


def read_rule_file(path: Path) -> list[tuple[Record, bytes]]:
    """Its records with their bytes, in order. Raises NoRuleRecords, OSError."""
    found = []
    for block in blocks(path):
        for number, line in block:
            try:
                found.append((read_record(line), line))
            except Refused as why:
                raise NoRuleRecords(f"{path}:{number}: {why.reason}: {why.detail}") from why
    return found


def rules_of_file(path: Path) -> RulesInForce:
    """What is in force as the records say. Raises NoRuleRecords, also for a version that can't be read; OSError."""
    rules = RulesInForce()
    records = [record for record, _ in read_rule_file(path)]
    for record in records:
        rules.take(record)
    for record in records:
        for broken in rules.broken(record):
            raise NoRuleRecords(f"{path}: {broken}")
    return rules
