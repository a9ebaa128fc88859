"""What an officer does at the desk for families that a government pays for."""

import asyncio
import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from iuran.core.database.pool import Pool
from iuran.deploy.embedded import EmbeddedServices
from iuran.deploy.family_form import example_family
from tests.builders import a_family, registered
from tests.deploy.processes import iuran
from tests.moments import wib
from tests.payments.payers import roll

Run = Callable[..., "asyncio.Future[subprocess.CompletedProcess[str]]"]

CARD = "9901010507260001"
DECREE = ("--reason", "SK 12/2026", "--by", "ani")


@pytest.fixture
def run(pool: Pool, services: EmbeddedServices, tmp_path: Path) -> Run:
    """Runs a command on the empty database of the tests, beside a family's file."""
    assert pool is not None
    places = {"DATABASE_URL": services.database_url, "REDIS_URL": services.redis_url}
    (tmp_path / "family.json").write_text(example_family())

    def start(*arguments: str) -> "asyncio.Future[subprocess.CompletedProcess[str]]":
        work = asyncio.to_thread(iuran, *arguments, folder=tmp_path, environment=places)
        return asyncio.ensure_future(work)

    return start


async def test_a_poor_family_comes_on_the_list_and_goes_off_it_by_two_persons(
    run: Run, pool: Pool
) -> None:
    await run("clock", "set", "2026-03-25T09:00", "--back")

    enrolled = await run(
        "governments", "sponsor", "family.json", "--segment", "PBI_APBN", *DECREE, "--json"
    )
    known = json.loads(enrolled.stdout)
    who = (str(known["familyId"]), str(known["membershipId"]))
    shown = await run("families", "show", who[0])
    steps = json.loads((await run("families", "steps", who[0], "--json")).stdout)
    end = ("governments", "end-sponsorship", *who, "--reason", "Mampu", "--by", "ani")
    closed = await run(*end, "--month", "2026-02")
    approve = (await run(*end, "--month", "2026-03")).stdout.splitlines()[1].split()[1:-1]
    alone = await run(*approve, "ani")
    ended = await run(*approve, "budi")
    twice = await run(*end, "--month", "2026-04")
    await roll(pool, wib(2026, 3, 25))
    owed = json.loads((await run("governments", "list", "--json")).stdout)
    await roll(pool, wib(2026, 4, 1, 0, 1))
    await run("clock", "set", "2026-04-01T00:01")
    later = json.loads((await run("families", "show", who[0], "--json")).stdout)
    terms = ("--segment", "PBPU_PEMDA", "--region", "9901", *DECREE)
    taken = (await run("governments", "take-over", *who, *terms)).stdout.splitlines()[1]
    again = json.loads((await run(*taken.split()[1:-1], "budi", "--json")).stdout)
    now = await run("families", "show", who[0])

    assert "ACTIVE (PBI_APBN, class III)" in shown.stdout, shown.stderr
    assert "nothing by the family, somebody else pays" in shown.stdout
    form = next(row for row in steps if row["step"] == "FORM")
    assert (form["done"], form["by"], form["note"]) == ("2026-03-25", "ani", "SK 12/2026")
    assert (alone.returncode, "another person" in alone.stderr) == (1, True)
    assert (closed.returncode, "lastMonth" in closed.stderr) == (1, True)
    assert ended.stdout == "The government pays until 2026-03; the family is covered until then.\n"
    assert (twice.returncode, "no government pays" in twice.stderr) == (1, True)
    assert [(row["region"], row["open"]) for row in owed] == [("00", "Rp42.000")]
    assert later["membership"] == "INACTIVE_SEGMENT_CHANGE"
    assert (again["owed"], len(again["participants"])) == (0, len(later["members"]))
    assert "ACTIVE (PBPU_PEMDA, class III)" in now.stdout
    assert [member["virtualAccount"] for member in later["members"]] == [""]


