"""What an officer does at the desk: suspense, refunds, payers, complaints, figures."""

import json
from collections.abc import Callable
from dataclasses import replace

import asyncpg
import pytest

from iuran.core.database.pool import Pool
from iuran.core.facilities.home import HomeChoice, choose_home
from iuran.core.money import Rupiah
from iuran.deploy import cli
from iuran.payments.lost.disputes import note_disputes
from iuran.payments.settlement import book_collected
from tests.builders import a_channel, a_family, an_active_family, an_instruction
from tests.care_builders import CLINIC, a_facility, a_reactivated_member, an_emergency_stay
from tests.deploy.processes import Run
from tests.moments import wib
from tests.payments.payers import an_employer, hired


async def test_money_astray_becomes_credit_and_goes_back(run: Run, pool: Pool) -> None:
    async with pool.acquire() as connection:
        channel = await a_channel(connection)
    family, (account, *_) = await an_active_family(
        pool, channel, a_family(), first_payment_at=wib(2026, 3, 20)
    )
    lost = an_instruction(channel, "09999999999", 35_000, reference="LOST-1")
    async with pool.acquire() as connection, connection.transaction():
        await book_collected(connection, [lost], at=wib(2026, 3, 21))
    await run("clock", "set", "2026-03-25T09:00", "--back")
    where = ("BCA", "LOST-1")

    listed = json.loads((await run("suspense", "list", "--json")).stdout)
    proposed = await run(
        "suspense", "place", *where, account.number, "--reason", "Salah ketik", "--by", "ani"
    )
    alone = await run("suspense", "approve", *where, "1", "--by", "ani")
    placed = await run("suspense", "approve", *where, "1", "--by", "budi")
    who = (str(family.family_id), str(family.membership_id))
    asked = await run(
        "refunds", "ask", *who, "35000", "--why", "WRONG_VIRTUAL_ACCOUNT", "--note", "Bukan saya",
        "--name", "BUNGA", "--bank", "Bank Contoh", "--account", "0099900001", "--by", "bunga",
    )  # fmt: skip
    await run("refunds", "complete", who[0], "1", "--by", "ani")
    approved = await run("refunds", "approve", who[0], "1", "--by", "budi")
    paid = await run("refunds", "pay", who[0], "1", "TRF-1", "--by", "kasir")
    figures = json.loads((await run("figures", "--json")).stdout)

    assert [(row["reference"], row["why"]) for row in listed] == [
        ("LOST-1", "VIRTUAL_ACCOUNT_UNKNOWN")
    ]
    assert "iuran suspense approve BCA LOST-1 1 --by" in proposed.stdout
    assert (alone.returncode, "another person" in alone.stderr) == (1, True)
    assert "CREDITED" in placed.stdout
    assert "REQUESTED" in asked.stdout
    assert "2026-04-09" in approved.stdout
    assert paid.stdout == "Refund 1 is paid.\n"
    assert {row["what"]: row["amount"] for row in figures["Held"]}["in suspense"] == 0


async def test_a_dispute_with_a_bank_is_closed_by_two_persons(run: Run, pool: Pool) -> None:
    async with pool.acquire() as connection, connection.transaction():
        channel = await a_channel(connection)
        known = an_instruction(channel, "09999999999", 35_000, reference="LOST-1")
        await book_collected(connection, [known], at=wib(2026, 3, 21))
        told = replace(known, amount=Rupiah(40_000))
        await note_disputes(connection, [told], service=35, at=wib(2026, 3, 21))
    await run("clock", "set", "2026-03-25T09:00", "--back")

    (listed,) = json.loads((await run("channels", "disputed", "--json")).stdout)
    number = str(listed["dispute_id"])
    why = ("--reason", "Ada di rekening koran", "--by")
    proposed = await run("channels", "dispute", "close", number, "BOOKED", *why, "ani")
    (waiting,) = json.loads((await run("channels", "dispute", "waiting", "--json")).stdout)
    approval = ("channels", "dispute", "approve", number, str(waiting["proposal_id"]), "--by")
    alone = await run(*approval, "ani")
    closed = await run(*approval, "budi")
    table = await run("channels", "disputed", "closed", "--channel", "bca")

    assert "iuran channels dispute approve" in proposed.stdout
    assert (alone.returncode, "another person" in alone.stderr) == (1, True)
    assert f"Rp5.000 are booked as LOST-1#{number}: IN_SUSPENSE." in closed.stdout
    assert "BOOKED by budi" in " ".join(table.stdout.split())


