"""Networks inside which webhooks may go, as an installation names them."""

from collections.abc import Sequence
from ipaddress import IPv4Network, IPv6Network, ip_network

from iuran.core.errors import InvalidInputError

Network = IPv4Network | IPv6Network


def read_networks(texts: Sequence[str]) -> tuple[Network, ...]:
    """Read networks such as 10.20.0.0/16; raises InvalidInputError."""
    try:
        return tuple(ip_network(text) for text in texts)
    except ValueError as error:
        raise InvalidInputError("networks", f"{error}; write 10.20.0.0/16") from error
