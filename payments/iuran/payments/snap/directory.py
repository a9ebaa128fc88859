"""The banks as every request needs them: in memory, read again from PostgreSQL."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from iuran.core.database.pool import Connection
from iuran.payments.channels import Channel, list_channels
from iuran.payments.memory import Memory


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class KnownChannels:
    """The channels as they were at one moment."""

    by_client: Mapping[str, Channel]
    by_code: Mapping[str, Channel]
    by_partner: Mapping[str, tuple[Channel, ...]]
    mounts: frozenset[str]
    """Paths that channels have for themselves."""

    @classmethod
    def of(cls, channels: tuple[Channel, ...]) -> Self:
        """Index channels by what their messages name; a partner id may mean several of them."""
        by_partner: defaultdict[str, list[Channel]] = defaultdict(list)
        for channel in channels:
            for partner_id in {channel.partner_id, channel.client_id}:
                by_partner[partner_id].append(channel)
        return cls(
            by_client={channel.client_id: channel for channel in channels},
            by_code={channel.code: channel for channel in channels},
            mounts=frozenset(mount for c in channels for mount in c.quirks.mounts),
            by_partner={partner: tuple(found) for partner, found in by_partner.items()},
        )


class ChannelDirectory(Memory[KnownChannels]):
    """Knows every channel."""

    async def channels(self) -> KnownChannels:
        """Return the channels, read again if that was too long ago."""
        return await self.recalled()

    async def read(self, connection: Connection) -> KnownChannels:
        """Read every channel with its credentials."""
        return KnownChannels.of(
            await list_channels(connection, self.cipher, at=self.real_clock.now())
        )
