"""Receipts: what a payer is told of his payment, and links that only their owners have."""

import zlib
from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import date, timedelta
from re import DOTALL, findall

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.applications import Starlette

from iuran.core.clock import StandingClock, SystemClock
from iuran.core.database.pool import Connection, Pool
from iuran.core.families import RegisteredFamily
from iuran.core.months import CoverageMonth
from iuran.core.segments import CareClass
from iuran.payments.instalment_plans import register_plan
from iuran.payments.receipts.app import ReceiptServices, Visitors, receipt_routes
from iuran.payments.receipts.document import pdf_of, printable
from iuran.payments.receipts.keys import ReceiptKey
from iuran.payments.receipts.links import (
    ReceiptLinkExpiredError,
    ReceiptLinkInvalidError,
    ReceiptLinks,
)
from iuran.payments.receipts.page import html_of
from iuran.payments.receipts.records import (
    Receipt,
    ReceiptState,
    ReceiptUnknownError,
    find_receipt,
    payment_of_reference,
)
from iuran.payments.receipts.words import sheet_of
from iuran.payments.secrets import Cipher, generate_installation_key
from iuran.payments.settlement import book_collected
from iuran.payments.virtual_accounts import VirtualAccount
from tests.builders import (
    a_channel,
    a_family,
    an_active_family,
    an_instruction,
    pays_what_it_owes,
    registered,
)
from tests.payments.payers import roll, wib
from tests.payments.test_refunds import approved, complete
from tests.payments.test_suspense import astray, placed, proposed

NASTY = 'ŚITI <b>"O\'BRIEN"</b> 王 &amp;'
INDONESIAN_AND_ENGLISH = ("id", "en")


async def receipts_of(pool: Pool, family: RegisteredFamily) -> list[Receipt]:
    """The receipts of all payments of a family, the oldest first."""
    async with pool.acquire() as connection:
        ids = await connection.fetch(
            "SELECT payment_id FROM payment WHERE family_id = $1 ORDER BY payment_id",
            family.family_id,
        )
        return [
            await find_receipt(
                connection, ReceiptKey(family_id=family.family_id, payment_id=row["payment_id"])
            )
            for row in ids
        ]


async def a_paying_family(
    pool: Pool, *, members: int = 2, name: str = "BUNGA CONTOH", language: str = "id"
) -> tuple[int, RegisteredFamily, VirtualAccount]:
    """A family of class I (150,000 each) that paid for the first time on 20 March 2026."""
    async with pool.acquire() as connection:
        channel = await a_channel(connection)
    new = a_family(members=members, care_class=CareClass.I, name=name, language=language)
    family, (account, *_) = await an_active_family(
        pool, channel, new, first_payment_at=wib(2026, 3, 20)
    )
    return channel, family, account


async def collected(
    pool: Pool, channel: int, account: VirtualAccount, amount: int, *, month: int
) -> None:
    """Money that was collected on the 25th of a month of 2026."""
    async with pool.acquire() as connection, connection.transaction():
        instruction = an_instruction(channel, account.customer_number, amount)
        await book_collected(connection, [instruction], at=wib(2026, month, 25))


async def test_a_first_payment_has_all_that_a_struk_shows(pool: Pool) -> None:
    _, family, account = await a_paying_family(pool)

    (receipt,) = await receipts_of(pool, family)

    assert receipt.state is ReceiptState.VALID
    assert receipt.amount == receipt.total == 300_000
    assert receipt.fee == 0
    assert receipt.channel_code == "BCA"
    assert receipt.payer == "B**** C*****"
    assert receipt.account == "88888*******" + account.customer_number[-4:]
    assert receipt.members == 2
    assert [one.month for one in receipt.months] == [CoverageMonth(2026, 3)]
    assert receipt.paid_at == wib(2026, 3, 20)
    assert receipt.value_date == date(2026, 3, 20)
    assert receipt.is_activation
    assert not receipt.is_reactivation


