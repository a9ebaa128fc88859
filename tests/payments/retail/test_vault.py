"""What aggregators sent is kept with our answers, and can be run again as a dry run."""

import json
from datetime import UTC, datetime

import pytest

from iuran.core.money import Rupiah
from iuran.payments.replays import Comparison, Replayed, replay
from iuran.payments.retail import answers
from iuran.payments.retail.channels import Purpose, replace_secret
from iuran.payments.retail.visits import RetailAnswer
from iuran.payments.simulation.doku import SimulatedDoku
from iuran.payments.simulation.midtrans import SimulatedMidtrans
from iuran.payments.simulation.xendit import SimulatedXendit
from iuran.payments.snap.messages import KeptMessage, Span, list_messages
from iuran.payments.snap.vault import SEALED, unsealed
from tests.payments.retail.conftest import OWES, TOKEN, Biller, Debtor

EVER = Span(since=datetime(2000, 1, 1, tzinfo=UTC), until=datetime(2100, 1, 1, tzinfo=UTC))


async def kept(biller: Biller) -> tuple[KeptMessage, ...]:
    await biller.services.vault.flushed()
    async with biller.services.pool.acquire() as connection:
        return await list_messages(connection, EVER)


async def replayed(biller: Biller) -> list[Replayed]:
    await biller.services.vault.flushed()
    return [one async for one in replay(biller.services.pool, biller.services.cipher, EVER)]


async def a_day(
    xendit: SimulatedXendit, midtrans: SimulatedMidtrans, doku: SimulatedDoku, debtor: Debtor
) -> list[str]:
    """Messages of every dialect and every end; what each was answered."""
    event = xendit.event(debtor.customer_number, Rupiah(OWES), payment_id="py-1")
    other = xendit.event(debtor.customer_number, Rupiah(1), payment_id="py-1")
    order = midtrans.order("iuran-unknown", Rupiah(OWES))
    pending = midtrans.document(order)
    midtrans.change(order.order_id, "settlement")
    sent = [
        await doku.inquire(f"88888{debtor.customer_number}"),
        await xendit.send(event),
        await xendit.send(event),
        await xendit.send(other),
        await xendit.send({**event, "event": "payment.failure"}),
        await xendit.send({"status": "COMPLETED"}),
        await midtrans.send(pending),
        await midtrans.send(midtrans.document(order)),
        await doku.inquire("1"),
        await doku.send(b"{}", target="/retail/DOKU/doku"),
    ]
    xendit.token = "guessed"
    sent.append(await xendit.send(event))
    return [str(answer.status_code) for answer in sent]


async def test_a_message_is_kept_with_its_answer_and_its_proof_sealed(
    biller: Biller, xendit: SimulatedXendit, debtor: Debtor
) -> None:
    event = xendit.event(debtor.customer_number, Rupiah(OWES), payment_id="py-1")
    answer = await xendit.send(event)

    (message,) = await kept(biller)

    assert (message.channel, message.is_proven, message.service) == ("XENDIT", True, 90)
    assert (message.response_code, message.reference) == ("BOOKED", "py-1")
    assert (message.body, message.answer) == (json.dumps(event).encode(), answer.content)
    assert message.remote_address == "127.0.0.1"
    assert message.headers["x-callback-token"].startswith(SEALED)
    assert TOKEN not in str(message.headers)
    assert unsealed(biller.services.cipher, message.headers)["x-callback-token"] == TOKEN


async def test_the_same_code_gives_the_same_answers_and_posts_nothing(
    biller: Biller,
    xendit: SimulatedXendit,
    midtrans: SimulatedMidtrans,
    doku: SimulatedDoku,
    debtor: Debtor,
) -> None:
    statuses = await a_day(xendit, midtrans, doku, debtor)
    before = await biller.payments(), await biller.suspense(), await biller.messages()

    found = await replayed(biller)

    told = [(one.message.response_code, one.comparison) for one in found]
    assert statuses == ["200"] * 5 + ["422", "200", "200", "404", "422", "401"]
    assert told == [
        ("SUCCESS", Comparison.MOVED_ON),
        ("BOOKED", Comparison.SAME),
        ("REPEATED", Comparison.SAME),
        ("INCONSISTENT", Comparison.SAME),
        ("NOTED", Comparison.SAME),
        ("UNREADABLE", Comparison.SAME),
        ("NOTED", Comparison.SAME),
        ("IN_SUSPENSE", Comparison.SAME),
        ("BILLING_NOT_FOUND", Comparison.SAME),
        ("UNREADABLE", Comparison.SAME),
        ("NOT_AUTHENTIC", Comparison.SAME),
    ]
    assert (await biller.payments(), await biller.suspense(), await biller.messages()) == before


async def test_an_old_message_is_proved_with_the_secret_of_its_time(
    biller: Biller, xendit: SimulatedXendit, debtor: Debtor
) -> None:
    await xendit.send(xendit.event(debtor.customer_number, Rupiah(OWES)))
    now = datetime.now(UTC)
    async with biller.services.pool.acquire() as connection, connection.transaction():
        await replace_secret(
            connection,
            biller.services.cipher,
            "XENDIT",
            Purpose.NOTIFICATION,
            "another-invented-token",
            at=now,
            old_valid_until=now,
        )

    (one,) = await replayed(biller)

    assert one.comparison is Comparison.SAME


async def test_code_that_answers_otherwise_is_told(
    biller: Biller, xendit: SimulatedXendit, debtor: Debtor, monkeypatch: pytest.MonkeyPatch
) -> None:
    await xendit.send(xendit.event(debtor.customer_number, Rupiah(OWES)))
    kept_said = answers.said

    def otherwise(*_: object) -> RetailAnswer:
        return kept_said(200, "OTHER", "otherwise")

    monkeypatch.setattr(answers, "said", otherwise)

    (one,) = await replayed(biller)

    assert (one.comparison, one.response_code) == (Comparison.DIFFERS, "OTHER")
