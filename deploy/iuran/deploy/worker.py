"""The worker process: what happens without being asked."""

import asyncio
import signal

import structlog
import uvloop
from prometheus_client import start_http_server

from iuran.core.database.pool import open_pool
from iuran.deploy.installation import installation_cipher
from iuran.deploy.mailing import new_mailer
from iuran.deploy.messaging import new_carriers, new_way_out
from iuran.deploy.settings import Settings, demanded
from iuran.deploy.test_clock import following, new_clock
from iuran.payments.lost.sources import Sources, outgoing_client
from iuran.workers.runner import run_worker
from iuran.workers.services import Banks, Retention, WorkerServices

_log = structlog.get_logger()


def work(settings: Settings) -> None:
    """Work until SIGINT or SIGTERM; raises SettingsError when a setting is missing."""
    if settings.worker_metrics_port is not None:
        start_http_server(settings.worker_metrics_port, addr="127.0.0.1")
    uvloop.run(_work(settings))


async def _work(settings: Settings) -> None:
    redis_url = demanded(settings.redis_url, "redis_url")
    mailer, carriers = new_mailer(settings), new_carriers(settings)
    clock = new_clock(settings)
    pool = await open_pool(
        demanded(settings.database_url, "database_url"),
        connections_max=settings.database_connections_max,
        application_name="iuran worker",
        statement_timeout_milliseconds=settings.statement_timeout_milliseconds,
    )
    banks = Banks(cipher=installation_cipher(settings), sources=Sources(http=outgoing_client()))
    services = WorkerServices(
        pool=pool,
        clock=clock,
        redis_url=redis_url,
        mailer=mailer,
        carriers=carriers,
        jobs_at_once=settings.jobs_at_once,
        retention=Retention(
            job_days=settings.job_retention_days,
            message_days=settings.message_retention_days,
            reminder_days=settings.reminder_retention_days,
        ),
        banks=banks,
        webhooks=new_way_out(settings),
    )
    try:
        async with following(pool, clock), banks.sources.http:
            _log.info("worker.starts")
            await _until_told_to_stop(services)
            _log.info("worker.stopped")
    finally:
        await pool.close()


async def _until_told_to_stop(services: WorkerServices) -> None:
    working = asyncio.create_task(run_worker(services), name="worker")
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, working.cancel)
    try:
        await working
    except asyncio.CancelledError:
        _log.info("worker.told_to_stop")
