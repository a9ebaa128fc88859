"""What banks and aggregators sent, run once more against the code of today as a dry run."""

from collections.abc import AsyncIterator

from iuran.core.database.pool import Pool
from iuran.payments.channels import list_channels
from iuran.payments.retail import replay as retail
from iuran.payments.retail.messages import INQUIRY_SERVICE, NOTICE_SERVICE
from iuran.payments.secrets import Cipher
from iuran.payments.snap import replay as snap
from iuran.payments.snap.directory import KnownChannels
from iuran.payments.snap.messages import KeptMessage, Span, list_messages
from iuran.payments.snap.replay import Comparison, Replayed

__all__ = ["Comparison", "Replayed", "replay"]

PAGE = 200
RETAIL_SERVICES = frozenset({NOTICE_SERVICE, INQUIRY_SERVICE})


async def replay(pool: Pool, cipher: Cipher, span: Span) -> AsyncIterator[Replayed]:
    """Run the messages of a span again, in their order; never posts anything, calls nobody."""
    async with pool.acquire() as connection:
        channels = await list_channels(connection, cipher, at=span.since)
        known = KnownChannels.of(channels)
        last: KeptMessage | None = None
        while page := await list_messages(connection, span, after=last, limit=PAGE):
            for message in page:
                if message.service in RETAIL_SERVICES:
                    yield await retail.replayed(pool, cipher, connection, message)
                else:
                    yield await snap.replayed(pool, cipher, connection, known, message)
            last = page[-1]
