"""How people want to be written to, and plans given up, as an officer states it."""

import asyncio
import json

from iuran.core.database.pool import Pool
from iuran.core.reminders.contacts import ContactPreference, preference_of
from iuran.core.reminders.events import Channel
from iuran.payments.instalment_plans import register_plan
from tests.builders import a_channel, a_family, an_active_family
from tests.deploy.processes import Run
from tests.moments import wib


async def test_what_somebody_wants_is_stated_step_by_step_and_kept(run: Run, pool: Pool) -> None:
    async with pool.acquire() as connection:
        channel = await a_channel(connection)
    family, (account, *_) = await an_active_family(
        pool, channel, a_family(), first_payment_at=wib(2026, 1, 5)
    )

    silent = await run("contacts", "show", account.number)
    await run("contacts", "order", account.number, "sms", "EMAIL", "--by", "ani")
    out = await run("contacts", "opt-out", account.number, "WHATSAPP", "SMS", "--by", "ani")
    await run("contacts", "opt-in", account.number, "SMS", "--by", "budi")
    await run("contacts", "language", account.number, "en", "--by", "budi")
    shown = json.loads((await run("contacts", "show", account.number, "--json")).stdout)

    assert "schedule's order" in silent.stdout
    assert "SMS, EMAIL; not SMS, WHATSAPP" in out.stdout
    assert [row["by"] for row in shown] == ["budi", "budi", "ani", "ani"]
    assert (shown[0]["first"], shown[0]["optedOut"], shown[0]["language"]) == (
        "SMS EMAIL",
        "WHATSAPP",
        "en",
    )
    async with pool.acquire() as connection:
        assert await preference_of(
            connection, family.family_id, account.participant_id
        ) == ContactPreference(
            channels=(Channel.SMS, Channel.EMAIL), opted_out=(Channel.WHATSAPP,), language="en"
        )


async def test_a_wish_that_cannot_be_is_refused_with_what_to_do(run: Run, pool: Pool) -> None:
    async with pool.acquire() as connection:
        channel = await a_channel(connection)
    family, _ = await an_active_family(pool, channel, a_family(), first_payment_at=wib(2026, 1, 5))
    who = str(family.family_id)

    twice, nobody, pigeon, anonymous = await asyncio.gather(
        run("contacts", "order", who, "SMS", "SMS", "--by", "ani"),
        run("contacts", "opt-out", "9900000000000009", "SMS", "--by", "ani"),
        run("contacts", "opt-out", who, "PIGEON", "--by", "ani"),
        run("contacts", "opt-out", who, "SMS"),
    )

    assert (twice.returncode, "name each channel once" in twice.stderr) == (1, True)
    assert nobody.returncode == 1
    assert "Traceback" not in nobody.stderr
    assert (pigeon.returncode, "whatsapp" in pigeon.stderr.lower()) == (2, True)
    assert (anonymous.returncode, "--by" in anonymous.stderr) == (2, True)
    assert await pool.fetchval("SELECT count(*) FROM contact_preference_change") == 0


async def test_a_plan_is_given_up_at_the_desk_once(run: Run, pool: Pool) -> None:
    async with pool.acquire() as connection:
        channel = await a_channel(connection)
    family, (account, *_) = await an_active_family(
        pool, channel, a_family(), first_payment_at=wib(2024, 12, 20)
    )
    async with pool.acquire() as connection, connection.transaction():
        await register_plan(
            connection,
            family.family_id,
            family.membership_id,
            steps=3,
            registered_by="ani",
            at=wib(2026, 2, 2),
        )
    await run("clock", "set", "2026-02-10T09:00", "--back")
    why = ("--reason", "Bayar sekaligus", "--by", "bunga")

    before = json.loads((await run("plans", "list", account.number, "--json")).stdout)
    given_up = await run("plans", "cancel", account.number, *why)
    again = await run("plans", "cancel", account.number, *why)
    after = json.loads((await run("plans", "list", account.number, "--json")).stdout)

    assert [(row["state"], row["steps"]) for row in before] == [("RUNNING", 3)]
    assert given_up.stdout.startswith("Plan 1 is given up;")
    assert (again.returncode, "no plan of this family runs" in again.stderr) == (1, True)
    assert [row["state"] for row in after] == ["CANCELLED"]
