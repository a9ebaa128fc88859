"""An aggregator's message of the vault run once more; nothing of it is kept, and nobody is called.

Tokens and signatures are verified again with the secrets of that time. Midtrans' own word, which
was asked for then, is taken to be what its message says: a dry run does not ask.
"""

from dataclasses import dataclass
from http import HTTPStatus

import httpx

from iuran.core.clock import StandingClock
from iuran.core.database.pool import Connection, Pool
from iuran.payments.lane_limits import LaneLimits
from iuran.payments.lanes import Lanes
from iuran.payments.retail.answers import answer_visit
from iuran.payments.retail.app import answer_to
from iuran.payments.retail.booking import NoticeResult
from iuran.payments.retail.channels import Dialect
from iuran.payments.retail.context import RetailServices
from iuran.payments.retail.directory import RetailDirectory
from iuran.payments.retail.messages import INQUIRY_SERVICE
from iuran.payments.retail.refusals import (
    AddressNotAllowedError,
    NotAuthenticError,
    NotConfirmedError,
    QuotaUsedUpError,
    TryAgainError,
)
from iuran.payments.retail.visits import RetailAnswer, Visit
from iuran.payments.secrets import Cipher, SecretUnreadableError
from iuran.payments.snap.message import SnapMessage
from iuran.payments.snap.messages import KeptMessage
from iuran.payments.snap.replay import Comparison, Replayed, RolledBack, Unlimited
from iuran.payments.snap.vault import Vault, unsealed

AFTER_THE_FIRST = frozenset({NoticeResult.REPEATED, NoticeResult.INCONSISTENT})
OPEN_ENDS = frozenset({NotConfirmedError.code, TryAgainError.code, QuotaUsedUpError.code})
REFUSALS_OF_A_SENDER = frozenset({NotAuthenticError.code, AddressNotAllowedError.code})


async def replayed(
    pool: Pool, cipher: Cipher, connection: Connection, message: KeptMessage
) -> Replayed:
    """Run a message again on a connection, and undo it."""
    visit = _visit(message)
    knew_the_sender = message.is_proven or message.response_code in REFUSALS_OF_A_SENDER
    if visit is None or not knew_the_sender:
        return Replayed(message=message, comparison=Comparison.AT_THE_DOOR)
    if not message.is_whole:
        return Replayed(message=message, comparison=Comparison.CUT)
    try:
        headers = unsealed(cipher, message.headers)
    except SecretUnreadableError:
        return Replayed(message=message, comparison=Comparison.UNREADABLE)
    visit.message = SnapMessage(
        method=message.method, target=message.target, headers=headers, body=message.body
    )
    transaction = connection.transaction()
    await transaction.start()
    try:
        answer = await _answer(pool, cipher, connection, message, visit)
    finally:
        await transaction.rollback()
    return Replayed(
        message=message,
        comparison=_compared(message, answer),
        response_code=answer.code,
        answer=answer.body,
    )


def _visit(message: KeptMessage) -> Visit | None:
    """Return a visit under the path that was called; None for one that leads nowhere."""
    is_inquiry = message.service == INQUIRY_SERVICE
    dialect = message.target.partition("?")[0].removesuffix("/inquiry").rpartition("/")[2].upper()
    if message.channel is None or dialect not in set(Dialect):
        return None
    return Visit(
        dialect=Dialect(dialect),
        is_inquiry=is_inquiry,
        channel_code=message.channel,
        remote_address=message.remote_address,
        received_at=message.kept_at,
        legal_at=message.legal_at,
        headers=message.headers,
    )


async def _answer(
    pool: Pool, cipher: Cipher, connection: Connection, message: KeptMessage, visit: Visit
) -> RetailAnswer:
    """Answer as at that time; whoever was told "repeated" repeated himself then."""
    is_first = message.response_code not in AFTER_THE_FIRST
    then = StandingClock(message.kept_at)
    transactions = RolledBack(pool=pool, strays_max=1, connection=connection, is_repeated=is_first)
    async with httpx.AsyncClient(transport=_Echo(body=message.body)) as http:
        services = RetailServices(
            pool=pool,
            clock=StandingClock(message.legal_at),
            real_clock=then,
            cipher=cipher,
            directory=RetailDirectory(pool=pool, cipher=cipher, real_clock=then),
            transactions=transactions,
            lanes=Lanes(transactions=transactions, limits=LaneLimits(together_max=1)),
            vault=Vault(pool=pool, cipher=cipher),
            quotas=Unlimited(),
            http=http,
        )
        try:
            return await answer_visit(services, visit)
        except Exception as error:  # noqa: BLE001 - an answer like that of the edge
            return answer_to(visit, error)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Echo(httpx.AsyncBaseTransport):
    """Stands for the aggregator: it confirms what its own message said."""

    body: bytes

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        return httpx.Response(HTTPStatus.OK, content=self.body, request=request)


def _compared(message: KeptMessage, answer: RetailAnswer) -> Comparison:
    if answer.body == message.answer:
        return Comparison.SAME
    is_question = message.service == INQUIRY_SERVICE and answer.code not in REFUSALS_OF_A_SENDER
    if message.response_code in OPEN_ENDS or is_question:
        return Comparison.MOVED_ON
    return Comparison.DIFFERS
