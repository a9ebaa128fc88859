"""Employers and governments have receipts, too: as data, page and PDF, under links of their own."""

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.applications import Starlette

from iuran.core.database.pool import Pool
from iuran.core.governments import CENTRAL
from iuran.core.months import CoverageMonth
from iuran.core.segments import Segment
from iuran.payments.receipts.app import ReceiptServices, receipt_routes
from iuran.payments.receipts.document import pdf_of
from iuran.payments.receipts.keys import (
    AnyReceiptKey,
    EmployerReceiptKey,
    GovernmentReceiptKey,
    ReceiptKey,
)
from iuran.payments.receipts.links import ReceiptLinks
from iuran.payments.receipts.records import (
    Receipt,
    ReceiptUnknownError,
    find_receipt,
    payment_of_reference,
)
from iuran.payments.receipts.words import sheet_of
from iuran.payments.secrets import Cipher, generate_installation_key
from iuran.payments.settlement import Result, book_collected
from tests.builders import an_instruction, paid
from tests.moments import wib
from tests.payments.payers import an_employer, channel_of, hired, roll, sponsored
from tests.payments.test_government_payments import approved, recorded

LINKS = ReceiptLinks.of(Cipher.of([generate_installation_key()]))
IDS = st.integers(1, 2**63 - 1)
KEYS = st.one_of(
    st.builds(ReceiptKey, family_id=IDS, payment_id=IDS),
    st.builds(EmployerReceiptKey, employer_id=IDS, payment_id=IDS),
    st.builds(
        GovernmentReceiptKey,
        region=st.from_regex(r"[0-9]{2}([0-9]{2})?", fullmatch=True),
        payment_id=IDS,
    ),
)


async def page_of(pool: Pool, key: AnyReceiptKey) -> httpx.Response:
    """What whoever has the link sees."""
    app = Starlette(routes=receipt_routes(ReceiptServices(pool=pool, links=LINKS)))
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as http:
        document = await http.get(LINKS.url_of(key) + ".pdf")
        assert document.content.startswith(b"%PDF-")
        return await http.get(LINKS.url_of(key), params={"lang": "en"})


async def test_an_employer_sees_what_its_money_paid_and_who_is_covered_again(pool: Pool) -> None:
    channel = await channel_of(pool)
    employer, number = await an_employer(pool, at=wib(2026, 3, 5))
    await hired(pool, employer, wage=5_000_000, at=wib(2026, 3, 5))
    await paid(pool, an_instruction(channel, number, 250_000), at=wib(2026, 3, 6))
    await roll(pool, wib(2026, 5, 1, 0, 1))

    last = an_instruction(channel, number, 500_000, reference="E-2")
    settled = await paid(pool, last, at=wib(2026, 5, 8))

    assert settled.result is Result.SETTLED
    async with pool.acquire() as connection:
        key = await payment_of_reference(connection, channel_code="bca", reference="E-2")
        receipt = await find_receipt(connection, key)
    assert isinstance(key, EmployerReceiptKey)
    assert [(one.month, one.amount) for one in receipt.months] == [
        (CoverageMonth(2026, 4), 250_000),
        (CoverageMonth(2026, 5), 250_000),
    ]
    assert (receipt.members, receipt.workers_back, receipt.credited) == (1, 1, 0)
    assert receipt.account == "88888*******" + number[-4:]
    page = await page_of(pool, key)
    assert "Workers" in page.text
    assert "covered again by this payment: 1." in page.text
    assert receipt.payer == employer.name
    assert number not in page.text


async def test_an_employers_surplus_is_credit_on_its_receipt(pool: Pool) -> None:
    channel = await channel_of(pool)
    employer, number = await an_employer(pool, at=wib(2026, 3, 5))
    await hired(pool, employer, wage=5_000_000, at=wib(2026, 3, 5))
    async with pool.acquire() as connection, connection.transaction():
        more = an_instruction(channel, number, 300_000, reference="E-1")
        await book_collected(connection, [more], at=wib(2026, 3, 6))
    await roll(pool, wib(2026, 4, 1, 0, 1))
    await paid(pool, an_instruction(channel, number, 200_000, reference="E-2"), at=wib(2026, 4, 2))

    receipts: list[Receipt] = []
    async with pool.acquire() as connection:
        for reference in ("E-1", "E-2"):
            key = await payment_of_reference(connection, channel_code="BCA", reference=reference)
            receipts.append(await find_receipt(connection, key))

    for receipt in receipts:
        settled = sum(one.amount for one in receipt.months)
        assert settled + receipt.credited == receipt.amount
    assert [receipt.credited for receipt in receipts] == [50_000, 0]
    assert [one.from_credit for one in receipts[1].months] == [50_000]


async def test_a_governments_transfer_has_a_receipt_once_two_persons_booked_it(pool: Pool) -> None:
    await sponsored(pool, Segment.PBI_APBN, at=wib(2026, 3, 5))
    await roll(pool, wib(2026, 4, 1, 0, 1))
    payment_id = await recorded(pool, 40_000, reference="TRF-1", at=wib(2026, 4, 2))
    key = GovernmentReceiptKey(region=CENTRAL, payment_id=payment_id)

    async with pool.acquire() as connection:
        with pytest.raises(ReceiptUnknownError, match=r"region 00.*second person"):
            await find_receipt(connection, key)
    await approved(pool, payment_id, at=wib(2026, 4, 3))

    async with pool.acquire() as connection:
        receipt = await find_receipt(connection, key)
    sheet = sheet_of(receipt)
    assert (receipt.amount, receipt.reference) == (40_000, "TRF-1")
    assert [line.value for line in sheet.items] == ["Rp40.000"]
    assert "Tanggal valuta 2 April 2026" in [f"{one.label} {one.value}" for one in sheet.facts]
    assert not any("peserta" in note for note in sheet.notes)
    assert pdf_of(sheet, made_at=receipt.booked_at).startswith(b"%PDF-")
    assert "Bank transfer" in (await page_of(pool, key)).text


@given(key=KEYS)
def test_a_link_opens_the_receipt_of_its_own_payer_only(key: AnyReceiptKey) -> None:
    assert LINKS.open(LINKS.seal(key)) == key
