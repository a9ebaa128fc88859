"""Xendit as we meet it: an API that gives out payment codes, and callbacks when they are paid."""

import json
import secrets
from dataclasses import dataclass, field
from typing import Literal

import httpx
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from iuran.core.clock import Clock, SystemClock
from iuran.core.money import Rupiah
from iuran.payments.retail.calls import basic_credentials
from iuran.payments.retail.messages import TOKEN_HEADER


@dataclass(frozen=True, slots=True, kw_only=True)
class XenditCode:
    """A fixed payment code that was ordered."""

    external_id: str
    payment_code: str
    amount: Rupiah
    outlet: str


@dataclass(slots=True, kw_only=True)
class SimulatedXendit:
    """Xendit with its secrets. `http` decides whom it calls; `app` is its own API."""

    http: httpx.AsyncClient
    path: str
    token: str = field(repr=False)
    api_secret: str = field(default="", repr=False)
    business_id: str = "60ca10b83ffd534ece8aa856"
    clock: Clock = field(default_factory=SystemClock)
    codes: dict[str, XenditCode] = field(default_factory=dict[str, XenditCode])

    @property
    def app(self) -> Starlette:
        """Its API: POST /fixed_payment_code."""
        return Starlette(routes=[Route("/fixed_payment_code", self._issue, methods=["POST"])])

    async def _issue(self, request: Request) -> Response:
        if request.headers.get("authorization") != basic_credentials(self.api_secret):
            return JSONResponse({"error_code": "INVALID_API_KEY"}, status_code=401)
        body = await request.json()
        code = XenditCode(
            external_id=body["external_id"],
            payment_code=f"TEST{secrets.randbelow(10**6):06d}",
            amount=Rupiah(int(body["expected_amount"])),
            outlet=body["retail_outlet_name"],
        )
        self.codes[code.payment_code] = code
        return JSONResponse(
            {
                "id": secrets.token_hex(12),
                "owner_id": self.business_id,
                "external_id": code.external_id,
                "retail_outlet_name": code.outlet,
                "payment_code": code.payment_code,
                "expected_amount": code.amount,
                "status": "ACTIVE",
            }
        )

    def paid(self, code: XenditCode, *, payment_id: str | None = None) -> dict[str, object]:
        """Return the callback of a paid code (`ro_fpc_paid`), to be sent once or often."""
        return {
            "status": "COMPLETED",
            "fixed_payment_code_payment_id": payment_id or secrets.token_hex(12),
            "fixed_payment_code_id": secrets.token_hex(12),
            "amount": code.amount,
            "name": "BUNGA CONTOH",
            "prefix": "TEST",
            "payment_code": code.payment_code,
            "payment_id": f"{secrets.randbelow(10**13):013d}",
            "external_id": code.external_id,
            "retail_outlet_name": code.outlet,
            "transaction_timestamp": _timestamp(self.clock),
            "id": secrets.token_hex(12),
            "owner_id": self.business_id,
        }

    def event(
        self,
        reference_id: str,
        amount: Rupiah,
        *,
        event: Literal["payment.capture", "payment.failure", "refund.succeeded"] = (
            "payment.capture"
        ),
        payment_id: str | None = None,
    ) -> dict[str, object]:
        """Return an event of Payments v3."""
        statuses = {"payment.capture": "SUCCEEDED", "payment.failure": "FAILED"}
        return {
            "event": event,
            "business_id": self.business_id,
            "created": _timestamp(self.clock),
            "data": {
                "payment_id": payment_id or f"py-{secrets.token_hex(16)}",
                "business_id": self.business_id,
                "status": statuses.get(event, "REFUNDED"),
                "payment_request_id": f"pr-{secrets.token_hex(16)}",
                "request_amount": amount,
                "channel_code": "ALFAMART",
                "country": "ID",
                "currency": "IDR",
                "reference_id": reference_id,
                "type": "SINGLE_PAYMENT",
                "created": _timestamp(self.clock),
                "updated": _timestamp(self.clock),
            },
        }

    async def send(self, body: dict[str, object] | bytes) -> httpx.Response:
        """Send a callback, or bytes of one's own making."""
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        return await self.http.post(
            self.path,
            content=content,
            headers={
                "Content-Type": "application/json",
                TOKEN_HEADER: self.token,
                "webhook-id": secrets.token_hex(12),
            },
        )


def _timestamp(clock: Clock) -> str:
    return f"{clock.now():%Y-%m-%dT%H:%M:%S}.000Z"
