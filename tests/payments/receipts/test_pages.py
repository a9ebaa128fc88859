"""Whoever has a link sees its page and its PDF."""

from datetime import timedelta

import httpx
from starlette.applications import Starlette

from iuran.core.clock import StandingClock, SystemClock
from iuran.core.database.pool import Pool
from iuran.payments.receipts.app import ReceiptServices, Visitors, receipt_routes
from iuran.payments.receipts.keys import ReceiptKey
from iuran.payments.receipts.links import (
    ReceiptLinks,
)
from tests.payments.receipts.stories import a_cipher, a_paying_family, receipts_of, text_of


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
