"""A bank's report is read in pages of bounded size, and goes on where it was cut off."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from iuran.core.clock import WIB, StandingClock
from iuran.payments.simulation.bank import generate_key_pair, parse_private_key
from iuran.payments.snap_client.answers import BankRefusedError
from iuran.payments.snap_client.client import ANSWER_BYTES_MAX, BankApi, SnapClient
from iuran.payments.snap_client.peculiarities import Peculiarities, Signing
from iuran.payments.snap_client.reports import ReportPage, pull_report

KEYS = generate_key_pair()
MIDNIGHT = datetime(2026, 1, 5, tzinfo=WIB)
Span = tuple[datetime, datetime]
TOO_LONG = httpx.Response(200, content=b" " * (ANSWER_BYTES_MAX + 1))


async def _read(
    answer: Callable[[Span], httpx.Response], *, hours: int, page_minutes: int = 24 * 60
) -> tuple[list[ReportPage], list[Span]]:
    asked: list[Span] = []

    def bank(request: httpx.Request) -> httpx.Response:
        told = json.loads(request.content)
        span = _instant(told, "start"), _instant(told, "end")
        asked.append(span)
        return answer(span)

    switches = Peculiarities(signing=Signing.RSA, report_page_minutes=page_minutes)
    async with httpx.AsyncClient(transport=httpx.MockTransport(bank)) as http:
        client = SnapClient(
            http=http,
            api=BankApi(
                base_url="http://bank.test",
                client_id="IURAN",
                partner_id="88888",
                client_secret="-",
                private_key=parse_private_key(KEYS.private_key_pem),
                peculiarities=switches,
            ),
            clock=StandingClock(datetime(2026, 1, 6, tzinfo=UTC)),
        )
        pages = [
            page
            async for page in pull_report(
                client, "88888", since=MIDNIGHT, until=MIDNIGHT + timedelta(hours=hours)
            )
        ]
    return pages, asked


def _instant(told: dict[str, str], which: str) -> datetime:
    return datetime.fromisoformat(f"{told[which + 'Date']}T{told[which + 'Time']}")


def _one_payment(span: Span) -> httpx.Response:
    line = {
        "virtualAccountNo": "8888802233913523",
        "paymentRequestId": f"P{span[0]:%H%M}",
        "paidAmount": {"value": "1000.00", "currency": "IDR"},
    }
    return httpx.Response(200, json={"responseCode": "2003500", "virtualAccountData": [line]})


async def test_pages_follow_one_another_without_a_gap() -> None:
    pages, asked = await _read(_one_payment, hours=26, page_minutes=600)

    assert [end - start for start, end in asked] == [timedelta(hours=h) for h in (10, 10, 6)]
    assert [start for start, _ in asked[1:]] == [end for _, end in asked[:-1]]
    assert [page.until for page in pages] == [end for _, end in asked]
    assert [page.payments[0].reference for page in pages] == ["P0000", "P1000", "P2000"]


async def test_a_page_that_is_too_long_is_asked_for_in_halves() -> None:
    def busy_morning(span: Span) -> httpx.Response:
        is_long = span[1] - span[0] > timedelta(hours=1)
        return TOO_LONG if is_long and span[0].hour < 2 else _one_payment(span)

    pages, asked = await _read(busy_morning, hours=8)

    assert [page.until.hour for page in pages] == [1, 2, 4, 8]
    assert len(asked) == 8, "8, 4, 2 hours are too long, then 2 again for the second hour"


async def test_a_minute_that_is_too_long_is_a_refusal_that_says_so() -> None:
    with pytest.raises(BankRefusedError, match="longer than"):
        await _read(lambda _span: TOO_LONG, hours=1)
