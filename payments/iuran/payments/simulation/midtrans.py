"""Midtrans as we meet it: charge, GET status, and notifications whose signature says too little."""

import json
import secrets
from dataclasses import dataclass, field

import httpx
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from iuran.core.clock import WIB, Clock, SystemClock
from iuran.core.money import Rupiah
from iuran.payments.retail.calls import basic_credentials
from iuran.payments.retail.midtrans import signature_key

STATUS_CODES = {"settlement": "200", "refund": "200", "pending": "201", "expire": "202"}


@dataclass(slots=True, kw_only=True)
class MidtransOrder:
    """An order as Midtrans has it."""

    order_id: str
    amount: Rupiah
    outlet: str
    payment_code: str
    transaction_id: str
    ordered_at: str
    status: str = "pending"
    settled_at: str | None = None


@dataclass(slots=True, kw_only=True)
class SimulatedMidtrans:
    """Midtrans with its server key. `http` decides whom it calls; `app` is its own API."""

    http: httpx.AsyncClient
    path: str
    server_key: str = field(repr=False)
    clock: Clock = field(default_factory=SystemClock)
    orders: dict[str, MidtransOrder] = field(default_factory=dict[str, MidtransOrder])

    @property
    def app(self) -> Starlette:
        """Its API: POST /v2/charge and GET /v2/{order}/status."""
        return Starlette(
            routes=[
                Route("/v2/charge", self._charge, methods=["POST"]),
                Route("/v2/{order_id}/status", self._status),
            ]
        )

    def order(self, order_id: str, amount: Rupiah, *, outlet: str = "alfamart") -> MidtransOrder:
        """Take an order, as a charge does."""
        made = MidtransOrder(
            order_id=order_id,
            amount=amount,
            outlet=outlet,
            payment_code=f"{secrets.randbelow(10**16):016d}",
            transaction_id=f"tx-{secrets.token_hex(16)}",
            ordered_at=_wib_text(self.clock),
        )
        self.orders[order_id] = made
        return made

    def change(self, order_id: str, status: str) -> None:
        """Have an order paid (`settlement`), expired, refunded."""
        order = self.orders[order_id]
        order.status = status
        if status == "settlement":
            order.settled_at = _wib_text(self.clock)

    async def _charge(self, request: Request) -> Response:
        if not self._knows(request):
            return _unknown("401")
        body = await request.json()
        details = body["transaction_details"]
        outlet = body.get("cstore", {}).get("store") or body["bank_transfer"]["bank"]
        made = self.order(details["order_id"], Rupiah(int(details["gross_amount"])), outlet=outlet)
        return JSONResponse(self.document(made))

    async def _status(self, request: Request) -> Response:
        if not self._knows(request):
            return _unknown("401")
        order = self.orders.get(request.path_params["order_id"])
        return _unknown("404") if order is None else JSONResponse(self.document(order))

    def _knows(self, request: Request) -> bool:
        return request.headers.get("authorization") == basic_credentials(self.server_key)

    def document(self, order: MidtransOrder, *, status: str | None = None) -> dict[str, object]:
        """Return a notification, or the answer of the status query, of an order as it stands."""
        status = status or order.status
        status_code, gross_amount = STATUS_CODES[status], f"{order.amount}.00"
        is_shop = order.outlet in {"alfamart", "indomaret"}
        document: dict[str, object] = {
            "transaction_time": order.ordered_at,
            "transaction_status": status,
            "transaction_id": order.transaction_id,
            "status_message": "midtrans payment notification",
            "status_code": status_code,
            "signature_key": signature_key(
                order_id=order.order_id,
                status_code=status_code,
                gross_amount=gross_amount,
                server_key=self.server_key,
            ),
            "payment_type": "cstore" if is_shop else "bank_transfer",
            "order_id": order.order_id,
            "merchant_id": "G000000000",
            "gross_amount": gross_amount,
            "currency": "IDR",
        }
        if is_shop:
            document |= {"store": order.outlet, "payment_code": order.payment_code}
        else:
            number = {"bank": order.outlet, "va_number": order.payment_code}
            document["va_numbers"] = [number]
        if order.settled_at is not None and status != "pending":
            document["settlement_time"] = order.settled_at
        return document

    async def send(self, body: dict[str, object] | bytes) -> httpx.Response:
        """Send a notification, or bytes of one's own making."""
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        headers = {"Content-Type": "application/json"}
        return await self.http.post(self.path, content=content, headers=headers)


def _wib_text(clock: Clock) -> str:
    return f"{clock.now().astimezone(WIB):%Y-%m-%d %H:%M:%S}"


def _unknown(code: str) -> JSONResponse:
    return JSONResponse(
        {"status_code": code, "status_message": "Transaction doesn't exist."},
        status_code=int(code),
    )
