"""What a supervisor asks: does the process live, can it serve, and its figures."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import LiteralString

import asyncpg
import structlog
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from iuran.core.database.migrations import missing
from iuran.core.database.pool import Pool
from iuran.core.errors import DomainError
from iuran.deploy.schema import MIGRATION_PACKAGES
from iuran.workers.redis_line import ping

CHECK_TIMEOUT_SECONDS = 3.0
_log = structlog.get_logger()

SELECT_ONE: LiteralString = """
    SELECT 1
"""


@dataclass(slots=True, kw_only=True)
class Readiness:
    """Answers whether requests can be served. Without Redis they can: it only delays jobs."""

    pool: Pool
    redis_url: str | None
    _schema_is_current: bool = field(default=False, init=False)

    async def check(self) -> dict[str, str]:
        """Return each part with `ok` or what is wrong with it."""
        database, redis = await asyncio.gather(self._check_database(), self._check_redis())
        return {"database": database, "redis": redis}

    async def _check_database(self) -> str:
        try:
            async with asyncio.timeout(CHECK_TIMEOUT_SECONDS), self.pool.acquire() as connection:
                await connection.execute(SELECT_ONE)
                if not self._schema_is_current:
                    waiting = await missing(connection, MIGRATION_PACKAGES)
                    self._schema_is_current = not waiting
                    return f"{len(waiting)} migrations or routines are missing" if waiting else "ok"
        except DomainError as error:
            return str(error)
        except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError) as error:
            _log.warning("readiness.database", error=str(error))
            return "does not answer"
        return "ok"

    async def _check_redis(self) -> str:
        if self.redis_url is None:
            return "not set"
        try:
            async with asyncio.timeout(CHECK_TIMEOUT_SECONDS):
                await ping(self.redis_url)
        except Exception as error:  # noqa: BLE001 - Redis is disposable, whatever is wrong with it
            _log.warning("readiness.redis", error=str(error))
            return "does not answer"
        return "ok"


def probe_routes(readiness: Readiness) -> Sequence[BaseRoute]:
    """Return /healthz, /readyz and /metrics."""

    async def ready(_request: Request) -> Response:
        checks = await readiness.check()
        is_ready = checks["database"] == "ok"
        is_whole = all(state == "ok" for state in checks.values())
        status = "ready" if is_whole else "degraded" if is_ready else "not ready"
        return JSONResponse(
            {"status": status, "checks": checks},
            HTTPStatus.OK if is_ready else HTTPStatus.SERVICE_UNAVAILABLE,
        )

    return [
        Route("/healthz", _healthy, methods=["GET"]),
        Route("/readyz", ready, methods=["GET"]),
        Route("/metrics", _metrics, methods=["GET"]),
    ]


async def _healthy(_request: Request) -> Response:
    return JSONResponse({"status": "alive"})


async def _metrics(_request: Request) -> Response:
    return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)
