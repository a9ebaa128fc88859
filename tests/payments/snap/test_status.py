"""Service 26: a bank asks what became of a payment."""

from datetime import datetime, timedelta

import pytest

from iuran.core.clock import WIB, StandingClock
from iuran.core.money import Rupiah
from iuran.payments.channels import NewChannel
from iuran.payments.simulation.bank import SimulatedBank
from iuran.payments.simulation.bank_answer import BankAnswer
from tests.payments.snap.conftest import Biller, Debtor
from tests.payments.snap.wire import as_bytes

OWED = Rupiah(35_000)
STATUS = "/transfer-va/status"


async def asks(
    bank: SimulatedBank, number: str, path: str = STATUS, **fields: object
) -> BankAnswer:
    body: dict[str, object] = {
        "partnerServiceId": "   88888",
        "customerNo": number,
        "virtualAccountNo": f"   88888{number}",
        **fields,
    }
    return await bank.transact(path, as_bytes(body))


@pytest.mark.parametrize("path", [STATUS, "/transfer-va/inquiry-status"])
async def test_a_payment_is_found_by_its_id(bank: SimulatedBank, debtor: Debtor, path: str) -> None:
    paid = await bank.pay(debtor.customer_number, OWED, request_id="P1")

    answer = await asks(
        bank, debtor.customer_number, path, paymentRequestId="P1", additionalInfo={"a": 1}
    )

    assert (paid.code, answer.code) == ("2002500", "2002600")
    assert answer.account["paymentFlagStatus"] == "00"
    assert answer.account["paymentRequestId"] == "P1"
    assert answer.account["inquiryRequestId"] == "P1"
    assert answer.account["paidAmount"] == {"value": "35000.00", "currency": "IDR"}
    assert answer.account["virtualAccountNo"] == f"   88888{debtor.customer_number}"
    assert str(answer.account["transactionDate"]).startswith("2026-01-05T09:00:00+07:00")
    assert answer.document["additionalInfo"] == {"a": 1}


async def test_without_an_id_the_latest_payment_of_the_account_is_told(
    bank: SimulatedBank, debtor: Debtor, clock: StandingClock
) -> None:
    await bank.pay(debtor.customer_number, OWED, request_id="P1")
    clock.set(datetime(2026, 2, 3, 9, 0, tzinfo=WIB))
    await bank.pay(debtor.customer_number, OWED, request_id="P2")

    answer = await asks(bank, debtor.customer_number, paymentRequestId=None, inquiryRequestId="")

    assert answer.account["paymentRequestId"] == "P2"


async def test_a_refused_payment_is_told_with_its_reason(
    bank: SimulatedBank, debtor: Debtor
) -> None:
    await bank.pay(debtor.customer_number, Rupiah(1_000), request_id="P1")

    answer = await asks(bank, debtor.customer_number, inquiryRequestId="P1")

    assert (answer.code, answer.account["paymentFlagStatus"]) == ("2002600", "01")
    assert answer.account["paymentFlagReason"] == {
        "english": "The amount is not what is owed",
        "indonesia": "Jumlah tidak sesuai tagihan",
    }
    assert answer.account["totalAmount"] == {"value": "35000.00", "currency": "IDR"}


@pytest.mark.parametrize(
    ("asked_at", "code"),
    [
        (datetime(2026, 1, 5, 23, 59, tzinfo=WIB), "2002600"),
        (datetime(2026, 1, 6, 23, 59, tzinfo=WIB), "2002600"),
        (datetime(2026, 1, 7, 0, 1, tzinfo=WIB), "4042601"),
    ],
)
async def test_today_and_yesterday_are_kept(
    bank: SimulatedBank, debtor: Debtor, clock: StandingClock, asked_at: datetime, code: str
) -> None:
    await bank.pay(debtor.customer_number, OWED, request_id="P1")
    clock.set(asked_at)

    by_id = await asks(bank, debtor.customer_number, paymentRequestId="P1")
    latest = await asks(bank, debtor.customer_number)

    assert (by_id.code, latest.code) == (code, code)


async def test_what_nobody_paid_is_not_found(bank: SimulatedBank, debtor: Debtor) -> None:
    by_id = await asks(bank, debtor.customer_number, paymentRequestId="P1")
    latest = await asks(bank, debtor.customer_number)
    stranger = await asks(bank, "09999999999")

    assert {a.code for a in (by_id, latest, stranger)} == {"4042601"}
    assert by_id.account["paymentRequestId"] == "P1"
    assert "paymentFlagStatus" not in by_id.account


async def test_a_payment_of_another_account_or_channel_is_not_shown(
    biller: Biller, bank: SimulatedBank, debtor: Debtor
) -> None:
    await bank.pay(debtor.customer_number, OWED, request_id="P1")
    other = biller.bank(
        await biller.opens(
            NewChannel(code="BNI", name="Bank Lain", public_key_pem=biller.keys.public_key_pem)
        )
    )

    of_another_account = await asks(bank, "09999999999", paymentRequestId="P1")
    of_another_channel = await asks(other, debtor.customer_number, paymentRequestId="P1")
    latest_elsewhere = await asks(other, debtor.customer_number)

    assert of_another_account.code == "4042601"
    assert (of_another_channel.code, latest_elsewhere.code) == ("4042601", "4042601")


async def test_an_external_id_is_used_once_for_this_service(
    bank: SimulatedBank, debtor: Debtor, clock: StandingClock
) -> None:
    await bank.pay(debtor.customer_number, OWED, request_id="P1", external_id="X1")
    body = as_bytes(
        {
            "partnerServiceId": "   88888",
            "customerNo": debtor.customer_number,
            "virtualAccountNo": f"   88888{debtor.customer_number}",
        }
    )

    first = await bank.transact(STATUS, body, external_id="X1")
    again = await bank.transact(STATUS, body, external_id="X1")
    clock.set(clock.now() + timedelta(days=1))
    tomorrow = await bank.transact(STATUS, body, external_id="X1")

    assert (first.code, again.code, tomorrow.code) == ("2002600", "4092600", "2002600")
