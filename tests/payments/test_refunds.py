"""Refunds out of credit: asked, checked, approved by another, paid; never more than there is."""

import asyncio
from datetime import date, datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from iuran.core.database.pool import Pool
from iuran.core.errors import DomainError, InvalidInputError
from iuran.core.families import RegisteredFamily
from iuran.core.manual_changes import ChangeKind
from iuran.core.money import Rupiah
from iuran.core.second_person import SecondPersonError
from iuran.core.segments import CareClass
from iuran.payments.credit import credit_entries_of, credit_of
from iuran.payments.departures import Departure, approve_departure, propose_departure
from iuran.payments.ledger import balances, disagreements
from iuran.payments.refunds.decisions import (
    RefundInArrearsError,
    approve_refund,
    record_payout,
    refuse_refund,
)
from iuran.payments.refunds.records import (
    Payee,
    Refund,
    RefundKey,
    RefundReason,
    RefundState,
    RefundStepError,
    RefundUnknownError,
    refund_history,
    refund_of,
    refunds_of,
    waiting_refunds,
)
from iuran.payments.refunds.requests import (
    NewRefund,
    RefundExceedsCreditError,
    ask_refund,
    record_file_complete,
)
from iuran.payments.settlement import book_collected
from iuran.payments.virtual_accounts import VirtualAccount
from tests.builders import a_channel, a_family, an_active_family, an_instruction
from tests.conftest import clear
from tests.moments import wib
from tests.payments.payers import roll

PAYEE = Payee(name="BUNGA CONTOH", bank="Bank Contoh", account="0099900001")


async def a_couple(pool: Pool) -> tuple[int, RegisteredFamily, VirtualAccount]:
    """Two people in class I (300,000 a month), paid through March 2026."""
    async with pool.acquire() as connection:
        channel = await a_channel(connection)
    family, (account, *_) = await an_active_family(
        pool,
        channel,
        a_family(members=2, care_class=CareClass.I),
        first_payment_at=wib(2026, 3, 20),
    )
    return channel, family, account


async def overpays(
    pool: Pool, channel: int, account: VirtualAccount, amount: int, *, at: datetime
) -> None:
    async with pool.acquire() as connection, connection.transaction():
        instruction = an_instruction(channel, account.customer_number, amount)
        await book_collected(connection, [instruction], at=at)


async def asked(
    pool: Pool,
    family: RegisteredFamily,
    amount: int,
    *,
    at: datetime,
    reason: RefundReason = RefundReason.OVERPAYMENT,
) -> Refund:
    async with pool.acquire() as connection, connection.transaction():
        refund = NewRefund(
            family_id=family.family_id,
            membership_id=family.membership_id,
            amount=Rupiah(amount),
            reason=reason,
            note="Bayar dua kali",
            payee=PAYEE,
        )
        return await ask_refund(connection, refund, by="bunga", at=at)


async def complete(
    pool: Pool,
    family: RegisteredFamily,
    amount: int,
    *,
    at: datetime,
    reason: RefundReason = RefundReason.OVERPAYMENT,
) -> RefundKey:
    refund = await asked(pool, family, amount, at=at, reason=reason)
    async with pool.acquire() as connection, connection.transaction():
        await record_file_complete(connection, refund.key, by="petugas-1", at=at)
    return refund.key


async def approved(pool: Pool, key: RefundKey, *, at: datetime, by: str = "petugas-2") -> Refund:
    async with pool.acquire() as connection, connection.transaction():
        return await approve_refund(connection, key, by=by, at=at)


async def credit(pool: Pool, family: RegisteredFamily) -> int:
    async with pool.acquire() as connection:
        return await credit_of(connection, family.family_id, family.membership_id)


async def agree(pool: Pool) -> dict[str, int]:
    async with pool.acquire() as connection:
        assert await disagreements(connection) == ()
        found = await balances(connection)
    assert sum(balance.amount for balance in found) == 0
    return {balance.account: balance.amount for balance in found if balance.amount}


