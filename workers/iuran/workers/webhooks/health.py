"""Whether an endpoint answers: pauses while it does not, its end when it is silent for days."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import LiteralString

import structlog

from iuran.core.database.pool import Connection
from iuran.payments.webhooks.endpoints import SYSTEM, Endpoint, disable
from iuran.workers.metrics import WEBHOOKS_DISABLED

DISABLED_AFTER = timedelta(days=3)

SELECT_PAUSES: LiteralString = """
    SELECT pauses FROM webhook_cursor WHERE endpoint_id = $1 AND paused_until <= $2
"""

NOTE_SUCCESS: LiteralString = """
    UPDATE webhook_cursor SET pauses = 0, failing_since = NULL
    WHERE endpoint_id = $1 AND failing_since IS NOT NULL
"""

NOTE_FAILURE: LiteralString = """
    UPDATE webhook_cursor
    SET pauses = pauses + 1, failing_since = coalesce(failing_since, $2)
    WHERE endpoint_id = $1
    RETURNING failing_since
"""

REST: LiteralString = """
    UPDATE webhook_cursor SET paused_until = $2 WHERE endpoint_id = $1
"""

_log: structlog.stdlib.BoundLogger = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How an endpoint answered for a while; `rest` is how long it is left alone now."""

    delivered: int
    failed: int
    rest: timedelta | None
    is_gone: bool


async def pauses_of(connection: Connection, endpoint_id: int, *, real: datetime) -> int | None:
    """Return how often in a row an endpoint took nothing; None while it is left alone."""
    pauses: int | None = await connection.fetchval(SELECT_PAUSES, endpoint_id, real)
    return pauses


async def conclude(
    connection: Connection, endpoint: Endpoint, outcome: Outcome, *, real: datetime
) -> None:
    """Keep how an endpoint answered; disable one that is gone or took nothing for too long."""
    endpoint_id = endpoint.endpoint_id
    reason = "it answered 410: it wants nothing any more" if outcome.is_gone else None
    if outcome.delivered:
        await connection.execute(NOTE_SUCCESS, endpoint_id)
    elif outcome.failed:
        failing_since = await connection.fetchval(NOTE_FAILURE, endpoint_id, real)
        if real - failing_since >= DISABLED_AFTER:
            reason = f"it has taken nothing since {failing_since:%Y-%m-%d %H:%M} UTC"
    if outcome.rest is not None:
        await connection.execute(REST, endpoint_id, real + outcome.rest)
    if reason is not None and await disable(
        connection, endpoint_id, by=SYSTEM, reason=reason, at=real
    ):
        WEBHOOKS_DISABLED.inc()
        _log.error("webhook_disabled", name=endpoint.name, reason=reason)
