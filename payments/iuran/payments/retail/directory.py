"""The aggregators as every message needs them: in memory, read again from PostgreSQL."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import LiteralString

import structlog
from structlog.typing import FilteringBoundLogger

from iuran.core.database.pool import Connection
from iuran.payments.memory import Memory
from iuran.payments.retail.channels import Dialect, Purpose, RetailChannel, list_retail_channels
from iuran.payments.secrets import Cipher, SecretUnreadableError

SELECT_LIVE_RETAIL_SECRETS: LiteralString = """
    SELECT channel_id, purpose, ciphertext, valid_until
    FROM retail_secret
    WHERE valid_until IS NULL OR valid_until > $1
    ORDER BY channel_id, secret_id DESC
    LIMIT 8000
"""

_log: FilteringBoundLogger = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class RetailSecret:
    """A secret that we share with an aggregator, and until when (real time)."""

    purpose: Purpose
    text: str = field(repr=False)
    valid_until: datetime | None

    def is_live(self, at: datetime) -> bool:
        """Whether it is valid at an instant."""
        return self.valid_until is None or at < self.valid_until


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownAggregator:
    """An aggregator with every secret that is or will be valid."""

    channel: RetailChannel
    secrets: tuple[RetailSecret, ...] = field(repr=False)

    def at(self, instant: datetime) -> RetailChannel:
        """Return it with the secrets that are valid at an instant of real time."""
        live = [one for one in self.secrets if one.is_live(instant)]
        return replace(
            self.channel,
            api_secrets=tuple(one.text for one in live if one.purpose is Purpose.API),
            notification_secrets=tuple(
                one.text for one in live if one.purpose is Purpose.NOTIFICATION
            ),
        )

    def is_mute(self, instant: datetime) -> bool:
        """Whether no message of it could be proved at an instant."""
        channel = self.at(instant)
        proofs = (
            channel.notification_secrets
            if channel.dialect is Dialect.XENDIT
            else channel.api_secrets
        )
        return not proofs


KnownAggregators = Mapping[str, KnownAggregator]


class RetailDirectory(Memory[KnownAggregators]):
    """Knows every aggregator by its code."""

    async def read(self, connection: Connection) -> KnownAggregators:
        """Read every aggregator, with the secrets that are or will be valid."""
        return await read_aggregators(connection, self.cipher, at=self.real_clock.now())


async def read_aggregators(
    connection: Connection, cipher: Cipher, *, at: datetime
) -> KnownAggregators:
    """Return every aggregator, with the secrets that are or will be valid from `at`, real time."""
    secrets = await _live_secrets(connection, cipher, at=at)
    return {
        channel.code: KnownAggregator(channel=channel, secrets=tuple(secrets[channel.channel_id]))
        for channel in await list_retail_channels(connection)
    }


async def _live_secrets(
    connection: Connection, cipher: Cipher, *, at: datetime
) -> defaultdict[int, list[RetailSecret]]:
    """Return secrets by channel; one that cannot be read is logged and stops no other."""
    found: defaultdict[int, list[RetailSecret]] = defaultdict(list)
    for row in await connection.fetch(SELECT_LIVE_RETAIL_SECRETS, at):
        try:
            text = cipher.decrypt(row["ciphertext"])
        except SecretUnreadableError as error:
            _log.error("retail.secret_unreadable", channel_id=row["channel_id"], error=str(error))
            continue
        secret = RetailSecret(
            purpose=Purpose(row["purpose"]), text=text, valid_until=row["valid_until"]
        )
        found[row["channel_id"]].append(secret)
    return found
