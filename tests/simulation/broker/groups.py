"""Offsets of consumer groups: committed by a member, or by a transaction, which shows them once it is committed."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping

from aiokafka import errors

from tests.simulation.broker.interface import Place


class Group:
    """One group. `generation` and `members` are what the group's coordinator says; None members: anybody may commit."""

    def __init__(self) -> None:
        self.generation = -1
        self.members: frozenset[str] | None = None
        self.offsets: dict[Place, int] = {}
        self._pending: dict[int, dict[Place, int]] = {}
        self._epochs: dict[int, int] = {}

    def commit(self, generation: int, member: str, offsets: Mapping[Place, int]) -> None:
        """OffsetCommit."""
        if self.members is not None:
            if member not in self.members:
                raise errors.UnknownMemberIdError
            if generation != self.generation:
                raise errors.IllegalGenerationError
        self.offsets.update(offsets)

    def commit_in(self, producer: int, epoch: int, offsets: Mapping[Place, int], verify: Callable[[], None]) -> None:
        """TxnOffsetCommit. `verify` raises unless the producer's transaction includes this group."""
        known = self._epochs.get(producer, epoch)
        if epoch < known:
            raise errors.InvalidProducerEpoch
        if producer not in self._pending or epoch != known:
            verify()
        self._epochs[producer] = epoch
        self._pending.setdefault(producer, {}).update(offsets)

    def settle(self, producer: int, epoch: int, commit: bool) -> None:
        """The transaction's marker has come."""
        pending = self._pending.pop(producer, {})
        if commit:
            self.offsets.update(pending)
        self._epochs[producer] = max(epoch, self._epochs.get(producer, epoch))

    def committed(self, partitions: Collection[Place]) -> dict[Place, int]:
        """OffsetFetch. Those without an offset are left out."""
        return {place: self.offsets[place] for place in partitions if place in self.offsets}
