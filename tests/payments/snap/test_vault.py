"""Every request and its answer are kept; secrets are not readable, floods are bounded."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from prometheus_client import REGISTRY

from iuran.core.database.pool import Pool, connected
from iuran.core.money import Rupiah
from iuran.payments.simulation.bank import Signing, SimulatedBank
from iuran.payments.snap import vault as vaults
from iuran.payments.snap.message import BODY_BYTES_MAX
from iuran.payments.snap.messages import KeptMessage, Span, list_messages, purge, shown
from iuran.payments.snap.vault import unsealed
from tests.payments.snap.conftest import Biller, Debtor

OWED = Rupiah(35_000)
EVER = Span(since=datetime(2000, 1, 1, tzinfo=UTC), until=datetime(2100, 1, 1, tzinfo=UTC))


def test_whoever_reads_a_message_does_not_learn_who_paid() -> None:
    body = (
        b'{"virtualAccountName": "SITI \\"N\\" CONTOH","customerNo":"09000000005","bankName":"BCA"}'
    )

    text = shown(body)

    assert "SITI" not in text
    assert "CONTOH" not in text
    assert "09000000005" not in text
    assert '"bankName":"BCA"' in text


async def kept(biller: Biller) -> tuple[KeptMessage, ...]:
    await biller.services.vault.flushed()
    async with biller.services.pool.acquire() as connection:
        return await list_messages(connection, EVER)


def not_kept(cause: str) -> float:
    name = "iuran_snap_messages_not_kept_total"
    return REGISTRY.get_sample_value(name, {"cause": cause}) or 0.0


async def test_a_payment_is_kept_as_it_came_with_what_was_answered(
    biller: Biller, bank: SimulatedBank, debtor: Debtor
) -> None:
    answer = await bank.pay(debtor.customer_number, OWED, request_id="P1", external_id="X1")

    token, payment = await kept(biller)
    sent = json.loads(payment.body)
    assert (token.service, payment.service) == (73, 25)
    assert (payment.channel, payment.is_proven, payment.response_code) == ("BCA", True, "2002500")
    assert (payment.external_id, payment.reference) == ("X1", "P1")
    assert payment.remote_address == "127.0.0.1"
    assert payment.answer == answer.content
    assert sent["customerNo"] == debtor.customer_number
    assert payment.microseconds > 0


async def test_bytes_that_the_payment_stored_are_not_stored_twice(
    biller: Biller, bank: SimulatedBank, debtor: Debtor
) -> None:
    await bank.pay(debtor.customer_number, OWED, request_id="P1", external_id="X1")
    await bank.pay(debtor.customer_number, OWED, request_id="P2", external_id="X1")

    messages = await kept(biller)
    async with biller.services.pool.acquire() as connection:
        rows = await connection.fetch("SELECT body IS NULL FROM kept_message ORDER BY message_id")
    assert [row[0] for row in rows] == [False, True, False]  # token, payment, other one
    assert all(message.is_whole for message in messages)
    assert [json.loads(m.body)["paymentRequestId"] for m in messages[1:]] == ["P1", "P2"]


async def test_no_access_token_can_be_read_in_the_database(
    biller: Biller, bank: SimulatedBank, debtor: Debtor
) -> None:
    answer = await bank.token()
    token = str(answer.document["accessToken"])
    await bank.pay(debtor.customer_number, OWED)

    messages = await kept(biller)
    async with biller.services.pool.acquire() as connection:
        stored = await connection.fetch(
            "SELECT row_to_json(k)::text FROM kept_message AS k"
            " UNION ALL SELECT row_to_json(m)::text FROM channel_message AS m"
        )
    assert len(stored) >= 3
    assert token not in "".join(row[0] for row in stored)
    assert all(token.encode() not in message.answer for message in messages)
    headers = unsealed(biller.cipher, messages[-1].headers)
    assert headers["authorization"] == f"Bearer {token}"


async def test_a_stranger_is_kept_with_the_beginning_of_what_he_sent(
    biller: Biller, bank: SimulatedBank, debtor: Debtor
) -> None:
    bank.signing = Signing.RSA
    wrong = {"X-SIGNATURE": "AAAA"}
    long_body = b'{"a":"' + b"x" * 20_000 + b'"}'

    answer = await bank.transact("/transfer-va/payment", long_body, headers=wrong)

    (message,) = await kept(biller)
    assert answer.http_status == 401
    assert (message.is_proven, message.response_code) == (False, "4012500")
    assert message.body_length == len(long_body) <= BODY_BYTES_MAX
    assert message.body == long_body[: vaults.UNPROVEN_BODY_BYTES_MAX]
    assert not message.is_whole
    assert debtor.owes  # the family is there, and owes as before


async def test_a_flood_of_strangers_fills_no_disk(
    biller: Biller, bank: SimulatedBank, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(biller.services.vault._unproven, "burst", 5)  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]  # a small one
    monkeypatch.setattr(biller.services.vault._unproven, "a_second", 0)  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]  # never refilled
    before = not_kept("unproven")

    for _ in range(20):
        await bank.http.post("/snap/v1.0/transfer-va/payment", content=b"{}")

    assert len(await kept(biller)) == 5
    assert not_kept("unproven") == before + 15


async def test_a_full_queue_is_counted_and_harms_no_answer(
    biller: Biller, bank: SimulatedBank, debtor: Debtor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(vaults, "WAITING_MAX", 0)
    before = not_kept("full")

    answer = await bank.pay(debtor.customer_number, OWED)

    assert answer.code == "2002500"
    assert not_kept("full") == before + 2
    assert await kept(biller) == ()


async def test_a_lost_database_is_tried_again_for_a_while(
    biller: Biller, bank: SimulatedBank, monkeypatch: pytest.MonkeyPatch
) -> None:
    tries = 0
    write = vaults.Vault._write  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]  # replaced below

    async def fails_once(self: vaults.Vault, batch: list[vaults.MessageRecord]) -> None:
        nonlocal tries
        tries += 1
        if tries == 1:
            raise ConnectionResetError
        await write(self, batch)

    monkeypatch.setattr(vaults.Vault, "_write", fails_once)
    await bank.token()

    assert len(await kept(biller)) == 1
    assert tries == 2


async def test_only_what_is_older_than_the_retention_is_deleted(
    biller: Biller, bank: SimulatedBank, debtor: Debtor, pool: Pool, database_url: str
) -> None:
    await bank.pay(debtor.customer_number, OWED)
    now = datetime.now(UTC)
    await kept(biller)
    async with connected(database_url, role=None) as owner:
        await owner.execute(
            "UPDATE kept_message SET kept_at = kept_at - interval '11 years' WHERE service = 73"
        )

    async with pool.acquire() as connection:
        hasty = await purge(connection, before=now + timedelta(days=1), at=now)
        rest = await purge(connection, before=now - timedelta(days=3_653), at=now)

    assert (hasty, rest) == (1, 0)
    assert [message.service for message in await kept(biller)] == [25]


def test_what_is_shown_holds_no_whole_number() -> None:
    assert shown(b'{"customerNo":"02233913523"}') == '{"customerNo":"*******3523"}'
