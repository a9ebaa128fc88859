import asyncio
import json
from datetime import datetime

import pytest
from prometheus_client import REGISTRY

from iuran.core.clock import WIB, StandingClock
from iuran.core.identifiers import customer_number_of
from iuran.core.money import Rupiah
from iuran.payments.channels import NewChannel
from iuran.payments.ledger import disagreements
from iuran.payments.quirks import Quirks, RepeatAnswer
from iuran.payments.simulation.bank import Signing, SimulatedBank
from iuran.payments.simulation.bank_answer import BankAnswer
from tests.builders import a_family, an_active_family
from tests.payments.snap.conftest import Biller, Debtor

PAYMENT = "/transfer-va/payment"
OWED = Rupiah(35_000)
SUCCESS = {"english": "Success", "indonesia": "Sukses"}


def a_body(customer_number: str, **changes: object) -> dict[str, object]:
    return {
        "partnerServiceId": "   88888",
        "customerNo": customer_number,
        "virtualAccountNo": f"   88888{customer_number}",
        "paymentRequestId": "PAY-1",
        "paidAmount": {"value": "35000.00", "currency": "IDR"},
        **changes,
    }


def as_bytes(body: dict[str, object]) -> bytes:
    return json.dumps({k: v for k, v in body.items() if v is not ...}).encode()


def flag(answer: BankAnswer) -> tuple[str, object]:
    return answer.code, answer.account.get("paymentFlagStatus")


async def payments(biller: Biller) -> int:
    """Count what was booked since the family's first payment; the ledger must agree."""
    async with biller.services.pool.acquire() as connection:
        assert await disagreements(connection) == ()
        return int(
            await connection.fetchval(
                "SELECT count(*) FROM payment WHERE received_at >= '2026-01-01'"
            )
        )


@pytest.mark.parametrize("signing", list(Signing))
async def test_a_payment_is_booked_and_answered(
    biller: Biller, bank: SimulatedBank, debtor: Debtor, signing: Signing
) -> None:
    bank.signing = signing
    body = a_body(
        debtor.customer_number,
        trxDateTime="2026-01-05T09:00:00+07:00",
        referenceNo="00113696201",
        flagAdvise="N",
        billDetails=[{"billNo": "1", "billReferenceNo": "00113696201"}],
        additionalInfo={"channel": "mobilephone"},
    )

    answer = await bank.transact(PAYMENT, as_bytes(body))

    assert (answer.http_status, answer.code, answer.message) == (200, "2002500", "Successful")
    assert answer.account == {
        "paymentFlagStatus": "00",
        "paymentFlagReason": SUCCESS,
        "partnerServiceId": "   88888",
        "customerNo": debtor.customer_number,
        "virtualAccountNo": f"   88888{debtor.customer_number}",
        "paymentRequestId": "PAY-1",
        "virtualAccountName": debtor.name,
        "paidAmount": {"value": "35000.00", "currency": "IDR"},
        "totalAmount": {"value": "35000.00", "currency": "IDR"},
        "trxDateTime": "2026-01-05T09:00:00+07:00",
        "referenceNo": "00113696201",
        "flagAdvise": "N",
        "subCompany": "00000",
        "billDetails": [
            {
                "billerReferenceId": "00113696201",
                "billNo": "1",
                "billReferenceNo": "00113696201",
                "status": "00",
                "reason": SUCCESS,
            }
        ],
        "freeTexts": [
            {
                "english": "Contribution 2026-01 to 2026-01",
                "indonesia": "Iuran 2026-01 s/d 2026-01",
            },
            {"english": "Members: 1", "indonesia": "Jumlah peserta: 1"},
            {"english": "Months: 1", "indonesia": "Jumlah bulan: 1"},
        ],
    }
    assert answer.document["additionalInfo"] == {"channel": "mobilephone"}
    assert await payments(biller) == 1


