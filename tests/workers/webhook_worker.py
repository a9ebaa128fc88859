"""A process that tells endpoints what waits, to be killed in the middle of it."""

import asyncio
import os
from datetime import UTC, datetime

from iuran.core.clock import WIB, StandingClock
from iuran.core.database.pool import open_pool
from iuran.payments.secrets import Cipher
from iuran.payments.webhooks.addresses import Reach
from iuran.workers.execution import run_due
from iuran.workers.mail import SmtpMailer
from iuran.workers.services import WorkerServices
from iuran.workers.tls import TlsMode
from iuran.workers.webhooks.calls import WayOut


async def work(*, database_url: str, key: str) -> None:
    pool = await open_pool(database_url, connections_max=5)
    mailer = SmtpMailer(
        host="127.0.0.1", port=9, sender="a@example.org", sender_name="JKN", tls=TlsMode.NONE
    )
    reach = Reach.of((), plain_loopback=True)
    services = WorkerServices(
        pool=pool,
        clock=StandingClock(datetime(2026, 1, 5, 9, tzinfo=WIB)),
        real_clock=StandingClock(datetime(2030, 1, 1, tzinfo=UTC)),
        redis_url="",
        mailer=mailer,
        webhooks=WayOut(cipher=Cipher.of([key]), reach=reach),
    )
    await run_due(services)


if __name__ == "__main__":
    asyncio.run(work(database_url=os.environ["DATABASE_URL"], key=os.environ["WEBHOOK_KEY"]))
