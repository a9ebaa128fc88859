"""Money that was collected already: service 34, and Midtrans' flat dialect on a channel's path."""

import asyncio
import json
from datetime import timedelta
from pathlib import Path

import pytest

from iuran.core.money import Rupiah
from iuran.payments.channels import NewChannel
from iuran.payments.lost.disputes import disputed_payments
from iuran.payments.simulation.bank import Signing, SimulatedBank
from iuran.payments.simulation.bank_answer import BankAnswer
from tests.payments.snap.conftest import Biller, Debtor
from tests.payments.snap.wire import as_bytes

NOTIFY = "/transfer-va/notify-payment-intrabank"
FLAT = "/notifications/BCA"
OWED = Rupiah(35_000)


def a_notice(number: str, **changes: object) -> dict[str, object]:
    return {
        "partnerServiceId": "   88888",
        "customerNo": number,
        "virtualAccountNo": f"   88888{number}",
        "inquiryRequestId": "A1",
        "paymentRequestId": "A1",
        "partnerReferenceNo": "R1",
        "trxDateTime": "2026-01-05T08:59:00+07:00",
        "paymentStatus": "Success",
        "additionalInfo": {},
        **changes,
    }


def a_flat_notice(number: str, **changes: object) -> dict[str, object]:
    return {
        "originalReferenceNo": "A1202409231511081IDnMTwbGpYp",
        "virtualAccountNo": f"88888{number}",
        "virtualAccountName": "Midtrans  Yudhi",
        "paymentRequestId": "test yudhi3",
        "trxDateTime": "2026-01-05T08:15:30+07:00",
        "paidAmount": {"value": "35000.00", "currency": "IDR"},
        "additionalInfo": {"merchantStoreName": "Toko Serba Ada Jaya"},
        "responseCode": "2002500",
        "responseMessage": "Success",
        "latestTransactionStatus": "00",
        "transactionStatusDesc": "Settlement",
        **changes,
    }


async def notified(bank: SimulatedBank, body: dict[str, object], path: str = FLAT) -> BankAnswer:
    """Send what an aggregator sends: a signature and a timestamp, and no other header of SNAP."""
    bank.signing = Signing.RSA
    content = as_bytes(body)
    signed = bank.signed_headers(path, content, {})
    headers = {name: signed[name] for name in ("X-TIMESTAMP", "X-SIGNATURE")}
    return await bank.post(path, content, headers)


async def booked(biller: Biller) -> list[tuple[str, int]]:
    async with biller.services.pool.acquire() as connection:
        rows = await connection.fetch("SELECT reference, amount FROM payment ORDER BY payment_id")
    return [(row["reference"], row["amount"]) for row in rows][1:]  # the family's first is older


async def held(biller: Biller) -> list[tuple[str, int, str]]:
    async with biller.services.pool.acquire() as connection:
        rows = await connection.fetch(
            "SELECT customer_number, amount, reason FROM suspense_item ORDER BY suspense_id"
        )
    return [(row["customer_number"], row["amount"], row["reason"]) for row in rows]


@pytest.mark.parametrize(
    "changes",
    [
        {"trxDateTime": "05/01/2026 08:59"},
        {"trxDateTime": {}},
        {"virtualAccountNo": "00088888{}"},
    ],
)
async def test_how_collected_money_is_written_does_not_lose_it(
    biller: Biller, bank: SimulatedBank, debtor: Debtor, changes: dict[str, object]
) -> None:
    number = debtor.customer_number
    told = {k: v.format(number) if isinstance(v, str) else v for k, v in changes.items()}

    pushed = await bank.transact(
        NOTIFY,
        as_bytes(a_notice(number, paidAmount={"value": "35000.00", "currency": "IDR"}, **told)),
    )
    flat = await notified(bank, a_flat_notice(number, **told))

    assert (pushed.code, flat.code) == ("2003400", "2002500")
    assert [amount for _, amount in await booked(biller)] == [OWED, OWED]
    assert await held(biller) == []


