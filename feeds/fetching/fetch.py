"""Fetch a feed over HTTP to a file: streamed, bounded, tried again, and never from inside the house.

A feed's address is typed in by a marketer or comes out of a shop's settings, and what answers may redirect anywhere.
So every address, after every redirect too, is resolved here and judged, and the connection goes to the very address
that was judged (a name that resolves differently a moment later gains nothing). A shop may allow addresses inside a
network, but never where a cloud tells a machine about itself. Proxies of the environment are not used.
"""

from __future__ import annotations

import asyncio
import ipaddress
import random
import re
import socket
import ssl
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from hashlib import blake2b
from typing import BinaryIO, Final

import httpx
import msgspec

from feeds.fetching.addresses import Address, is_forbidden, is_public
from feeds.fetching.inflating import CODINGS, Inflating, NotGzip
from feeds.fetching.retrying import DEFAULT_BACKOFF, TRANSIENT_STATUSES, Backoff, pause, retry_after
from feeds.problems import Limits, TooCompressed

USER_AGENT: Final = "rewake-feeds"
_REDIRECTS: Final = frozenset((301, 302, 303, 307, 308))
_PORTS: Final = 65_535
_VALIDATOR_CHARS: Final = 1_000
_ADDRESSES: Final = 3
"""Of a host, tried one after the other."""


class FetchLimits(msgspec.Struct, frozen=True, kw_only=True):
    """Bytes after decompression, and how many times those before it; seconds for the whole with all that is tried
    again, and for any one wait."""

    size: int = 4 * 1024**3
    ratio: int = Limits().ratio
    seconds: float = 1800.0
    wait: float = 30.0
    redirects: int = 5


DEFAULT_FETCH_LIMITS: Final = FetchLimits()


