"""The fine of a stay at the desk: seen, booked by one officer, approved by another."""

import json

from iuran.core.database.pool import Pool
from tests.deploy.processes import Run
from tests.payments.test_care_money import a_fined_stay


async def test_a_fine_is_paid_at_the_desk(run: Run, pool: Pool) -> None:
    family, _, letter = await a_fined_stay(pool)
    who = str(family.family_id)
    await run("clock", "set", "2026-03-09T09:00", "--back")
    money = ("--channel", "BCA", "--reference", "STRUK-1", "--reason", "struk", "--by", "ani")
    pay = ("fines", "pay", who, letter.letter_number)

    (listed,) = json.loads((await run("fines", "list", "--json")).stdout)
    now = await run(*pay, "280000", *money)
    wrong = await run(*pay, "280001", *money, "--paid-at", "2026-03-05T10:00")
    proposed = await run(*pay, "280000", *money, "--paid-at", "2026-03-05T10:00")
    change = proposed.stdout.split("approve ")[1].split()[1]
    (waits,) = json.loads((await run("fines", "list", "--json")).stdout)
    alone = await run("fines", "approve", who, change, "--by", "ani")
    done = await run("fines", "approve", who, change, "--by", "budi")
    left = json.loads((await run("fines", "list", "--json")).stdout)

    assert (listed["amount"], listed["state"]) == ("Rp280.000", "too late")
    assert listed["card"].startswith("****")
    assert (now.returncode, "2026-03-06 15:00 WIB" in now.stderr) == (1, True)
    assert (wrong.returncode, "Rp280.000" in wrong.stderr) == (1, True)
    assert waits["state"] == f"approve {change}"
    assert (alone.returncode, "another person" in alone.stderr) == (1, True)
    assert done.stdout.startswith(f"Rp280.000 for the fine of {letter.letter_number} is posted")
    assert left == []


async def test_a_fine_that_was_assessed_wrongly_is_taken_off_at_the_desk(
    run: Run, pool: Pool
) -> None:
    family, _, letter = await a_fined_stay(pool)
    who = str(family.family_id)
    await run("clock", "set", "2026-03-09T09:00", "--back")
    relieve = ("fines", "relieve", who, letter.letter_number, "--reason", "salah", "--by", "ani")

    draft = await run(*relieve, "--ground", "LAW", "--rule", "PERPRES_2026_DRAFT")
    proposed = await run(*relieve, "--ground", "CORRECTION")
    change = proposed.stdout.split("approve-relief ")[1].split()[1]
    alone = await run("fines", "approve-relief", who, change, "--by", "ani")
    done = await run("fines", "approve-relief", who, change, "--by", "budi")
    left = json.loads((await run("fines", "list", "--json")).stdout)
    told = await run("explain", "stay", letter.letter_number, "--language", "id")

    assert (draft.returncode, "is not in force" in draft.stderr) == (1, True)
    assert (alone.returncode, "another person" in alone.stderr) == (1, True)
    assert done.stdout.startswith("The fine of Rp280.000 need not be paid")
    assert left == []
    assert "Tidak perlu dibayar" in told.stdout
