"""What an officer does at the desk for people who move, and for children who study."""

import json

from iuran.core.database.pool import Pool
from tests.builders import a_channel, a_family, an_active_family
from tests.deploy.processes import Run
from tests.moments import wib
from tests.payments.test_college_letters import a_worker_with_children


async def test_a_daughter_begins_a_household_of_her_own_at_the_desk(run: Run, pool: Pool) -> None:
    async with pool.acquire() as connection:
        channel = await a_channel(connection)
    family, accounts = await an_active_family(
        pool, channel, a_family(members=2), first_payment_at=wib(2026, 3, 20)
    )
    who, child = str(family.family_id), family.participants[1].participant_id
    why = ("--reason", "KK baru", "--by", "ani")
    await run("clock", "set", "2026-03-25T09:00", "--back")
    move = ("families", "move-member", who, *why)

    wrong = await run(*move, "--person", f"{child}:AUNT", "--to", "9902000000000078")
    proposed = await run(*move, "--person", f"{child}:HEAD", "--to", "9902000000000078")
    alone = await run("families", "approve-move", who, "1", "--by", "ani")
    done = await run("families", "approve-move", who, "1", "--by", "budi", "--json")
    await run("clock", "set", "2026-04-01T00:00")
    status = await run("explain", "status", accounts[1].number)

    assert (wrong.returncode, "SPOUSE" in wrong.stderr) == (1, True)
    assert f"iuran families approve-move {who} 1 --by NAME" in proposed.stdout
    assert (alone.returncode, "another person" in alone.stderr) == (1, True)
    assert json.loads(done.stdout)["firstMonth"] == "2026-04"
    assert "Covered at 2026-04-01 00:00 WIB" in status.stdout
    assert "Moved to this family card from 2026-04-01" in " ".join(status.stdout.split())


async def test_children_who_need_a_letter_are_listed_until_they_bring_it(
    run: Run, pool: Pool
) -> None:
    family_id, (child,) = await a_worker_with_children(pool, (wib(2005, 4, 1).date(),))
    who = (str(family_id), str(child))
    letter = ("--college", "Universitas Contoh", "--days", "2026-02-01", "2027-01-31")
    await run("clock", "set", "2026-03-02T09:00", "--back")

    before = json.loads((await run("families", "letters", "--json")).stdout)
    brought = await run(
        "families", "record-letter", *who, *letter, "--brought-by", "bunga", "--by", "ani"
    )
    after = json.loads((await run("families", "letters", "--json")).stdout)

    assert [(row["participantId"], row["insuredUntil"]) for row in before] == [
        (child, "2026-03-31")
    ]
    assert brought.stdout == f"Participant {child} has a letter until 2027-01-31.\n"
    assert after == []
