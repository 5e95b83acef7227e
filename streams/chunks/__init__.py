"""Chunked delivery inside Faust: one Faust event carries up to some thousand records of one partition, or the few of
several.

Faust's own path makes a message, several asyncio tasks and an acknowledgement of every record (340 to 460 microseconds
of CPU an event); delivered in chunks the same machinery costs next to nothing. Faust keeps what it is good at: the app
and its agent, group membership, the co-partitioned assignment, the order of starting and stopping.

`chunk` is what is delivered; `fetch` takes records out of aiokafka's fetcher (whole batches, or one by one as the
fallback); `log_ends` remembers how far each log was known to reach, and when that was asked; `consumer`, `transport`
and `faust_app` are the hooks into Faust, each with its reason beside it (`stopping` and `credentials` serve them).
`reader` reads topics from one end to the other in the same chunks, outside of Faust; `read_through` says up to when all
has been read that was in some logs. No module here knows what a record means.
"""

from streams.chunks.chunk import Chunk
from streams.chunks.log_ends import LogEnd

__all__ = ["Chunk", "LogEnd"]