async def test_a_refund_goes_from_its_request_to_its_payout(pool: Pool) -> None:
    channel, family, account = await a_couple(pool)
    await overpays(pool, channel, account, 250_000, at=wib(2026, 3, 25))
    at = wib(2026, 3, 26, 23, 59)

    key = await complete(pool, family, 200_000, at=at)
    after_approval = await approved(pool, key, at=wib(2026, 3, 30))
    async with pool.acquire() as connection, connection.transaction():
        paid = await record_payout(
            connection, key, payout_reference="TRF-1", by="kasir", at=wib(2026, 4, 9)
        )
        history = await refund_history(connection, key)
        entries = await credit_entries_of(connection, family.family_id, family.membership_id)

    assert after_approval.state is RefundState.APPROVED
    assert after_approval.pay_by == date(2026, 4, 10)
    assert (paid.state, paid.payout_reference, paid.paid_on) == (
        RefundState.PAID,
        "TRF-1",
        date(2026, 4, 9),
    )
    assert not paid.is_late_on(date(2026, 6, 1))
    assert [event.by_whom for event in history] == ["bunga", "petugas-1", "petugas-2", "kasir"]
    assert [(entry.amount, entry.cause) for entry in entries][:1] == [(-200_000, "REFUND")]
    assert await credit(pool, family) == 50_000
    assert (await agree(pool))["DISBURSEMENT_CLEARING"] == -200_000


@pytest.mark.parametrize("by", ["bunga", "petugas-1"], ids=["who asked", "who checked"])
async def test_nobody_approves_what_he_took_part_in(pool: Pool, by: str) -> None:
    channel, family, account = await a_couple(pool)
    await overpays(pool, channel, account, 250_000, at=wib(2026, 3, 25))
    key = await complete(pool, family, 200_000, at=wib(2026, 3, 26))

    with pytest.raises(SecondPersonError):
        await approved(pool, key, at=wib(2026, 3, 27), by=by)

    assert await credit(pool, family) == 250_000
    await agree(pool)


async def test_a_refund_that_is_not_paid_in_15_days_is_late(pool: Pool) -> None:
    channel, family, account = await a_couple(pool)
    await overpays(pool, channel, account, 250_000, at=wib(2026, 3, 20, 12))

    key = await complete(pool, family, 200_000, at=wib(2026, 3, 26))
    async with pool.acquire() as connection:
        refund = await refund_of(connection, key)
        waiting = await waiting_refunds(connection)

    assert [refund.is_late_on(day) for day in (date(2026, 4, 10), date(2026, 4, 11))] == [
        False,
        True,
    ]
    assert [found.key for found in waiting] == [key]


async def test_a_refund_is_refused_when_a_bill_used_the_credit_meanwhile(pool: Pool) -> None:
    channel, family, account = await a_couple(pool)
    await overpays(pool, channel, account, 300_000, at=wib(2026, 3, 25))
    key = await complete(pool, family, 300_000, at=wib(2026, 3, 31, 23, 59))

    # the monthly run has not come by: April's bill takes the credit all the same
    with pytest.raises(RefundExceedsCreditError) as refused:
        await approved(pool, key, at=wib(2026, 4, 1, 0, 1))

    assert refused.value.amount == 300_000
    await roll(pool, at=wib(2026, 4, 1, 0, 2))
    assert await credit(pool, family) == 0
    await agree(pool)


async def test_arrears_come_before_a_refund_of_ones_own_money(pool: Pool) -> None:
    channel, family, account = await a_couple(pool)
    await roll(pool, at=wib(2026, 5, 2))
    await overpays(pool, channel, account, 100_000, at=wib(2026, 5, 3))
    own = await complete(pool, family, 60_000, at=wib(2026, 5, 4))
    others = await complete(
        pool, family, 40_000, at=wib(2026, 5, 4), reason=RefundReason.WRONG_VIRTUAL_ACCOUNT
    )

    with pytest.raises(RefundInArrearsError):
        await approved(pool, own, at=wib(2026, 5, 5))
    await approved(pool, others, at=wib(2026, 5, 5))

    assert await credit(pool, family) == 60_000
    await agree(pool)


async def test_what_was_paid_beyond_a_death_is_refunded(pool: Pool) -> None:
    channel, family, account = await a_couple(pool)
    await overpays(pool, channel, account, 600_000, at=wib(2026, 4, 7))
    await roll(pool, at=wib(2026, 5, 1))
    dead = family.participants[1].participant_id
    async with pool.acquire() as connection, connection.transaction():
        change = await propose_departure(
            connection,
            family.family_id,
            Departure(
                membership_id=family.membership_id,
                participant_id=dead,
                left_on=date(2026, 4, 15),
                kind=ChangeKind.DEATH,
                reason="Akta kematian 12/2026",
            ),
            proposed_by="petugas-1",
            at=wib(2026, 5, 20),
        )
        await approve_departure(
            connection,
            family.family_id,
            change,
            kind=ChangeKind.DEATH,
            approved_by="petugas-2",
            at=wib(2026, 5, 20),
        )

    left = await credit(pool, family)
    key = await complete(pool, family, left, at=wib(2026, 5, 21), reason=RefundReason.DEATH)
    await approved(pool, key, at=wib(2026, 5, 22))

    assert left == 150_000
    assert await credit(pool, family) == 0
    await agree(pool)


