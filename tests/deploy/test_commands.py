import asyncio
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from iuran.core.clock import WIB, read_offset
from iuran.core.database.pool import Pool, connected
from iuran.deploy.family_form import example_family
from tests.builders import a_channel, a_family, an_active_family, pays_what_it_owes
from tests.deploy.processes import Run, a_free_port, iuran


async def test_the_clock_is_set_in_wib_and_shown(run: Run, pool: Pool) -> None:
    moved = await run("clock", "set", "2030-02-03T04:05")
    shown = json.loads((await run("clock", "show", "--json")).stdout)
    async with pool.acquire() as connection:
        offset = await read_offset(connection)

    assert moved.stdout.startswith("Legal time 2030-02-03 04:05:0")
    assert shown["legalTime"].startswith("2030-02-03T04:05:")
    assert (datetime.now(UTC) + offset).strftime("%Y-%m-%d %H:%M") == "2030-02-02 21:05"


async def test_the_clock_goes_back_only_when_told_so(run: Run) -> None:
    await run("clock", "set", "2030-02-03")

    refused = await run("clock", "set", "2030-01-01")
    allowed = await run("clock", "set", "2030-01-01", "--back")
    advanced = await run("clock", "advance", "1", "month")

    assert refused.returncode == 1
    assert "add --back" in refused.stderr
    assert allowed.returncode == 0
    assert advanced.stdout.startswith("Legal time 2030-02-01 00:00:")


async def test_the_clock_stands_in_production(run: Run, pool: Pool) -> None:
    refused = await run("clock", "advance", "10d", IURAN_ENVIRONMENT="production")

    assert refused.returncode == 1
    assert "the test clock is off here" in refused.stderr
    async with pool.acquire() as connection:
        assert not await read_offset(connection)


async def test_up_refuses_production(run: Run) -> None:
    refused = await run("up", IURAN_ENVIRONMENT="production")

    assert refused.returncode == 1
    assert "in production run serve and worker" in refused.stderr


async def test_a_channel_is_added_listed_and_rotated(run: Run, tmp_path: Path) -> None:
    added = await run("channels", "add", "BRI", "--generate-key", "bri", "--json")
    again = await run("channels", "add", "BRI", "--public-key", "bri/public.pem")
    rotated = await run(
        *("channels", "rotate", "BRI", "--overlap-hours", "1", "--json"), *("--reason", "yearly")
    )
    listed = json.loads((await run("channels", "list", "--json")).stdout)

    first, second = json.loads(added.stdout), json.loads(rotated.stdout)
    assert (tmp_path / "bri" / "private.pem").stat().st_mode & 0o777 == 0o600
    assert again.returncode == 1
    assert "registered already" in again.stderr
    assert first["clientId"] == second["clientId"]
    assert first["clientSecret"] != second["clientSecret"]
    assert [(one["code"], one["secrets"]) for one in listed] == [("BRI", 2)]


async def test_a_channel_needs_one_good_public_key(run: Run, tmp_path: Path) -> None:
    (tmp_path / "bad.pem").write_text("no key")

    without = await run("channels", "add", "BRI")
    bad = await run("channels", "add", "BRI", "--public-key", "bad.pem")
    missing = await run("channels", "add", "BRI", "--public-key", "nowhere.pem")

    for refused in (without, bad, missing):
        assert refused.returncode == 1
        assert refused.stderr.startswith("publicKey: ")
        assert refused.stderr.count("\n") == 1


async def test_a_family_is_registered_from_a_file_and_shown(run: Run, tmp_path: Path) -> None:
    (tmp_path / "family.json").write_text(example_family())

    registered = await run("families", "register", "family.json", "--json")
    (va,) = json.loads(registered.stdout)["virtualAccounts"]
    shown = json.loads((await run("families", "show", va, "--json")).stdout)
    again = await run("families", "register", "family.json")

    assert shown["membership"] == "PENDING"
    assert shown["payable"]["status"] == "TOO_EARLY"
    assert "MELATI" not in json.dumps(shown)
    assert again.returncode == 1
    assert "registered already" in again.stderr


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "file: "),
        ("[]", "file: "),
        ('{"familyCardNumber": "1"}', "careClass"),
        (example_family().replace('"F"', '"X"'), "participants.0.sex"),
        (example_family().replace("9901014507900001", "1"), "16 digits"),
        (example_family().replace('"nik"', '"nlk"'), "participants.0.nlk"),
    ],
)
async def test_a_bad_family_file_is_refused(run: Run, tmp_path: Path, text: str, told: str) -> None:
    (tmp_path / "family.json").write_text(text)

    refused = await run("families", "register", "family.json")

    assert refused.returncode == 1
    assert told in refused.stderr
    assert "Traceback" not in refused.stderr


