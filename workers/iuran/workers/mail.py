"""E-mail over SMTP: what a message must look like, and what a server's answer means."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP as SMTP_POLICY
from email.policy import SMTPUTF8 as SMTPUTF8_POLICY

import aiosmtplib

from iuran.core.errors import InvalidInputError
from iuran.workers.messaging.letter import (
    CarrierDownError,
    CarrierSession,
    Letter,
    MessagePostponedError,
    MessageRefusedError,
    OutcomeUnknownError,
)
from iuran.workers.tls import TlsMode

MESSAGE_SECONDS_MAX = 60
_PERMANENT_FROM = 500
_SERVER_CLOSES = 421


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
    lines: int = 1

    @property
    def knows_keys(self) -> bool:
        """No: a relay takes the same Message-ID as often as it is handed over."""
        return False

    def __post_init__(self) -> None:
        """Refuse a sender that is not an address."""
        try:
            _address(self.sender, name=self.sender_name)
        except (MessageError, ValueError, IndexError) as error:
            raise InvalidInputError(
                "sender", "write one address such as no-reply@example.org"
            ) from error

    @asynccontextmanager
    async def session(self) -> AsyncGenerator[CarrierSession]:
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
            await client.ehlo()  # what the server can, known before the first letter
        except (aiosmtplib.SMTPException, OSError) as error:
            client.close()
            raise CarrierDownError(
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
        is_ascii = letter.recipient.isascii()
        await self._begin(letter.recipient, is_ascii=is_ascii)
        try:
            async with asyncio.timeout(MESSAGE_SECONDS_MAX):
                await self.client.data(
                    message.as_bytes(policy=SMTP_POLICY if is_ascii else SMTPUTF8_POLICY)
                )
        except aiosmtplib.SMTPResponseException as error:
            await self._forget()
            raise _meaning(error) from error
        except (aiosmtplib.SMTPException, OSError, TimeoutError) as error:
            self.client.close()
            raise OutcomeUnknownError(f"the line broke over the text: {error!r}") from error

    async def _begin(self, recipient: str, *, is_ascii: bool) -> None:
        """Name sender and recipient; whatever breaks here, no text has left yet."""
        if not is_ascii and not self.client.supports_extension("smtputf8"):
            raise MessageRefusedError("the mail server does not support SMTPUTF8 addresses")
        options, encoding = ([], "ascii") if is_ascii else (["SMTPUTF8"], "utf-8")
        try:
            async with asyncio.timeout(MESSAGE_SECONDS_MAX):
                await self.client.mail(self.mailer.sender, options=options, encoding=encoding)
                await self.client.rcpt(recipient, encoding=encoding)
        except aiosmtplib.SMTPSenderRefused as error:
            raise CarrierDownError(
                f"the sender is refused: {error.code} {error.message}"
            ) from error
        except aiosmtplib.SMTPResponseException as error:
            await self._forget()
            raise _meaning(error) from error
        except (aiosmtplib.SMTPException, OSError, TimeoutError) as error:
            raise CarrierDownError(f"the connection broke: {error!r}") from error
        except ValueError as error:
            raise MessageRefusedError("the address cannot be used") from error

    async def _forget(self) -> None:
        """End a letter that was refused, so that the session serves the next."""
        with suppress(aiosmtplib.SMTPException, OSError, TimeoutError):
            await self.client.rset()


def message_of(letter: Letter, *, sender: str, name: str) -> EmailMessage:
    """Return the message; raises MessageRefusedError for an address of the wrong form.

    Its Message-ID follows from the letter's key and the sender's domain, so a letter that had to be
    sent twice (the server took it, but we died before we noted that) is recognised as one.
    """
    message = EmailMessage(policy=SMTP_POLICY)
    try:
        message["From"] = _address(sender, name=name)
        message["To"] = _address(letter.recipient)
        message["Subject"] = letter.subject
    except (MessageError, ValueError, IndexError) as error:
        raise MessageRefusedError("the address or the subject cannot be used") from error
    message["Date"] = letter.dated
    message["Message-ID"] = f"<{letter.message_key}@{sender.rpartition('@')[2]}>"
    message["Auto-Submitted"] = "auto-generated"
    if letter.can_opt_out:
        message["List-Unsubscribe"] = f"<mailto:{sender}?subject=STOP%20{letter.message_key}>"
    message.set_content(letter.text, cte="quoted-printable")
    if letter.html:
        message.add_alternative(letter.html, subtype="html", cte="quoted-printable")
    message["Content-Language"] = letter.language
    return message


def _address(address: str, *, name: str = "") -> Address:
    return Address(display_name=name, addr_spec=address)


def _meaning(
    error: aiosmtplib.SMTPResponseException,
) -> MessageRefusedError | MessagePostponedError | CarrierDownError:
    text = f"{error.code} {error.message}"
    if error.code == _SERVER_CLOSES:
        return CarrierDownError(f"the mail server closes: {text}")
    if error.code >= _PERMANENT_FROM:
        return MessageRefusedError(text)
    return MessagePostponedError(text)