async def test_two_refunds_of_one_credit_at_once_never_overdraw_it(pool: Pool) -> None:
    channel, family, account = await a_couple(pool)
    await overpays(pool, channel, account, 250_000, at=wib(2026, 3, 25))
    keys = [await complete(pool, family, 100_000, at=wib(2026, 3, 26)) for _ in range(4)]

    results = await asyncio.gather(
        *(approved(pool, key, at=wib(2026, 3, 27)) for key in keys), return_exceptions=True
    )

    refused = [result for result in results if isinstance(result, RefundExceedsCreditError)]
    assert (len(refused), len(results)) == (2, 4)
    assert await credit(pool, family) == 50_000
    await agree(pool)


async def test_a_refund_and_the_run_at_the_first_take_turns(pool: Pool) -> None:
    channel, family, account = await a_couple(pool)
    await overpays(pool, channel, account, 300_000, at=wib(2026, 3, 25))
    key = await complete(pool, family, 300_000, at=wib(2026, 3, 26))

    refused, _ = await asyncio.gather(
        approved(pool, key, at=wib(2026, 4, 1, 0, 1)),
        roll(pool, at=wib(2026, 4, 1, 0, 1)),
        return_exceptions=True,
    )

    assert isinstance(refused, RefundExceedsCreditError)
    assert await credit(pool, family) == 0
    await agree(pool)


async def test_a_refund_is_approved_once_and_refused_only_before(pool: Pool) -> None:
    channel, family, account = await a_couple(pool)
    await overpays(pool, channel, account, 250_000, at=wib(2026, 3, 25))
    incomplete = await asked(pool, family, 10_000, at=wib(2026, 3, 26))
    key = await complete(pool, family, 100_000, at=wib(2026, 3, 26))
    await approved(pool, key, at=wib(2026, 3, 27))

    with pytest.raises(RefundStepError):
        await approved(pool, incomplete.key, at=wib(2026, 3, 27))
    with pytest.raises(RefundStepError):
        await approved(pool, key, at=wib(2026, 3, 28), by="petugas-3")
    async with pool.acquire() as connection, connection.transaction():
        with pytest.raises(RefundStepError):
            await refuse_refund(connection, key, reason="x", by="petugas-3", at=wib(2026, 3, 28))
        refused = await refuse_refund(
            connection, incomplete.key, reason="Berkas palsu", by="petugas-3", at=wib(2026, 3, 28)
        )
        with pytest.raises(RefundUnknownError):
            await approve_refund(
                connection,
                RefundKey(family_id=family.family_id, refund_id=99),
                by="petugas-3",
                at=wib(2026, 3, 28),
            )
        listed = await refunds_of(connection, family.family_id)

    assert refused.state is RefundState.REFUSED
    assert [refund.state for refund in listed] == [RefundState.REFUSED, RefundState.APPROVED]
    assert await credit(pool, family) == 150_000


async def test_a_request_says_what_it_needs(pool: Pool) -> None:
    _, family, _ = await a_couple(pool)

    with pytest.raises(RefundExceedsCreditError):
        await asked(pool, family, 1, at=wib(2026, 3, 26))
    with pytest.raises(InvalidInputError):
        await asked(pool, family, 0, at=wib(2026, 3, 26))


@settings(
    max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    steps=st.lists(
        st.tuples(st.sampled_from(["pay", "refund", "roll"]), st.integers(1, 700_000)),
        min_size=1,
        max_size=7,
    )
)
async def test_credit_never_goes_below_zero_whatever_is_asked(
    pool: Pool, database_url: str, steps: list[tuple[str, int]]
) -> None:
    await clear(database_url)
    channel, family, account = await a_couple(pool)
    month, paid_back = 4, 0

    for what, amount in steps:
        at = wib(2026, month, 3)
        if what == "pay":
            await overpays(pool, channel, account, amount, at=at)
        elif what == "roll":
            month += 1
            await roll(pool, at=wib(2026, month, 1))
        else:
            try:
                key = await complete(
                    pool, family, amount, at=at, reason=RefundReason.DOUBLE_MEMBERSHIP
                )
                await approved(pool, key, at=at)
                paid_back += amount
            except DomainError as refusal:
                assert refusal.code == "REFUND_EXCEEDS_CREDIT"  # noqa: PT017

        assert await credit(pool, family) >= 0

    assert -(await agree(pool)).get("DISBURSEMENT_CLEARING", 0) == paid_back
