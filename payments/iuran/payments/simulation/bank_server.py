"""A bank's own API: services 73, 26 to 31 and 35, over the books that the bank keeps."""

import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import cast

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from iuran.core.clock import WIB, Clock, SystemClock
from iuran.core.money import Rupiah
from iuran.payments.snap.fields import amount_object
from iuran.payments.snap.signature import (
    SignedRequest,
    string_to_sign,
    token_string_to_sign,
    verifies_hmac,
    verifies_rsa,
)
from iuran.payments.snap.timestamps import write_instant

TOKEN_SECONDS = 900
SUCCESS = {"english": "Success", "indonesia": "Sukses"}


@dataclass(frozen=True, slots=True, kw_only=True)
class BookedPayment:
    """A payment in the bank's books, whether we were told of it or not."""

    reference: str
    prefix: str
    customer_number: str
    amount: Rupiah
    paid_at: datetime

    def line(self) -> dict[str, object]:
        """Return it as a report or a status tells it."""
        return {
            "paymentFlagReason": SUCCESS,
            "partnerServiceId": self.prefix,
            "customerNo": self.customer_number,
            "virtualAccountNo": self.prefix + self.customer_number,
            "virtualAccountName": "PEMERAN CONTOH",
            "inquiryRequestId": self.reference,
            "paymentRequestId": self.reference,
            "paidAmount": amount_object(self.amount),
            "totalAmount": amount_object(self.amount),
            "trxDateTime": write_instant(self.paid_at),
            "referenceNo": self.reference[:15],
            "paymentType": 1,
            "flagAdvise": "N",
        }


@dataclass(slots=True, kw_only=True)
class BankBooks:
    """What a bank has: payments as it took them, and the virtual accounts that we had it make."""

    payments: list[BookedPayment] = field(default_factory=list[BookedPayment])
    accounts: dict[str, dict[str, object]] = field(default_factory=dict[str, dict[str, object]])

    def take(
        self,
        customer_number: str,
        amount: Rupiah,
        *,
        reference: str,
        paid_at: datetime,
        prefix: str = "88888",
    ) -> BookedPayment:
        """Take a payment; nobody is told of it."""
        payment = BookedPayment(
            reference=reference,
            prefix=prefix.rjust(8),
            customer_number=customer_number,
            amount=amount,
            paid_at=paid_at,
        )
        self.payments.append(payment)
        return payment

    def find(self, reference: str) -> BookedPayment | None:
        """Return the first payment of a reference."""
        return next((one for one in self.payments if one.reference == reference), None)


