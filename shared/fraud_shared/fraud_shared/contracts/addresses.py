"""Networks that are on some list, and which of them an address is in.

An address travels as a keyed token, which says nothing of its network. So the gateway looks
before it makes the token, and only at networks that somebody put on a list.
"""

from ipaddress import ip_address, ip_network


class Networks:
    """Networks in their shortest form, looked up by the lengths of prefix that occur."""

    def __init__(self, held: frozenset[str]) -> None:
        self.held = held
        self._masks: dict[int, dict[int, int]] = {4: {}, 6: {}}
        self._by_prefix: dict[tuple[int, int, int], str] = {}
        for text in held:
            network = ip_network(text)
            self._masks[network.version][network.prefixlen] = int(network.netmask)
            first = int(network.network_address)
            self._by_prefix[network.version, network.prefixlen, first] = text

    def around(self, ip: str) -> tuple[str, ...]:
        """The networks that an address in its shortest form is in."""
        if not self._by_prefix:
            return ()
        address = ip_address(ip)
        number, version = int(address), address.version
        found = (
            self._by_prefix.get((version, length, number & mask))
            for length, mask in self._masks[version].items()
        )
        return tuple(text for text in found if text is not None)
