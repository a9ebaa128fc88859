import ssl
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from iuran.core.clock import WIB
from iuran.core.errors import InvalidInputError
from iuran.workers.mail import SmtpMailer
from iuran.workers.messaging.letter import (
    CarrierDownError,
    Letter,
    MessagePostponedError,
    MessageRefusedError,
    OutcomeUnknownError,
)
from iuran.workers.tls import TlsMode
from tests.workers.conftest import SENDER, Mailbox

LETTER = Letter(
    message_key="iuran-0123456789abcdef",
    recipient="bunga@example.org",
    subject="Iuran JKN — jatuh tempo",
    text="Yth. Bapak/Ibu BUNGA CONTOH,\n\nTérima kasih. " + "Panjang sekali. " * 100 + "\n",
    language="id",
    dated=datetime(2026, 2, 3, 9, tzinfo=WIB),
)


@pytest.fixture
def mailer(mailbox: Mailbox) -> SmtpMailer:
    return SmtpMailer(
        host="127.0.0.1",
        port=mailbox.port,
        sender=SENDER,
        sender_name="JKN",
        tls=TlsMode.NONE,
        timeout_seconds=5,
    )


async def test_a_letter_arrives_as_the_standards_want_it(
    mailer: SmtpMailer, mailbox: Mailbox
) -> None:
    async with mailer.session() as session:
        await session.send(LETTER)

    (message,) = mailbox.messages
    assert message["From"] == f"JKN <{SENDER}>"
    assert message["To"] == LETTER.recipient
    assert message["Subject"] == LETTER.subject
    assert message["Message-ID"] == "<iuran-0123456789abcdef@jkn.example>"
    assert parsedate_to_datetime(str(message["Date"])) == LETTER.dated
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["Content-Language"] == "id"
    assert message.get_content_type() == "text/plain"
    assert message.get_content().replace("\r\n", "\n") == LETTER.text


async def test_a_letter_has_the_same_words_as_html_and_says_how_to_stop(
    mailer: SmtpMailer, mailbox: Mailbox
) -> None:
    async with mailer.session() as session:
        await session.send(replace(LETTER, html="<p>Yth.</p>", can_opt_out=True))

    (message,) = mailbox.messages
    assert [part.get_content_type() for part in message.iter_parts()] == ["text/plain", "text/html"]
    assert message["Content-Language"] == "id"
    assert (
        str(message["List-Unsubscribe"]).strip()
        == f"<mailto:{SENDER}?subject=STOP%20{LETTER.message_key}>"
    )


async def test_a_line_that_breaks_over_the_text_leaves_the_outcome_unknown(
    mailer: SmtpMailer, mailbox: Mailbox
) -> None:
    mailbox.hangs_up_on_data = True

    async with mailer.session() as session:
        with pytest.raises(OutcomeUnknownError, match="broke over the text"):
            await session.send(LETTER)

    assert len(mailbox.messages) == 1  # it had arrived


async def test_an_address_of_other_letters_is_written_to(
    mailer: SmtpMailer, mailbox: Mailbox
) -> None:
    async with mailer.session() as session:
        await session.send(replace(LETTER, recipient="bunga@contöh.example"))

    assert mailbox.recipients == ["bunga@contöh.example"]


async def test_one_connection_serves_many_letters(mailer: SmtpMailer, mailbox: Mailbox) -> None:
    async with mailer.session() as session:
        for _ in range(5):
            await session.send(LETTER)

    assert (len(mailbox.messages), mailbox.connections) == (5, 1)
    assert len({message["Message-ID"] for message in mailbox.messages}) == 1


@pytest.mark.parametrize(
    ("answer", "meaning"),
    [
        ("550 5.1.1 no such user", MessageRefusedError),
        ("451 4.7.1 come back later", MessagePostponedError),
        ("421 4.3.2 closing", CarrierDownError),
    ],
)
async def test_what_the_server_answers_has_a_meaning(
    mailer: SmtpMailer, mailbox: Mailbox, answer: str, meaning: type[Exception]
) -> None:
    mailbox.answer_to_recipient = answer

    async with mailer.session() as session:
        with pytest.raises(meaning, match=answer[:3]):
            await session.send(LETTER)