async def test_paying_arrears_says_until_when_a_stay_is_fined(pool: Pool) -> None:
    channel, family, account = await a_paying_family(pool)
    await roll(pool, wib(2026, 6, 1, 0, 1))

    await pays_what_it_owes(pool, channel, account, at=wib(2026, 6, 10, 23, 59))

    receipt = (await receipts_of(pool, family))[-1]
    assert [str(one.month) for one in receipt.months] == ["2026-04", "2026-05", "2026-06"]
    assert receipt.is_reactivation
    assert receipt.window_last_day == date(2026, 7, 25)
    sheet = sheet_of(receipt)
    assert any("25 Juli 2026" in note and "aktif kembali" in note for note in sheet.notes)
    assert "10 Juni 2026, 23.59 WIB" in [line.value for line in sheet.facts]
    assert "April 2026 s.d. Juni 2026" in [line.value for line in sheet.facts]


async def test_what_is_too_much_is_shown_as_credit_and_later_as_used(pool: Pool) -> None:
    channel, family, account = await a_paying_family(pool)
    await collected(pool, channel, account, 100_000, month=3)
    await roll(pool, wib(2026, 4, 1, 0, 1))

    await collected(pool, channel, account, 200_000, month=4)

    _, too_much, rest = await receipts_of(pool, family)
    assert too_much.credited == 100_000
    assert not too_much.months
    assert [(one.amount, one.from_credit) for one in rest.months] == [(200_000, 100_000)]
    assert "dengan saldo Rp100.000" in sheet_of(rest).items[0].label


@pytest.mark.parametrize(
    ("refund", "state"),
    [(60_000, ReceiptState.PARTLY_REFUNDED), (100_000, ReceiptState.REFUNDED)],
)
async def test_a_refund_shows_on_the_receipt_whose_money_it_was(
    pool: Pool, refund: int, state: ReceiptState
) -> None:
    channel, family, account = await a_paying_family(pool)
    await collected(pool, channel, account, 100_000, month=3)

    key = await complete(pool, family, refund, at=wib(2026, 3, 26))
    await approved(pool, key, at=wib(2026, 3, 27))

    first, refunded = await receipts_of(pool, family)
    assert first.state is ReceiptState.VALID
    assert (refunded.state, refunded.refunded) == (state, refund)
    is_proof = any("bukti pembayaran yang sah" in note for note in sheet_of(refunded).notes)
    assert is_proof is (state is ReceiptState.PARTLY_REFUNDED)


async def test_a_step_of_a_plan_is_a_receipt_of_its_own(pool: Pool) -> None:
    channel, family, account = await a_paying_family(pool)
    await roll(pool, wib(2026, 9, 1, 0, 1))
    async with pool.acquire() as connection, connection.transaction():
        await register_plan(
            connection,
            family.family_id,
            family.membership_id,
            steps=2,
            registered_by="petugas-1",
            at=wib(2026, 9, 10),
        )
    await pays_what_it_owes(pool, channel, account, at=wib(2026, 9, 15))

    receipt = (await receipts_of(pool, family))[-1]

    assert receipt.step is not None
    assert (receipt.step.number, receipt.step.steps) == (1, 2)
    assert receipt.step.amount == receipt.amount
    assert "Instalment 1 of 2 (REHAB)" in [
        line.label for line in sheet_of(receipt, language="en").items
    ]


async def test_placed_money_is_found_by_its_reference_with_the_right_number(pool: Pool) -> None:
    channel, family, account = await a_paying_family(pool)
    await roll(pool, wib(2026, 4, 1, 0, 1))
    key = await astray(pool, channel, 300_000, at=wib(2026, 4, 2))
    proposal = await proposed(pool, key, account.number, at=wib(2026, 4, 3))
    await placed(pool, key, proposal, at=wib(2026, 4, 3, 10))

    async with pool.acquire() as connection:
        found = await payment_of_reference(connection, channel_code="bca", reference=key.reference)
        receipt = await find_receipt(connection, found)

    assert isinstance(found, ReceiptKey)
    assert found.family_id == family.family_id
    assert receipt.account.endswith(account.customer_number[-4:])
    assert receipt.value_date == date(2026, 4, 2)
    assert receipt.members == 2


async def test_who_paid_nothing_has_no_receipt(pool: Pool, connection: Connection) -> None:
    channel = await a_channel(connection)
    family, (account, *_) = await registered(connection, a_family(), at=wib(2026, 3, 6))
    await astray(pool, channel, 5_000, at=wib(2026, 3, 7))
    refused = await pays_what_it_owes(pool, channel, account, at=wib(2026, 3, 7))
    assert not refused.is_settled

    with pytest.raises(ReceiptUnknownError, match="has no payment 1"):
        await find_receipt(connection, ReceiptKey(family_id=family.family_id, payment_id=1))
    for row in await connection.fetch("SELECT reference FROM payment_reference"):
        with pytest.raises(ReceiptUnknownError, match="suspense"):
            await payment_of_reference(connection, channel_code="BCA", reference=row["reference"])


