"""Flights: small questions of one form that are asked at the same moment share one statement.

Nobody waits for company. A flight takes a connection first, and then everybody who is there: those
whose requests were read off the network together, and those who came while no connection was free,
or while a few flights of that form were in the air. So flights grow with the load by themselves.

The statement of a flight (`together`) has a row of values for each passenger, and every placeholder
of the plain statement stands for a column of that row. What somebody sees is decided by his own
values, his scope's among them, exactly as if he were alone; a row's number says whose it is.
"""

import asyncio
from collections import deque
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, LiteralString, NamedTuple

from iuran.core.database.pool import Record
from iuran.graphql.compiler.drafts import digits
from iuran.graphql.compiler.lane import Lane
from iuran.graphql.limits import Limits
from iuran.graphql.metrics import FLIGHT_SIZE, FLIGHTS_FAILED

if TYPE_CHECKING:
    from iuran.graphql.compiler.lane import Lent

ALOFT = 16
"""How many passengers of one statement may be in the air at once, if their flights are full."""
FLIGHTS_MIN = 2
"""How many flights of one statement may, however large: one is read while one is answered."""


def together(sql: LiteralString, placeholders: Collection[LiteralString]) -> LiteralString:
    """Return a statement for several at once; empty if it takes lists, or nothing at all.

    The lists of values come out of selects of their own, so that PostgreSQL does not know how long
    they are: it would think that a plan for just these is cheaper, and make one each time.
    """
    if not placeholders or any(one.endswith("[]") for one in placeholders):
        return ""
    lists: list[LiteralString] = []
    columns: list[LiteralString] = []
    for number, placeholder in enumerate(placeholders, start=1):
        column: LiteralString = "v" + digits(number)
        sql = sql.replace(placeholder, "iuran_together." + column)
        lists.append("(SELECT " + placeholder + "[])")
        columns.append(column)
    return (
        sql
        + ", iuran_together.n FROM unnest("
        + ", ".join(lists)
        + ") WITH ORDINALITY AS iuran_together ("
        + ", ".join(columns)
        + ", n)"
    )


class Ticket(NamedTuple):
    """What somebody asks: a statement alone, the same for several, and his values."""

    alone: LiteralString
    together: LiteralString
    values: Sequence[object]
    points: int


class _FlightFailedError(Exception):
    """A shared statement came to nothing: each of its passengers has to ask alone."""


@dataclass(slots=True, eq=False)
class _Passenger:
    ticket: Ticket
    answer: "asyncio.Future[Record | None]"
    flight: "_Flight | None" = None

    @property
    def waits(self) -> bool:
        """Whether anybody still wants the answer."""
        return not self.answer.done()


@dataclass(slots=True, eq=False)
class _Flight:
    """What those who fly together have in common: it is called off when all of them have left.

    It does not know them. They know it, and in a circle the rows that they were told would stay in
    memory until the garbage collector comes by.
    """

    pilot: "asyncio.Task[object] | None"
    aboard: int = 0

    def take(self, passengers: Sequence[_Passenger]) -> None:
        self.aboard = len(passengers)
        for one in passengers:
            one.flight = self

    def leave(self) -> None:
        self.aboard -= 1
        if self.aboard == 0 and self.pilot is not None:
            self.pilot.cancel()
            self.pilot = None


@dataclass(slots=True, eq=False)
class _Gate:
    """Where those wait whom one statement will take."""

    sql: LiteralString
    flights_max: int
    """How many flights may be in the air; who comes then goes with the next."""
    waiting: deque[_Passenger] = field(default_factory=deque[_Passenger])
    flights: int = 0
    is_boarding: bool = False
    """Whether one of the flights waits for a connection, and will then take who is here."""