async def test_a_reactivating_payment_says_the_last_day_of_the_fine_window(
    bank: SimulatedBank, debtor: Debtor, clock: StandingClock
) -> None:
    clock.set(datetime(2026, 2, 1, 0, 1, tzinfo=WIB))
    owed = (await bank.inquire(debtor.customer_number)).total_amount

    answer = await bank.pay(debtor.customer_number, owed)

    assert owed == 70_000
    assert {
        "english": "Inpatient fine until 18-03-2026",
        "indonesia": "Denda rawat inap s/d 18-03-2026",
    } in json.loads(answer.content)["virtualAccountData"]["freeTexts"]


async def test_the_same_message_again_is_inconsistent_with_the_first_result(
    biller: Biller, bank: SimulatedBank, debtor: Debtor
) -> None:
    first = await bank.pay(debtor.customer_number, OWED, request_id="P1", external_id="X1")
    again = await bank.pay(debtor.customer_number, OWED, request_id="P1", external_id="X1")

    assert flag(first) == ("2002500", "00")
    assert flag(again) == ("4042518", "00")
    assert again.http_status == 404
    assert again.account["paymentFlagReason"] == SUCCESS
    assert again.account["virtualAccountName"] == debtor.name
    assert await payments(biller) == 1


async def test_the_same_refused_message_again_keeps_its_refusal(
    biller: Biller, bank: SimulatedBank, debtor: Debtor
) -> None:
    first = await bank.pay(debtor.customer_number, Rupiah(1), request_id="P1", external_id="X1")
    again = await bank.pay(debtor.customer_number, Rupiah(1), request_id="P1", external_id="X1")

    assert (flag(first), flag(again)) == (("4042513", "01"), ("4042518", "01"))
    assert again.account["paymentFlagReason"] == first.account["paymentFlagReason"]
    assert await payments(biller) == 0


async def test_a_channel_may_want_the_first_answer_replayed(biller: Biller, debtor: Debtor) -> None:
    bank = biller.bank(
        await biller.opens(
            NewChannel(
                code="GATEWAY",
                name="Gerbang Contoh",
                public_key_pem=biller.keys.public_key_pem,
                quirks=Quirks(repeat_answer=RepeatAnswer.REPLAY),
            )
        )
    )
    body = as_bytes(a_body(debtor.customer_number, trxDateTime="20260105T020000Z"))

    first = await bank.transact(PAYMENT, body, external_id="X1")
    again = await bank.transact(PAYMENT, body, external_id="X1")

    assert flag(first) == ("2002500", "00")
    assert again.content == first.content
    assert await payments(biller) == 1


@pytest.mark.parametrize("is_advice", [True, False])
async def test_an_advice_hears_the_first_answer(
    biller: Biller, bank: SimulatedBank, debtor: Debtor, clock: StandingClock, *, is_advice: bool
) -> None:
    first = await bank.pay(debtor.customer_number, OWED, request_id="P1")
    clock.set(clock.now().replace(day=8))

    advice = await bank.pay(debtor.customer_number, OWED, request_id="P1", is_advice=is_advice)

    assert flag(advice) == flag(first) == ("2002500", "00")
    assert await payments(biller) == 1


async def test_an_advice_of_a_refused_payment_hears_the_refusal(
    biller: Biller, bank: SimulatedBank, debtor: Debtor
) -> None:
    wrong = await bank.pay(debtor.customer_number, Rupiah(34_999), request_id="P1")
    advice = await bank.pay(debtor.customer_number, Rupiah(34_999), request_id="P1", is_advice=True)

    assert flag(wrong) == flag(advice) == ("4042513", "01")
    assert await payments(biller) == 0


async def test_an_external_id_of_another_payment_is_a_conflict(
    biller: Biller, bank: SimulatedBank, debtor: Debtor
) -> None:
    await bank.pay(debtor.customer_number, Rupiah(1), request_id="P1", external_id="X1")

    other = await bank.pay(debtor.customer_number, OWED, request_id="P2", external_id="X1")
    retried = await bank.pay(debtor.customer_number, OWED, request_id="P2", external_id="X2")

    assert (other.http_status, *flag(other)) == (409, "4092500", "01")
    assert flag(retried) == ("2002500", "00")
    assert await payments(biller) == 1


