"""What real senders put on the wire, byte by byte."""

import httpx
import pytest

from iuran.payments.channels import NewChannel
from iuran.payments.quirks import SignatureEncoding
from iuran.payments.simulation.bank import Signing, SimulatedBank, generate_key_pair
from tests.payments.snap.conftest import Biller, Debtor

INQUIRY = "/transfer-va/inquiry"
PAYMENT = "/transfer-va/payment"

PRETTY = """{
  "partnerServiceId" : "   88888",
  "customerNo" : "NUMBER",
  "virtualAccountNo" : "   88888NUMBER",
  "virtualAccountName" : "SITI  \\"NUR\\"\\tHALIZA",
  "inquiryRequestId" : "A 1"
}\r\n"""
ESCAPED = (
    '{"partnerServiceId":"   88888","customerNo":"NUMBER","virtualAccountNo":"   88888NUMBER",'
    '"passApp":"caf\\u00e9\\/\\ud83d\\ude00","inquiryRequestId":"A1"}'
)
RAW = (
    '{"partnerServiceId":"   88888","customerNo":"NUMBER","virtualAccountNo":"   88888NUMBER",'
    '"passApp":"café/😀","inquiryRequestId":"A1"}'
)
ONE_BLANK = (
    '{"partnerServiceId":" 88888","customerNo":"NUMBER","virtualAccountNo":" 88888NUMBER",'
    '"amount":{"value":"","currency":""},"additionalInfo":"","inquiryRequestId":"A1"}'
)
NUMBERS = (
    '{"partnerServiceId":88888,"customerNo":NUMBER,"virtualAccountNo":88888NUMBER,'
    '"channelCode":"6011","inquiryRequestId":20260105000000000000001}'
)


def written(template: str, debtor: Debtor) -> bytes:
    return template.replace("NUMBER", debtor.customer_number).encode()


@pytest.mark.parametrize("template", [PRETTY, ESCAPED, RAW, ONE_BLANK])
@pytest.mark.parametrize("signing", list(Signing))
async def test_every_way_to_write_json_verifies(
    bank: SimulatedBank, debtor: Debtor, template: str, signing: Signing
) -> None:
    bank.signing = signing

    answer = await bank.transact(INQUIRY, written(template, debtor))

    assert answer.code == "2002400"


