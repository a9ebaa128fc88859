"""A worker's world: a real SMTP server on loopback, and clocks that stand still."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default as default_policy
from typing import cast

import pytest
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from iuran.core.clock import StandingClock
from iuran.core.database.pool import Pool
from iuran.deploy.embedded import EmbeddedServices
from iuran.workers.mail import SmtpMailer
from iuran.workers.services import WorkerServices
from iuran.workers.tls import TlsMode

SENDER = "no-reply@jkn.example"
PATIENCE_SECONDS = 60


class Mailbox:
    """A real SMTP server that keeps what it is given, and answers as it is told."""

    def __init__(
        self, *, tls_context: ssl.SSLContext | None = None, password: str | None = None
    ) -> None:
        self._tls_context = tls_context
        self._password = password
        self.messages: list[EmailMessage] = []
        self.recipients: list[str] = []
        self.connections = 0
        self.answer_to_recipient = "250 OK"
        self.answers: dict[str, str] = {}  # by recipient, in place of the one above
        self.hangs_up_on: set[str] = set()
        self.answer_to_data = "250 OK"
        self.hangs_up_on_data = False  # having kept the message
        self.before_data: Callable[[], object] | None = None
        self.port = 0
        self._server: asyncio.Server | None = None
        self._changed = asyncio.Condition()

    async def open(self) -> None:
        """Listen, on the port of before if there was one."""
        self._server = await asyncio.get_running_loop().create_server(
            self._protocol, "127.0.0.1", self.port
        )
        self.port = int(self._server.sockets[0].getsockname()[1])

    async def close(self) -> None:
        """Refuse connections from now on."""
        if self._server is not None:
            self._server.close()
            self._server = None

    async def holds(self, count: int) -> None:
        """Wait until so many messages have arrived."""
        async with asyncio.timeout(PATIENCE_SECONDS), self._changed:
            await self._changed.wait_for(lambda: len(self.messages) >= count)

    def _protocol(self) -> SMTP:
        self.connections += 1
        return SMTP(
            self,
            hostname="mail.example",
            enable_SMTPUTF8=True,
            tls_context=self._tls_context,
            require_starttls=self._tls_context is not None,
            auth_required=self._password is not None,
            authenticator=self._authenticate,
        )

    def _authenticate(
        self, _server: object, _session: object, _envelope: object, _mechanism: str, given: object
    ) -> AuthResult:
        known = isinstance(given, LoginPassword) and given.password.decode() == self._password
        return AuthResult(success=known, handled=False)

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self,
        server: SMTP,
        session: Session,  # noqa: ARG002 - aiosmtpd's form
        envelope: Envelope,
        address: str,
        rcpt_options: list[str],  # noqa: ARG002 - aiosmtpd's form
    ) -> str:
        if address in self.hangs_up_on:
            cast("asyncio.Transport", server.transport).abort()
        answer = self.answers.get(address, self.answer_to_recipient)
        if answer.startswith("250"):
            envelope.rcpt_tos.append(address)
        return answer

    async def handle_DATA(  # noqa: N802 - aiosmtpd's name
        self,
        server: SMTP,
        session: Session,  # noqa: ARG002 - aiosmtpd's form
        envelope: Envelope,
    ) -> str:
        if self.before_data is not None:
            self.before_data()
        if self.answer_to_data.startswith("250"):
            content = cast("bytes", envelope.content)  # decode_data is off
            async with self._changed:
                self.messages.append(message_from_bytes(content, policy=default_policy))
                self.recipients.extend(str(one) for one in envelope.rcpt_tos)
                self._changed.notify_all()
        if self.hangs_up_on_data:
            cast("asyncio.Transport", server.transport).abort()
        return self.answer_to_data


@pytest.fixture
async def mailbox() -> AsyncIterator[Mailbox]:
    server = Mailbox()
    await server.open()
    yield server
    await server.close()


@pytest.fixture
def real_clock() -> StandingClock:
    """The time of leases and pauses, which tests move instead of waiting for it."""
    return StandingClock(datetime(2030, 1, 1, tzinfo=UTC))


@pytest.fixture
def workers(
    pool: Pool,
    clock: StandingClock,
    real_clock: StandingClock,
    mailbox: Mailbox,
    services: EmbeddedServices,
) -> WorkerServices:
    return WorkerServices(
        pool=pool,
        clock=clock,
        real_clock=real_clock,
        redis_url=services.redis_url,
        mailer=SmtpMailer(
            host="127.0.0.1",
            port=mailbox.port,
            sender=SENDER,
            sender_name="JKN",
            tls=TlsMode.NONE,
            timeout_seconds=5,
        ),
        poll_seconds=0.05,
        stop_seconds=5,
    )


def later(clock: StandingClock, **by: float) -> None:
    """Move a clock on."""
    clock.set(clock.now() + timedelta(**by))
