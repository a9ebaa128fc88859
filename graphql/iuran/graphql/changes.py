"""Mutations carried out: one transaction each, in the order in which they are written."""

import asyncio
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, fields
from datetime import UTC, datetime

import asyncpg
import strawberry

from iuran.core.database.pool import Connection
from iuran.core.errors import DomainError
from iuran.graphql.compiler.drafts import Declarations
from iuran.graphql.errors import OverloadedError, RequestRefusedError
from iuran.graphql.idempotency import OnceKey, keep_answer, known_answer
from iuran.graphql.identity import Role
from iuran.graphql.inputs import check_input
from iuran.graphql.languages import Language
from iuran.graphql.mutations.acting import Acting
from iuran.graphql.problems import Problem, problem_of
from iuran.graphql.reads.loading import Reads
from iuran.graphql.reads.reading import Question, Reading
from iuran.graphql.refusals import NotAllowedError
from iuran.graphql.responses import Json
from iuran.graphql.services import GraphqlServices
from iuran.graphql.snapshots import SET_STATEMENT_TIMEOUT, Snapshot

ATTEMPTS_MAX = 3
KEPT = "kept"
"""Under what the metadata of a payload's field say whether it is kept for a replay."""


@strawberry.input
class Once:
    """What every input has."""

    idempotency_key: str = strawberry.field(
        description="8 to 64 visible ASCII characters that stand for this wish, such as a UUID. "
        "Sent again with the same input it changes nothing and answers the same; it is remembered "
        "for 7 days."
    )


@strawberry.type
class Payload:
    """What every mutation answers when it did what it was asked."""

    replayed: bool = strawberry.field(
        default=False,
        description="Whether this was done before under the same idempotency key.",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """A mutation as it is declared: who may, what it answers, and what it does."""

    name: str
    roles: frozenset[Role]
    payload: type[Payload]
    problems: tuple[type[Problem], ...]
    carry_out: Callable[[Acting, Once], Awaitable[Payload]]


Show = Callable[[Connection, str, Payload], Awaitable[Json | None]]
"""Reads what the operation selects of the payload under a key; None if resolvers have to."""


class Changes:
    """The changes of one operation, and what is read after each of them."""

    def __init__(
        self,
        services: GraphqlServices,
        declarations: Declarations,
        question: Question,
        *,
        language: Language,
        show: Show,
    ) -> None:
        self.statements = 0
        self.shown: dict[str, Json] = {}
        """The JSON of payloads that were read already, by the keys of the operation's answer."""
        self._show = show
        self._snapshot: Snapshot | None = None
        self._services = services
        self._declarations = declarations
        self._question = question
        self._language = language
        self._reading = AsyncExitStack()

    async def aclose(self) -> None:
        """Give back what is being read with."""
        await self._reading.aclose()
        if self._snapshot is not None:
            self.statements += self._snapshot.statements
            self._snapshot = None

    async def fresh_reads(self) -> Reads:
        """Return reads that see what was changed so far."""
        await self.aclose()
        self._snapshot = snapshot = await self._reading.enter_async_context(
            Snapshot(self._services.pool, self._services.limits)
        )
        question = self._question
        reading = Reading(
            viewer=question.viewer,
            scope=question.scope,
            at=question.at,
            receipts=question.receipts,
            channels=question.channels,
            snapshot=snapshot,
        )
        return Reads(reading, self._declarations)

    async def carry_out(self, wish: Wish, given: Once, *, key: str) -> Payload | Problem | None:
        """Do what is wished, once, in a transaction of its own; or say why not.

        Its payload is read in the same transaction, and `shown` under `key`; it is returned only
        if resolvers have to read it. If it cannot be read, nothing is done.
        """
        await self.aclose()
        viewer = self._question.viewer
        try:
            if viewer.role not in wish.roles:
                raise NotAllowedError(viewer.role)
            check_input(given)
            once = OnceKey.of(viewer, given.idempotency_key, mutation=wish.name, given=given)
            return await self._despite_deadlocks(wish, given, once, key=key)
        except (RequestRefusedError, OverloadedError):
            raise
        except DomainError as error:
            return problem_of(error, self._language, members=wish.problems, given=given)

    async def _despite_deadlocks(
        self, wish: Wish, given: Once, once: OnceKey, *, key: str
    ) -> Payload | None:
        """Try again what PostgreSQL broke off: nothing of it was kept."""
        for _ in range(ATTEMPTS_MAX - 1):
            try:
                return await self._once(wish, given, once, key=key)
            except (asyncpg.DeadlockDetectedError, asyncpg.SerializationError):
                await asyncio.sleep(0)
        return await self._once(wish, given, once, key=key)

    async def _once(self, wish: Wish, given: Once, once: OnceKey, *, key: str) -> Payload | None:
        async with self._transaction() as connection:
            payload = await self._done(connection, wish, given, once)
            shown = await self._show(connection, key, payload)
        self.statements += 1
        if shown is None:
            return payload
        self.shown[key] = shown
        return None

    async def _done(
        self, connection: Connection, wish: Wish, given: Once, once: OnceKey
    ) -> Payload:
        now = datetime.fromtimestamp(time.time(), UTC)
        answer = await known_answer(connection, once, now=now)
        if answer is not None:
            return wish.payload(replayed=True, **answer)  # pyright: ignore[reportArgumentType] - `_kept` made it of the same fields
        payload = await wish.carry_out(self._acting(connection), given)
        await keep_answer(connection, once, _kept(payload))
        return payload

    def _acting(self, connection: Connection) -> Acting:
        question = self._question
        return Acting(
            connection=connection,
            viewer=question.viewer,
            scope=question.scope,
            at=question.at,
            cipher=self._services.cipher,
            reach=self._services.reach,
        )

    @asynccontextmanager
    async def _transaction(self) -> AsyncGenerator[Connection]:
        limits = self._services.limits
        async with AsyncExitStack() as stack:
            try:
                connection = await stack.enter_async_context(
                    self._services.pool.acquire(timeout=limits.acquire_seconds)
                )
            except TimeoutError as error:
                raise OverloadedError("too many requests at once; try again in a moment") from error
            await stack.enter_async_context(connection.transaction())
            await connection.execute(SET_STATEMENT_TIMEOUT, str(limits.statement_milliseconds))
            yield connection


def _kept(payload: Payload) -> dict[str, object]:
    """What the payload was made of; what it reads from the database is read again.

    A secret is told once, and not kept.
    """
    return {
        one.name: getattr(payload, one.name)
        for one in fields(payload)
        if one.init and one.name != "replayed" and one.metadata.get(KEPT, True)
    }
