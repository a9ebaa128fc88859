"""E-mail over SMTP: what a message must look like, and what a server's answer means."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP as SMTP_POLICY
from enum import StrEnum
from typing import ClassVar, Protocol

import aiosmtplib

from iuran.core.errors import DomainError, InvalidInputError

MESSAGE_SECONDS_MAX = 60
_PERMANENT_FROM = 500
_SERVER_CLOSES = 421


class MailRefusedError(DomainError):
    """This letter will never arrive: the address or the text is refused for good."""

    code: ClassVar[str] = "MAIL_REFUSED"


class MailPostponedError(DomainError):
    """This letter was not taken now; it may be later."""

    code: ClassVar[str] = "MAIL_POSTPONED"


class MailServerError(DomainError):
    """The server cannot be used at the moment, or the session is of no use any more.

    From `session` it says nothing of any letter. From `send` it may be the letter's doing: some
    servers hang up on a recipient they do not like.
    """

    code: ClassVar[str] = "MAIL_SERVER_UNAVAILABLE"


class TlsMode(StrEnum):
    """How the connection to the mail server is encrypted."""

    NONE = "none"
    """Not at all: for a relay on the same machine, and for demonstrations."""
    STARTTLS = "starttls"
    """Upgraded after the greeting, or not used at all: usual on port 587."""
    IMPLICIT = "implicit"
    """From the first byte: usual on port 465."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """One message to one person. `message_key` is the same whenever the same message is sent."""

    message_key: str
    recipient: str
    subject: str
    text: str
    language: str
    dated: datetime


class MailSession(Protocol):
    """An open connection, used for one letter after the other."""

    async def send(self, letter: Letter) -> None:
        """Hand a letter over.

        Raises MailRefusedError, MailPostponedError or, when the session is of no use any more,
        MailServerError.
        """
        ...


class Mailer(Protocol):
    """Somebody who delivers letters."""

    def session(self) -> AbstractAsyncContextManager[MailSession]:
        """Open a session; raises MailServerError when the server cannot be used."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class SmtpMailer:
    """A mail server that speaks SMTP. `timeout_seconds` holds for each step of the protocol.

    Its certificate must be good: by the system's authorities, or by those in `ca_file` (PEM).
    """

    host: str
    port: int
    sender: str
    sender_name: str = "JKN"
    tls: TlsMode = TlsMode.STARTTLS
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    ca_file: str | None = None
    timeout_seconds: float = 10.0

    def __post_init__(self) -> None:
        """Refuse a sender that is not an address."""
        try:
            _address(self.sender, name=self.sender_name)
        except (MessageError, ValueError, IndexError) as error:
            raise InvalidInputError(
                "sender", "write one address such as no-reply@example.org"
            ) from error

    @asynccontextmanager
    async def session(self) -> AsyncGenerator[MailSession]:
        """Connect, and quit at the end."""
        client = aiosmtplib.SMTP(
            hostname=self.host,
            port=self.port,
            username=self.username,
            password=self.password,
            use_tls=self.tls is TlsMode.IMPLICIT,
            start_tls=self.tls is TlsMode.STARTTLS,
            cert_bundle=self.ca_file,
            timeout=self.timeout_seconds,
        )
        try:
            await client.connect()
        except (aiosmtplib.SMTPException, OSError) as error:
            client.close()
            raise MailServerError(
                f"the mail server {self.host}:{self.port} cannot be used: {error}; check the "
                "SMTP settings and that the server is up"
            ) from error
        try:
            yield _SmtpSession(client=client, mailer=self)
        finally:
            with suppress(aiosmtplib.SMTPException, OSError, TimeoutError):
                await client.quit()
            client.close()


@dataclass(frozen=True, slots=True, kw_only=True)
class _SmtpSession:
    client: aiosmtplib.SMTP
    mailer: SmtpMailer

    async def send(self, letter: Letter) -> None:
        message = message_of(letter, sender=self.mailer.sender, name=self.mailer.sender_name)
        try:
            async with asyncio.timeout(MESSAGE_SECONDS_MAX):
                await self.client.send_message(
                    message, sender=self.mailer.sender, recipients=[letter.recipient]
                )
        except aiosmtplib.SMTPNotSupported as error:
            raise MailRefusedError(f"the mail server does not support {error}") from error
        except aiosmtplib.SMTPSenderRefused as error:
            raise MailServerError(f"the sender is refused: {error.code} {error.message}") from error
        except aiosmtplib.SMTPRecipientsRefused as error:
            raise _meaning(error.recipients[0]) from error
        except aiosmtplib.SMTPResponseException as error:
            raise _meaning(error) from error
        except (aiosmtplib.SMTPException, OSError, TimeoutError) as error:
            raise MailServerError(f"the connection broke: {error!r}") from error
        except ValueError as error:
            raise MailRefusedError("the address cannot be used") from error


def message_of(letter: Letter, *, sender: str, name: str) -> EmailMessage:
    """Return the message; raises MailRefusedError for an address of the wrong form.

    Its Message-ID follows from the letter's key and the sender's domain, so a letter that had to be
    sent twice (the server took it, but we died before we noted that) is recognised as one.
    """
    message = EmailMessage(policy=SMTP_POLICY)
    try:
        message["From"] = _address(sender, name=name)
        message["To"] = _address(letter.recipient)
        message["Subject"] = letter.subject
    except (MessageError, ValueError, IndexError) as error:
        raise MailRefusedError("the address or the subject cannot be used") from error
    message["Date"] = letter.dated
    message["Message-ID"] = f"<{letter.message_key}@{sender.rpartition('@')[2]}>"
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(letter.text, cte="quoted-printable")
    message["Content-Language"] = letter.language
    return message


def _address(address: str, *, name: str = "") -> Address:
    return Address(display_name=name, addr_spec=address)


def _meaning(
    error: aiosmtplib.SMTPResponseException,
) -> MailRefusedError | MailPostponedError | MailServerError:
    text = f"{error.code} {error.message}"
    if error.code == _SERVER_CLOSES:
        return MailServerError(f"the mail server closes: {text}")
    if error.code >= _PERMANENT_FROM:
        return MailRefusedError(text)
    return MailPostponedError(text)