@pytest.mark.parametrize(
    "amount",
    [
        {"paidAmount": {"value": "35000.00", "currency": "IDR"}},
        {"additionalInfo": {"paymentAmount": "35000", "terminalId": "9"}},
        {"additionalInfo": {"paymentAmount": 35000}},
    ],
)
async def test_a_pushed_payment_is_booked_once(
    biller: Biller, bank: SimulatedBank, debtor: Debtor, amount: dict[str, object]
) -> None:
    body = as_bytes(a_notice(debtor.customer_number, **amount))

    first = await bank.transact(NOTIFY, body)
    again = await bank.transact(NOTIFY, body)

    assert (first.code, again.code) == ("2003400", "2003400")
    data = first.document["virtualAccountdata"]
    assert isinstance(data, dict)
    assert (data["paymentRequestId"], data["paymentStatus"]) == ("A1", "Success")
    assert await booked(biller) == [("A1", 35_000)]


@pytest.mark.parametrize("path", [NOTIFY, FLAT])
async def test_money_of_a_payment_that_we_refused_is_disputed_and_not_thanked_for(
    biller: Biller, bank: SimulatedBank, debtor: Debtor, path: str
) -> None:
    number = debtor.customer_number
    refused = await bank.pay(number, Rupiah(9_000), request_id="A1")
    paid = {"value": "9000.00", "currency": "IDR"}

    if path == NOTIFY:
        told = await bank.transact(path, as_bytes(a_notice(number, paidAmount=paid)))
    else:
        notice = a_flat_notice(number, originalReferenceNo="A1", paidAmount=paid)
        told = await notified(bank, notice)

    assert refused.code == "4042513"
    assert told.code in {"4043418", "4042518"}
    assert await booked(biller) == []
    at = biller.services.clock.now()
    async with biller.services.pool.acquire() as connection:
        (disputed,) = await disputed_payments(
            connection, since=at - timedelta(days=1), until=at + timedelta(days=1)
        )
    assert (disputed.reference, disputed.amount) == ("A1", 9_000)
    assert (disputed.service, disputed.our_result) == (int(told.code[3:5]), "AMOUNT_MISMATCH")


async def test_without_an_amount_it_is_what_the_inquiry_told(
    biller: Biller, bank: SimulatedBank, debtor: Debtor
) -> None:
    unasked = await bank.transact(NOTIFY, as_bytes(a_notice(debtor.customer_number)))
    await bank.inquire(debtor.customer_number, request_id="A1")
    asked = await bank.transact(NOTIFY, as_bytes(a_notice(debtor.customer_number)))

    assert (unasked.code, unasked.message) == ("4003402", "Invalid Mandatory Field paidAmount")
    assert asked.code == "2003400"
    assert await booked(biller) == [("A1", 35_000)]


@pytest.mark.parametrize("status", ["In Progress", "Failed", "Pending"])
async def test_a_push_of_no_success_is_acknowledged_alone(
    biller: Biller, bank: SimulatedBank, debtor: Debtor, status: str
) -> None:
    notice = a_notice(
        debtor.customer_number,
        paymentStatus=status,
        paidAmount={"value": "35000.00", "currency": "IDR"},
    )

    answer = await bank.transact(NOTIFY, as_bytes(notice))

    assert answer.code == "2003400"
    assert await booked(biller) == []


async def test_an_external_id_of_another_push_is_a_conflict(
    biller: Biller, bank: SimulatedBank, debtor: Debtor
) -> None:
    paid = {"paidAmount": {"value": "35000.00", "currency": "IDR"}}
    body = as_bytes(a_notice(debtor.customer_number, **paid))
    other = as_bytes(a_notice(debtor.customer_number, paymentRequestId="A2", **paid))

    first = await bank.transact(NOTIFY, body, external_id="X1")
    reused = await bank.transact(NOTIFY, other, external_id="X1")
    changed = await bank.transact(
        NOTIFY,
        as_bytes(a_notice(debtor.customer_number, paidAmount={"value": "1.00", "currency": "IDR"})),
    )

    assert (first.code, reused.code, changed.code) == ("2003400", "4093400", "4043418")
    assert await booked(biller) == [("A1", 35_000)]


