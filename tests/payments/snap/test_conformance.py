"""The conformance table: what a bank's acceptance sheet demands, and what real clients send."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from iuran.core.clock import WIB, StandingClock
from iuran.core.money import Rupiah
from iuran.payments.channels import NewChannel
from iuran.payments.simulation.bank import Signing, SimulatedBank
from iuran.payments.simulation.bank_answer import BankAnswer
from iuran.payments.snap.codes import Case, Service
from iuran.payments.snap.signature import sign_rsa, token_string_to_sign
from tests.builders import a_family, registered
from tests.payments.snap.conftest import Biller, Debtor
from tests.payments.snap.wire import as_bytes

OWED = Rupiah(35_000)
PATHS = {"24": "/transfer-va/inquiry", "25": "/transfer-va/payment"}
STATUS_FIELD = {"24": "inquiryStatus", "25": "paymentFlagStatus"}
REASON_FIELD = {"24": "inquiryReason", "25": "paymentFlagReason"}

TABLE = """
20000 Successful|20200 Request In Progress|40000 Bad Request. [x]|40001 Invalid Field Format x
40002 Invalid Mandatory Field x|40100 Unauthorized. [x]|40101 Invalid Token (B2B)
40102 Invalid Customer Token|40103 Token Not Found (B2B)|40104 Customer Token Not Found
40300 Transaction Expired|40301 Feature Not Allowed [x]|40302 Exceeds Transaction Amount Limit
40303 Suspected Fraud|40304 Activity Count Limit Exceeded|40305 Do Not Honor
40306 Feature Not Allowed At This Time. [x]|40307 Card Blocked|40308 Card Expired
40309 Dormant Account|40310 Need To Set Token Limit|40311 OTP Blocked|40312 OTP Lifetime Expired
40313 OTP Sent To Cardholder|40314 Insufficient Funds|40315 Transaction Not Permitted. [x]
40316 Suspend Transaction|40317 Token Limit Exceeded|40318 Inactive Card/Account/Customer
40319 Merchant Blacklisted|40320 Merchant Limit Exceed|40321 Set Limit Not Allowed
40322 Token Limit Invalid|40323 Account Limit Exceed|40400 Invalid Transaction Status
40401 Transaction Not Found|40402 Invalid Routing|40403 Bank Not Supported By Switch
40404 Transaction Cancelled|40405 Merchant Is Not Registered For Card Registration Services
40406 Need To Request OTP|40407 Journey Not Found|40408 Invalid Merchant|40409 No Issuer
40410 Invalid API Transition|40411 Invalid Card/Account/Customer [x]/Virtual Account
40412 Invalid Bill/Virtual Account [x]|40413 Invalid Amount|40414 Paid Bill|40415 Invalid OTP
40416 Partner Not Found|40417 Invalid Terminal|40418 Inconsistent Request
40419 Invalid Bill/Virtual Account|40500 Requested Function Is Not Supported
40501 Requested Operation Is Not Allowed|40900 Conflict|40901 Duplicate partnerReferenceNo
42900 Too Many Requests|50000 General Error|50001 Internal Server Error
50002 External Server Error|50400 Timeout
"""


def test_the_whole_table_of_response_codes_is_there() -> None:
    rows = {row[:5]: row[6:] for row in TABLE.strip().replace("\n", "|").split("|")}

    ours = {f"{c.http_status}{c.number:02d}": c.response_message("x") for c in Case}

    assert ours == rows
    assert Case.PAID_BILL.response_code(Service.PAYMENT) == "4042514"


def a_body(number: str, service: str, **changes: object) -> dict[str, object]:
    ids: dict[str, object] = {
        "partnerServiceId": "   88888",
        "customerNo": number,
        "virtualAccountNo": f"   88888{number}",
    }
    own: Mapping[str, dict[str, object]] = {
        "24": {"inquiryRequestId": "A1"},
        "25": {"paymentRequestId": "A1", "paidAmount": {"value": "35000.00", "currency": "IDR"}},
    }
    return {**ids, **own[service], **changes}


@dataclass(frozen=True, kw_only=True)
class Row:
    """A scenario of the sheet: what is sent, and the code without its service."""

    code: str
    changes: Mapping[str, object] | None = None
    content: bytes | None = None
    headers: Mapping[str, str] | None = None
    message: str = ""


SHEET = {
    "token invalid": Row(code="401{}01", headers={"Authorization": "Bearer none"}),
    "token missing": Row(code="401{}03", headers={"Authorization": "Basic none"}),
    "signature wrong": Row(
        code="401{}00", headers={"X-SIGNATURE": "AAAA"}, message="Unauthorized. [Signature]"
    ),
    "unknown client": Row(
        code="401{}00", headers={"X-PARTNER-ID": "nobody"}, message="Unauthorized. [Unknown client]"
    ),
    "mandatory field missing": Row(code="400{}02", changes={"customerNo": None}),
    "field format": Row(code="400{}01", changes={"customerNo": "12x"}),
    "not registered": Row(
        code="404{}12", changes={"customerNo": "9" * 11, "virtualAccountNo": "   88888" + "9" * 11}
    ),
    "company code unknown": Row(code="404{}16", changes={"partnerServiceId": "   77777"}),
    "request parsing error": Row(code="400{}00", content=b'{"customerNo":'),
    "valid": Row(code="200{}00"),
}


@pytest.mark.parametrize("service", PATHS)
@pytest.mark.parametrize("scenario", SHEET)
async def test_each_scenario_of_the_sheet_has_its_code_and_body(
    bank: SimulatedBank, debtor: Debtor, service: str, scenario: str
) -> None:
    row = SHEET[scenario]
    changes = dict(row.changes or {})
    if changes.get("partnerServiceId"):
        changes["virtualAccountNo"] = f"{changes['partnerServiceId']}{debtor.customer_number}"
    body = a_body(debtor.customer_number, service, **changes)

    answer = await bank.transact(PATHS[service], row.content or as_bytes(body), headers=row.headers)

    expected = row.code.format(service)
    assert (answer.http_status, answer.code) == (int(expected[:3]), expected)
    assert answer.message.startswith(row.message)
    assert answer.headers["X-TIMESTAMP"]
    if answer.http_status == 401:
        assert answer.account == {}
    else:
        assert answer.account[STATUS_FIELD[service]] == ("00" if scenario == "valid" else "01")
        assert answer.account[REASON_FIELD[service]]
    if answer.http_status != 401 and row.content is None:
        assert answer.account["virtualAccountNo"] == body["virtualAccountNo"]


async def test_a_paid_bill_and_an_expired_account_have_their_codes(
    biller: Biller, bank: SimulatedBank, debtor: Debtor, clock: StandingClock
) -> None:
    async with biller.services.pool.acquire() as connection:
        _, (late, *_) = await registered(connection, a_family(), at=clock.now())
    await bank.pay(debtor.customer_number, OWED)

    paid = [
        await bank.inquire(debtor.customer_number),
        await bank.pay(debtor.customer_number, OWED, request_id="other"),
    ]
    clock.set(datetime(2026, 2, 20, 9, 0, tzinfo=WIB))
    expired = [await bank.inquire(late.customer_number), await bank.pay(late.customer_number, OWED)]

    assert [answer.code for answer in paid] == ["4042414", "4042514"]
    assert [answer.code for answer in expired] == ["4042419", "4042519"]
    assert paid[1].account["paymentFlagStatus"] == "01"


@dataclass(frozen=True, kw_only=True)
class Second:
    """A payment that comes after P1 of 35,000 under X1, and its answer."""

    request_id: str
    external_id: str
    code: str
    flag: str
    amount: Rupiah = OWED
    is_advice: bool = False


SECONDS = [
    Second(request_id="P1", external_id="X1", code="4042518", flag="00"),
    Second(request_id="P2", external_id="X1", code="4092500", flag="01"),
    Second(request_id="P1", external_id="X2", code="2002500", flag="00"),
    Second(request_id="P1", external_id="X2", code="2002500", flag="00", is_advice=True),
    Second(request_id="P1", external_id="X2", code="4042518", flag="00", amount=Rupiah(1_000)),
    Second(request_id="P2", external_id="X2", code="4042514", flag="01"),
]


@pytest.mark.parametrize("second", SECONDS, ids=str)
async def test_a_second_payment_is_answered_as_section_3_3_says(
    biller: Biller, bank: SimulatedBank, debtor: Debtor, second: Second
) -> None:
    first = await bank.pay(debtor.customer_number, OWED, request_id="P1", external_id="X1")
    again = await bank.pay(
        debtor.customer_number,
        second.amount,
        request_id=second.request_id,
        external_id=second.external_id,
        is_advice=second.is_advice,
    )

    async with biller.services.pool.acquire() as connection:
        booked = await connection.fetchval("SELECT count(*) FROM payment")
    assert first.code == "2002500"
    assert (again.code, again.account["paymentFlagStatus"]) == (second.code, second.flag)
    assert booked == 2  # the family's first month, and this one


DIALECTS = {
    "additionalInfo is a string": b'"additionalInfo":"",',
    "empty objects": b'"feeAmount":{"value":"","currency":""},"cumulativePaymentAmount":null,',
    "numbers as strings": b'"channelCode":"6011","paymentType":"1",',
    "strings as numbers": b'"journalNum":123456,"referenceNo":113696201,',
    "unknown fields": b'"virtualAccountdata":{"a":[1,2]},"x":null,',
    "ASCII escapes": rb'"virtualAccountName":"SIT\u0049 \"NUR\"  HALIZ\u00c1",',
    "raw letters": '"virtualAccountName":"SITI  \\"NUR\\" HALIZÁ",'.encode(),
    "escaped slashes": rb'"passApp":"a\/b",',
    "pretty printed": b'\r\n\t"language" : "ID" ,\n  ',
}


@pytest.mark.parametrize("signing", list(Signing))
@pytest.mark.parametrize("dialect", DIALECTS)
async def test_each_dialect_is_served_from_inquiry_to_payment(
    bank: SimulatedBank, debtor: Debtor, dialect: str, signing: Signing
) -> None:
    bank.signing = signing
    sent = {
        service: b"{" + DIALECTS[dialect] + as_bytes(a_body(debtor.customer_number, service))[1:]
        for service in PATHS
    }

    asked = await bank.transact(PATHS["24"], sent["24"], external_id="d" * 50)
    paid = await bank.transact(PATHS["25"], sent["25"], external_id="d" * 50)

    assert (asked.code, paid.code) == ("2002400", "2002500")
    assert asked.account["virtualAccountName"] == debtor.name


@pytest.mark.parametrize("field", ["grantType", "grant_type"])
@pytest.mark.parametrize(
    "written", ["%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%dT%H:%M:%S.000Z", "%Y-%m-%dT%H:%M:%S+00:00"]
)
async def test_a_token_is_given_to_each_spelling(
    biller: Biller, bank: SimulatedBank, field: str, written: str
) -> None:
    now = biller.services.real_clock.now().astimezone(UTC)
    body = as_bytes({field: "client_credentials", "additionalInfo": ""})
    headers = {"X-TIMESTAMP": now.strftime(written), "X-CLIENT-KEY": bank.client_id}
    signed = await _signed_token(bank, headers, body)

    assert signed.code == "2007300"


async def _signed_token(bank: SimulatedBank, headers: dict[str, str], body: bytes) -> BankAnswer:
    text = token_string_to_sign(
        client_key=headers["X-CLIENT-KEY"], timestamp=headers["X-TIMESTAMP"]
    )
    signature = sign_rsa(bank.private_key, text, bank.encoding)
    return await bank.post("/access-token/b2b", body, {**headers, "X-SIGNATURE": signature})


@pytest.mark.parametrize(
    ("name", "path", "code"),
    [
        ("aspi_24_inquiry_request", "/transfer-va/inquiry", "4042412"),
        ("aspi_25_payment_request", "/transfer-va/payment", "4042512"),
        ("aspi_26_status_request", "/transfer-va/status", "4042601"),
        ("aspi_34_notify_payment_intrabank_request", "/transfer-va/notify-payment-intrabank", ""),
        ("bca_01_req_inquiry", "/transfer-va/inquiry", "4042412"),
        ("bca_04_req_status", "/transfer-va/status", "4042601"),
        ("bca_07_req_payment", "/transfer-va/payment", "4042512"),
        ("bca_08_req_payment", "/transfer-va/payment", "4042512"),
    ],
)
async def test_published_requests_are_understood(
    biller: Biller, samples: Path, name: str, path: str, code: str
) -> None:
    """Their accounts are nobody's here: an answer about the account means that all was read."""
    body: dict[str, object] = json.loads((samples / f"{name}.json").read_bytes())["body"]
    prefix = str(body["partnerServiceId"]).strip()
    bank = biller.bank(
        await biller.opens(
            NewChannel(
                code="SAMPLE",
                name="Contoh",
                public_key_pem=biller.keys.public_key_pem,
                va_prefix=prefix,
            )
        )
    )

    answer = await bank.transact(path, as_bytes(body))

    if code == "":  # it names no sum, and no inquiry went before
        assert (answer.code, answer.message[-10:]) == ("4003402", "paidAmount")
    else:
        assert answer.code == code, answer.message