async def test_a_refused_letter_does_not_spoil_the_next(
    mailer: SmtpMailer, mailbox: Mailbox
) -> None:
    async with mailer.session() as session:
        mailbox.answer_to_data = "554 5.7.1 refused"
        with pytest.raises(MessageRefusedError):
            await session.send(LETTER)
        mailbox.answer_to_data = "250 OK"
        await session.send(LETTER)

    assert len(mailbox.messages) == 1


@pytest.mark.parametrize(
    "recipient", ["", "@", "a@b@c", "two\r\nBcc: x@example.org", "spaces in@it", "a@", "ü\n@x"]
)
async def test_an_address_of_the_wrong_form_is_refused(
    mailer: SmtpMailer, mailbox: Mailbox, recipient: str
) -> None:
    async with mailer.session() as session:
        with pytest.raises(MessageRefusedError):
            await session.send(replace(LETTER, recipient=recipient))

    assert mailbox.messages == []


async def test_a_server_that_is_not_there_is_named(mailer: SmtpMailer, mailbox: Mailbox) -> None:
    await mailbox.close()

    with pytest.raises(CarrierDownError, match=rf"127\.0\.0\.1:{mailbox.port} cannot be used"):
        async with mailer.session():
            pass


def test_a_sender_must_be_an_address(mailer: SmtpMailer) -> None:
    with pytest.raises(InvalidInputError, match=r"no-reply@example\.org"):
        replace(mailer, sender="nobody")


def test_a_password_is_not_shown(mailer: SmtpMailer) -> None:
    assert "hidden" not in repr(replace(mailer, password="hidden"))


class TestWithTls:
    @pytest.fixture
    def certificate(self, tmp_path: Path) -> Path:
        """A certificate for 127.0.0.1 that only those trust who are told to; with its key."""
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
        now = datetime.now(UTC)
        signed = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=1))
            .not_valid_after(now + timedelta(days=1))
            .add_extension(
                x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]),
                critical=False,
            )
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
            .sign(key, hashes.SHA256())
        )
        path = tmp_path / "server.pem"
        path.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
            + signed.public_bytes(serialization.Encoding.PEM)
        )
        return path

    @pytest.fixture
    async def strict_mailbox(self, certificate: Path) -> AsyncIterator[Mailbox]:
        """It wants STARTTLS and the password `hidden`."""
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(certificate)
        mailbox = Mailbox(tls_context=context, password="hidden")
        await mailbox.open()
        yield mailbox
        await mailbox.close()

    @pytest.fixture
    def strict_mailer(self, strict_mailbox: Mailbox, certificate: Path) -> SmtpMailer:
        return SmtpMailer(
            host="127.0.0.1",
            port=strict_mailbox.port,
            sender=SENDER,
            tls=TlsMode.STARTTLS,
            username="iuran",
            password="hidden",
            ca_file=str(certificate),
            timeout_seconds=5,
        )

    async def test_a_letter_goes_over_an_encrypted_line_with_a_password(
        self, strict_mailer: SmtpMailer, strict_mailbox: Mailbox
    ) -> None:
        async with strict_mailer.session() as session:
            await session.send(LETTER)

        assert len(strict_mailbox.messages) == 1

    @pytest.mark.parametrize("wrong", ["password", "authority", "mode"])
    async def test_what_does_not_fit_is_the_servers_fault_not_the_letters(
        self, strict_mailer: SmtpMailer, strict_mailbox: Mailbox, wrong: str
    ) -> None:
        mailer = {
            "password": replace(strict_mailer, password="wrong"),
            "authority": replace(strict_mailer, ca_file=None),
            "mode": replace(strict_mailer, tls=TlsMode.IMPLICIT),
        }[wrong]

        with pytest.raises(CarrierDownError, match="check the SMTP settings"):
            async with mailer.session():
                pass

        assert strict_mailbox.messages == []
