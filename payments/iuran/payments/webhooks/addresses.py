"""Where webhooks may go: to the internet, and nowhere inside unless an operator allows a network.

A name is resolved once for a connection, every address is checked, and the connection goes to the
checked address: a name that changes its mind between check and call gains nothing.
"""

import asyncio
import socket
from collections.abc import Sequence
from dataclasses import dataclass, field
from ipaddress import (
    IPv4Address,
    IPv6Address,
    ip_address,
    ip_network,
)
from typing import ClassVar, Self

import httpx

from iuran.core.errors import DomainError, InvalidInputError
from iuran.payments.webhooks.networks import Network, read_networks

URL_LENGTH_MAX = 500
ADDRESSES_TRIED_MAX = 4
_HTTPS, _HTTP = 443, 80
_LOOPBACK = ("127.0.0.0/8", "::1/128")
_NAT64 = ip_network("64:ff9b::/96")
Address = IPv4Address | IPv6Address


class AddressRefusedError(DomainError):
    """A webhook would go to an address inside, or to none that can be found."""

    code: ClassVar[str] = "WEBHOOK_ADDRESS_REFUSED"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """Which addresses may be called beside the public ones, and whether loopback by http."""

    networks: tuple[Network, ...] = ()
    plain_loopback: bool = False

    @classmethod
    def of(cls, networks: Sequence[str], *, plain_loopback: bool) -> Self:
        """Read networks such as 10.20.0.0/16; raises InvalidInputError."""
        texts = (*networks, *_LOOPBACK) if plain_loopback else networks
        return cls(networks=read_networks(texts), plain_loopback=plain_loopback)

    def check_url(self, text: str) -> str:
        """Return an address that webhooks may be posted to; raises InvalidInputError."""
        if len(text) > URL_LENGTH_MAX or not text.isascii() or not text.isprintable():
            raise InvalidInputError("url", f"write at most {URL_LENGTH_MAX} ASCII signs")
        try:
            url = httpx.URL(text)
        except httpx.InvalidURL as error:
            raise InvalidInputError("url", str(error)) from error
        if url.scheme != "https" and not self._is_plain_loopback(url):
            raise InvalidInputError("url", "write https://...; http only to this machine in a demo")
        if not url.host or url.userinfo or url.fragment:
            raise InvalidInputError("url", "name a host, and neither a user nor a fragment")
        return text

    def check(self, address: Address) -> None:
        """Refuse an address that is not public and in none of the networks."""
        for meant in _embedded(address) or (address,):
            is_inside = any(meant in network for network in self.networks)
            if not is_inside and not _is_public(meant):
                raise AddressRefusedError(
                    f"{address} is not a public address; if webhooks may go there, "
                    "add its network to IURAN_WEBHOOK_NETWORKS"
                )

    def _is_plain_loopback(self, url: httpx.URL) -> bool:
        return (
            self.plain_loopback
            and url.scheme == "http"
            and url.host in {"localhost", "127.0.0.1", "::1"}
        )


@dataclass(slots=True, kw_only=True)
class GuardedTransport(httpx.AsyncBaseTransport):
    """Resolves a host once in its life, checks each address, and connects to what it checked."""

    reach: Reach
    inner: httpx.AsyncBaseTransport
    _found: dict[tuple[str, int], tuple[Address, ...]] = field(
        default_factory=dict[tuple[str, int], tuple[Address, ...]]
    )

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request to the first address that lets us connect; raises AddressRefusedError."""
        url = request.url
        port = url.port or (_HTTPS if url.scheme == "https" else _HTTP)
        failed: httpx.TransportError = httpx.ConnectError(f"{url.host} has no address")
        for address in await self._addresses(url.host, port):
            request.url = url.copy_with(host=str(address))
            request.extensions = {**request.extensions, "sni_hostname": url.host}
            try:
                return await self.inner.handle_async_request(request)
            except (httpx.ConnectError, httpx.ConnectTimeout) as error:
                failed = error
        raise failed

    async def aclose(self) -> None:
        """Close the connections."""
        await self.inner.aclose()

    async def _addresses(self, host: str, port: int) -> tuple[Address, ...]:
        if (host, port) not in self._found:
            addresses = (await _resolved(host, port))[:ADDRESSES_TRIED_MAX]
            for address in addresses:
                self.reach.check(address)
            self._found[host, port] = addresses
        return self._found[host, port]


async def _resolved(host: str, port: int) -> tuple[Address, ...]:
    loop = asyncio.get_running_loop()
    try:
        found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError as error:
        raise AddressRefusedError(f"{host} has no address: {error}") from error
    return tuple(dict.fromkeys(ip_address(entry[4][0]) for entry in found))


def _embedded(address: Address) -> tuple[IPv4Address, ...]:
    """Return the IPv4 addresses that an IPv6 address leads to."""
    if isinstance(address, IPv4Address):
        return ()
    teredo = () if address.teredo is None else address.teredo
    nat64 = (IPv4Address(int(address) & 0xFFFFFFFF),) if address in _NAT64 else ()
    found = (address.ipv4_mapped, address.sixtofour, *teredo, *nat64)
    return tuple(one for one in found if one is not None)


def _is_public(address: Address) -> bool:
    return (
        address.is_global
        and not address.is_multicast
        and not address.is_reserved
        and not address.is_unspecified
    )
