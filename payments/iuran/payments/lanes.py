"""Lanes: payments that arrive at the same time share one call and one commit.

Nobody waits for company. Whoever finds his lane free departs at once, alone; who comes while a
commit is under way departs with all others who did, as soon as it has ended. So batches grow with
the load by themselves, and each is answered only after its commit is durable.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import ClassVar
from zlib import crc32

import structlog
from structlog.typing import FilteringBoundLogger

from iuran.core.clock import wib_date
from iuran.core.database.pool import Connection
from iuran.core.errors import DomainError
from iuran.payments.lane_limits import LaneLimits
from iuran.payments.metrics import (
    SETTLEMENT_FLIGHT_SIZE,
    SETTLEMENT_FLIGHTS_FAILED,
    SETTLEMENT_REFUSALS,
    SETTLEMENT_WAITING,
)
from iuran.payments.settlement import (
    INSTRUCTIONS_MAX,
    Outcome,
    PaymentInstruction,
    book_collected,
    settle,
)
from iuran.payments.snap.attempts import Committed
from iuran.payments.snap.transactions import Progress, Transactions

Deed = Callable[..., Awaitable[tuple[Outcome, ...]]]
_log: FilteringBoundLogger = structlog.get_logger()


class SettlementBusyError(DomainError):
    """More payments wait than the installation wants to keep waiting; nothing was begun."""

    code: ClassVar[str] = "SETTLEMENT_BUSY"

    def __init__(self) -> None:
        super().__init__("too many payments are waiting; send the same message again in a moment")


class _FlightFailedError(Exception):
    """A shared attempt came to nothing for all: each has to try alone."""

    def __init__(self, *, may_have_committed: bool) -> None:
        super().__init__()
        self.may_have_committed = may_have_committed


@dataclass(frozen=True, slots=True, kw_only=True)
class _Passenger:
    deed: Deed
    instruction: PaymentInstruction
    at: datetime
    answer: asyncio.Future[Committed[Outcome]]

    @property
    def company(self) -> tuple[Deed, date]:
        """Those with the same can be settled by one call: it has one instant, of one legal day."""
        return self.deed, wib_date(self.at)


@dataclass(slots=True)
class _Lane:
    waiting: deque[_Passenger] = field(default_factory=deque[_Passenger])
    pilot: asyncio.Task[None] | None = None


@dataclass(slots=True, kw_only=True)
class Lanes:
    """Settles payments, together where they meet.

    An account always takes the same lane, so that its messages do not wait for one another's locks
    in two transactions. When a flight fails, or hangs, everybody in it tries alone, as if there
    were no lanes: what is wrong with one is answered to that one.
    """

    transactions: Transactions
    limits: LaneLimits = field(default_factory=LaneLimits)
    _lanes: list[_Lane] = field(init=False)
    _waiting: int = 0

    def __post_init__(self) -> None:
        self._lanes = [_Lane() for _ in range(self.limits.lanes)]

    async def settle(self, instruction: PaymentInstruction, *, at: datetime) -> Committed[Outcome]:
        """Settle a payment; return after its commit. Raises SettlementBusyError.

        Raises what a transaction raises. Whoever is cancelled while he waits was never there; in
        the air, his payment takes effect without him.
        """
        return await self._send(settle, instruction, at)

    async def book_collected(
        self, instruction: PaymentInstruction, *, at: datetime
    ) -> Committed[Outcome]:
        """Book collected money; the same promises."""
        return await self._send(book_collected, instruction, at)

    @property
    def is_idle(self) -> bool:
        """Whether nobody waits and nothing is in the air."""
        return all(lane.pilot is None for lane in self._lanes)

    async def drained(self) -> None:
        """Return when nobody waits and nothing is in the air."""
        while pilots := [lane.pilot for lane in self._lanes if lane.pilot is not None]:
            await asyncio.wait(pilots)

    async def _send(
        self, deed: Deed, instruction: PaymentInstruction, at: datetime
    ) -> Committed[Outcome]:
        if self.limits.together_max == 1:
            return await self._alone(deed, instruction, at)
        try:
            return await self._line_up(deed, instruction, at)
        except _FlightFailedError as failed:
            committed = await self._alone(deed, instruction, at)
            may_repeat = committed.may_repeat or failed.may_have_committed
            return replace(committed, may_repeat=may_repeat)

    def _line_up(
        self, deed: Deed, instruction: PaymentInstruction, at: datetime
    ) -> asyncio.Future[Committed[Outcome]]:
        if self._waiting >= self.limits.waiting_max:
            SETTLEMENT_REFUSALS.inc()
            raise SettlementBusyError
        answer = asyncio.get_running_loop().create_future()
        lane = self._lanes[crc32(instruction.customer_number.encode()) % len(self._lanes)]
        lane.waiting.append(_Passenger(deed=deed, instruction=instruction, at=at, answer=answer))
        self._count(1)
        if lane.pilot is None:
            lane.pilot = asyncio.create_task(self._fly_all(lane))
        return answer

    async def _fly_all(self, lane: _Lane) -> None:
        try:
            while lane.waiting:
                if passengers := self._boarded(lane):
                    await self._fly(passengers)
        finally:
            lane.pilot = None

    def _boarded(self, lane: _Lane) -> list[_Passenger]:
        """Take those who may depart together; who has left meanwhile is not taken along.

        Whoever needs another call stays for the next flight, in his order: a bank's payments and a
        minimarket's that come by turns do not make flights of one.
        """
        boarded: list[_Passenger] = []
        staying: deque[_Passenger] = deque()
        together_max = min(self.limits.together_max, INSTRUCTIONS_MAX)
        while lane.waiting and len(boarded) < together_max:
            passenger = lane.waiting.popleft()
            if passenger.answer.done():
                self._count(-1)
            elif boarded and passenger.company != boarded[0].company:
                staying.append(passenger)
            else:
                self._count(-1)
                boarded.append(passenger)
        lane.waiting.extendleft(reversed(staying))
        return boarded

    async def _fly(self, passengers: Sequence[_Passenger]) -> None:
        deed, at = passengers[0].deed, max(passenger.at for passenger in passengers)
        instructions = [passenger.instruction for passenger in passengers]
        SETTLEMENT_FLIGHT_SIZE.observe(len(passengers))
        progress = Progress()
        try:
            async with asyncio.timeout(self.limits.patience_seconds) as patience:
                _end_when_all_have_left(passengers, patience)
                committed = await self._together(deed, instructions, at, progress)
            for passenger, outcome in zip(passengers, committed.value, strict=True):
                if not passenger.answer.done():
                    passenger.answer.set_result(_of_one(committed, outcome))
        except Exception as error:  # noqa: BLE001 - each tries alone and hears his own error
            _break_up(passengers, error, may_have_committed=progress.may_have_committed)

    async def _together(
        self,
        deed: Deed,
        instructions: Sequence[PaymentInstruction],
        at: datetime,
        progress: Progress | None = None,
    ) -> Committed[tuple[Outcome, ...]]:
        async def work(connection: Connection) -> tuple[Outcome, ...]:
            return await deed(connection, instructions, at=at)

        return await self.transactions.commit(work, progress)

    async def _alone(
        self, deed: Deed, instruction: PaymentInstruction, at: datetime
    ) -> Committed[Outcome]:
        committed = await self._together(deed, [instruction], at)
        return _of_one(committed, committed.value[0])

    def _count(self, change: int) -> None:
        self._waiting += change
        SETTLEMENT_WAITING.set(self._waiting)


def _end_when_all_have_left(passengers: Sequence[_Passenger], patience: asyncio.Timeout) -> None:
    """Roll back what nobody waits for any more, if it is not committing yet."""
    aboard = len(passengers)

    def leave(answer: asyncio.Future[Committed[Outcome]]) -> None:
        nonlocal aboard
        aboard -= answer.cancelled()
        if not aboard:
            patience.reschedule(asyncio.get_running_loop().time())

    for passenger in passengers:
        passenger.answer.add_done_callback(leave)


def _break_up(
    passengers: Sequence[_Passenger], error: Exception, *, may_have_committed: bool
) -> None:
    """Send everybody off to try alone; who was alone, and not just slow, hears the error.

    If they may have been booked after all, the first who told of a payment hears that it is new,
    and those who told of the same one behind him do not.
    """
    is_slow = isinstance(error, TimeoutError)
    SETTLEMENT_FLIGHTS_FAILED.labels(type(error).__name__).inc()
    _log.warning("settlement.flight_failed", error=type(error).__name__, passengers=len(passengers))
    told: set[tuple[int, str]] = set()
    for passenger in passengers:
        if passenger.answer.done():
            continue
        payment = (passenger.instruction.channel_id, passenger.instruction.reference)
        if len(passengers) == 1 and not is_slow:
            passenger.answer.set_exception(error)
        else:
            first_of_all = may_have_committed and payment not in told
            passenger.answer.set_exception(_FlightFailedError(may_have_committed=first_of_all))
        told.add(payment)


def _of_one(committed: Committed[tuple[Outcome, ...]], outcome: Outcome) -> Committed[Outcome]:
    """Return what one of many hears of their commit."""
    return Committed(value=outcome, may_repeat=committed.may_repeat)
