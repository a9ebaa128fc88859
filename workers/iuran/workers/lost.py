"""Lost notifications are looked for without being asked, each channel at its own pace."""

import structlog

from iuran.payments.lost.connections import find_connection
from iuran.payments.lost.search import search
from iuran.workers.jobs import Job
from iuran.workers.services import WorkerServices

_log: structlog.stdlib.BoundLogger = structlog.get_logger()


async def find_lost_payments(services: WorkerServices, job: Job) -> None:
    """Search the channel that is the job's key; safe to run twice, even at once."""
    if services.banks is None:
        _log.warning("lost.no_way_out", channel=job.name.key)
        return
    async with services.pool.acquire() as connection:
        connected = await find_connection(connection, services.banks.cipher, job.name.key)
    if connected is None:
        return
    result = await search(
        services.pool,
        connected,
        services.banks.sources.source_of(connected),
        at=services.clock.now(),
        real=services.real_clock.now(),
    )
    _log.info(
        "lost.searched",
        channel=connected.code,
        asked=result.asked,
        reported=result.reported,
        found=result.found,
        disputed=result.disputed,
        held=result.held,
        problems=result.problems[:3],
    )
