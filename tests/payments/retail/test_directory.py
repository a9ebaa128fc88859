"""The aggregators in memory: what is changed counts soon, and strangers cause no load."""

import asyncio
from dataclasses import replace
from datetime import datetime, timedelta

from prometheus_client import REGISTRY

from iuran.core.clock import StandingClock
from iuran.core.database.pool import Pool
from iuran.core.money import Rupiah
from iuran.payments.memory import EXTRA_RELOADS_MAX
from iuran.payments.retail.channels import Dialect, Purpose, replace_secret
from iuran.payments.retail.directory import RetailDirectory
from iuran.payments.secrets import Cipher, generate_installation_key
from iuran.payments.simulation.doku import SimulatedDoku
from iuran.payments.simulation.xendit import SimulatedXendit
from tests.payments.retail.conftest import OWES, SECRET, TOKEN, Biller, Debtor, a_retail_channel


def reloads() -> float:
    """How often aggregators or banks were read again."""
    causes = ({"cause": cause} for cause in ("age", "unknown"))
    found = (REGISTRY.get_sample_value("iuran_channel_reloads_total", one) for one in causes)
    return sum(one or 0.0 for one in found)


async def rotated(biller: Biller, token: str, *, at: datetime, until: datetime) -> None:
    async with biller.services.pool.acquire() as connection, connection.transaction():
        await replace_secret(
            connection,
            biller.services.cipher,
            "XENDIT",
            Purpose.NOTIFICATION,
            token,
            at=at,
            old_valid_until=until,
        )


async def test_messages_one_after_the_other_read_the_aggregators_once(
    biller: Biller, xendit: SimulatedXendit, debtor: Debtor
) -> None:
    event = xendit.event(debtor.customer_number, Rupiah(OWES))
    before = reloads()

    codes = [(await xendit.send(event)).json()["code"] for _ in range(20)]

    assert codes == ["BOOKED", *["REPEATED"] * 19]
    assert 1 <= reloads() - before <= 2, "two if the machine was slow"
    await biller.agrees()


async def test_guessing_tokens_costs_no_more_than_a_few_reads(
    biller: Biller, xendit: SimulatedXendit
) -> None:
    before = reloads()
    xendit.token = "guessed"

    answers = await asyncio.gather(*(xendit.send(xendit.event("1", Rupiah(1))) for _ in range(40)))

    assert {answer.status_code for answer in answers} == {401}
    assert reloads() - before <= EXTRA_RELOADS_MAX + 3
    assert await biller.payments() == []


async def test_an_aggregator_that_was_just_added_is_served_at_once(
    biller: Biller, xendit: SimulatedXendit, debtor: Debtor
) -> None:
    event = xendit.event(debtor.customer_number, Rupiah(OWES))
    xendit.path = "/retail/XENDIT2/xendit"
    nobody = await xendit.send(event)
    second = a_retail_channel(Dialect.XENDIT, notification_secret=TOKEN, code="XENDIT2")
    await biller.opens(second)

    answer = await xendit.send(event)

    assert nobody.status_code == 404
    assert answer.json()["code"] == "BOOKED"


async def test_a_secret_that_has_ended_is_not_believed_from_memory(
    biller: Biller, pool: Pool, xendit: SimulatedXendit
) -> None:
    clock = StandingClock(biller.services.real_clock.now())
    now = clock.now()
    directory = RetailDirectory(pool=pool, cipher=biller.services.cipher, real_clock=clock)
    await rotated(biller, "the-new-token", at=now, until=now + timedelta(minutes=1))
    known = (await directory.recalled())["XENDIT"]

    during, after = known.at(now), known.at(now + timedelta(minutes=1))

    assert during.notification_secrets == ("the-new-token", TOKEN)
    assert after.notification_secrets == ("the-new-token",)
    assert after.api_secrets == (SECRET,)
    assert SECRET not in repr(known)
    assert xendit.token == TOKEN


async def test_an_aggregator_whose_every_proof_has_ended_is_mute(
    biller: Biller, xendit: SimulatedXendit, doku: SimulatedDoku
) -> None:
    known = await biller.services.directory.recalled()
    now = biller.services.real_clock.now()
    ended = tuple(replace(one, valid_until=now) for one in known["XENDIT"].secrets)

    mute = replace(known["XENDIT"], secrets=ended).is_mute(now)

    assert (known["XENDIT"].is_mute(now), known["DOKU"].is_mute(now), mute) == (False, False, True)
    assert (xendit.path, doku.path) == ("/retail/XENDIT/xendit", "/retail/DOKU/doku")


async def test_a_secret_under_a_lost_key_does_not_stop_the_others(
    biller: Biller, pool: Pool, xendit: SimulatedXendit
) -> None:
    lost = Cipher.of([generate_installation_key()])
    now = biller.services.real_clock.now()
    until = now + timedelta(hours=1)
    async with pool.acquire() as connection, connection.transaction():
        await replace_secret(
            connection, lost, "XENDIT", Purpose.API, "newer", at=now, old_valid_until=until
        )

    known = (await biller.services.directory.recalled())["XENDIT"].at(now)

    assert (known.api_secrets, known.notification_secrets) == ((SECRET,), (xendit.token,))