async def test_a_reference_of_another_amount_is_inconsistent_and_reported(
    biller: Biller, bank: SimulatedBank, debtor: Debtor
) -> None:
    def reported() -> float:
        labels = {"channel": "BCA"}
        return REGISTRY.get_sample_value("iuran_snap_inconsistent_payments_total", labels) or 0.0

    before = reported()
    await bank.pay(debtor.customer_number, OWED, request_id="P1")

    other = await bank.pay(debtor.customer_number, Rupiah(70_000), request_id="P1")

    assert flag(other) == ("4042518", "00")
    assert reported() == before + 1
    assert await payments(biller) == 1


async def test_a_bill_that_another_payment_paid_is_paid(
    biller: Biller, bank: SimulatedBank, debtor: Debtor
) -> None:
    await bank.pay(debtor.customer_number, OWED)

    other = await bank.pay(debtor.customer_number, OWED)

    assert (other.http_status, *flag(other)) == (404, "4042514", "01")
    assert other.account["virtualAccountName"] == debtor.name
    assert await payments(biller) == 1


@pytest.mark.parametrize("amount", [0, 1, 34_999, 35_001, 70_000, 9_999_999_999_999])
async def test_only_the_exact_amount_is_taken(
    biller: Biller, bank: SimulatedBank, debtor: Debtor, amount: int
) -> None:
    answer = await bank.pay(debtor.customer_number, Rupiah(amount))

    assert (answer.http_status, *flag(answer)) == (404, "4042513", "01")
    assert answer.account["totalAmount"] == {"value": "35000.00", "currency": "IDR"}
    assert await payments(biller) == 0


async def test_an_unknown_account_is_refused(biller: Biller, bank: SimulatedBank) -> None:
    answer = await bank.pay("02233913523", OWED)

    assert (answer.http_status, *flag(answer)) == (404, "4042512", "01")
    assert await payments(biller) == 0


async def test_two_banks_at_once_pay_one_bill_once(
    biller: Biller, bank: SimulatedBank, debtor: Debtor
) -> None:
    other = biller.bank(
        await biller.opens(
            NewChannel(code="BRI", name="Bank Rintisan", public_key_pem=biller.keys.public_key_pem)
        )
    )
    await asyncio.gather(bank.token(), other.token())

    answers = await asyncio.gather(
        *(one.pay(debtor.customer_number, OWED) for one in [bank, other] * 4)
    )

    assert sorted(flag(answer) for answer in answers) == [
        ("2002500", "00"),
        *[("4042514", "01")] * 7,
    ]
    assert await payments(biller) == 1


async def test_one_message_sent_many_times_at_once_is_booked_once(
    biller: Biller, bank: SimulatedBank, debtor: Debtor
) -> None:
    await bank.token()

    answers = await asyncio.gather(
        *(
            bank.pay(debtor.customer_number, OWED, request_id="P1", external_id="X1")
            for _ in range(8)
        )
    )

    assert sorted(flag(answer) for answer in answers) == [
        ("2002500", "00"),
        *[("4042518", "00")] * 7,
    ]
    assert await payments(biller) == 1


