"""What all dialects have in common: floods, nonsense, chance, and shops that speak SNAP BI."""

import asyncio
import json
from dataclasses import replace

import asyncpg
import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.applications import Starlette

from iuran.core.clock import StandingClock
from iuran.core.database.pool import Pool
from iuran.core.errors import AlreadyRegisteredError, InvalidInputError
from iuran.core.money import Rupiah
from iuran.payments.channels import NewChannel, register_channel
from iuran.payments.retail.app import retail_routes
from iuran.payments.retail.channels import Dialect, NewRetailChannel
from iuran.payments.simulation.bank import (
    SimulatedBank,
    generate_key_pair,
    parse_private_key,
)
from iuran.payments.simulation.doku import SimulatedDoku
from iuran.payments.simulation.midtrans import SimulatedMidtrans
from iuran.payments.simulation.xendit import SimulatedXendit
from iuran.payments.snap.app import SnapServices, snap_routes
from tests.payments.retail.conftest import (
    OWES,
    TOKEN,
    Biller,
    Debtor,
    a_debtor,
    a_retail_channel,
)

ON_FIXTURES = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow]

SCRAPS = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=80),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner),
    max_leaves=8,
)
FIELDS = st.sampled_from(
    [
        *("status", "fixed_payment_code_payment_id", "external_id", "payment_code", "amount"),
        *("owner_id", "event", "data", "transaction_timestamp", "order", "transaction"),
        *("online_to_offline_info", "order_id", "gross_amount", "status_code"),
        *("transaction_status", "signature_key", "va_numbers"),
    ]
)
BODIES = st.binary(max_size=200) | st.dictionaries(FIELDS, SCRAPS).map(json.dumps).map(str.encode)


@settings(max_examples=60, deadline=None, suppress_health_check=ON_FIXTURES)
@given(body=BODIES)
async def test_nonsense_never_crashes_us_and_never_books(
    biller: Biller, xendit: SimulatedXendit, doku: SimulatedDoku, body: bytes
) -> None:
    answers = [
        await xendit.send(body),
        await doku.send(body),
        await doku.send(body, target="/retail/DOKU/doku/inquiry"),
        await biller.http.post("/retail/XENDIT/midtrans", content=body),
    ]

    assert {answer.status_code for answer in answers} <= {200, 400, 401, 404, 422}
    assert await biller.payments() == []


@settings(max_examples=12, deadline=None, suppress_health_check=ON_FIXTURES)
@given(data=st.data())
async def test_any_sequence_of_messages_has_one_effect_for_each_payment(
    biller: Biller,
    pool: Pool,
    clock: StandingClock,
    xendit: SimulatedXendit,
    midtrans: SimulatedMidtrans,
    data: st.DataObject,
) -> None:
    """Repeated, reordered, pending after settlement, some at once: each payment counts once."""
    debtor = await a_debtor(pool, clock)
    code = f"{debtor.customer_number}-{data.draw(st.integers(0, 10**9))}"
    order = midtrans.order(debtor.customer_number, Rupiah(OWES))
    pending = midtrans.document(order)
    midtrans.change(order.order_id, "settlement")
    event = xendit.event(debtor.customer_number, Rupiah(OWES), payment_id=f"py-{code}")
    failed = {**event, "event": "payment.failure"}
    kinds = ["pending", "settled", "captured", "failed"]
    order_of_messages = data.draw(st.lists(st.sampled_from(kinds), min_size=1, max_size=10))
    before = len(await biller.payments())

    async def send(kind: str) -> httpx.Response:
        match kind:
            case "pending":
                return await midtrans.send(pending)
            case "settled":
                return await midtrans.send(midtrans.document(order))
            case "captured":
                return await xendit.send(event)
            case _:
                return await xendit.send(failed)

    if data.draw(st.booleans()):
        answers = await asyncio.gather(*[send(kind) for kind in order_of_messages])
    else:
        answers = [await send(kind) for kind in order_of_messages]

    effects = len({"settled", "captured"} & set(order_of_messages))
    assert {answer.status_code for answer in answers} == {200}
    assert len(await biller.payments()) - before == effects
    assert await debtor.credit() == max(effects - 1, 0) * OWES
    assert await debtor.owes() == (0 if effects else OWES)
    await biller.agrees()


async def test_sixteen_repetitions_at_once_book_once(
    biller: Biller, xendit: SimulatedXendit, debtor: Debtor
) -> None:
    event = xendit.event(debtor.customer_number, Rupiah(OWES))

    answers = await asyncio.gather(*[xendit.send(event) for _ in range(16)])

    codes = sorted(answer.json()["code"] for answer in answers)
    assert codes == ["BOOKED", *["REPEATED"] * 15]
    assert len(await biller.payments()) == 1
    await biller.agrees()


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
async def test_only_post_is_served(biller: Biller, xendit: SimulatedXendit, method: str) -> None:
    answer = await biller.http.request(method, xendit.path)

    assert (answer.status_code, answer.headers["Allow"]) == (405, "POST")


