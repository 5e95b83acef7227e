"""What becomes of a group's member whose coordinator says no.

After an error that it has no answer to aiokafka's coordinator waits until somebody has taken note of it, and is no
member meanwhile: neither does it beat nor join again. So it is taken note of here. What nobody but an operator can
mend ends the member; of anything else the group is joined again, after pauses that grow.

aiokafka's `retriable` does not tell the two apart: a member that the group has forgotten, or a broker that is not
available, is not `retriable` there and heals. Most answers of a group come up as a plain KafkaError besides, whose text
alone names what it was, and some codes (a fenced static member) aiokafka does not know at all. Hence the codes of the
group's answers are read as they come in.

Of two static members under one name each would take the other's place for ever: aiokafka does not tell the broker its
name in a heartbeat, which then answers like to one that it has forgotten. But it forgets nobody before the session is
over. Who loses the place again and again though it can't have been forgotten gives way, and ends: the one that was
there first, as it loses it first. The other one stays.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, Final

import structlog
from aiokafka.errors import (
    BrokerResponseError,
    GroupAuthorizationFailedError,
    IncompatibleBrokerVersion,
    InconsistentGroupProtocolError,
    InvalidGroupIdError,
    InvalidSessionTimeoutError,
    KafkaError,
    NodeNotReadyError,
    NoError,
    RebalanceInProgressError,
    TopicAuthorizationFailedError,
    UnknownError,
    UnknownMemberIdError,
    UnsupportedVersionError,
)
from aiokafka.protocol.group import HeartbeatRequest, JoinGroupRequest, SyncGroupRequest

log: Final = structlog.get_logger(__name__)

PAUSE_SECONDS: Final = 1.0
PAUSE_SECONDS_MOST: Final = 15.0
"""Between two tries of joining a group that has answered with an error."""

FENCED_INSTANCE_ID: Final = 82
"""Kafka's error code, which aiokafka has no class for."""

TAKEN_MOST: Final = 3
"""Times that a static member's place is taken until it gives way. One could be a coordinator that was killed before it
had written who had just joined."""

_KNOWN: Final = (NoError.errno, RebalanceInProgressError.errno)
"""Answers to somebody who is a member."""

_OF_THE_GROUP: Final = (JoinGroupRequest, SyncGroupRequest, HeartbeatRequest)

_HINTS: Final = {
    GroupAuthorizationFailedError.errno: "Kafka's access rules forbid this user the group: allow it READ on {group!r}",
    TopicAuthorizationFailedError.errno: "Kafka's access rules forbid this user a topic: allow it READ on all of them",
    InvalidGroupIdError.errno: "Kafka takes no group of that name: choose another REWAKE_APP_ID",
    InvalidSessionTimeoutError.errno: "the broker allows no session of that length: set REWAKE_SESSION_TIMEOUT to "
    "between its group.min.session.timeout.ms and group.max.session.timeout.ms",
    InconsistentGroupProtocolError.errno: "its members share out partitions in another way: another program is in that "
    "group, so stop it or choose another REWAKE_APP_ID",
    UnsupportedVersionError.errno: "the broker does not speak a version of Kafka's protocol that this worker speaks: "
    "run a broker that docs/production.md names",
    FENCED_INSTANCE_ID: "another worker has joined under this one's REWAKE_INSTANCE_ID: give each worker its own",
}
"""By Kafka's error code: what can't heal by itself, and what to do."""


class NoMember(Exception):
    """The group will not take this member as things are; the message says why and what to do, for people."""


class Membership:
    """Of the consumer whose coordinator that is; to be made before anything is subscribed to."""

    def __init__(self, coordinator: Any, *, clock: Callable[[], float] = time.monotonic) -> None:
        """`coordinator` is aiokafka's GroupCoordinator; `clock` says monotonic seconds."""
        self._coordinator = coordinator
        session = None if coordinator._group_instance_id is None else coordinator._session_timeout_ms / 1000
        self._answers = coordinator._client = _Answers(coordinator._client, session, clock)
        self._clock = clock
        self._pause = PAUSE_SECONDS
        self._again = 0.0

    def heed(self) -> None:
        """To be called now and then, in the consumer's own loop. Returns at once.

        Raises NoMember where the group will never take this member, KafkaError where the coordinator has ended."""
        coordinator = self._coordinator
        if self._answers.incompatible is not None:
            # the coordinator itself takes it for a broker that is away, and goes on trying
            raise self._refused(UnsupportedVersionError.errno, self._answers.incompatible)
        if self._answers.taken >= TAKEN_MOST:
            raise self._refused(FENCED_INSTANCE_ID, UnknownMemberIdError())
        if self._clock() < self._again and not coordinator._coordination_task.done():
            return
        try:
            coordinator.check_errors()
        except KafkaError as error:
            if coordinator._coordination_task.done():
                raise
            code = self._code(error)
            if code in _HINTS:
                raise self._refused(code, error) from error
            now = self._clock()
            first = now >= self._again + self._pause
            self._pause = PAUSE_SECONDS if first else min(2 * self._pause, PAUSE_SECONDS_MOST)
            self._again = now + self._pause
            log.warning(
                "membership in the group was lost; joining it again",
                group=coordinator.group_id, why=repr(error), code=code, after=self._pause,
            )  # fmt: skip
            coordinator.request_rejoin()

    def _code(self, error: KafkaError) -> int:
        if type(error) is KafkaError:  # of a group's answer that aiokafka did not expect there
            return self._answers.code
        code: int = UnknownError.errno
        if isinstance(error, IncompatibleBrokerVersion):
            code = UnsupportedVersionError.errno
        elif isinstance(error, BrokerResponseError):
            code = error.errno
        return code

    def _refused(self, code: int, why: KafkaError) -> NoMember:
        group = self._coordinator.group_id
        return NoMember(f"the group {group!r} does not take this worker: {_HINTS[code].format(group=group)} ({why})")


class _Answers:
    """aiokafka's client as its coordinator sees it: passes everything on, and notes what the group answers."""

    def __init__(self, client: Any, session: float | None, clock: Callable[[], float]) -> None:
        """`session`: a static member's, seconds; None for one that has no name."""
        self._client = client
        self._session = session
        self._clock = clock
        self._known = float("-inf")
        self._lost = ""
        self._lost_at = 0.0
        self.code = 0
        """Of the newest answer: Kafka's error code."""
        self.incompatible: IncompatibleBrokerVersion | None = None
        self.taken = 0
        """How often, one shortly after the other, somebody else has taken this static member's place."""

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)

    async def send(self, node_id: Any, request: Any, **options: Any) -> Any:
        if self.taken >= TAKEN_MOST and isinstance(request, JoinGroupRequest):
            raise NodeNotReadyError("another worker has this one's place in the group")
        sent = self._clock()
        try:
            answer = await self._client.send(node_id, request, **options)
        except IncompatibleBrokerVersion as error:
            self.incompatible = error
            raise
        if isinstance(request, _OF_THE_GROUP):
            self.code = answer.error_code
            if self._session is not None:
                self._note(request._member_id, sent, self._session)
        return answer

    def _note(self, member: str, sent: float, session: float) -> None:
        """`member`: what the group called it that asked, `sent` when."""
        if self.code in _KNOWN:
            self._known = sent
        elif self.code == UnknownMemberIdError.errno and member != self._lost:  # two may have asked as the same
            now = self._clock()
            if now - self._known < session:
                self.taken = self.taken + 1 if now - self._lost_at < 3 * session else 1
                self._lost_at = now
            self._lost = member