async def test_employers_governments_facilities_and_complaints_at_the_desk(
    run: Run, pool: Pool
) -> None:
    async with pool.acquire() as connection:
        await a_facility(connection, "99010101", district="Kota Contoh")
        await connection.execute("INSERT INTO government (region) VALUES ('9901')")
    await run("clock", "set", "2026-03-25T09:00", "--back")

    registered = await run("employers", "register", "PT CONTOH", "--region", "9901")
    employer, pays_to = (
        registered.stdout.removesuffix(".\n").split(" employer ")[1].split("; it pays to ")
    )
    shown = json.loads((await run("employers", "show", employer, "--json")).stdout)
    recorded = await run(
        "governments", "record", "9901", "84000", "--reference", "SP2D-1", "--day", "2026-03-24",
        "--note", "Maret", "--by", "ani",
    )  # fmt: skip
    transfer = recorded.stdout.split("approve 9901 ")[1].split()[0]
    approved = await run("governments", "approve", "9901", transfer, "--by", "budi")
    governments = json.loads((await run("governments", "list", "--json")).stdout)
    found = json.loads((await run("facilities", "find", "kota contoh", "--json")).stdout)
    nowhere = await run("facilities", "find", "Atlantis")
    received = await run(
        "complaints", "receive", "Loket tutup", "--name", "BUNGA", "--contact", "b@example.org",
        "--category", "SERVICE", "--by", "loket",
    )  # fmt: skip
    number = received.stdout.split()[1]
    await run("complaints", "assign", number, "--to", "ani", "--by", "kepala")
    waiting = json.loads((await run("complaints", "list", "--json")).stdout)
    answered = await run("complaints", "answer", number, "Sudah buka", "--by", "ani")
    claims = await run("claims", "list")
    unknown = await run("claims", "pay", "1", "1", "--by", "ani")

    assert shown["number"] == pays_to
    assert f"iuran governments approve 9901 {transfer}" in recorded.stdout
    assert approved.returncode == 0
    assert [row["region"] for row in governments] == ["9901"]
    assert [row["code"] for row in found] == ["99010101"]
    assert "No facility in 'Atlantis'" in nowhere.stdout
    assert received.stdout == f"Complaint {number} is taken in.\n"
    assert [(row["number"], row["assignedTo"]) for row in waiting] == [(int(number), "ani")]
    assert answered.stdout == f"Complaint {number} is answered.\n"
    assert (claims.returncode, "--family or --facility" in claims.stderr) == (1, True)
    assert (unknown.returncode, "no such claim" in unknown.stderr) == (1, True)


async def test_a_facility_becomes_a_partner_by_two_persons(run: Run) -> None:
    contract = ("facilities", "contract", "99020202", "2020-01-01", "2030-12-31")
    approval = ("facilities", "approve-contract", "99020202", "2020-01-01", "--by")

    registered = await run(
        "facilities", "register", "99020202", "--name", "Klinik Contoh", "--level", "FKTP",
        "--kind", "CLINIC", "--district", "Kota Misal", "--province", "Provinsi Contoh",
        "--address", "Jalan Contoh 2", "--service", "LAB", "--service", "DENTAL", "--by", "ani",
    )  # fmt: skip
    before = json.loads((await run("facilities", "find", "Kota Misal", "--json")).stdout)
    written = await run(*contract, "--reason", "Contract 7", "--by", "ani")
    alone = await run(*approval, "ani")
    approved = await run(*approval, "budi")
    after = json.loads((await run("facilities", "find", "Kota Misal", "--json")).stdout)

    assert "iuran facilities contract 99020202" in registered.stdout
    assert [(row["code"], row["partner"]) for row in before] == [("99020202", "no")]
    assert "iuran facilities approve-contract 99020202 2020-01-01" in written.stdout
    assert (alone.returncode, "Traceback" in alone.stderr) == (1, False)
    assert approved.returncode == 0
    assert [row["partner"] for row in after] == ["yes"]