async def test_a_regency_pays_for_its_own_and_no_number_is_shown_whole(run: Run) -> None:
    await run("clock", "set", "2026-03-25T09:00", "--back")
    pemda = ("governments", "sponsor", "family.json", "--segment", "PBPU_PEMDA", *DECREE)

    enrolled = await run(*pemda, "--region", "9901")
    named = await run("governments", "name", "9901", "Kabupaten Contoh")
    listed = json.loads((await run("governments", "list", "--json")).stdout)
    again = await run(*pemda, "--region", "9901")
    who = enrolled.stdout.split("Registered as family ")[1].split(",")[0]
    full = json.loads((await run("families", "show", who, "--full", "--json")).stdout)

    assert "Region 9901 pays for it from this month on" in enrolled.stdout
    assert full["members"][0]["name"] not in enrolled.stdout
    assert full["members"][0]["cardNumber"] not in enrolled.stdout
    assert named.stdout == "Region 9901 is Kabupaten Contoh.\n"
    assert [(row["region"], row["name"]) for row in listed] == [("9901", "Kabupaten Contoh")]
    assert (again.returncode, "familyCardNumber is registered" in again.stderr) == (1, True)


@pytest.mark.parametrize(
    ("choice", "told"),
    [
        (("--segment", "PBPU_SELF"), "choose one of BP_STATE_PENSIONER"),
        (("--segment", "PBI_APBN", "--region", "9901"), "a regional government pays for PBPU"),
        (("--segment", "PBPU_PEMDA", "--region", "99O1"), "2 digits of a province"),
        (("--segment", "BP_STATE_PENSIONER"), "a pensioner has a pension"),
    ],
)
async def test_what_does_not_fit_registers_nobody(
    run: Run, pool: Pool, choice: tuple[str, ...], told: str
) -> None:
    refused = await run("governments", "sponsor", "family.json", *choice, *DECREE)

    assert (refused.returncode, refused.stderr.count("\n")) == (1, 1)
    assert told in refused.stderr
    async with pool.acquire() as connection:
        taken = "SELECT count(*) FROM family_card_number WHERE kk_number = $1"
        assert await connection.fetchval(taken, CARD) == 0


async def test_steps_of_a_registration_are_ticked_once_and_late_ones_stand_out(
    run: Run, pool: Pool
) -> None:
    async with pool.acquire() as connection, connection.transaction():
        family, _ = await registered(connection, a_family(), at=wib(2026, 3, 2))
    who = (str(family.family_id), str(family.membership_id))
    tick = ("families", "record-step", *who)
    await run("clock", "set", "2026-04-02T00:01", "--back")

    papers = await run(*tick, "DOCUMENTS", "--note", "KK", "--by", "siti")
    again = await run(*tick, "DOCUMENTS", "--note", "KTP", "--by", "budi")
    itself = await run(*tick, "FIRST_PAYMENT", "--note", "tunai", "--by", "siti")
    blank = await run(*tick, "CARD", "--note", " ", "--by", "siti")
    foreign = await run(
        "families", "record-step", who[0], "999999", "CARD", "--note", "x", "--by", "siti"
    )
    steps = json.loads((await run("families", "steps", who[0], "--json")).stdout)
    table = await run("families", "steps", who[0])
    nobody = await run("families", "steps", "999999")

    assert papers.stdout == f"DOCUMENTS of membership {who[1]} is done.\n"
    assert (again.returncode, "step DOCUMENTS is registered" in again.stderr) == (1, True)
    assert (itself.returncode, "comes by itself" in itself.stderr) == (1, True)
    assert (blank.returncode, "note: write" in blank.stderr) == (1, True)
    assert (foreign.returncode, "has no membership 999999" in foreign.stderr) == (1, True)
    rows = {row["step"]: row for row in steps}
    assert (rows["DOCUMENTS"]["by"], rows["DOCUMENTS"]["note"]) == ("siti", "KK")
    assert rows["VIRTUAL_ACCOUNT"]["done"] == "2026-03-02"
    assert (rows["FIRST_PAYMENT"]["from"], rows["FIRST_PAYMENT"]["deadline"]) == (
        "2026-03-16",
        "2026-04-01",
    )
    assert [step for step, row in rows.items() if row["late"]] == ["FIRST_PAYMENT"]
    assert "late" in table.stdout
    assert (nobody.returncode, "no family has the number" in nobody.stderr) == (1, True)