async def test_bills_are_run_and_shown(run: Run, pool: Pool) -> None:
    async with pool.acquire() as connection:
        channel = await a_channel(connection)
    paid_at = datetime(2030, 1, 5, 3, tzinfo=UTC)
    await an_active_family(pool, channel, a_family(members=2), first_payment_at=paid_at)
    await run("clock", "set", "2030-03-02")

    ran = await run("bills", "run")
    again = await run("bills", "run")
    future = await run("bills", "run", "--month", "2030-04")
    rows = json.loads((await run("bills", "show", "--json")).stdout)

    assert "2 bills issued, 1 memberships suspended" in ran.stdout.replace("\n", " ")
    assert "0 bills issued" in again.stdout
    assert "2030-04 has not begun" in future.stderr
    assert [(row["month"], row["state"], row["amount"]) for row in rows] == [
        ("2030-03", "OPEN", 70_000),
        ("2030-02", "OPEN", 70_000),
        ("2030-01", "PAID", 70_000),
    ]


async def test_doctor_finds_what_is_wrong(run: Run, pool: Pool, database_url: str) -> None:
    async with pool.acquire() as connection:
        channel = await a_channel(connection)
    at = datetime(2030, 1, 5, 3, tzinfo=UTC)
    await an_active_family(pool, channel, a_family(), first_payment_at=at)
    async with connected(database_url, role=None) as owner:
        await owner.execute("UPDATE payment SET amount = amount + 1")

    examined = await run("doctor", "--json")

    findings = {one["part"]: one for one in json.loads(examined.stdout)}
    assert examined.returncode == 1
    assert findings["ledger"]["verdict"] == "FAIL"
    assert "stop taking payments" in findings["ledger"]["advice"]
    assert findings["durability"]["verdict"] == "FAIL"  # the tests' database is careless
    assert findings["channels"]["verdict"] == "WARN"  # the channel has no credentials
    assert findings["migrations"]["verdict"] == "OK"


async def test_doctor_does_not_ask_an_aggregator_for_a_banks_keys(run: Run) -> None:
    added = await run(
        *("retail", "add", "XENDIT", "--dialect", "xendit"),
        *("--base-url", "https://api.xendit.test", "--api-secret", "invented"),
        *("--notification-secret", "invented-token"),
    )

    examined = await run("doctor", "--json")

    findings = {one["part"]: one for one in json.loads(examined.stdout)}
    assert added.returncode == 0
    assert findings["channels"]["verdict"] == "OK"


async def test_doctor_says_who_does_not_answer(run: Run) -> None:
    nobody = a_free_port()

    examined = await run(
        "doctor",
        "--json",
        DATABASE_URL=f"postgresql://iuran:hidden-word@127.0.0.1:{nobody}/iuran",
        REDIS_URL=f"redis://127.0.0.1:{nobody}",
    )

    findings = {one["part"]: one for one in json.loads(examined.stdout)}
    assert examined.returncode == 1
    assert findings["database"]["verdict"] == "FAIL"
    assert findings["redis"]["verdict"] == "WARN"
    assert "hidden-word" not in examined.stdout + examined.stderr


async def test_a_current_schema_passes_the_check(run: Run) -> None:
    checked = await run("migrate", "--check")
    again = await run("migrate")

    assert checked.returncode == 0
    assert "0 ran now" in again.stdout


async def test_without_a_database_a_command_says_what_to_do(tmp_path: Path) -> None:
    refused = await asyncio.to_thread(iuran, "families", "list", folder=tmp_path)

    assert refused.returncode == 1
    assert refused.stderr == (
        "DATABASE_URL is not set: set it, or start `iuran up` in this folder\n"
    )


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("postgresql://iuran:hidden-word@127.0.0.1:1/iuran", "PostgreSQL does not answer"),
        ("postgresql://iuran:hidden-word@/iuran?host=/nowhere", "PostgreSQL does not answer"),
        ("iuran:hidden-word", "DATABASE_URL: invalid DSN"),
    ],
)
async def test_a_database_that_is_away_is_said_in_one_line(run: Run, url: str, told: str) -> None:
    refused = await run("families", "list", DATABASE_URL=url)

    assert refused.returncode == 1
    assert refused.stderr.startswith(told)
    assert refused.stderr.count("\n") == 1
    assert "hidden-word" not in refused.stderr


async def test_nobody_listening_is_said(run: Run, tmp_path: Path) -> None:
    await run("channels", "add", "BRI", "--generate-key", "data/banks/BRI")
    (tmp_path / "data" / "banks" / "BRI" / "bank.json").write_text(
        '{"code": "BRI", "client_id": "c", "partner_id": "p", "va_prefix": "1",'
        ' "client_secret": "s"}'
    )
    url = f"http://127.0.0.1:{a_free_port()}"

    bank = ("--channel", "BRI", "--url", url)
    unheard = await run("simulate", "pay", "--va", "8888800000000001", *bank)
    unknown = await run("simulate", "pay", "--va", "8888800000000001", "--channel", "NOBODY")
    odd = await run("simulate", "pay", "--va", "12", *bank)

    assert f"nobody answers at {url}" in unheard.stderr
    assert "has no bank to play" in unknown.stderr
    assert odd.stderr.startswith("va: ")


