"""Sending: the events that one endpoint waits for, several families at once, each in its order."""

import asyncio
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import ClassVar, LiteralString

import httpx
import structlog

from iuran.core.database.pool import Connection
from iuran.core.errors import DomainError
from iuran.payments.webhooks.endpoints import (
    Endpoint,
    EndpointState,
    find_endpoint,
)
from iuran.payments.webhooks.lines import (
    Attempt,
    ClaimedEvent,
    Result,
    claim,
    fan_out,
    give_back,
    note,
)
from iuran.payments.webhooks.payloads import body_of, message_id
from iuran.payments.webhooks.signing_secrets import live_secrets
from iuran.workers.jobs import Job
from iuran.workers.metrics import WEBHOOK_SECONDS, WEBHOOKS
from iuran.workers.moments import Moment, Work
from iuran.workers.pauses import pause
from iuran.workers.services import WorkerServices
from iuran.workers.webhooks.calls import Answer, WayOut, call, caller
from iuran.workers.webhooks.health import Outcome, conclude, pauses_of
from iuran.workers.webhooks.signing import signed_headers

TRIED_FOR = timedelta(hours=24)
FIRST_PAUSE = timedelta(seconds=10)
LONGEST_PAUSE = timedelta(hours=2)
BREAKS_MAX = 5
"""Calls in a row that may fail before the endpoint as a whole is left alone for a while."""
FIRST_REST = timedelta(seconds=15)
LONGEST_REST = timedelta(minutes=30)
SLICE_SECONDS = 10
LEASE = timedelta(seconds=60)
CLAIMED_A_CALL = 8
_ROUNDS_MAX = 1_000

DUE: LiteralString = """
    SELECT e.name
    FROM webhook_endpoint AS e
    JOIN webhook_cursor AS c ON c.endpoint_id = e.endpoint_id
    CROSS JOIN event_dispatch AS d
    WHERE e.state = 'ENABLED' AND c.paused_until <= $1
      AND (c.position < d.last_position
           OR EXISTS (SELECT FROM webhook_line AS l
                      WHERE l.endpoint_id = e.endpoint_id AND l.due_at <= $1))
    ORDER BY e.name
    LIMIT 500
"""

_log: structlog.stdlib.BoundLogger = structlog.get_logger()


class NoWayOutError(DomainError):
    """This worker has nothing to send webhooks with."""

    code: ClassVar[str] = "WEBHOOKS_OFF"

    def __init__(self) -> None:
        super().__init__("this worker was started without a way out for webhooks")


@dataclass(slots=True, kw_only=True)
class _Slice:
    """What one run does for an endpoint, and how the endpoint answers meanwhile."""

    services: WorkerServices
    endpoint: Endpoint
    way_out: WayOut
    secrets: Sequence[str]
    pauses: int
    stop_at: float = field(default_factory=lambda: time.monotonic() + SLICE_SECONDS)
    waiting: deque[ClaimedEvent] = field(default_factory=deque[ClaimedEvent])
    claiming: asyncio.Lock = field(default_factory=asyncio.Lock)
    under_way: int = 0
    """Events that are being told or not noted yet: their families may have more."""
    ended: list[Attempt] = field(default_factory=list[Attempt])
    some_ended: asyncio.Event = field(default_factory=asyncio.Event)
    noted: asyncio.Condition = field(default_factory=asyncio.Condition)
    notes: int = 0
    empty_after: int | None = None
    """After how many notes nothing was found to claim: before the next there is nothing new."""
    is_closing: bool = False
    delivered: int = 0
    failed: int = 0
    failed_in_row: int = 0
    rest: timedelta | None = None
    is_gone: bool = False

    @property
    def real(self) -> datetime:
        return self.services.real_clock.now()

    @property
    def is_over(self) -> bool:
        return self.rest is not None or self.is_gone or time.monotonic() >= self.stop_at

    def count(self, answer: Answer) -> None:
        """Remember how the endpoint answers; it is left alone when it cannot or will not."""
        if answer.is_taken:
            self.delivered += 1
            self.failed_in_row = 0
            return
        self.failed += 1
        self.failed_in_row += 1
        self.is_gone = self.is_gone or answer.is_gone
        if answer.retry_after is not None:
            self.rest = max(self.rest or answer.retry_after, answer.retry_after)
        elif self.failed_in_row == BREAKS_MAX:
            least = pause(self.pauses + 1, first=FIRST_REST, longest=LONGEST_REST)
            self.rest = max(self.rest or least, least)


async def webhooks_due(connection: Connection, moment: Moment) -> Sequence[Work]:
    """Return the endpoints that have something waiting and are not left alone just now."""
    rows = await connection.fetch(DUE, moment.real)
    return tuple(Work(key=row["name"]) for row in rows)


async def send_webhooks(services: WorkerServices, job: Job) -> None:
    """Tell the endpoint that is the job's key what it waits for, for about SLICE_SECONDS.

    The events of a family go one after the other: the next waits until the endpoint has taken the
    one before, or until that was given up after TRIED_FOR. A worker that is killed between a call
    and its note calls again, under the same id. Raises NoWayOutError.
    """
    way_out = services.webhooks
    if way_out is None:
        raise NoWayOutError
    real = services.real_clock.now()
    async with services.pool.acquire() as connection:
        endpoint = await find_endpoint(connection, job.name.key)
        pauses = await pauses_of(connection, endpoint.endpoint_id, real=real)
        secrets = await live_secrets(connection, way_out.cipher, endpoint.endpoint_id, at=real)
    if endpoint.state is not EndpointState.ENABLED or pauses is None:
        return
    work = _Slice(
        services=services, endpoint=endpoint, way_out=way_out, secrets=secrets, pauses=pauses
    )
    await _tell_all(work)
    await _conclude(work)


