"""Who may call an aggregator's path, how often, and that a flood of strangers costs him nothing."""

from datetime import UTC, datetime

from iuran.core.money import Rupiah
from iuran.payments.channel_changes import ChannelChange, change_channel
from iuran.payments.simulation.doku import SimulatedDoku
from iuran.payments.simulation.xendit import SimulatedXendit
from tests.payments.retail.conftest import OWES, Biller, Debtor


async def switched(biller: Biller, code: str, **changes: str) -> None:
    """Change switches as `iuran channels set` does."""
    change = ChannelChange(changes=changes, changed_by="petugas")
    async with biller.services.pool.acquire() as connection, connection.transaction():
        await change_channel(connection, code, change, at=datetime.now(UTC))
    biller.services.directory.forget()


async def test_only_agreed_addresses_are_let_in(
    biller: Biller, xendit: SimulatedXendit, debtor: Debtor
) -> None:
    event = xendit.event(debtor.customer_number, Rupiah(OWES))
    await switched(biller, "XENDIT", networks="203.0.113.0/24")
    elsewhere = await xendit.send(event)
    await switched(biller, "XENDIT", networks="203.0.113.0/24,127.0.0.0/8")
    agreed = await xendit.send(event)

    assert (elsewhere.status_code, elsewhere.json()["code"]) == (403, "ADDRESS_NOT_ALLOWED")
    assert (agreed.status_code, agreed.json()["code"]) == (200, "BOOKED")


async def test_beyond_the_quota_nothing_is_done_and_the_message_may_come_again(
    biller: Biller, xendit: SimulatedXendit, debtor: Debtor
) -> None:
    await switched(biller, "XENDIT", requests_a_minute="1", requests_burst="2")
    failure = xendit.event(debtor.customer_number, Rupiah(OWES), event="payment.failure")
    event = xendit.event(debtor.customer_number, Rupiah(OWES))

    codes = [(await xendit.send(body)).json()["code"] for body in (failure, failure, event)]
    booked_by_then = await biller.payments()
    await switched(biller, "XENDIT", requests_a_minute="600", requests_burst="10")
    again = await xendit.send(event)

    assert codes == ["NOTED", "NOTED", "TOO_MANY_REQUESTS"]
    assert booked_by_then == []
    assert again.json()["code"] == "BOOKED"


async def test_a_stranger_uses_up_no_quota_and_learns_nothing_of_the_list(
    biller: Biller, xendit: SimulatedXendit, debtor: Debtor
) -> None:
    await switched(
        biller, "XENDIT", requests_a_minute="1", requests_burst="1", networks="127.0.0.1"
    )
    event = xendit.event(debtor.customer_number, Rupiah(OWES))
    token, xendit.token = xendit.token, "guessed"
    strangers = [(await xendit.send(event)).status_code for _ in range(3)]
    xendit.token = token

    answer = await xendit.send(event)

    assert strangers == [401, 401, 401]
    assert answer.json()["code"] == "BOOKED"


async def test_a_direct_inquiry_counts_too(
    biller: Biller, doku: SimulatedDoku, debtor: Debtor
) -> None:
    await switched(biller, "DOKU", requests_a_minute="1", requests_burst="1")

    answers = [await doku.inquire(f"88888{debtor.customer_number}") for _ in range(2)]

    assert [answer.status_code for answer in answers] == [200, 429]
