"""What employers and governments paid too much goes back to them, by two persons."""

import asyncio
from datetime import date, datetime

import pytest

from iuran.core.database.pool import Pool
from iuran.core.errors import InvalidInputError
from iuran.core.money import Rupiah
from iuran.core.second_person import NothingToApproveError, SecondPersonError
from iuran.core.segments import Segment
from iuran.payments.payer_refunds import (
    NewPayerRefund,
    PayerRefund,
    PayerUnknownError,
    approve_payer_refund,
    ask_payer_refund,
    record_payer_payout,
    refuse_payer_refund,
    waiting_payer_refunds,
)
from iuran.payments.refunds.decisions import RefundInArrearsError
from iuran.payments.refunds.records import Payee
from iuran.payments.refunds.requests import RefundExceedsCreditError
from tests.moments import wib
from tests.payments.payers import agree, roll, sponsored
from tests.payments.test_employer_credit import BILL, a_company, credit, transfers
from tests.payments.test_government_payments import pays, stand

PAYEE = Payee(name="PT CONTOH", bank="BANK CONTOH", account="0009900112233")


async def asks(
    pool: Pool,
    amount: int,
    *,
    employer_id: int | None = None,
    region: str | None = None,
    at: datetime,
) -> int:
    new = NewPayerRefund(
        employer_id=employer_id,
        region=region,
        amount=Rupiah(amount),
        note="Dibayar dua kali",
        payee=PAYEE,
    )
    async with pool.acquire() as connection, connection.transaction():
        return (await ask_payer_refund(connection, new, by="siti", at=at)).refund_id


async def approves(pool: Pool, refund_id: int, *, by: str = "budi", at: datetime) -> PayerRefund:
    async with pool.acquire() as connection, connection.transaction():
        return await approve_payer_refund(
            connection, refund_id, reason="sesuai mutasi bank", by=by, at=at
        )


async def test_an_employer_gets_back_what_no_bill_needs(pool: Pool) -> None:
    channel, employer_id, number, _ = await a_company(pool)
    await transfers(pool, channel, number, 3 * BILL, at=wib(2026, 3, 6))

    refund_id = await asks(pool, BILL, employer_id=employer_id, at=wib(2026, 3, 20))
    untouched = await credit(pool, employer_id)
    with pytest.raises(SecondPersonError):
        await approves(pool, refund_id, by="siti", at=wib(2026, 3, 21))
    approved = await approves(pool, refund_id, at=wib(2026, 3, 21))
    async with pool.acquire() as connection, connection.transaction():
        (waiting,) = await waiting_payer_refunds(connection)
        paid = await record_payer_payout(
            connection, refund_id, payout_reference="TRF-99", by="wati", at=wib(2026, 3, 25)
        )
        assert await waiting_payer_refunds(connection) == ()

    assert (untouched, await credit(pool, employer_id)) == (2 * BILL, BILL)
    assert (approved.state, approved.pay_by) == ("APPROVED", date(2026, 4, 4))
    assert waiting.refund_id == refund_id
    assert (paid.state, paid.payout_reference, paid.paid_on) == (
        "PAID",
        "TRF-99",
        date(2026, 3, 25),
    )
    await roll(pool, wib(2026, 4, 1))
    assert await credit(pool, employer_id) == 0  # April was paid from what is left
    await agree(pool)


async def test_bills_of_meanwhile_come_before_a_refund(pool: Pool) -> None:
    channel, employer_id, number, _ = await a_company(pool)
    await transfers(pool, channel, number, 2 * BILL, at=wib(2026, 3, 6))
    refund_id = await asks(pool, BILL, employer_id=employer_id, at=wib(2026, 3, 31, 23, 59))

    with pytest.raises(RefundExceedsCreditError):
        await approves(pool, refund_id, at=wib(2026, 4, 1, 0, 1))


async def test_closed_months_come_before_a_refund(pool: Pool) -> None:
    channel, employer_id, number, _ = await a_company(pool)
    await transfers(pool, channel, number, BILL // 2, at=wib(2026, 3, 6))
    refund_id = await asks(pool, 1_000, employer_id=employer_id, at=wib(2026, 3, 20))

    with pytest.raises(RefundInArrearsError):
        await approves(pool, refund_id, at=wib(2026, 4, 2))


async def test_a_government_gets_back_what_it_paid_too_much(pool: Pool) -> None:
    await sponsored(pool, Segment.PBPU_PEMDA, members=2, region="9901", at=wib(2026, 3, 5))
    await roll(pool, wib(2026, 3, 6))
    await pays(pool, 200_000, region="9901", at=wib(2026, 3, 10))  # 84,000 is billed

    refund_id = await asks(pool, 116_000, region="9901", at=wib(2026, 3, 12))
    with pytest.raises(RefundExceedsCreditError):
        await asks(pool, 116_001, region="9901", at=wib(2026, 3, 12))
    await approves(pool, refund_id, at=wib(2026, 3, 13))

    assert (await stand(pool, "9901")).credit == 0
    await agree(pool)


async def test_of_two_decisions_at_once_one_counts(pool: Pool) -> None:
    channel, employer_id, number, _ = await a_company(pool)
    await transfers(pool, channel, number, 2 * BILL, at=wib(2026, 3, 6))
    refund_id = await asks(pool, BILL, employer_id=employer_id, at=wib(2026, 3, 20))

    async def refuses() -> PayerRefund:
        async with pool.acquire() as connection, connection.transaction():
            return await refuse_payer_refund(
                connection, refund_id, reason="rekening salah", by="wati", at=wib(2026, 3, 21)
            )

    done = await asyncio.gather(
        approves(pool, refund_id, at=wib(2026, 3, 21)),
        approves(pool, refund_id, by="wati", at=wib(2026, 3, 21)),
        refuses(),
        return_exceptions=True,
    )

    (decided,) = [one for one in done if isinstance(one, PayerRefund)]
    assert all(isinstance(one, NothingToApproveError) for one in done if one is not decided)
    assert await credit(pool, employer_id) == (0 if decided.state == "APPROVED" else BILL)


async def test_what_cannot_be_asked_for_is_refused_at_once(pool: Pool) -> None:
    _, employer_id, _, _ = await a_company(pool)
    at = wib(2026, 3, 20)

    with pytest.raises(PayerUnknownError):
        await asks(pool, 1, region="9999", at=at)
    with pytest.raises(InvalidInputError, match="payer"):
        await asks(pool, 1, region="9999", employer_id=employer_id, at=at)
    with pytest.raises(RefundExceedsCreditError):
        await asks(pool, 1, employer_id=employer_id, at=at)
    with pytest.raises(NothingToApproveError):
        await approves(pool, 999_999, at=at)