async def _tell_all(work: _Slice) -> None:
    try:
        if await _refill(work):
            async with asyncio.TaskGroup() as group:
                group.create_task(_note_what_ends(work))
                await _tell_side_by_side(work)
                work.is_closing = True
                work.some_ended.set()
    finally:
        if work.waiting:
            async with work.services.pool.acquire() as connection:
                await give_back(connection, work.endpoint.endpoint_id, work.waiting, real=work.real)


async def _tell_side_by_side(work: _Slice) -> None:
    async with asyncio.TaskGroup() as group:
        for _ in range(min(work.way_out.at_once, len(work.waiting))):
            group.create_task(_tell_in_turn(work))


async def _tell_in_turn(work: _Slice) -> None:
    async with caller(work.way_out) as client:
        while (claimed := await _next(work)) is not None:
            await _tell(work, client, claimed)


async def _next(work: _Slice) -> ClaimedEvent | None:
    """Return an event that stays ours for as long as a call may take; None at the slice's end."""
    call_seconds = timedelta(seconds=work.way_out.timeout_seconds)
    while not work.is_over:
        if work.waiting:
            claimed = work.waiting.popleft()
            if work.real + call_seconds < claimed.held_until:
                work.under_way += 1
                return claimed
        elif not await _refill(work):
            if not work.under_way:
                return None
            async with work.noted:
                await work.noted.wait_for(lambda: _may_go_on(work))
    return None


def _may_go_on(work: _Slice) -> bool:
    return bool(work.waiting) or not work.under_way or work.empty_after != work.notes


async def _refill(work: _Slice) -> bool:
    """Claim more unless another call just did; return whether something waits."""
    async with work.claiming:
        for _ in range(_ROUNDS_MAX):
            if work.waiting:
                return True
            if work.empty_after == work.notes:
                return False
            notes = work.notes
            work.waiting.extend(await _claimed(work))
            if not work.waiting and not await _fan_out(work):
                work.empty_after = notes
    return False


async def _claimed(work: _Slice) -> list[ClaimedEvent]:
    real = work.real
    async with work.services.pool.acquire() as connection:
        return await claim(
            connection,
            work.endpoint.endpoint_id,
            real=real,
            until=real + LEASE,
            limit=work.way_out.at_once * CLAIMED_A_CALL,
        )


async def _fan_out(work: _Slice) -> int:
    async with work.services.pool.acquire() as connection, connection.transaction():
        return await fan_out(connection, work.endpoint.endpoint_id, real=work.real)


async def _tell(work: _Slice, client: httpx.AsyncClient, claimed: ClaimedEvent) -> None:
    body, tried_at = body_of(claimed.event), work.real
    headers = signed_headers(
        body, message_id=message_id(claimed.event), secrets_live=work.secrets, real=tried_at
    )
    answer = await call(
        client,
        work.endpoint.url,
        body=body,
        headers=headers,
        timeout_seconds=work.way_out.timeout_seconds,
    )
    work.count(answer)
    attempt = attempt_of(claimed, answer, tried_at=tried_at)
    WEBHOOKS.labels(work.endpoint.name, attempt.result.lower()).inc()
    WEBHOOK_SECONDS.labels(work.endpoint.name).observe(answer.milliseconds / 1000)
    work.ended.append(attempt)
    work.some_ended.set()


def attempt_of(claimed: ClaimedEvent, answer: Answer, *, tried_at: datetime) -> Attempt:
    """Return what an answer means: taken, tried again later, or given up after TRIED_FOR."""
    give_up_at = (claimed.first_tried_at or tried_at) + TRIED_FOR
    result, due_at = Result.DELIVERED, tried_at
    if not answer.is_taken and tried_at >= give_up_at:
        result = Result.DEAD
    elif not answer.is_taken:
        least = pause(claimed.failures + 1, first=FIRST_PAUSE, longest=LONGEST_PAUSE)
        wait = max(least, answer.retry_after or least)
        result, due_at = Result.FAILED, min(tried_at + wait, give_up_at)
    return Attempt(
        claimed=claimed,
        result=result,
        status=answer.status,
        milliseconds=answer.milliseconds,
        answer=answer.text,
        tried_at=tried_at,
        due_at=due_at,
    )


async def _note_what_ends(work: _Slice) -> None:
    """Note attempts as they end; those that end while others are noted share the next commit."""
    while not work.is_closing or work.ended:
        await work.some_ended.wait()
        work.some_ended.clear()
        attempts, work.ended = work.ended, []
        if attempts:
            await _note(work, attempts)


async def _note(work: _Slice, attempts: Sequence[Attempt]) -> None:
    async with work.services.pool.acquire() as connection, connection.transaction():
        await note(connection, work.endpoint.endpoint_id, attempts)
    async with work.noted:
        work.notes += 1
        work.under_way -= len(attempts)
        work.noted.notify_all()


async def _conclude(work: _Slice) -> None:
    """Keep whether the endpoint answers, in a word with the log."""
    outcome = Outcome(
        delivered=work.delivered, failed=work.failed, rest=work.rest, is_gone=work.is_gone
    )
    async with work.services.pool.acquire() as connection, connection.transaction():
        await conclude(connection, work.endpoint, outcome, real=work.real)
    _log.info(
        "webhooks_sent",
        name=work.endpoint.name,
        delivered=work.delivered,
        failed=work.failed,
        rest_seconds=0 if work.rest is None else round(work.rest.total_seconds()),
    )