@pytest.mark.parametrize(
    ("changes", "code", "named"),
    [
        ({"partnerServiceId": ...}, "4002502", "partnerServiceId"),
        ({"customerNo": ""}, "4002502", "customerNo"),
        ({"virtualAccountNo": ...}, "4002502", "virtualAccountNo"),
        ({"paymentRequestId": ...}, "4002502", "paymentRequestId"),
        ({"paidAmount": ...}, "4002502", "paidAmount"),
        ({"paidAmount": None}, "4002502", "paidAmount"),
        ({"paidAmount": {"currency": "IDR"}}, "4002502", "paidAmount.value"),
        ({"paidAmount": {"value": "35000.00"}}, "4002502", "paidAmount.currency"),
        ({"paidAmount": "35000.00"}, "4002501", "paidAmount"),
        ({"paidAmount": {"value": "35000.50", "currency": "IDR"}}, "4002501", "paidAmount.value"),
        ({"paidAmount": {"value": "35.000,00", "currency": "IDR"}}, "4002501", "paidAmount.value"),
        ({"paidAmount": {"value": "-35000.00", "currency": "IDR"}}, "4002501", "paidAmount.value"),
        ({"paidAmount": {"value": "3.5e4", "currency": "IDR"}}, "4002501", "paidAmount.value"),
        ({"paidAmount": {"value": "1" * 14, "currency": "IDR"}}, "4002501", "paidAmount.value"),
        ({"paidAmount": {"value": True, "currency": "IDR"}}, "4002501", "paidAmount.value"),
        ({"paidAmount": {"value": "2.19", "currency": "USD"}}, "4002501", "paidAmount.value"),
        ({"paidAmount": {"value": "35000", "currency": "USD"}}, "4002501", "paidAmount.currency"),
        ({"trxDateTime": "0001-01-01T00:00:00+14:00"}, "4002501", "trxDateTime"),
        ({"trxDateTime": {}}, "4002501", "trxDateTime"),
        ({"paymentRequestId": "P" * 129}, "4002501", "paymentRequestId"),
        ({"virtualAccountNo": "8888812345678901"}, "4002501", "virtualAccountNo"),
    ],
)
async def test_a_wrong_field_is_named_and_nothing_is_booked(
    biller: Biller,
    bank: SimulatedBank,
    debtor: Debtor,
    changes: dict[str, object],
    code: str,
    named: str,
) -> None:
    answer = await bank.transact(PAYMENT, as_bytes(a_body(debtor.customer_number, **changes)))

    assert (answer.http_status, *flag(answer)) == (400, code, "01")
    assert answer.message.endswith(f" {named}")
    assert await payments(biller) == 0


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b"\xff", b'{"a":1,"a":1}'])
async def test_an_unreadable_body_is_a_bad_request(bank: SimulatedBank, body: bytes) -> None:
    answer = await bank.transact(PAYMENT, body)

    assert (answer.http_status, *flag(answer)) == (400, "4002500", "01")
    assert answer.account["customerNo"] == ""


@pytest.mark.parametrize(
    ("headers", "code", "message"),
    [
        ({"Authorization": "Bearer forged"}, "4012501", "Invalid Token (B2B)"),
        ({"Authorization": "Bearer " + "x" * 3_000}, "4012501", "Invalid Token (B2B)"),
        ({"Authorization": "Bearer"}, "4012503", "Token Not Found (B2B)"),
        ({"Authorization": "Basic YTpi"}, "4012503", "Token Not Found (B2B)"),
        ({"X-SIGNATURE": "c2lnbmF0dXJl"}, "4012500", "Unauthorized. [Signature]"),
        ({"X-SIGNATURE": ""}, "4002502", "Invalid Mandatory Field X-SIGNATURE"),
        ({"X-TIMESTAMP": "2020-01-01T00:00:00Z"}, "4012500", "Unauthorized. [Timestamp]"),
        ({"X-TIMESTAMP": "20-01-01"}, "4002501", "Invalid Field Format X-TIMESTAMP"),
        ({"X-PARTNER-ID": "stranger"}, "4012500", "Unauthorized. [Unknown client]"),
        ({"X-PARTNER-ID": ""}, "4002502", "Invalid Mandatory Field X-PARTNER-ID"),
        ({"X-EXTERNAL-ID": ""}, "4002502", "Invalid Mandatory Field X-EXTERNAL-ID"),
        ({"X-EXTERNAL-ID": "1" * 65}, "4002501", "Invalid Field Format X-EXTERNAL-ID"),
        ({"X-EXTERNAL-ID": "a b"}, "4002501", "Invalid Field Format X-EXTERNAL-ID"),
        ({"CHANNEL-ID": ""}, "4002502", "Invalid Mandatory Field CHANNEL-ID"),
        ({"X-Large": "x" * 5_000}, "4002500", "Bad Request. [A header is too long]"),
    ],
)
async def test_wrong_headers_are_refused_and_burn_nothing(
    biller: Biller,
    bank: SimulatedBank,
    debtor: Debtor,
    headers: dict[str, str],
    code: str,
    message: str,
) -> None:
    body = as_bytes(a_body(debtor.customer_number))

    refused = await bank.transact(PAYMENT, body, external_id="X1", headers=headers)
    right = await bank.transact(PAYMENT, body, external_id="X1")

    assert (refused.http_status, refused.code) == (int(code[:3]), code)
    assert refused.message == message
    assert ("virtualAccountData" in refused.document) is (refused.http_status != 401)
    assert flag(right) == ("2002500", "00")
    assert await payments(biller) == 1


