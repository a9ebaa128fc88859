"""The monthly run as a process of its own, in batches of two families, to be killed."""

import asyncio
import sys
from datetime import datetime

from iuran.core.database.pool import open_pool
from iuran.payments import billing


async def main(database_url: str, at: datetime) -> None:
    pool = await open_pool(database_url)
    async for _ in billing.roll_months(pool, at=at):
        pass
    await pool.close()


if __name__ == "__main__":
    billing.FAMILIES_A_BATCH = 2
    asyncio.run(main(sys.argv[1], datetime.fromisoformat(sys.argv[2])))