class Flights:
    """Reads the rows that answer questions.

    A flight that fails is broken up: each of its passengers asks alone, so that what is wrong with
    one is told to that one.
    """

    def __init__(self, lane: Lane, limits: Limits) -> None:
        self._lane = lane
        self._limits = limits
        self._statement_seconds = limits.statement_milliseconds / 1000
        self._gates: dict[LiteralString, _Gate] = {}
        """By the statement that takes who waits there."""
        self._pilots: set[asyncio.Task[None]] = set()

    async def row(self, ticket: Ticket) -> Record | None:
        """Return the row that answers; raises what its statement raises, or OverloadedError."""
        if not ticket.together or self._most(ticket) == 1:
            return await self._alone(ticket)
        passenger = _Passenger(ticket, asyncio.get_running_loop().create_future())
        self._line_up(passenger)
        try:
            return await passenger.answer
        except _FlightFailedError:
            return await self._alone(ticket)
        except asyncio.CancelledError:
            if passenger.flight is not None:
                passenger.flight.leave()
            raise

    def _most(self, ticket: Ticket) -> int:
        """Return how many such questions share a statement: what is large would only wait."""
        few = self._limits.points_together // max(ticket.points, 1)
        return min(self._limits.reads_together, max(few, 1))

    async def _alone(self, ticket: Ticket) -> Record | None:
        rows = await self._read(ticket.alone, ticket.values)
        return rows[0] if rows else None

    async def _read(self, sql: LiteralString, values: Sequence[object]) -> Sequence[Record]:
        connection = await self._lane.borrow()
        return await self._read_on(connection, sql, values)

    async def _read_on(
        self, connection: "Lent", sql: LiteralString, values: Sequence[object]
    ) -> Sequence[Record]:
        """One statement is one snapshot by itself, so it needs no transaction."""
        try:
            rows = await connection.fetch(sql, *values, timeout=self._statement_seconds)
        except BaseException:
            await self._lane.give_up(connection)
            raise
        await self._lane.give_back(connection)
        return rows

    def _line_up(self, passenger: _Passenger) -> None:
        sql = passenger.ticket.together
        gate = self._gates.get(sql)
        if gate is None:
            flights_max = max(ALOFT // self._most(passenger.ticket), FLIGHTS_MIN)
            gate = self._gates[sql] = _Gate(sql, flights_max)
        gate.waiting.append(passenger)
        self._call_pilot(gate)

    def _call_pilot(self, gate: _Gate) -> None:
        """Have somebody fetch who waits, unless one is on his way or enough are in the air."""
        if gate.is_boarding or gate.flights >= gate.flights_max:
            return
        gate.is_boarding = True
        gate.flights += 1
        pilot = asyncio.get_running_loop().create_task(self._fly_and_land(gate))
        self._pilots.add(pilot)
        pilot.add_done_callback(self._pilots.discard)

    async def _fly_and_land(self, gate: _Gate) -> None:
        try:
            await self._fly(gate)
        finally:
            gate.flights -= 1
            if gate.waiting:
                self._call_pilot(gate)
            elif not gate.flights:
                del self._gates[gate.sql]

    async def _fly(self, gate: _Gate) -> None:
        """Take a connection, then everybody who is there; whatever happens, they are told."""
        try:
            connection = await self._lane.borrow()
        except BaseException as error:
            _tell_failure(gate.waiting, error)
            gate.waiting.clear()
            if not isinstance(error, Exception):
                raise
            return
        finally:
            gate.is_boarding = False
        passengers = self._board(gate)
        if not passengers:
            await self._lane.give_back(connection)
            return
        _Flight(asyncio.current_task()).take(passengers)
        try:
            rows = await self._read_on(connection, *_asked(passengers))
        except BaseException as error:
            is_shared = len(passengers) > 1 and isinstance(error, Exception)
            _tell_failure(passengers, _FlightFailedError() if is_shared else error)
            if not isinstance(error, Exception):
                raise
        else:
            _tell_rows(passengers, rows)

    def _board(self, gate: _Gate) -> Sequence[_Passenger]:
        """Take who still waits, as many as may go; another pilot comes for those who are left."""
        waiting = gate.waiting
        passengers: list[_Passenger] = []
        while waiting and len(passengers) < self._most(waiting[0].ticket):
            passenger = waiting.popleft()
            if passenger.waits:
                passengers.append(passenger)
        if waiting:
            self._call_pilot(gate)
        FLIGHT_SIZE.note(len(passengers))
        return passengers


def _asked(passengers: Sequence[_Passenger]) -> tuple[LiteralString, Sequence[object]]:
    """Return the statement for passengers, and its values: for several, a list for each column."""
    tickets = [one.ticket for one in passengers]
    if len(tickets) == 1:
        return tickets[0].alone, tickets[0].values
    columns = list(zip(*(one.values for one in tickets), strict=True))
    return tickets[0].together, columns


def _tell_rows(passengers: Sequence[_Passenger], rows: Sequence[Record]) -> None:
    """Give each his row: the one that bears his number, or the only one there is."""
    if len(passengers) == 1:
        if passengers[0].waits:
            passengers[0].answer.set_result(rows[0] if rows else None)
        return
    for row in rows:
        number: int = row[-1]
        passenger = passengers[number - 1]
        if passenger.waits:
            passenger.answer.set_result(row)


def _tell_failure(passengers: Collection[_Passenger], error: BaseException) -> None:
    if isinstance(error, _FlightFailedError):
        FLIGHTS_FAILED.inc()
    for one in passengers:
        if one.waits and isinstance(error, Exception):
            one.answer.set_exception(error)
        else:
            one.answer.cancel()
