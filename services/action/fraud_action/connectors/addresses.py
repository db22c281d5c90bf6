"""Which addresses may be connected to: public ones, and those of networks that are allowed.

A name is resolved here and the connection made to the address that was found good, so that
no second answer of a name server can lead elsewhere.
"""

import asyncio
import ipaddress
import socket

from fraud_action.notifications import DeliveryFailed

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
_Address = ipaddress.IPv4Address | ipaddress.IPv6Address
# IPv4 in IPv6 clothes (RFC 6052): the gateway to it would connect to what is inside.
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")


def permitted(address: str, allowed: tuple[Network, ...]) -> bool:
    """Whether `address` is public, or in one of the `allowed` networks."""
    found = _plain(ipaddress.ip_address(address))
    if any(found.version == n.version and found in n for n in allowed):
        return True
    return found.is_global and not found.is_multicast


def _plain(address: _Address) -> _Address:
    if isinstance(address, ipaddress.IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour
        if inner is not None:
            return inner
        if address in _NAT64:
            return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address


async def resolved(host: str, port: int, allowed: tuple[Network, ...]) -> str:
    """The first permitted address of `host`. Raises DeliveryFailed, `unresolved` for a
    name that has none and `private_address` for one that has only others."""
    try:
        found = await asyncio.get_running_loop().getaddrinfo(
            host, port, type=socket.SOCK_STREAM
        )
    except (OSError, UnicodeError):
        raise DeliveryFailed("unresolved") from None
    # A scope (`%eth0`) belongs to link-local addresses only.
    addresses = [str(entry[4][0]).partition("%")[0] for entry in found]
    for address in addresses:
        if permitted(address, allowed):
            return address
    raise DeliveryFailed("private_address")
