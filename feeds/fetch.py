"""Fetch a feed over HTTP to a file: streamed, bounded, and never from inside the house.

A feed's address is typed in by a marketer or comes out of a shop's settings, and what answers may redirect anywhere.
So every address, after every redirect too, is resolved here and judged, and the connection goes to the very address
that was judged (a name that resolves differently a moment later gains nothing). Proxies of the environment are not
used.
"""

from __future__ import annotations

import ipaddress
import socket
import time
from typing import BinaryIO, Final

import httpx
import msgspec

USER_AGENT: Final = "rewake-feeds"
_REDIRECTS: Final = frozenset((301, 302, 303, 307, 308))
_NAT64: Final = ipaddress.IPv6Network("64:ff9b::/96")

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class FetchLimits(msgspec.Struct, frozen=True, kw_only=True):
    """Bytes after decompression; seconds for the whole, and for any one wait."""

    size: int = 4 * 1024**3
    seconds: float = 1800.0
    wait: float = 30.0
    redirects: int = 5


DEFAULT_FETCH_LIMITS: Final = FetchLimits()


class FetchError(Exception):
    """The feed could not be fetched; the text says why. `reason` is a stable word."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason
        self.detail = detail


def fetch(url: str, to: BinaryIO, *, allow_private: bool = False, limits: FetchLimits = DEFAULT_FETCH_LIMITS) -> int:
    """Write what `url` serves to `to`, decompressed; the number of bytes. FetchError when it can't or mustn't be."""
    deadline = time.monotonic() + limits.seconds
    with httpx.Client(trust_env=False, timeout=limits.wait, follow_redirects=False) as client:
        for _ in range(limits.redirects + 1):
            target = _url(url)
            request = _request(client, target, allow_private)
            try:
                response = client.send(request, stream=True)
            except httpx.TimeoutException:
                raise FetchError("timeout", f"{target.host} did not answer within {limits.wait:g} s") from None
            except httpx.HTTPError as error:
                raise FetchError("unreachable", f"{target.host}: {error}") from None
            try:
                if response.status_code in _REDIRECTS and "location" in response.headers:
                    url = str(target.join(response.headers["location"]))
                    continue
                if response.status_code != 200:
                    raise FetchError("http-status", f"{target.host} answered {response.status_code}")
                return _download(response, to, limits, deadline)
            finally:
                response.close()
    raise FetchError("too-many-redirects", f"more than {limits.redirects} redirects")


def _url(text: str) -> httpx.URL:
    try:
        url = httpx.URL(text)
    except httpx.InvalidURL as error:
        raise FetchError("bad-url", f"not an address: {error}") from None
    if url.scheme not in ("http", "https") or not url.host:
        raise FetchError("bad-url", "a feed's address begins with http:// or https://")
    return url


def _request(client: httpx.Client, url: httpx.URL, allow_private: bool) -> httpx.Request:
    """A request to the address that was judged; name and certificate stay those of the host."""
    port = url.port or (443 if url.scheme == "https" else 80)
    address = _resolve(url.host, port, allow_private)
    return client.build_request(
        "GET",
        url.copy_with(host=str(address)),
        headers={"Host": url.netloc.decode("ascii").rpartition("@")[2], "User-Agent": USER_AGENT},
        extensions={"sni_hostname": url.raw_host.decode("ascii")},
    )


def _resolve(host: str, port: int, allow_private: bool) -> Address:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise FetchError("unknown-host", f"{host} has no address") from None
    addresses = [ipaddress.ip_address(entry[4][0]) for entry in found]
    if not allow_private:
        for address in addresses:
            if not is_public(address):
                raise FetchError(
                    "private-address", f"{host} is {address}, an address inside a network; --allow-private allows it"
                )
    return addresses[0]


def is_public(address: Address) -> bool:
    """Whether the address is one of the public internet: not loopback, link-local, private, multicast or reserved, nor
    an IPv6 form of such an IPv4 address."""
    if isinstance(address, ipaddress.IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour or (address.teredo[1] if address.teredo else None)
        if inner is None and address in _NAT64:
            inner = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
        if inner is not None:
            return is_public(inner)
    return address.is_global and not address.is_multicast


def _download(response: httpx.Response, to: BinaryIO, limits: FetchLimits, deadline: float) -> int:
    written = 0
    try:
        for chunk in response.iter_bytes():
            written += len(chunk)
            if written > limits.size:
                raise FetchError("too-large", f"the feed has more than {limits.size:,} bytes")
            if time.monotonic() > deadline:
                raise FetchError("timeout", f"the feed did not arrive within {limits.seconds:g} s")
            to.write(chunk)
    except httpx.TimeoutException:
        raise FetchError("timeout", f"nothing arrived for {limits.wait:g} s") from None
    except httpx.HTTPError as error:
        raise FetchError("broken-off", f"the feed broke off after {written:,} bytes: {error}") from None
    return written