async def test_a_push_and_a_payment_may_share_an_external_id(
    biller: Biller, bank: SimulatedBank, debtor: Debtor
) -> None:
    paid = {"paidAmount": {"value": "35000.00", "currency": "IDR"}}

    pushed = await bank.transact(
        NOTIFY, as_bytes(a_notice(debtor.customer_number, **paid)), external_id="X1"
    )
    flagged = await bank.pay(debtor.customer_number, OWED, request_id="A1", external_id="X1")

    assert (pushed.code, flagged.code) == ("2003400", "2002500")
    assert await booked(biller) == [("A1", 35_000)]


async def test_settled_money_of_an_aggregator_is_booked_once_however_often_told(
    biller: Biller, bank: SimulatedBank, debtor: Debtor
) -> None:
    notice = a_flat_notice(debtor.customer_number)

    answers = await asyncio.gather(*(notified(bank, notice) for _ in range(4)))

    assert {answer.code for answer in answers} == {"2002500"}
    assert await booked(biller) == [("A1202409231511081IDnMTwbGpYp", 35_000)]


async def test_pending_after_settlement_takes_nothing_back(
    biller: Biller, bank: SimulatedBank, debtor: Debtor
) -> None:
    settled = await notified(bank, a_flat_notice(debtor.customer_number))
    pending = await notified(
        bank, a_flat_notice(debtor.customer_number, latestTransactionStatus="03", paidAmount=None)
    )

    assert (settled.code, pending.code) == ("2002500", "2002500")
    assert len(await booked(biller)) == 1


async def test_collected_money_that_fits_nobody_waits_in_suspense(
    biller: Biller, bank: SimulatedBank
) -> None:
    stranger = await notified(bank, a_flat_notice("14536759543", originalReferenceNo="S1"))
    foreign = await notified(
        bank, a_flat_notice("1", virtualAccountNo="7082214536759543", originalReferenceNo="S2")
    )

    assert (stranger.code, foreign.code) == ("2002500", "2002500")
    assert await booked(biller) == []
    assert await held(biller) == [
        ("14536759543", 35_000, "VIRTUAL_ACCOUNT_UNKNOWN"),
        ("7082214536759543", 35_000, "VIRTUAL_ACCOUNT_UNKNOWN"),
    ]


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"paidAmount": {"value": "0.00", "currency": "IDR"}}, "4002501"),
        ({"paidAmount": None}, "4002502"),
        ({"virtualAccountNo": "seven"}, "4002501"),
        ({"latestTransactionStatus": None}, "4002502"),
        ({"originalReferenceNo": "", "paymentRequestId": ""}, "4002502"),
    ],
)
async def test_a_flat_notice_without_its_fields_is_refused(
    biller: Biller,
    bank: SimulatedBank,
    debtor: Debtor,
    changes: dict[str, object],
    code: str,
) -> None:
    answer = await notified(bank, a_flat_notice(debtor.customer_number, **changes))

    assert answer.code == code
    assert await booked(biller) == []


async def test_only_the_channels_own_key_is_believed_on_its_path(
    biller: Biller, bank: SimulatedBank, debtor: Debtor
) -> None:
    await biller.opens(
        NewChannel(
            code="OTHER", name="Lain", public_key_pem=biller.keys.public_key_pem, va_prefix="99"
        )
    )
    notice = a_flat_notice(debtor.customer_number)
    bank.signing = Signing.RSA
    content = as_bytes(notice)
    signed_elsewhere = bank.signed_headers("/notifications/OTHER", content, {})

    replayed = await bank.post(FLAT, content, signed_elsewhere)
    unsigned = await bank.post(FLAT, content, {})
    nobody = await notified(bank, notice, "/notifications/NOBODY")

    assert replayed.message == "Unauthorized. [Signature]"
    assert unsigned.code == "4002502"
    assert nobody.message == "Unauthorized. [Unknown client]"
    assert await booked(biller) == []


@pytest.mark.parametrize("name", ["va-pending", "va-settlement"])
async def test_published_notifications_are_accepted(
    biller: Biller, bank: SimulatedBank, name: str, samples: Path
) -> None:
    body = json.loads((samples / f"midtrans_snap_notify_{name}.json").read_bytes())["body"]

    answer = await notified(bank, body)

    assert answer.code == "2002500"
    assert len(await held(biller)) == (1 if name == "va-settlement" else 0)
