"""`/receipts/{seal}`: the page of a receipt for whoever has its link, and the same as a PDF."""

import asyncio
from collections import OrderedDict
from dataclasses import asdict, dataclass, field
from http import HTTPStatus
from ipaddress import IPv6Address, ip_address

import structlog
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Route
from structlog.typing import FilteringBoundLogger

from iuran.core.database.pool import Pool
from iuran.payments.metrics import RECEIPTS_SHOWN
from iuran.payments.receipts.links import (
    MOUNT,
    ReceiptLinkExpiredError,
    ReceiptLinkInvalidError,
    ReceiptLinks,
)
from iuran.payments.receipts.page import CONTENT_SECURITY_POLICY, html_of
from iuran.payments.receipts.records import Receipt, ReceiptUnknownError, find_receipt
from iuran.payments.receipts.words import LANGUAGES, sheet_of
from iuran.payments.snap.buckets import Bucket

PAGES_A_SECOND = 1.0
PAGES_BURST = 60
VISITORS_MAX = 10_000
DOCUMENTS_AT_ONCE = 2
CONNECTION_TIMEOUT_SECONDS = 5.0
_HEADERS = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Robots-Tag": "noindex, nofollow, noarchive",
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
}
_SAID = {
    HTTPStatus.NOT_FOUND: "Tautan struk ini tidak dikenal. Buka tautan selengkapnya, seperti yang "
    "Anda terima.\n\nThis is no link to a receipt. Open it whole, as it was sent.\n",
    HTTPStatus.GONE: "Tautan struk ini sudah berakhir. Minta tautan baru di aplikasi atau "
    "kantor cabang.\n\nThis link has ended. Ask for a new one in the app or at a branch office.\n",
    HTTPStatus.TOO_MANY_REQUESTS: "Terlalu banyak permintaan. Coba lagi sebentar lagi.\n\n"
    "Too many requests. Try again in a moment.\n",
}

_log: FilteringBoundLogger = structlog.get_logger()


@dataclass(slots=True, kw_only=True)
class Visitors:
    """How many pages each address may still have; who has not come for longest is forgotten."""

    burst: int = PAGES_BURST
    _buckets: OrderedDict[str, Bucket] = field(default_factory=OrderedDict[str, Bucket])

    def take(self, address: str) -> bool:
        """Whether somebody at an address may have one more page now."""
        network = _network_of(address)
        bucket = self._buckets.pop(network, None) or Bucket(
            a_second=PAGES_A_SECOND, burst=self.burst
        )
        self._buckets[network] = bucket
        if len(self._buckets) > VISITORS_MAX:
            self._buckets.popitem(last=False)
        return bucket.take()


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiptServices:
    """What the pages need; what limits them is counted in each process."""

    pool: Pool
    links: ReceiptLinks
    visitors: Visitors = field(default_factory=Visitors)
    documents: asyncio.Semaphore = field(
        default_factory=lambda: asyncio.Semaphore(DOCUMENTS_AT_ONCE)
    )


def receipt_routes(services: ReceiptServices) -> list[BaseRoute]:
    """Return the routes of page and PDF."""

    async def page(request: Request) -> Response:
        found = await _found(services, request, form="html")
        return found if isinstance(found, Response) else _page(request, found)

    async def document(request: Request) -> Response:
        found = await _found(services, request, form="pdf")
        return found if isinstance(found, Response) else await _document(services, request, found)

    return [
        Route(MOUNT + "/{seal}.pdf", document, methods=["GET"]),
        Route(MOUNT + "/{seal}", page, methods=["GET"]),
    ]


async def _found(services: ReceiptServices, request: Request, *, form: str) -> Receipt | Response:
    address = "" if request.client is None else request.client.host
    if not services.visitors.take(address):
        return _refusal(HTTPStatus.TOO_MANY_REQUESTS, form)
    try:
        key = services.links.open(request.path_params["seal"])
        async with services.pool.acquire(timeout=CONNECTION_TIMEOUT_SECONDS) as connection:
            receipt = await find_receipt(connection, key)
    except (ReceiptLinkInvalidError, ReceiptUnknownError):
        return _refusal(HTTPStatus.NOT_FOUND, form)
    except ReceiptLinkExpiredError:
        return _refusal(HTTPStatus.GONE, form)
    RECEIPTS_SHOWN.labels(form, "shown").inc()
    _log.info("receipts.shown", form=form, payer=receipt.payer_kind, **asdict(key))
    return receipt


def _page(request: Request, receipt: Receipt) -> Response:
    sheet = sheet_of(receipt, language=_language(request))
    pdf_path = f"{request.path_params['seal']}.pdf?lang={sheet.language}"
    headers = {**_HEADERS, "Content-Language": sheet.language}
    return HTMLResponse(html_of(sheet, pdf_path=pdf_path), headers=headers)


async def _document(services: ReceiptServices, request: Request, receipt: Receipt) -> Response:
    from iuran.payments.receipts.document import pdf_of  # noqa: PLC0415 - 20 MiB, seldom needed

    sheet = sheet_of(receipt, language=_language(request))
    async with services.documents:
        content = await asyncio.to_thread(pdf_of, sheet, made_at=receipt.booked_at)
    name = f"struk-jkn-{receipt.paid_at:%Y-%m-%d}.pdf"
    headers = {
        **_HEADERS,
        "Content-Language": sheet.language,
        "Content-Disposition": f'inline; filename="{name}"',
    }
    return Response(content, media_type="application/pdf", headers=headers)


def _language(request: Request) -> str | None:
    """Return the language that is asked for; without one it is the family's."""
    asked = request.query_params.get("lang")
    return asked if asked in LANGUAGES else None


def _refusal(status: HTTPStatus, form: str) -> Response:
    RECEIPTS_SHOWN.labels(form, status.name.lower()).inc()
    waits = {"Retry-After": "10"} if status is HTTPStatus.TOO_MANY_REQUESTS else {}
    return PlainTextResponse(_SAID[status], status_code=status, headers={**_HEADERS, **waits})


def _network_of(address: str) -> str:
    """Return an address, or of IPv6 the /64 that one visitor has for himself."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return address
    return parsed.exploded[:19] if isinstance(parsed, IPv6Address) else address