async def test_the_items_of_any_receipt_add_up_to_what_was_paid(pool: Pool) -> None:
    channel, family, account = await a_paying_family(pool, members=3)
    for month, amount in ((4, 450_000), (5, 10_000), (6, 900_000), (7, 440_000), (8, 1)):
        await roll(pool, wib(2026, month, 1, 0, 1))
        await collected(pool, channel, account, amount, month=month)

    receipts = await receipts_of(pool, family)

    assert len(receipts) == 6
    for receipt in receipts:
        settled = sum(one.amount for one in receipt.months)
        assert settled + receipt.credited == receipt.amount


async def test_a_name_with_any_letters_stands_on_page_and_pdf(pool: Pool) -> None:
    _, family, _ = await a_paying_family(pool, name=NASTY)
    (receipt,) = await receipts_of(pool, family)

    for language in INDONESIAN_AND_ENGLISH:
        sheet = sheet_of(receipt, language=language)
        page = html_of(sheet)
        document = pdf_of(sheet, made_at=receipt.booked_at)

        assert "<b>" not in page
        assert "BRIEN" not in page
        assert '<html lang="' + language in page
        assert document.startswith(b"%PDF-")
        assert "S***" in text_of(document)
        assert "Rp300.000" in text_of(document)


@given(st.text(max_size=40))
def test_any_text_can_be_printed(text: str) -> None:
    shown = printable(text)

    assert len(shown.encode("latin-1")) >= len(text)
    assert shown.isprintable()


def test_accents_are_left_out_rather_than_letters() -> None:
    assert printable("Śūñ é 王") == "Suñ é ?"


def a_cipher(*keys: str) -> Cipher:
    return Cipher.of(keys or [generate_installation_key()])


@given(
    family_id=st.integers(1, 2**63 - 1),
    payment_id=st.integers(1, 2**63 - 1),
    place=st.integers(0, 47),
    letter=st.sampled_from("ABCxyz019-_=+/ é"),
)
def test_a_link_opens_its_receipt_and_no_other_text_opens_any(
    family_id: int, payment_id: int, place: int, letter: str
) -> None:
    links = ReceiptLinks.of(a_cipher(OLD_KEY))
    key = ReceiptKey(family_id=family_id, payment_id=payment_id)

    seal = links.seal(key)
    changed = seal[:place] + letter + seal[place + 1 :]

    assert links.open(seal) == key
    if changed != seal:
        with pytest.raises(ReceiptLinkInvalidError):
            links.open(changed)
    for text in ("", seal[:-1], seal + "A", seal + "\n", seal[::-1]):
        with pytest.raises(ReceiptLinkInvalidError):
            links.open(text)


OLD_KEY, NEW_KEY = generate_installation_key(), generate_installation_key()


def test_a_link_shows_nothing_of_what_it_stands_for() -> None:
    links = ReceiptLinks.of(a_cipher())

    one, next_one = (links.seal(ReceiptKey(family_id=7, payment_id=n)) for n in (12, 13))

    raw = urlsafe_b64decode(one)
    assert bytes(7) not in raw
    assert sum(a == b for a, b in zip(one, next_one, strict=True)) < 12
    assert urlsafe_b64encode(raw).decode() == one


def test_links_outlive_a_new_key_and_end_with_the_old_one() -> None:
    key = ReceiptKey(family_id=7, payment_id=12)
    link = ReceiptLinks.of(a_cipher(OLD_KEY)).seal(key)

    assert ReceiptLinks.of(a_cipher(NEW_KEY, OLD_KEY)).open(link) == key
    with pytest.raises(ReceiptLinkInvalidError):
        ReceiptLinks.of(a_cipher(NEW_KEY)).open(link)