@dataclass(slots=True, kw_only=True)
class BankServer:
    """The server of a bank that knows one biller: us. `failures` are answered before anything.

    `calls` notes what was asked, as `26 REFERENCE`; `tokens_issued` how often for a token.
    """

    books: BankBooks
    client_id: str
    client_secret: str = field(repr=False)
    public_key: RSAPublicKey
    mount: str = ""
    clock: Clock = field(default_factory=SystemClock)
    calls: list[str] = field(default_factory=list[str])
    failures: list[int] = field(default_factory=list[int])
    tokens: set[str] = field(default_factory=set[str])
    tokens_issued: int = 0

    @property
    def app(self) -> Starlette:
        """Its API."""
        return Starlette(routes=self.routes())

    def routes(self) -> list[Route]:
        """Return its routes under its mount."""
        served = (
            ("/access-token/b2b", self._token, ["POST"]),
            ("/transfer-va/status", self._status, ["POST"]),
            ("/transfer-va/create-va", self._create, ["POST"]),
            ("/transfer-va/update-va", self._update, ["PUT"]),
            ("/transfer-va/update-status", self._update_status, ["PUT"]),
            ("/transfer-va/inquiry-va", self._inquire, ["POST"]),
            ("/transfer-va/delete-va", self._delete, ["DELETE", "POST"]),
            ("/transfer-va/report", self._report, ["GET", "POST"]),
        )
        return [Route(self.mount + path, handler, methods=m) for path, handler, m in served]

    async def _token(self, request: Request) -> Response:
        timestamp = request.headers.get("x-timestamp", "")
        key = request.headers.get("x-client-key", "")
        signed = token_string_to_sign(client_key=key, timestamp=timestamp)
        signature = request.headers.get("x-signature", "")
        if key != self.client_id or not verifies_rsa(signature, [self.public_key], [signed]):
            return _answer("4017300", "Unauthorized. [Signature]")
        token = secrets.token_urlsafe(24)
        self.tokens.add(token)
        self.tokens_issued += 1
        told = {"accessToken": token, "tokenType": "Bearer", "expiresIn": str(TOKEN_SECONDS)}
        return _answer("2007300", "Successful", told)

    async def _proven(self, request: Request, service: int) -> dict[str, object] | Response:
        """Return the body of a signed request, or the refusal."""
        if self.failures:
            status = self.failures.pop(0)
            return _answer(f"{status}{service:02d}00", "General Error")
        body = await request.body()
        token = request.headers.get("authorization", "").removeprefix("Bearer ") or None
        if token is not None and token not in self.tokens:
            return _answer(f"401{service:02d}01", "Invalid Token (B2B)")
        message = string_to_sign(
            SignedRequest(
                method=request.method,
                target=request.url.path,
                body=body,
                timestamp=request.headers.get("x-timestamp", ""),
                access_token=token,
            )
        )
        signature = request.headers.get("x-signature", "")
        is_right = (
            verifies_rsa(signature, [self.public_key], [message])
            if token is None
            else verifies_hmac(signature, [self.client_secret], [message])
        )
        if not is_right:
            return _answer(f"401{service:02d}00", "Unauthorized. [Signature]")
        document = cast("dict[str, object]", json.loads(body))  # we sent an object
        named = document.get("paymentRequestId") or document.get("trxId") or ""
        self.calls.append(f"{service} {named}".rstrip())
        return document

    async def _status(self, request: Request) -> Response:
        document = await self._proven(request, 26)
        if isinstance(document, Response):
            return document
        payment = self.books.find(str(document.get("paymentRequestId")))
        if payment is None:
            return _answer("4042601", "Transaction Not Found")
        data = {
            **payment.line(),
            "paymentFlagStatus": "00",
            "transactionDate": write_instant(payment.paid_at),
        }
        return _answer("2002600", "Successful", {"virtualAccountData": data})

    async def _create(self, request: Request) -> Response:
        document = await self._proven(request, 27)
        if isinstance(document, Response):
            return document
        number = str(document["virtualAccountNo"])
        if number in self.books.accounts:
            return _answer("4042718", "Inconsistent Request")
        self.books.accounts[number] = document
        return _answer("2002700", "Successful", {"virtualAccountData": document})

    async def _update(self, request: Request) -> Response:
        return await self._change(request, 28)

    async def _update_status(self, request: Request) -> Response:
        return await self._change(request, 29)

    async def _inquire(self, request: Request) -> Response:
        return await self._change(request, 30)

    async def _change(self, request: Request, service: int) -> Response:
        document = await self._proven(request, service)
        if isinstance(document, Response):
            return document
        known = self.books.accounts.get(str(document["virtualAccountNo"]))
        if known is None:
            return _answer(f"404{service}12", "Invalid Bill/Virtual Account [Not Found]")
        known.update(document)
        code = int(f"200{service}00") if service == 30 else f"200{service}00"  # noqa: PLR2004 - ASPI's sample
        return _answer(code, "Successful", {"virtualAccountData": known})

    async def _delete(self, request: Request) -> Response:
        document = await self._proven(request, 31)
        if isinstance(document, Response):
            return document
        if self.books.accounts.pop(str(document["virtualAccountNo"]), None) is None:
            return _answer("4043112", "Invalid Bill/Virtual Account [Not Found]")
        return _answer("2003100", "Successful", {"virtualAccountData": document})

    async def _report(self, request: Request) -> Response:
        document = await self._proven(request, 35)
        if isinstance(document, Response):
            return document
        since = _moment(document, "start")
        until = _moment(document, "end") + timedelta(seconds=1)
        lines = [p.line() for p in self.books.payments if since <= p.paid_at < until]
        return _answer(2003500, "Successful", {"virtualAccountdata": lines})


def _moment(document: Mapping[str, object], which: str) -> datetime:
    text = f"{document[which + 'Date']}T{document[which + 'Time']}"
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=WIB)


def _answer(code: str | int, message: str, body: Mapping[str, object] | None = None) -> Response:
    return JSONResponse(
        {"responseCode": code, "responseMessage": message, **(body or {})},
        status_code=int(str(code)[:3]),
    )
