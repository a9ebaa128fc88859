"""DOKU as we meet it: payment codes, Direct Inquiry and notifications, all signed (not SNAP)."""

import json
import secrets
from dataclasses import dataclass, field
from datetime import UTC

import httpx
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from iuran.core.clock import Clock, SystemClock
from iuran.core.money import Rupiah
from iuran.payments.retail.codes import DOKU_PATHS
from iuran.payments.retail.doku import SignedParts, sign


@dataclass(frozen=True, slots=True, kw_only=True)
class DokuOrder:
    """What is to be paid under an invoice number."""

    invoice_number: str
    amount: Rupiah
    payment_code: str
    request_id: str


@dataclass(slots=True, kw_only=True)
class SimulatedDoku:
    """DOKU with its secret. `http` decides whom it calls; `app` is its own API."""

    http: httpx.AsyncClient
    path: str
    secret: str = field(repr=False)
    client_id: str = "MCH-0000-1079000000000"
    clock: Clock = field(default_factory=SystemClock)
    orders: dict[str, DokuOrder] = field(default_factory=dict[str, DokuOrder])

    @property
    def app(self) -> Starlette:
        """Its API: POST for a payment code, at the path of each shop."""
        return Starlette(
            routes=[Route(path, self._issue, methods=["POST"]) for path in DOKU_PATHS.values()]
        )

    async def _issue(self, request: Request) -> Response:
        raw = await request.body()
        headers = request.headers
        parts = SignedParts(
            client_id=self.client_id,
            request_id=headers.get("request-id", ""),
            timestamp=headers.get("request-timestamp", ""),
            target=request.url.path,
            body=raw,
        )
        if headers.get("signature") != sign(parts, self.secret):
            return JSONResponse({"error": {"code": "invalid_signature"}}, status_code=401)
        body = json.loads(raw)
        order = DokuOrder(
            invoice_number=body["order"]["invoice_number"],
            amount=Rupiah(int(body["order"]["amount"])),
            payment_code=f"88899{secrets.randbelow(10**11):011d}",
            request_id=parts.request_id,
        )
        self.orders[order.payment_code] = order
        return JSONResponse(
            {
                "order": {"invoice_number": order.invoice_number},
                "online_to_offline_info": {"payment_code": order.payment_code},
            }
        )

    def notification(
        self, order: DokuOrder, *, status: str = "SUCCESS", outlet: str = "ALFA"
    ) -> dict[str, object]:
        """Return the notification of an order, to be sent once or often."""
        return {
            "service": {"id": "ONLINE_TO_OFFLINE"},
            "acquirer": {"id": outlet},
            "channel": {"id": f"ONLINE_TO_OFFLINE_{outlet}"},
            "order": {"invoice_number": order.invoice_number, "amount": order.amount},
            "online_to_offline_info": {"payment_code": order.payment_code},
            "online_to_offline_payment": {
                "identifier": [{"name": "REFERENCE", "value": secrets.token_hex(6)}]
            },
            "transaction": {
                "status": status,
                "date": self.timestamp(),
                "original_request_id": order.request_id,
            },
        }

    async def inquire(self, payment_code: str) -> httpx.Response:
        """Forward what a shop asks: what does the payer of this code owe? (Direct Inquiry)."""
        return await self.send(
            {
                "service": {"id": "ONLINE_TO_OFFLINE"},
                "acquirer": {"id": "ALFA"},
                "channel": {"id": "ONLINE_TO_OFFLINE_ALFA"},
                "online_to_offline_info": {"payment_code": payment_code},
                "online_to_offline_inquiry": {"date": self.timestamp(), "identifier": []},
            },
            target=f"{self.path}/inquiry",
        )

    async def send(
        self, body: dict[str, object] | bytes, *, target: str | None = None
    ) -> httpx.Response:
        """Send a message, signed; or bytes of one's own making."""
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        parts = SignedParts(
            client_id=self.client_id,
            request_id=secrets.token_hex(16),
            timestamp=self.timestamp(),
            target=target or self.path,
            body=content,
        )
        return await self.http.post(
            parts.target,
            content=content,
            headers={
                "Content-Type": "application/json",
                "Client-Id": parts.client_id,
                "Request-Id": parts.request_id,
                "Request-Timestamp": parts.timestamp,
                "Signature": sign(parts, self.secret),
            },
        )

    def has_signed(self, response: httpx.Response, *, target: str) -> bool:
        """Whether the answer to an inquiry carries our signature."""
        parts = SignedParts(
            client_id=response.headers["Client-Id"],
            request_id=response.headers["Request-Id"],
            timestamp=response.headers["Response-Timestamp"],
            target=target,
            body=response.content,
            timestamp_name="Response-Timestamp",
        )
        return bool(response.headers["Signature"] == sign(parts, self.secret))

    def timestamp(self) -> str:
        """Return the time as DOKU writes it."""
        return f"{self.clock.now().astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
