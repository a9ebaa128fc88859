"""A bank's message of the vault run once more against the code of today; nothing of it is kept.

Signatures are verified again with the keys of that time. Every message runs in a transaction that
is rolled back. Payments answer from their stored result; questions answer from the present state,
so their amounts may have moved on.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import StrEnum
from http import HTTPStatus

from iuran.core.clock import StandingClock
from iuran.core.database.pool import Connection, Pool
from iuran.payments.lane_limits import LaneLimits
from iuran.payments.lanes import Lanes
from iuran.payments.secrets import Cipher, SecretUnreadableError
from iuran.payments.snap.answers import Answer
from iuran.payments.snap.app import exchange_of, handler_of, redacted, refused
from iuran.payments.snap.attempts import Committed, Done
from iuran.payments.snap.codes import Service
from iuran.payments.snap.context import SnapServices
from iuran.payments.snap.directory import ChannelDirectory, KnownChannels
from iuran.payments.snap.document import write
from iuran.payments.snap.message import Exchange, SnapMessage
from iuran.payments.snap.messages import KeptMessage
from iuran.payments.snap.quotas import Metered, Quotas
from iuran.payments.snap.tokens import token_keys
from iuran.payments.snap.transactions import Progress, Transactions
from iuran.payments.snap.vault import Vault, unsealed

INCONSISTENT_CASE = "18"
CONFLICT_STATUS = "409"
QUESTIONS = frozenset({Service.INQUIRY, Service.STATUS})
CODES_OWN = frozenset({HTTPStatus.BAD_REQUEST, HTTPStatus.UNAUTHORIZED})


class Comparison(StrEnum):
    """How the answer of today relates to the stored one."""

    SAME = "SAME"
    MOVED_ON = "MOVED_ON"
    """A question whose answer the state has changed since, or an end that was open then."""
    DIFFERS = "DIFFERS"
    CUT = "CUT"
    """The body was not kept whole: its sender had not proven who he was."""
    AT_THE_DOOR = "AT_THE_DOOR"
    """Refused before anybody asked who sent it; there is nothing to run."""
    UNREADABLE = "UNREADABLE"
    """Its access token was sealed under a key that is not configured any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Replayed:
    """A message and what the code of today would answer; nothing where it cannot be run."""

    message: KeptMessage
    comparison: Comparison
    response_code: str = ""
    answer: bytes = b""


@dataclass(slots=True, kw_only=True)
class RolledBack(Transactions):
    """Works inside a transaction that somebody else rolls back."""

    connection: Connection
    is_repeated: bool

    async def commit(
        self,
        work: Callable[[Connection], Awaitable[Done]],
        progress: Progress | None = None,
    ) -> Committed[Done]:
        """Run `work` where it is undone; nobody stops it, so its progress is nobody's concern."""
        del progress
        async with self.connection.transaction():
            value = await work(self.connection)
        return Committed(value=value, may_repeat=self.is_repeated)


@dataclass(slots=True, kw_only=True)
class _Standing(ChannelDirectory):
    """The channels as they were read once."""

    known: KnownChannels

    async def channels(self) -> KnownChannels:
        return self.known

    async def refreshed(self, stale: KnownChannels) -> KnownChannels | None:
        return None if stale is self.known else self.known


class Unlimited(Quotas):
    """Counts nothing."""

    async def take(self, channel: Metered) -> bool:  # noqa: ARG002 - whoever it is
        """Let everybody through."""
        return True


async def replayed(
    pool: Pool, cipher: Cipher, connection: Connection, known: KnownChannels, message: KeptMessage
) -> Replayed:
    """Run a message again on a connection, and undo it."""
    if not (message.is_proven or message.response_code.startswith("401")):
        return Replayed(message=message, comparison=Comparison.AT_THE_DOOR)
    if not message.is_whole:
        return Replayed(message=message, comparison=Comparison.CUT)
    try:
        headers = unsealed(cipher, message.headers)
    except SecretUnreadableError:
        return Replayed(message=message, comparison=Comparison.UNREADABLE)
    exchange = _exchange(message, headers)
    transaction = connection.transaction()
    await transaction.start()
    try:
        services = _services(pool, cipher, connection, known, message)
        answer = await _answer(services, exchange)
    finally:
        await transaction.rollback()
    is_token = exchange.service is Service.TOKEN
    content = redacted(answer) if is_token else write(answer.document(exchange.service))
    code = answer.case.response_code(exchange.service)
    return Replayed(
        message=message,
        comparison=_compared(message, answer, content),
        response_code=code,
        answer=content,
    )


def _exchange(message: KeptMessage, headers: dict[str, str]) -> Exchange:
    path = message.target.partition("?")[0]
    exchange = exchange_of(Service(message.service), path, message.remote_address)
    exchange.headers = message.headers
    exchange.legal_at = message.legal_at
    exchange.message = SnapMessage(
        method=message.method, target=message.target, headers=headers, body=message.body
    )
    return exchange


def _services(
    pool: Pool, cipher: Cipher, connection: Connection, known: KnownChannels, message: KeptMessage
) -> SnapServices:
    """Return services of that time; whoever was told "inconsistent" repeated himself then."""
    code = message.response_code
    repeated = code.endswith(INCONSISTENT_CASE) or code.startswith(CONFLICT_STATUS)
    transactions = RolledBack(
        pool=pool, strays_max=1, connection=connection, is_repeated=not repeated
    )
    return SnapServices(
        pool=pool,
        clock=StandingClock(message.legal_at),
        real_clock=StandingClock(message.kept_at),
        directory=_Standing(pool=pool, cipher=cipher, known=known),
        transactions=transactions,
        lanes=Lanes(transactions=transactions, limits=LaneLimits(together_max=1)),
        token_keys=token_keys(cipher),
        vault=Vault(pool=pool, cipher=cipher),
        quotas=Unlimited(),
    )


async def _answer(services: SnapServices, exchange: Exchange) -> Answer:
    try:
        return await handler_of(exchange)(services, exchange)
    except Exception as error:  # noqa: BLE001 - an answer like that of the edge
        return refused(exchange, error)


def _compared(message: KeptMessage, answer: Answer, content: bytes) -> Comparison:
    if content == message.answer:
        return Comparison.SAME
    was_open = message.response_code.startswith(("202", "429", "5"))
    is_question = message.service in QUESTIONS and answer.case.http_status not in CODES_OWN
    if was_open or (is_question and not answer.fails):
        return Comparison.MOVED_ON
    return Comparison.DIFFERS