async def test_a_signature_over_the_raw_body_verifies_too(
    bank: SimulatedBank, debtor: Debtor, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unchanged(body: bytes) -> bytes:
        return body

    await bank.token()
    body = written(PRETTY, debtor)
    with monkeypatch.context() as patched:
        patched.setattr("iuran.payments.snap.signature.minify", unchanged)
        headers = bank.signed_headers(INQUIRY, body, {})

    answer = await bank.post(INQUIRY, body, {"X-EXTERNAL-ID": "X1", **headers})

    assert answer.code == "2002400"


async def test_numbers_without_quotes_are_read_and_echoed_as_they_were(
    bank: SimulatedBank, debtor: Debtor
) -> None:
    shortened = debtor.customer_number.lstrip("0")
    body = NUMBERS.replace("NUMBER", shortened).encode()

    answer = await bank.transact(INQUIRY, body)
    padded = body.replace(
        f"88888{shortened}".encode(), f'"   88888{debtor.customer_number}"'.encode()
    )
    padded_answer = await bank.transact(INQUIRY, padded)

    assert shortened != debtor.customer_number
    assert (answer.code, padded_answer.code) == ("2002400", "2002400")
    assert f'"customerNo":{shortened},'.encode() in answer.content
    assert b'"inquiryRequestId":20260105000000000000001,' in answer.content


@pytest.mark.parametrize("encoding", list(SignatureEncoding))
@pytest.mark.parametrize("signing", list(Signing))
async def test_signatures_come_in_base64_or_hex(
    bank: SimulatedBank, debtor: Debtor, encoding: SignatureEncoding, signing: Signing
) -> None:
    bank.encoding = encoding
    bank.signing = signing

    answer = await bank.inquire(debtor.customer_number)

    assert answer.code == "2002400"


@pytest.mark.parametrize(
    "external_id",
    [
        "doku-" + "a1B2-" * 9,
        "0f" * 16 + "2026-11-22T06:45:25Z",  # hex and the time, as one Python library has it
        "sdk" + "4f2a-" * 6 + "abc",
        "7" * 64,
    ],
)
async def test_an_external_id_may_be_as_long_as_real_clients_make_it(
    bank: SimulatedBank, debtor: Debtor, external_id: str
) -> None:

    answer = await bank.inquire(debtor.customer_number, external_id=external_id)
    again = await bank.inquire(debtor.customer_number, external_id=external_id)

    assert (answer.code, again.code) == ("2002400", "4092400")


@pytest.mark.parametrize("channel_id", ["95231", "SDK", "VA004", "00001", "2a" * 16 + "-SERVER"])
async def test_channel_ids_of_every_bank_are_taken(
    bank: SimulatedBank, debtor: Debtor, channel_id: str
) -> None:
    bank.channel_id = channel_id

    assert (await bank.inquire(debtor.customer_number)).code == "2002400"


@pytest.mark.parametrize(
    "amount",
    [
        '{"value":"35000.00","currency":"IDR"}',
        '{"value":"35000","currency":"IDR"}',
        '{"value":"35000.0","currency":"IDR"}',
        '{"value":35000.00,"currency":"IDR"}',
        '{"value":35000,"currency":"IDR"}',
    ],
)
async def test_a_whole_amount_is_read_in_every_spelling(
    bank: SimulatedBank, debtor: Debtor, amount: str
) -> None:
    body = (
        '{"partnerServiceId":"   88888","customerNo":"NUMBER","virtualAccountNo":"   88888NUMBER",'
        '"hashedSourceAccountNo":"","sourceBankCode":"014","cumulativePaymentAmount":null,'
        '"paidBills":"","totalAmount":{"value":"","currency":""},"trxDateTime":"",'
        '"referenceNo":"","flagAdvise":"N","subCompany":"","billDetails":null,"paymentType":1,'
        f'"additionalInfo":"","paymentRequestId":"P1","paidAmount":{amount}}}'
    )

    answer = await bank.transact(PAYMENT, written(body, debtor))

    assert answer.code == "2002500"
    assert f'"paidAmount":{amount}'.encode() in answer.content
    assert b'"paymentType":1,' in answer.content
    assert answer.account["trxDateTime"]


@pytest.mark.parametrize(
    "written_time",
    [
        "2026-01-05T09:00:00+07:00",
        "2026-01-05T02:00:00Z",
        "2026-01-05T02:00:00.000Z",
        "20260105T020000Z",
        "2026-01-05T09:00:00",
    ],
)
async def test_the_banks_time_is_read_in_every_spelling(
    biller: Biller, bank: SimulatedBank, debtor: Debtor, written_time: str
) -> None:
    body = (
        '{"partnerServiceId":"   88888","customerNo":"NUMBER","virtualAccountNo":"   88888NUMBER",'
        '"paymentRequestId":"P1","paidAmount":{"value":"35000.00","currency":"IDR"},'
        f'"trxDateTime":"{written_time}"}}'
    )

    answer = await bank.transact(PAYMENT, written(body, debtor))

    async with biller.services.pool.acquire() as connection:
        stored = await connection.fetchval(
            "SELECT channel_time FROM payment WHERE reference = 'P1'"
        )
    assert answer.code == "2002500"
    assert answer.account["trxDateTime"] == written_time
    assert f"{stored:%Y-%m-%dT%H:%M:%S}" == "2026-01-05T02:00:00"


@pytest.mark.parametrize("mount", ["/snap/v1.0", "/openapi/v1.0", "/v1.0"])
async def test_the_path_is_signed_as_it_was_called(
    bank: SimulatedBank, debtor: Debtor, mount: str
) -> None:
    bank.mount = mount

    answer = await bank.inquire(debtor.customer_number)

    assert answer.code == "2002400"


async def test_a_query_is_part_of_the_signed_path(bank: SimulatedBank, debtor: Debtor) -> None:
    body = written(RAW, debtor)

    answer = await bank.transact(f"{INQUIRY}?b=2&a=caf%C3%A9", body)

    assert answer.code == "2002400"


async def test_header_names_have_no_case(
    biller: Biller, bank: SimulatedBank, debtor: Debtor
) -> None:
    bank.signing = Signing.RSA
    body = written(RAW, debtor)
    headers = {"X-EXTERNAL-ID": "X1", **bank.signed_headers(INQUIRY, body, {})}

    response = await biller.http.request(
        "POST",
        bank.mount + INQUIRY,
        content=body,
        headers=httpx.Headers({name.lower(): value for name, value in headers.items()}),
    )

    assert response.json()["responseCode"] == "2002400"


async def test_channels_that_share_a_partner_id_are_told_apart_by_their_keys(
    biller: Biller, debtor: Debtor
) -> None:
    await biller.opens(
        NewChannel(
            code="SHARED",
            name="Bank Serupa",
            public_key_pem=generate_key_pair().public_key_pem,
            partner_id="88888",
        )
    )
    own = biller.bank(
        await biller.opens(
            NewChannel(
                code="OWN",
                name="Bank Sendiri",
                public_key_pem=biller.keys.public_key_pem,
                partner_id="88888",
            )
        )
    )
    own.partner_id = "88888"
    own.signing = Signing.RSA

    answer = await own.inquire(debtor.customer_number)

    assert answer.code == "2002400"
    async with biller.services.pool.acquire() as connection:
        assert (
            await connection.fetchval(
                "SELECT code FROM channel JOIN channel_message USING (channel_id)"
                " WHERE service = 24"
            )
            == "OWN"
        )
