"""The HTTP server: uvicorn on uvloop (docs/adr), with a limit on everything that can grow."""

import asyncio
import gc
import signal
import socket
from collections.abc import Generator
from contextlib import contextmanager

import structlog
import uvicorn
import uvloop
from starlette.types import ASGIApp

from iuran.core.database.pool import open_pool
from iuran.deploy.app import build_app
from iuran.deploy.lines import HttpLine, WebSocketLine
from iuran.deploy.listener import listening
from iuran.deploy.settings import Settings, demanded
from iuran.deploy.test_clock import new_clock

POOL_CLOSE_SECONDS = 5
_log = structlog.get_logger()


def serve(settings: Settings) -> None:
    """Serve until SIGINT or SIGTERM, then finish the requests in flight.

    Raises SettingsError when the port is taken or a setting is missing.
    """
    with listening(settings) as listener:
        uvloop.run(_serve(settings, listener))


async def _serve(settings: Settings, listener: socket.socket) -> None:
    pool = await open_pool(
        demanded(settings.database_url, "database_url"),
        connections_max=settings.database_connections_max,
        application_name="iuran serve",
        statement_timeout_milliseconds=settings.statement_timeout_milliseconds,
    )
    try:
        stopping = asyncio.Event()
        app = build_app(settings, pool=pool, clock=new_clock(settings), stopping=stopping)
        _log.info("server.starts", host=settings.host, port=listener.getsockname()[1])
        await _Server(server_config(settings, app), stopping).serve(sockets=[listener])
        _log.info("server.stopped")
    finally:
        async with asyncio.timeout(POOL_CLOSE_SECONDS):
            await pool.close()


class _Server(uvicorn.Server):
    """uvicorn that ends its work when told to stop; by itself it would die of the signal again."""

    def __init__(self, config: uvicorn.Config, stopping: asyncio.Event) -> None:
        super().__init__(config)
        self._stopping = stopping

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin; what stands by now stays, so the garbage collector need not look at it again."""
        await super().startup(sockets)
        gc.collect()
        gc.freeze()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Tell what never ends by itself that the server stops, and finish the rest."""
        self._stopping.set()
        await super().shutdown(sockets)

    @contextmanager
    def capture_signals(self) -> Generator[None]:
        """Note SIGINT and SIGTERM while the server runs; a second SIGINT does not wait."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self.handle_exit, number, None)
        try:
            yield
        finally:
            for number in (signal.SIGINT, signal.SIGTERM):
                loop.remove_signal_handler(number)


def server_config(settings: Settings, app: ASGIApp) -> uvicorn.Config:
    """Return how uvicorn runs: our logs instead of its own, and its limits."""
    return uvicorn.Config(
        app,
        loop="none",
        http=HttpLine,
        ws=WebSocketLine,
        ws_max_size=settings.limits.body_bytes,
        ws_per_message_deflate=False,
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=bool(settings.trusted_proxies),
        forwarded_allow_ips=list(settings.trusted_proxies),
        limit_concurrency=settings.concurrency_max,
        backlog=settings.backlog,
        timeout_keep_alive=settings.keep_alive_seconds,
        timeout_graceful_shutdown=settings.shutdown_seconds,
    )
