from datetime import date

from iuran.core.bills import bills_of
from iuran.core.database.pool import Pool
from iuran.core.explanations import explain_bill, explain_status, explain_window
from iuran.core.families import Relation
from iuran.core.fines import windows_of
from iuran.core.segments import CareClass
from iuran.payments.members import add_newborn
from tests.builders import (
    a_channel,
    a_family,
    a_participant,
    an_active_family,
    pays_what_it_owes,
)
from tests.moments import wib


async def test_a_bill_a_window_and_a_status_explain_themselves_in_two_languages(
    pool: Pool,
) -> None:
    async with pool.acquire() as connection:
        channel = await a_channel(connection)
    family, (account, *_) = await an_active_family(
        pool,
        channel,
        a_family(members=3, care_class=CareClass.I),
        first_payment_at=wib(2025, 12, 20),
    )
    await pays_what_it_owes(pool, channel, account, at=wib(2026, 2, 1, 0, 1))
    async with pool.acquire() as connection, connection.transaction():
        added, _ = await add_newborn(
            connection,
            family.family_id,
            family.membership_id,
            child=a_participant(relation=Relation.CHILD, birth_date=date(2026, 1, 20)),
            at=wib(2026, 2, 10),
        )

    async with pool.acquire() as connection:
        bill = (await bills_of(connection, family.family_id, today=date(2026, 2, 10)))[0]
        of_bill = await explain_bill(connection, family.family_id, bill)
        of_window = explain_window((await windows_of(connection, family.family_id))[0])
        of_parent, of_baby = [
            await explain_status(connection, family.family_id, person, at=wib(2026, 2, 11))
            for person in (
                family.participants[0].participant_id,
                added.participant.participant_id,
            )
        ]
        of_nobody = await explain_status(connection, family.family_id, 0, at=wib(2026, 2, 11))

    lines = [reason for reason in of_bill.reasons if reason.rule == "line"]
    assert sum(reason.amount or 0 for reason in lines) == bill.amount == 750_000
    assert "Rp450.000 before, Rp750.000 after" in str(of_bill)
    assert "2026-03-18" in of_window.english
    assert of_window.reasons[1].day == date(2026, 3, 18)
    assert of_parent.english == "Covered at 2026-02-11 09:00 WIB"
    assert of_baby.indonesian.startswith("Tidak dijamin")
    assert of_baby.reasons[-1].rule == "own_cover"
    assert of_nobody.reasons == ()
    for explanation in (of_bill, of_window, of_parent, of_baby):
        for reason in explanation.reasons:
            assert reason.legal_basis
            assert reason.english != reason.indonesian
