import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs

import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks.webhooks import Webhook

from iuran.core.clock import WIB, StandingClock
from iuran.core.errors import InvalidInputError
from iuran.workers.messaging.http import HttpCarrier, Provider, meaning_of
from iuran.workers.messaging.letter import (
    CarrierDownError,
    Letter,
    MessagePostponedError,
    MessageRefusedError,
    OutcomeUnknownError,
)
from iuran.workers.messaging.phones import international
from iuran.workers.messaging.providers import SignedWebhook, SmsGateway, WhatsAppCloud
from iuran.workers.messaging.signatures import is_standard, standard_headers
from tests.workers.phone_company import phone_company

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
LETTER = Letter(
    message_key="iuran-0123456789abcdef",
    recipient="0812-0000-1234",
    subject="JKN",
    text="JKN: iuran Februari 2026 Rp280.000.",
    language="id",
    dated=datetime(2026, 2, 3, 9, tzinfo=WIB),
    template="due",
    parameters=("BUNGA CONTOH", "Rp280.000"),
)


async def posted(provider: Provider, letter: Letter = LETTER) -> None:
    async with HttpCarrier(provider=provider, timeout_seconds=5).session() as session:
        await session.send(letter)


async def test_the_signed_webhook_is_what_the_standard_wants() -> None:
    real = StandingClock(datetime.now(UTC))
    async with phone_company() as company:
        hook = SignedWebhook(url=company.url, channel="WHATSAPP", secret=SECRET, real_clock=real)
        await posted(hook)

    (call,) = company.calls
    content = Webhook(SECRET).verify(call.body, call.headers)
    assert content == {
        "key": LETTER.message_key,
        "channel": "WHATSAPP",
        "to": "+6281200001234",
        "language": "id",
        "template": "due",
        "parameters": ["BUNGA CONTOH", "Rp280.000"],
        "text": LETTER.text,
    }
    assert call.headers["webhook-id"] == LETTER.message_key
    assert call.headers["idempotency-key"] == LETTER.message_key


async def test_whatsapp_gets_an_approved_template_and_our_key() -> None:
    async with phone_company() as company:
        await posted(WhatsAppCloud(url=f"{company.url}/v23.0/1/messages", token="hidden"))

    (call,) = company.calls
    content = json.loads(call.body)
    assert call.path == "/v23.0/1/messages"
    assert call.headers["authorization"] == "Bearer hidden"
    assert content["to"] == "6281200001234"
    assert content["template"]["name"] == "iuran_due"
    assert content["template"]["language"] == {"code": "id"}
    (body,) = content["template"]["components"]
    assert [one["text"] for one in body["parameters"]] == list(LETTER.parameters)
    assert content["biz_opaque_callback_data"] == LETTER.message_key


async def test_a_gateway_gets_a_form_and_where_to_report() -> None:
    async with phone_company() as company:
        gateway = SmsGateway(
            url=f"{company.url}/Accounts/AC1/Messages.json",
            account="AC1",
            secret="hidden",
            sender="JKN",
            reports_url="https://iuran.example/messages/reports/sms",
        )
        await posted(gateway)

    (call,) = company.calls
    form = parse_qs(call.body.decode())
    assert call.headers["authorization"] == "Basic QUMxOmhpZGRlbg=="
    assert form["To"] == ["+6281200001234"]
    assert form["Body"] == [LETTER.text]
    assert form["StatusCallback"] == [
        f"https://iuran.example/messages/reports/sms?key={LETTER.message_key}"
    ]


@pytest.mark.parametrize(
    ("status", "meaning"),
    [
        *[(400, MessageRefusedError), (404, MessageRefusedError), (422, MessageRefusedError)],
        *[(302, MessageRefusedError), (401, CarrierDownError), (403, CarrierDownError)],
        *[(408, MessagePostponedError), (429, MessagePostponedError), (503, MessagePostponedError)],
        *[(500, OutcomeUnknownError), (502, OutcomeUnknownError), (504, OutcomeUnknownError)],
        (0, OutcomeUnknownError),
    ],
)
async def test_what_a_provider_answers_has_a_meaning(status: int, meaning: type[Exception]) -> None:
    async with phone_company() as company:
        company.status = status
        with pytest.raises(meaning):
            await posted(WhatsAppCloud(url=company.url, token="hidden"))

    assert len(company.calls) == 1


async def test_a_provider_that_is_not_there_took_nothing() -> None:
    async with phone_company() as company:
        url = company.url

    with pytest.raises(CarrierDownError, match="cannot be reached"):
        await posted(WhatsAppCloud(url=url, token="hidden"))


@given(status=st.integers(300, 599))
def test_every_refusal_has_a_meaning(status: int) -> None:
    assert str(status) in str(meaning_of(status, "no"))


async def test_one_connection_serves_many_messages() -> None:
    async with phone_company() as company:
        carrier = HttpCarrier(provider=WhatsAppCloud(url=company.url, token="hidden"))
        async with carrier.session() as session:
            for _ in range(5):
                await session.send(LETTER)

    assert len(company.calls) == 5


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("081200001234", "+6281200001234"),
        ("+62 812-0000-1234", "+6281200001234"),
        ("6281200001234", "+6281200001234"),
        ("(021) 1234567", "+62211234567"),
        ("+60 12-345 6789", "+60123456789"),
    ],
)
def test_numbers_are_read_as_people_write_them(written: str, read: str) -> None:
    assert international(written) == read


@pytest.mark.parametrize("written", ["", "no phone", "12", "0" * 40, "+999123"])
def test_what_is_no_number_is_refused(written: str) -> None:
    with pytest.raises(MessageRefusedError):
        international(written)


def test_a_secret_that_cannot_sign_is_refused_at_the_start() -> None:
    with pytest.raises(InvalidInputError, match="whsec_"):
        SignedWebhook(url="http://x", channel="SMS", secret="whsec_not base64!")


def test_secrets_are_not_shown() -> None:
    hook = SignedWebhook(url="http://x", channel="SMS", secret=SECRET)
    cloud = WhatsAppCloud(url="http://x", token="hidden")
    gateway = SmsGateway(url="http://x", account="a", secret="hidden", sender="JKN")

    assert all(text not in f"{hook} {cloud} {gateway}" for text in ("hidden", SECRET))


REAL = datetime(2030, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize("changed", ["body", "webhook-id", "webhook-timestamp", "late", "none"])
def test_whatever_was_changed_is_noticed(changed: str) -> None:
    body = b'{"reports": []}'
    headers = standard_headers(body, message_id="m1", secret=SECRET, real=REAL)
    given_body = body + b" " if changed == "body" else body
    if changed in headers:
        headers[changed] += "1"
    late = timedelta(minutes=6) if changed == "late" else timedelta(0)

    good = is_standard(given_body, headers, secret=SECRET, real=REAL + late)

    assert good is (changed == "none")


def test_a_letter_without_parameters_is_sent_all_the_same() -> None:
    cloud = WhatsAppCloud(url="http://x", token="hidden")

    call = cloud.call_of(replace(LETTER, parameters=()))

    assert json.loads(call.body)["template"]["components"][0]["parameters"] == []
