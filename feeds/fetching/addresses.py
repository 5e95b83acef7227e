"""Which network addresses a feed is fetched from: public ones, others of a network only where its shop allows them, and
never those where a machine's cloud tells it about itself."""

from __future__ import annotations

import ipaddress
from typing import Final

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

_NAT64: Final = (ipaddress.IPv6Network("64:ff9b::/96"), ipaddress.IPv6Network("64:ff9b:1::/48"))
"""Of everybody (RFC 6052), and of a network's own (RFC 8215)."""

_COMPATIBLE: Final = ipaddress.IPv6Network("::/96")
_RELAYS: Final = ipaddress.IPv4Network("192.88.99.0/24")
"""Of 6to4, given up (RFC 7526): whoever answers there is near, not known."""

_NEVER: Final = tuple(
    ipaddress.ip_network(network)
    for network in (
        "169.254.0.0/16",  # link-local, and the metadata of nearly all clouds: 169.254.169.254
        "fe80::/10",
        "100.100.100.200",  # Alibaba's
        "192.0.0.0/24",  # of protocols (RFC 6890); Oracle's older one is there
        "168.63.129.16",  # Azure's, an address that looks public
        "fd00:ec2::/32",  # Amazon's
        "fd20:ce::/32",  # Google's
        "fd00:c1::a9fe:a9fe",  # Oracle's
        "fd00:42::42",  # Scaleway's
    )
)


def is_forbidden(address: Address) -> bool:
    """Whether no feed may be fetched from there, whatever its shop allows: link-local addresses and those of clouds'
    metadata services, which give the machine's own credentials to whoever asks from it; IPv6 forms of them too."""
    if any(address in network for network in _NEVER):
        return True
    return isinstance(address, ipaddress.IPv6Address) and any(map(is_forbidden, _inside(address)))


def is_public(address: Address) -> bool:
    """Whether the address is one of the public internet: not loopback, link-local, private, unique local, shared by a
    provider's customers (RFC 6598), multicast or reserved, nor an IPv6 form of such an IPv4 address."""
    if isinstance(address, ipaddress.IPv4Address):
        return address.is_global and not address.is_multicast and address not in _RELAYS
    if address in _NAT64[1] or address in _COMPATIBLE:
        return False
    if inner := _inside(address):
        return all(map(is_public, inner))
    # what `ipaddress` calls global has the former site-local addresses in it and all that nobody was given yet
    inside = address.is_multicast or address.is_site_local or address.is_reserved
    return address.is_global and not inside


def _inside(address: ipaddress.IPv6Address) -> list[ipaddress.IPv4Address]:
    """The IPv4 addresses that the IPv6 one is a form of: where what is sent there comes out."""
    found = [address.ipv4_mapped, address.sixtofour, address.teredo[1] if address.teredo else None]
    if any(address in network for network in (*_NAT64, _COMPATIBLE)):
        found.append(ipaddress.IPv4Address(int(address) & 0xFFFFFFFF))
    return [inner for inner in found if inner is not None]