def test_a_link_ends_after_its_last_day_in_jakarta() -> None:
    clock = StandingClock(wib(2026, 3, 1, 0, 1))
    links = ReceiptLinks.of(a_cipher(), days=30, base_url="https://iuran.example/", clock=clock)
    key = ReceiptKey(family_id=7, payment_id=12)
    seal = links.seal(key)
    assert links.url_of(key) == f"https://iuran.example/receipts/{seal}"

    clock.instant = wib(2026, 3, 31, 23, 59)
    assert links.open(seal) == key
    clock.instant += timedelta(minutes=2)
    with pytest.raises(ReceiptLinkExpiredError, match="2026-03-31"):
        links.open(seal)


def text_of(document: bytes) -> str:
    """The text that stands in a PDF of ours."""
    streams = findall(rb"stream\r?\n(.*?)\r?\nendstream", document, DOTALL)
    content = b"".join(zlib.decompress(one) for one in streams)
    return b" ".join(findall(rb"\((.*?)\) Tj", content)).decode("latin-1")


def served(services: ReceiptServices) -> httpx.AsyncClient:
    app = Starlette(routes=receipt_routes(services))
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test")


async def test_whoever_has_the_link_sees_page_and_pdf(pool: Pool) -> None:
    _, family, account = await a_paying_family(pool)
    (receipt,) = await receipts_of(pool, family)
    services = ReceiptServices(pool=pool, links=ReceiptLinks.of(a_cipher()))
    path = services.links.url_of(receipt.key)

    async with served(services) as http:
        page = await http.get(path)
        english = await http.get(path, params={"lang": "en"})
        document = await http.get(path + ".pdf", params={"lang": "en"})

    for answer in (page, english, document):
        assert answer.status_code == 200
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["X-Robots-Tag"].startswith("noindex")
        assert answer.headers["Referrer-Policy"] == "no-referrer"
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    assert "Struk pembayaran iuran JKN" in page.text
    assert "Receipt for JKN contributions" in english.text
    assert account.customer_number not in page.text
    assert "BUNGA" not in page.text
    assert path.removeprefix("/receipts/") + ".pdf?lang=id" in page.text
    assert document.headers["Content-Type"] == "application/pdf"
    assert "struk-jkn-2026-03-20.pdf" in document.headers["Content-Disposition"]
    assert "Receipt for JKN contributions" in text_of(document.content)


async def test_the_page_speaks_the_familys_language(pool: Pool) -> None:
    _, family, _ = await a_paying_family(pool, language="en")
    (receipt,) = await receipts_of(pool, family)
    services = ReceiptServices(pool=pool, links=ReceiptLinks.of(a_cipher()))

    async with served(services) as http:
        page = await http.get(services.links.url_of(receipt.key), params={"lang": "xx"})

    assert page.headers["Content-Language"] == "en"


async def test_a_link_that_leads_nowhere_says_what_to_do(pool: Pool) -> None:
    clock = StandingClock(SystemClock().now())
    services = ReceiptServices(pool=pool, links=ReceiptLinks.of(a_cipher(), days=1, clock=clock))
    path = services.links.url_of(ReceiptKey(family_id=1, payment_id=1))

    async with served(services) as http:
        unknown = await http.get(path)
        guessed = await http.get("/receipts/" + "A" * 48 + ".pdf")
        clock.instant += timedelta(days=2)
        ended = await http.get(path)
        posted = await http.post(path)

    assert [unknown.status_code, guessed.status_code, ended.status_code] == [404, 404, 410]
    assert unknown.text == guessed.text
    assert "Minta tautan baru" in ended.text
    assert posted.status_code == 405
    assert unknown.headers["Cache-Control"] == "no-store"


async def test_a_visitor_has_so_many_pages_and_no_more(pool: Pool) -> None:
    links = ReceiptLinks.of(a_cipher())
    services = ReceiptServices(pool=pool, links=links, visitors=Visitors(burst=2))

    async with served(services) as http:
        answers = [await http.get("/receipts/guess") for _ in range(3)]

    assert [one.status_code for one in answers] == [404, 404, 429]
    assert answers[-1].headers["Retry-After"] == "10"


def test_a_visitor_is_an_address_or_a_network_of_ipv6() -> None:
    visitors = Visitors(burst=1)

    first = [visitors.take(one) for one in ("192.0.2.1", "192.0.2.2", "2001:db8::1")]
    again = [visitors.take(one) for one in ("192.0.2.1", "2001:db8::ffff", "2001:db8:0:1::1")]

    assert first == [True, True, True]
    assert again == [False, False, True]
