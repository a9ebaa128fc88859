"""Fines that need not be paid: a law, a letter of inability that came later, or a correction."""

import pytest

from iuran.core.care.certificates import (
    InabilityCertificate,
    approve_certificate,
    record_certificate,
)
from iuran.core.care.letters import EligibilityLetter, fine_standing
from iuran.core.database.pool import Pool, connected
from iuran.core.errors import InvalidInputError
from iuran.core.explanations.issued_fine import explain_issued_fine
from iuran.core.families import RegisteredFamily
from iuran.core.money import Rupiah
from iuran.core.second_person import SecondPersonError
from iuran.payments.care_money import FineResult, pay_claim
from iuran.payments.fine_payments import FinePaidError, NoFineError, unpaid_fines
from iuran.payments.fine_relief import (
    FineRelief,
    ReliefGround,
    approve_fine_relief,
    propose_fine_relief,
)
from iuran.payments.write_offs import WriteOffNotInForceError
from tests.moments import wib
from tests.payments.test_care_money import (
    ADMITTED,
    PAY_BY,
    a_fined_stay,
    a_payment,
    an_approved_claim,
    balance_of,
    paid_fine,
)

AT = wib(2026, 3, 10)
DRAFT = "PERPRES_2026_DRAFT"


async def proposed(
    pool: Pool,
    family: RegisteredFamily,
    letter: EligibilityLetter,
    ground: ReliefGround,
    *,
    rule: str | None = None,
) -> int:
    relief = FineRelief(
        family_id=family.family_id,
        letter_number=letter.letter_number,
        ground=ground,
        rule=rule,
        reason="surat 9/2026",
    )
    async with pool.acquire() as connection, connection.transaction():
        return await propose_fine_relief(connection, relief, proposed_by="ani", at=AT)


async def approved(
    pool: Pool, family: RegisteredFamily, change: int, *, by: str = "budi"
) -> Rupiah:
    async with pool.acquire() as connection, connection.transaction():
        relieved = await approve_fine_relief(
            connection, family.family_id, change, approved_by=by, at=AT
        )
    return relieved.amount


async def test_a_correction_by_two_persons_frees_the_claim_and_posts_nothing(pool: Pool) -> None:
    family, channel, letter = await a_fined_stay(pool)
    async with pool.acquire() as connection:
        key = await an_approved_claim(connection, family, letter.letter_number, ADMITTED.date())
    before = await balance_of(pool)

    change = await proposed(pool, family, letter, ReliefGround.CORRECTION)
    with pytest.raises(SecondPersonError):
        await approved(pool, family, change, by="ani")
    amount = await approved(pool, family, change)

    assert amount == 280_000
    assert await balance_of(pool) == before
    late = a_payment(family, channel, letter)
    assert await paid_fine(pool, late, at=PAY_BY) is FineResult.NO_FINE
    async with pool.acquire() as connection, connection.transaction():
        assert await unpaid_fines(connection) == ()
        standing = await fine_standing(connection, family.family_id, letter.letter_number)
        told = await explain_issued_fine(connection, letter.letter_number)
        assert await pay_claim(connection, key, by="cici", at=AT)
    assert standing.is_covered_at(wib(2026, 4, 1)) is True
    assert told.reasons[-1].rule == "relief"
    assert "keliru" in told.reasons[-1].indonesian
    with pytest.raises(NoFineError):
        await proposed(pool, family, letter, ReliefGround.CORRECTION)


async def test_a_law_writes_off_what_it_reaches_and_the_ledger_says_so(
    pool: Pool, database_url: str
) -> None:
    family, _, letter = await a_fined_stay(pool)
    with pytest.raises(WriteOffNotInForceError):
        await proposed(pool, family, letter, ReliefGround.LAW, rule=DRAFT)
    with pytest.raises(InvalidInputError, match="rule"):
        await proposed(pool, family, letter, ReliefGround.LAW, rule="NO_SUCH_RULE")

    async with connected(database_url, role=None) as owner:
        await owner.execute("UPDATE write_off_rule SET in_force = true WHERE rule = $1", DRAFT)
    try:
        change = await proposed(pool, family, letter, ReliefGround.LAW, rule=DRAFT)
        before = await balance_of(pool)
        await approved(pool, family, change)
    finally:
        async with connected(database_url, role=None) as owner:
            await owner.execute("UPDATE write_off_rule SET in_force = false WHERE rule = $1", DRAFT)

    after = await balance_of(pool)
    assert after["WRITE_OFF_EXPENSE"] - before.get("WRITE_OFF_EXPENSE", 0) == 280_000
    assert after["FINE_REVENUE"] - before.get("FINE_REVENUE", 0) == -280_000


async def test_a_letter_of_inability_that_came_later_counts_if_it_speaks_for_the_admission(
    pool: Pool,
) -> None:
    family, _, letter = await a_fined_stay(pool)
    with pytest.raises(InvalidInputError, match="ground"):
        await proposed(pool, family, letter, ReliefGround.CERTIFICATE)

    async with pool.acquire() as connection, connection.transaction():
        certificate = InabilityCertificate(
            family_id=family.family_id,
            certificate_number="DINSOS-9",
            issued_by="Dinas Sosial",
            first_day=ADMITTED.date(),
            last_day=ADMITTED.date(),
        )
        await record_certificate(connection, certificate, by="ani", at=AT)
        await approve_certificate(connection, family.family_id, "DINSOS-9", by="budi", at=AT)
    change = await proposed(pool, family, letter, ReliefGround.CERTIFICATE)

    assert await approved(pool, family, change) == 280_000


async def test_what_was_paid_stays_paid(pool: Pool) -> None:
    family, channel, letter = await a_fined_stay(pool)
    change = await proposed(pool, family, letter, ReliefGround.CORRECTION)
    await paid_fine(pool, a_payment(family, channel, letter), at=PAY_BY)

    with pytest.raises(FinePaidError):
        await approved(pool, family, change)