async def test_a_body_without_end_is_refused(xendit: SimulatedXendit) -> None:
    answer = await xendit.send(b" " * 70_000)

    assert answer.status_code == 400


async def test_a_channel_that_is_switched_off_is_not_served(
    biller: Biller, xendit: SimulatedXendit, debtor: Debtor
) -> None:
    async with biller.services.pool.acquire() as connection:
        await connection.execute("UPDATE channel SET enabled = false WHERE code = 'XENDIT'")

    answer = await xendit.send(xendit.event(debtor.customer_number, Rupiah(OWES)))

    assert answer.status_code == 404


async def test_a_failing_database_is_answered_so_that_the_message_comes_again(
    xendit: SimulatedXendit, debtor: Debtor, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fails(*_: object, **__: object) -> None:
        raise asyncpg.InternalServerError("invented")

    event = xendit.event(debtor.customer_number, Rupiah(OWES))
    with monkeypatch.context() as patched:
        patched.setattr("iuran.payments.lanes.book_collected", fails)
        failed = await xendit.send(event)
    repeated = await xendit.send(event)

    assert (failed.status_code, failed.json()["code"]) == (504, "TRY_AGAIN")
    assert "invented" not in failed.text
    assert repeated.json()["code"] == "BOOKED"


async def test_whoever_waits_too_long_is_asked_to_send_again(
    biller: Biller, xendit: SimulatedXendit, debtor: Debtor
) -> None:
    hurried = replace(biller.services, answer_timeout_seconds=0.0)
    app = Starlette(routes=retail_routes(hurried))
    event = xendit.event(debtor.customer_number, Rupiah(OWES))
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://biller.test") as http:
        late = await replace(xendit, http=http).send(event)

    assert (late.status_code, late.json()["code"]) == (504, "TRY_AGAIN")
    assert await biller.payments() == []


async def test_a_minimarket_over_snap_needs_no_code_of_its_own(
    pool: Pool, clock: StandingClock, biller: Biller, debtor: Debtor
) -> None:
    """Winpay's Modern Retail, or a chain itself: a channel of SNAP BI, which is a row of data."""
    keys = generate_key_pair()
    snap = SnapServices.of(pool=pool, clock=clock, cipher=biller.services.cipher)
    new = NewChannel(
        code="INDOMARET", name="Indomaret", public_key_pem=keys.public_key_pem, va_prefix="88888"
    )
    async with pool.acquire() as connection, connection.transaction():
        credentials = await register_channel(
            connection, biller.services.cipher, new, at=snap.real_clock.now()
        )
    transport = httpx.ASGITransport(Starlette(routes=snap_routes(snap)))
    async with httpx.AsyncClient(transport=transport, base_url="http://biller.test") as http:
        assert credentials.client_secret is not None
        shop = SimulatedBank(
            http=http,
            private_key=parse_private_key(keys.private_key_pem),
            client_id=credentials.client_id,
            client_secret=credentials.client_secret,
        )
        inquired = await shop.inquire(debtor.customer_number)
        paid = await shop.pay(
            debtor.customer_number,
            inquired.total_amount,
            request_id=str(inquired.account["inquiryRequestId"]),
        )

    assert paid.is_success
    assert await debtor.owes() == 0
    await biller.agrees()


FORMED = a_retail_channel(Dialect.XENDIT, notification_secret=TOKEN)


@pytest.mark.parametrize(
    "channel",
    [
        replace(FORMED, base_url="http://api.contoh.example"),
        replace(FORMED, base_url="https://"),
        replace(FORMED, base_url="https://user:secret@contoh.example"),
        replace(FORMED, base_url="nothing"),
        replace(FORMED, api_secret=""),
        replace(FORMED, api_secret="with blank"),
        replace(FORMED, notification_secret=""),
        replace(FORMED, name=" "),
        replace(FORMED, code="lower"),
        a_retail_channel(Dialect.DOKU),
    ],
)
async def test_a_channel_of_wrong_form_is_refused(
    biller: Biller, channel: NewRetailChannel
) -> None:
    with pytest.raises(InvalidInputError):
        await biller.opens(channel)


async def test_a_code_is_registered_once(biller: Biller, doku: SimulatedDoku) -> None:
    with pytest.raises(AlreadyRegisteredError):
        await biller.opens(a_retail_channel(Dialect.DOKU, account=doku.client_id))