async def test_what_is_explained_adds_up_in_the_language_asked_for(run: Run, pool: Pool) -> None:
    async with pool.acquire() as connection:
        channel = await a_channel(connection)
    first_paid = datetime(2026, 1, 20, 9, tzinfo=WIB)
    family, (account, *_) = await an_active_family(
        pool, channel, a_family(members=3), first_payment_at=first_paid
    )
    await pays_what_it_owes(pool, channel, account, at=datetime(2026, 5, 4, 9, tzinfo=WIB))
    await run("clock", "set", "2026-05-10T09:00", "--back")

    bill = await run("explain", "bill", account.number)
    fine = await run("explain", "fine", account.number, "--tariff", "5000000", "-l", "id")
    cover = json.loads((await run("explain", "cover", str(family.family_id), "--json")).stdout)
    unknown = await run("explain", "status", "1234567890123456")
    no_plan = await run("explain", "plan", account.number)
    old_window = await run("explain", "window", account.number, "--on", "2026-07-01")
    no_window = await run("explain", "window", account.number, "--on", "2026-05-03")

    assert "Bill of 2026-05: Rp105.000 for 3 participants" in bill.stdout
    assert bill.stdout.rstrip().endswith("Rp105.000")
    assert "Denda rawat inap mulai 2026-05-10: Rp750.000" in fine.stdout
    assert fine.stdout.rstrip().endswith("Rp750.000")
    assert account.number not in bill.stdout + fine.stdout
    assert bill.stdout.startswith(f"************{account.number[-4:]}\n")
    assert "from 2026-05-04 to 2026-06-18" in old_window.stdout
    assert (no_window.returncode, "the first opened on 2026-05-04" in no_window.stderr) == (1, True)
    assert cover["english"] == "Covered at 2026-05-10 09:00 WIB, class III"
    assert {reason["confidence"] for reason in cover["reasons"]} >= {"CONFIRMED", "DECISION"}
    for refused in (unknown, no_plan):
        assert refused.returncode == 1
        assert refused.stderr.count("\n") == 1
    assert "************3456" in unknown.stderr


async def test_the_schedule_is_changed_by_two_persons(run: Run) -> None:
    proposed = await run(
        *("reminders", "propose", "overdue", "EMAIL", "--days", "8", "--place", "3"),
        *("--reason", "after paydays", "--by", "ani"),
    )
    waiting = await run("reminders", "schedule")
    alone = await run("reminders", "approve", "1", "--by", "ani")
    approved = await run("reminders", "approve", "1", "--by", "budi")

    assert "Change 1 waits" in proposed.stdout
    assert "WHATSAPP > SMS > EMAIL" in waiting.stdout
    assert "after paydays" in " ".join(waiting.stdout.split())
    assert (alone.returncode, "another person" in alone.stderr) == (1, True)
    assert "Change 1 is approved" in approved.stdout


async def test_a_change_that_no_schedule_may_hold_says_what_to_do(run: Run) -> None:
    at_night = await run("reminders", "propose", "OVERDUE", "SMS", "--reason", "x", "--at", "22:00")
    unknown = await run("reminders", "propose", "BIRTHDAY", "SMS", "--reason", "x")

    assert (at_night.returncode, "08:00 to 19:59" in at_night.stderr) == (1, True)
    assert (unknown.returncode, "DUE_IN_7_DAYS" in unknown.stderr) == (1, True)


async def test_what_would_go_out_is_shown_and_nothing_is_sent(run: Run, pool: Pool) -> None:
    async with pool.acquire() as connection:
        channel = await a_channel(connection)
    paid = datetime(2031, 1, 5, 2, tzinfo=UTC)
    family = a_family(email="bunga@example.org")
    await an_active_family(pool, channel, family, first_payment_at=paid)
    await run("clock", "set", "2031-02-02T09:00")
    await run("bills", "run")

    shown = json.loads((await run("reminders", "preview", "--json")).stdout)
    table = await run("reminders", "preview", "--day", "2031-02-07")
    past = await run("reminders", "preview", "--day", "2031-02-01")

    (group,) = shown["groups"]
    assert (shown["day"], shown["messages"], group["event"]) == ("2031-02-03", 1, "DUE_IN_7_DAYS")
    assert group["examples"][0]["address"] == "b***@example.org"
    assert "DUE_IN_3_DAYS" in table.stdout
    assert (past.returncode, "is over" in past.stderr) == (1, True)
    assert await pool.fetchval("SELECT count(*) FROM reminder") == 0