async def test_a_missing_timestamp_is_named(bank: SimulatedBank, debtor: Debtor) -> None:
    await bank.token()
    body = as_bytes(a_body(debtor.customer_number))
    headers = bank.signed_headers(PAYMENT, body, {})
    del headers["X-TIMESTAMP"]

    answer = await bank.post(PAYMENT, body, headers)

    assert (answer.code, answer.message) == ("4002502", "Invalid Mandatory Field X-TIMESTAMP")
    assert answer.account["customerNo"] == debtor.customer_number


async def test_a_body_changed_on_its_way_is_refused(
    biller: Biller, bank: SimulatedBank, debtor: Debtor
) -> None:
    await bank.token()
    body = as_bytes(a_body(debtor.customer_number))
    headers = {"X-EXTERNAL-ID": "X1", **bank.signed_headers(PAYMENT, body, {})}

    answer = await bank.post(PAYMENT, body.replace(b"35000.00", b"35000.0"), headers)

    assert (answer.http_status, answer.code) == (401, "4012500")
    assert await payments(biller) == 0


async def test_a_signature_is_good_for_its_own_path_only(
    bank: SimulatedBank, debtor: Debtor
) -> None:
    await bank.token()
    body = as_bytes(a_body(debtor.customer_number))
    headers = {"X-EXTERNAL-ID": "X1", **bank.signed_headers("/transfer-va/inquiry", body, {})}

    answer = await bank.post(PAYMENT, body, headers)

    assert answer.message == "Unauthorized. [Signature]"


async def test_a_token_of_one_bank_and_the_name_of_another_are_refused(
    biller: Biller, bank: SimulatedBank, debtor: Debtor
) -> None:
    other = await biller.opens(
        NewChannel(code="BRI", name="Bank Rintisan", public_key_pem=biller.keys.public_key_pem)
    )
    bank.partner_id = other.partner_id

    answer = await bank.pay(debtor.customer_number, OWED)

    assert (answer.code, answer.message) == ("4012500", "Unauthorized. [Unknown client]")


async def test_banks_may_share_a_company_code_as_partner_id(biller: Biller, debtor: Debtor) -> None:
    banks = [
        biller.bank(
            await biller.opens(
                NewChannel(
                    code=code,
                    name=code,
                    public_key_pem=biller.keys.public_key_pem,
                    partner_id="88888",
                )
            )
        )
        for code in ("ONE", "TWO")
    ]
    for one in banks:
        one.partner_id = "88888"

    answers = [await one.inquire(debtor.customer_number) for one in banks]

    assert [answer.code for answer in answers] == ["2002400", "2002400"]


async def test_the_numbers_of_the_other_members_pay_for_the_family(
    biller: Biller, bank: SimulatedBank
) -> None:
    channel = (await biller.services.directory.channels()).by_client[bank.client_id]
    family, _ = await an_active_family(
        biller.services.pool,
        channel.channel_id,
        a_family(members=3),
        first_payment_at=datetime(2025, 12, 20, 9, tzinfo=WIB),
    )
    first, second, third = (customer_number_of(p.card_number) for p in family.participants)

    paid = await bank.pay(third, Rupiah(105_000))
    again = [await bank.inquire(number) for number in (first, second, third)]

    assert flag(paid) == ("2002500", "00")
    assert {answer.code for answer in again} == {"4042414"}