class Validators(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a server named a version of the feed by; asked with them, it answers 304 as long as there is no other."""

    etag: str | None = None
    last_modified: str | None = None


class Fetched(msgspec.Struct, frozen=True, kw_only=True):
    """What arrived: bytes after decompression, and their hash (32 hexadecimal digits)."""

    size: int
    digest: str
    validators: Validators


class FetchError(Exception):
    """The feed could not be fetched; the text says why. `reason` is a stable word.

    `transient`: it may be otherwise a moment later; `asked` are the seconds that the server wants to be left alone.
    """

    def __init__(self, reason: str, detail: str, *, transient: bool = False, asked: float | None = None) -> None:
        super().__init__(detail)
        self.reason = reason
        self.detail = detail
        self.transient = transient
        self.asked = asked


async def resolve(host: str, port: int) -> Sequence[Address]:
    """The host's addresses, best first; FetchError when it has none."""
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        later = isinstance(error, socket.gaierror) and error.errno == socket.EAI_AGAIN
        raise FetchError("unknown-host", f"{host} has no address", transient=later) from None
    return [ipaddress.ip_address(entry[4][0]) for entry in found]


class Outside(msgspec.Struct, frozen=True, kw_only=True):
    """What the fetcher takes from the world; tests give their own. `share` is random, of [0, 1); `wall` in seconds."""

    resolve: Callable[[str, int], Awaitable[Sequence[Address]]] = resolve
    transport: httpx.AsyncBaseTransport | None = None
    sleep: Callable[[float], Awaitable[object]] = asyncio.sleep
    share: Callable[[], float] = random.random
    wall: Callable[[], float] = time.time


OUTSIDE: Final = Outside()


async def fetch(
    url: str,
    to: BinaryIO,
    *,
    known: Validators | None = None,
    allow_private: bool = False,
    limits: FetchLimits = DEFAULT_FETCH_LIMITS,
    backoff: Backoff = DEFAULT_BACKOFF,
    outside: Outside = OUTSIDE,
    on_retry: Callable[[FetchError, float], None] = lambda error, seconds: None,
) -> Fetched | None:
    """Write what `url` serves to `to`, from its beginning and decompressed; None when it is what `known` names.

    What fails and may be otherwise a moment later is tried again; `on_retry` hears of it and of the pause in seconds.
    FetchError when it can't or mustn't be fetched: `to` then holds anything. Failures to write are OSErrors.
    """
    try:
        async with asyncio.timeout(limits.seconds), _client(limits, outside) as client:
            failures = 0
            while True:
                to.seek(0)
                to.truncate()
                try:
                    return await _Attempt(client, known or Validators(), allow_private, limits, outside).run(url, to)
                except FetchError as error:
                    failures += 1
                    seconds = pause(backoff, failures, outside.share(), error.asked) if error.transient else None
                    if seconds is None:
                        raise
                    on_retry(error, seconds)
                    await outside.sleep(seconds)
    except TimeoutError:
        raise FetchError("timeout", f"the feed did not arrive within {limits.seconds:g} s") from None


def without_password(url: str) -> str:
    """The address as it may be shown and written down: without the user and password that it may have."""
    return re.sub(r"(?<=://)[^/?#]*@", "", url, count=1)


def _client(limits: FetchLimits, outside: Outside) -> httpx.AsyncClient:
    return httpx.AsyncClient(
        trust_env=False, timeout=limits.wait, follow_redirects=False, transport=outside.transport
    )


class _Attempt:
    def __init__(
        self,
        client: httpx.AsyncClient,
        known: Validators,
        allow_private: bool,
        limits: FetchLimits,
        outside: Outside,
    ) -> None:
        self._client = client
        self._known = known
        self._allow_private = allow_private
        self._limits = limits
        self._outside = outside

    async def run(self, url: str, to: BinaryIO) -> Fetched | None:
        for _ in range(self._limits.redirects + 1):
            target = _url(url)
            async with self._answer(target) as response:
                if response.status_code in _REDIRECTS and "location" in response.headers:
                    url = _joined(target, response.headers["location"])
                    continue
                if response.status_code == 304 and self._known != Validators():
                    return None
                if response.status_code != 200:
                    raise self._refused(target, response)
                return await self._download(response, to)
        raise FetchError("too-many-redirects", f"more than {self._limits.redirects} redirects")

    @asynccontextmanager
    async def _answer(self, url: httpx.URL) -> AsyncIterator[httpx.Response]:
        addresses = await self._judged(url)
        for number, address in enumerate(addresses, 1):
            request = self._request(url, address)
            try:
                response = await self._client.send(request, stream=True)
                break
            except httpx.ConnectTimeout as error:
                if number == len(addresses):
                    raise self._late(url) from error
            except httpx.ConnectError as error:
                if number == len(addresses):
                    raise _unreachable(url, error) from None
            except httpx.TimeoutException:
                raise self._late(url) from None
            except httpx.HTTPError as error:
                raise _unreachable(url, error) from None
            except (httpx.InvalidURL, ValueError) as error:  # where it redirects to is looked at in there, too
                raise _no_redirect(url, error) from None
        try:
            yield response
        finally:
            await response.aclose()

    def _request(self, url: httpx.URL, address: Address) -> httpx.Request:
        """A request to the address that was judged; name and certificate stay those of the host."""
        headers = {
            "Host": url.netloc.decode("ascii").rpartition("@")[2],
            "User-Agent": USER_AGENT,
            "Accept-Encoding": "gzip",
        }
        if etag := _sendable(self._known.etag):
            headers["If-None-Match"] = etag
        if last_modified := _sendable(self._known.last_modified):
            headers["If-Modified-Since"] = last_modified
        try:
            pinned = url.copy_with(host=str(address))
        except httpx.InvalidURL:  # an address with the name of a network card
            raise FetchError("bad-url", f"{url.host} is {address}, which no feed can have") from None
        extensions = {"sni_hostname": url.raw_host.decode("ascii")}
        return self._client.build_request("GET", pinned, headers=headers, extensions=extensions)

    async def _judged(self, url: httpx.URL) -> Sequence[Address]:
        addresses = await self._outside.resolve(url.host, url.port or (443 if url.scheme == "https" else 80))
        for address in addresses:
            if is_forbidden(address):
                where = "link-local, or where a cloud tells a machine about itself"
                raise FetchError("forbidden-address", f"{_named(url, address)} is {where}")
        for address in addresses:
            if not self._allow_private and not is_public(address):
                raise FetchError("private-address", f"{_named(url, address)} is an address inside a network")
        return addresses[:_ADDRESSES]

    def _late(self, url: httpx.URL) -> FetchError:
        return FetchError("timeout", f"{url.host} did not answer within {self._limits.wait:g} s", transient=True)

    def _refused(self, url: httpx.URL, response: httpx.Response) -> FetchError:
        status = response.status_code
        wants = ": it wants a user and a password, which may stand in the address" if status == 401 else ""
        return FetchError(
            "http-status",
            f"{url.host} answered {status}{wants}",
            transient=status in TRANSIENT_STATUSES,
            asked=retry_after(response.headers.get("retry-after"), self._outside.wall()),
        )

    async def _download(self, response: httpx.Response, to: BinaryIO) -> Fetched:
        coding = response.headers.get("content-encoding", "").strip().lower()
        if coding not in CODINGS:
            raise FetchError("unknown-coding", f"the feed came as {coding[:40]!r} and was asked for as gzip")
        inflating = Inflating(coding, self._limits.ratio)
        digest = blake2b(digest_size=16)
        written = 0
        try:
            async for chunk in response.aiter_raw():
                for piece in inflating.take(chunk):
                    written += len(piece)
                    if written > self._limits.size:
                        raise FetchError("too-large", f"the feed has more than {self._limits.size:,} bytes")
                    digest.update(piece)
                    to.write(piece)
            inflating.end()
        except httpx.TimeoutException:
            raise FetchError("timeout", f"nothing arrived for {self._limits.wait:g} s", transient=True) from None
        except TooCompressed as error:
            raise FetchError(error.reason, error.detail) from None
        except (httpx.HTTPError, NotGzip) as error:
            detail = f"the feed broke off after {written:,} bytes: {error}"
            raise FetchError("broken-off", detail, transient=True) from None
        named = (_sendable(response.headers.get(name)) for name in ("etag", "last-modified"))
        validators = Validators(*named)
        return Fetched(size=written, digest=digest.hexdigest(), validators=validators)


def _sendable(validator: str | None) -> str | None:
    """What a server named a version by, where it can be sent back to it; else the version has no name."""
    sound = validator and len(validator) <= _VALIDATOR_CHARS and validator.isascii() and validator.isprintable()
    return validator if sound else None


def _named(url: httpx.URL, address: Address) -> str:
    return url.host if url.host == str(address) else f"{url.host} ({address})"


def _url(text: str) -> httpx.URL:
    try:
        url = httpx.URL(text)
        host, port = url.host, url.port
    except (httpx.InvalidURL, ValueError) as error:  # a name that is none in IDNA
        raise FetchError("bad-url", f"not an address: {error}") from None
    if port is not None and not 0 < port <= _PORTS:
        raise FetchError("bad-url", f"a port is a number from 1 to {_PORTS}")
    if url.scheme not in ("http", "https") or not host:
        raise FetchError("bad-url", "a feed's address begins with http:// or https:// and the name of a server")
    return url


def _joined(url: httpx.URL, location: str) -> str:
    try:
        return str(url.join(location))
    except (httpx.InvalidURL, ValueError) as error:
        raise _no_redirect(url, error) from None


def _no_redirect(url: httpx.URL, error: Exception) -> FetchError:
    return FetchError("bad-url", f"{url.host} redirects to what is no address: {error}")


def _unreachable(url: httpx.URL, error: httpx.HTTPError) -> FetchError:
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return FetchError("bad-certificate", f"{url.host}: {cause.verify_message}")
        if isinstance(cause, httpx.InvalidURL):
            return _no_redirect(url, cause)
        cause = cause.__cause__ or cause.__context__
    return FetchError("unreachable", f"{url.host}: {error}", transient=True)