async def test_a_value_that_nobody_can_store_is_refused_in_one_line(run: Run) -> None:
    too_large = await run("channels", "messages", "9" * 30)
    nameless = await run(
        "facilities", "register", "99020203", "--name", "", "--level", "FKTP", "--kind", "CLINIC",
        "--district", "Kota Misal", "--province", "Provinsi Contoh", "--address", "Jalan Rahasia 9",
        "--by", "ani",
    )  # fmt: skip

    for refused in (too_large, nameless):
        assert (refused.returncode, refused.stderr.count("\n")) == (1, 1)
    assert "--help says what it takes" in too_large.stderr
    assert nameless.stderr == "name: write a name of 1 to 255 letters\n"


def test_what_the_database_refuses_is_said_without_the_row(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuses() -> None:
        error = asyncpg.CheckViolationError('violates check constraint "facility_name"')
        error.detail = "Failing row contains (99020203, Jalan Rahasia 9)."
        raise error

    def app_that_refuses(_arguments: list[str]) -> Callable[[], None]:
        return refuses

    monkeypatch.setattr(cli, "app_for", app_that_refuses)
    with pytest.raises(SystemExit) as ended:
        cli.main()

    said = capsys.readouterr().err
    assert (ended.value.code, said.count("\n")) == (1, 1)
    assert "facility_name" in said
    assert "--help says what it takes" in said
    assert "Rahasia" not in said


async def test_capitation_is_agreed_counted_and_approved_at_the_desk(run: Run, pool: Pool) -> None:
    async with pool.acquire() as connection:
        await a_facility(connection, CLINIC)
        channel = await a_channel(connection)
    family, _ = await an_active_family(pool, channel, a_family(), first_payment_at=wib(2026, 2, 20))
    async with pool.acquire() as connection:
        choice = HomeChoice(
            family_id=family.family_id,
            participant_id=family.participants[0].participant_id,
            facility_code=CLINIC,
        )
        await choose_home(connection, choice, by="ani", at=wib(2026, 2, 20))
    await run("clock", "set", "2026-03-02T09:00", "--back")

    too_much = await run(
        "capitation", "agree", CLINIC, "2026-03", "99000", "--reason", "x", "--by", "ani"
    )
    await run("capitation", "agree", CLINIC, "2026-03", "10000", "--reason", "x", "--by", "ani")
    await run("capitation", "approve-tariff", CLINIC, "2026-03", "--by", "budi")
    computed = await run("capitation", "compute", "2026-03", "--by", "ani")
    again = await run("capitation", "compute", "2026-03", "--by", "ani")
    alone = await run("capitation", "approve", "2026-03", "--by", "ani")
    approved = await run("capitation", "approve", "2026-03", "--by", "budi")
    statement = json.loads((await run("capitation", "statement", CLINIC, "--json")).stdout)
    wrong = await run("capitation", "list", "2026-13")

    assert "Nothing is new for 2026-03" in again.stdout
    assert (too_much.returncode, "Rp9.000 to Rp16.000" in too_much.stderr) == (1, True)
    assert "1 statements are new or changed; pay them by 2026-03-15." in computed.stdout
    assert (alone.returncode, "another person" in alone.stderr) == (1, True)
    assert approved.stdout == "1 facilities get Rp10.000, and Rp0 for late payment.\n"
    assert [(row["people"], row["each"], row["approvedBy"]) for row in statement] == [
        (1, "Rp10.000", "budi")
    ]
    assert (wrong.returncode, "YYYY-MM" in wrong.stderr) == (1, True)


async def test_a_write_off_is_refused_while_no_law_is_in_force(run: Run) -> None:
    rules = json.loads((await run("write-offs", "rules", "--json")).stdout)
    refused = await run(
        "write-offs", "propose", "PERPRES_2026_DRAFT", "--reason", "Pemutihan", "--by", "ani"
    )
    nothing = await run("write-offs", "carry-out", "1")
    listed = json.loads((await run("write-offs", "list", "--json")).stdout)

    assert [(row["rule"], row["inForce"]) for row in rules] == [("PERPRES_2026_DRAFT", "no")]
    assert (refused.returncode, "is not in force" in refused.stderr) == (1, True)
    assert (nothing.returncode, "there is no order 1" in nothing.stderr) == (1, True)
    assert listed == []


async def test_a_claim_is_filed_asked_about_and_disputed_at_the_desk(run: Run, pool: Pool) -> None:
    family, _ = await a_reactivated_member(
        pool, first_payment_at=wib(2026, 1, 20), reactivated_at=wib(2026, 5, 4)
    )
    async with pool.acquire() as connection:
        letter = await an_emergency_stay(
            connection, family, at=wib(2026, 5, 10), estimated_tariff=2_800_000
        )
    await run("clock", "set", "2026-05-20T09:00", "--back")
    who = (str(family.family_id), "1")

    fine = await run("explain", "stay", letter.letter_number)
    no_fine = await run("explain", "stay", "9901R0010526V009999")
    filed = await run(
        "claims", "file", who[0], letter.letter_number, "2800000", "--served", "2026-05-12",
        "--by", "rs",
    )  # fmt: skip
    for kind in ("MEDICAL_RESUME", "PROOF_OF_SERVICE"):
        await run("claims", "add-document", *who, kind, "--sha256", "0" * 64, "--by", "rs")
    submitted = await run("claims", "submit", *who, "--by", "rs")
    back = await run("claims", "give-back", *who, "--reason", "Resume medis", "--by", "ani")
    complete = await run("claims", "complete", *who, "--by", "ani")
    asked = await run("claims", "ask", *who, "--reason", "Diagnosa?", "--by", "ani")
    again = await run("claims", "resume", *who, "--reason", "A01.0", "--by", "ani")
    disputed = await run("claims", "dispute", *who, "--reason", "Tarif", "--by", "rs")

    assert "Fine of a stay from 2026-05-10: Rp420.000" in fine.stdout
    assert (no_fine.returncode, "no letter of eligibility" in no_fine.stderr) == (1, True)
    assert f"iuran claims submit {who[0]} 1" in filed.stdout
    assert submitted.stdout == "Claim 1 is SUBMITTED.\n"
    assert back.stdout == "Claim 1 is INCOMPLETE.\n"
    assert "is being verified" in complete.stdout, complete.stderr
    assert asked.stdout == "Claim 1 is PENDING.\n"
    assert again.stdout == "Claim 1 is VERIFYING.\n"
    assert disputed.stdout == "Claim 1 is DISPUTED.\n"


async def test_an_employer_reports_a_wage_and_an_end_at_the_desk(run: Run, pool: Pool) -> None:
    employer, _ = await an_employer(pool, at=wib(2026, 3, 1))
    worker = await hired(pool, employer, wage=5_000_000, at=wib(2026, 3, 1))
    who = [str(part) for part in worker.key]
    why = ("--reason", "Laporan", "--by", "hrd")
    await run("clock", "set", "2026-03-25T09:00", "--back")

    raised = await run("employers", "wage", *who, "6000000", "--month", "2026-04", *why)
    ended = await run("employers", "end", *who, "--month", "2026-06", *why)
    twice = await run("employers", "end", *who, "--month", "2026-07", *why)
    number = str(employer.employer_id)
    workers = json.loads((await run("employers", "workers", number, "--json")).stdout)
    behind = json.loads(
        (await run("employers", "workers", number, "--after", who[1], "--json")).stdout
    )

    assert raised.stdout == "The wage is Rp6.000.000 from 2026-04.\n"
    assert ended.stdout == "The employment ends with 2026-06.\n"
    assert (twice.returncode, "ended with 2026-06" in twice.stderr) == (1, True)
    assert [
        (row["membership"], row["from"], row["to"], row["wage"], row["class"]) for row in workers
    ] == [(worker.key.membership_id, "2026-03", "2026-06", "Rp6.000.000", "I")]
    assert "BUNGA CONTOH" not in str(workers)
    assert behind == []


async def test_a_layoff_is_proposed_approved_and_ended_at_the_desk(run: Run, pool: Pool) -> None:
    employer, _ = await an_employer(pool, at=wib(2026, 3, 1))
    worker = await hired(pool, employer, wage=5_000_000, at=wib(2026, 3, 1))
    family, membership = (str(part) for part in worker.key)
    why = ("--reason", "PHK", "--by", "ani")
    await run("clock", "set", "2026-03-25T09:00", "--back")
    await run("employers", "end", family, membership, "--month", "2026-03", *why)
    layoff = ("employers", "layoff", family, membership, *why)

    missing = await run(*layoff, "--paper", "JOINT_AGREEMENT")
    proposed = await run(*layoff, "--paper", "COURT_RULING")
    alone = await run("employers", "approve-layoff", family, "1", "--by", "ani")
    approved = await run("employers", "approve-layoff", family, "1", "--by", "budi")
    given = str(worker.key.membership_id + 1)
    ended = await run("employers", "end-layoff", family, given, "--month", "2026-05", *why)

    assert (missing.returncode, "COURT_RULING" in missing.stderr) == (1, True)
    assert f"iuran employers approve-layoff {family} 1" in proposed.stdout
    assert (alone.returncode, "another person" in alone.stderr) == (1, True)
    assert f"membership {given}" in approved.stdout
    assert ended.stdout == "The benefits end with 2026-05.\n"


async def test_a_family_gets_a_new_card_number_and_payer_at_the_desk(run: Run, pool: Pool) -> None:
    async with pool.acquire() as connection:
        channel = await a_channel(connection)
    family, _ = await an_active_family(
        pool, channel, a_family(members=2), first_payment_at=wib(2026, 3, 20)
    )
    who, child = str(family.family_id), family.participants[1].participant_id
    why = ("--reason", "KK baru", "--asked-by", "bunga", "--by", "ani")
    await run("clock", "set", "2026-03-25T09:00", "--back")

    card = await run("families", "change-card", who, "9902000000000001", *why)
    payer = await run("families", "change-payer", who, str(child), *why)
    again = await run("families", "change-payer", who, str(child), *why)
    changes = json.loads((await run("families", "changes", who, "--json")).stdout)
    told = json.loads((await run("families", "changes", who, "--full", "--json")).stdout)

    assert (card.returncode, "9902000000000001" in card.stdout) == (0, False)
    assert payer.stdout == f"Participant {child} pays for family {who}.\n"
    assert (again.returncode, "payer already" in again.stderr) == (1, True)
    assert [row["field"] for row in changes] == ["PAYER", "KK_NUMBER"]
    assert "9902000000000001" not in str(changes)
    assert told[1]["after"] == "9902000000000001"


async def test_what_an_employer_paid_too_much_goes_back_by_two_persons(
    run: Run, pool: Pool
) -> None:
    async with pool.acquire() as connection:
        channel = await a_channel(connection)
    employer, number = await an_employer(pool, at=wib(2026, 3, 5))
    await hired(pool, employer, wage=5_000_000, at=wib(2026, 3, 5))
    told = an_instruction(channel, number, 300_000)
    async with pool.acquire() as connection, connection.transaction():
        await book_collected(connection, [told], at=wib(2026, 3, 6))
    await run("clock", "set", "2026-03-25T09:00", "--back")
    ask = (
        "payer-refunds", "ask", "50000", "--note", "Dua kali", "--name", "PT CONTOH",
        "--bank", "Bank Contoh", "--account", "0099900001", "--by", "ani",
    )  # fmt: skip

    nobody = await run(*ask)
    asked = await run(*ask, "--employer", str(employer.employer_id))
    approve = asked.stdout.splitlines()[1].split()[1:-4]
    alone = await run(*approve, "--reason", "cocok", "--by", "ani")
    approved = await run(*approve, "--reason", "cocok", "--by", "budi")
    (waiting,) = json.loads((await run("payer-refunds", "list", "--json")).stdout)
    paid = await run("payer-refunds", "pay", approve[2], "TRF-1", "--by", "wati")
    left = json.loads((await run("payer-refunds", "list", "--json")).stdout)

    assert (nobody.returncode, "name an employer or a region" in nobody.stderr) == (1, True)
    assert (alone.returncode, "another person" in alone.stderr) == (1, True)
    assert (
        approved.stdout == f"Refund {approve[2]} of Rp50.000 is approved; pay it by 2026-04-09.\n"
    )
    assert (waiting["state"], waiting["to"]) == ("APPROVED", "******0001")
    assert (paid.returncode, left) == (0, [])
