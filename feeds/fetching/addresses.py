"""Which network addresses are public: the only ones that a feed is fetched from unless its shop allows others."""

from __future__ import annotations

import ipaddress
from typing import Final

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

_NAT64: Final = ipaddress.IPv6Network("64:ff9b::/96")
_RELAYS: Final = ipaddress.IPv4Network("192.88.99.0/24")
"""Of 6to4, given up (RFC 7526): whoever answers there is near, not known."""


def is_public(address: Address) -> bool:
    """Whether the address is one of the public internet: not loopback, link-local, private, unique local, shared by a
    provider's customers (RFC 6598), multicast or reserved, nor an IPv6 form of such an IPv4 address."""
    if isinstance(address, ipaddress.IPv4Address):
        return address.is_global and not address.is_multicast and address not in _RELAYS
    inner = address.ipv4_mapped or address.sixtofour or (address.teredo[1] if address.teredo else None)
    if inner is None and address in _NAT64:
        inner = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    if inner is not None:
        return is_public(inner)
    # what `ipaddress` calls global has the former site-local addresses in it and all that nobody was given yet
    inside = address.is_multicast or address.is_site_local or address.is_reserved
    return address.is_global and not inside
