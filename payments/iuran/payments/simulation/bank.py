"""A bank as a client: it asks for bills and pays them over SNAP BI, with real signatures."""

import asyncio
import json
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

import httpx
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from iuran.core.clock import Clock, SystemClock
from iuran.core.errors import InvalidInputError
from iuran.core.money import Rupiah
from iuran.payments.quirks import SignatureEncoding
from iuran.payments.simulation.bank_answer import BankAnswer, parsed
from iuran.payments.snap.fields import amount_object
from iuran.payments.snap.signature import (
    SignedRequest,
    sign_hmac,
    sign_rsa,
    string_to_sign,
    token_string_to_sign,
)
from iuran.payments.snap.timestamps import write_instant
from iuran.payments.virtual_accounts import DEFAULT_PREFIX

KEY_BITS = 2048
PREFIX_WIDTH = 8
TOKEN_KEPT_SECONDS = 840


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyPair:
    """An RSA key pair as PEM: the bank keeps the first and registers the second."""

    private_key_pem: str = field(repr=False)
    public_key_pem: str


def generate_key_pair(*, bits: int = KEY_BITS) -> KeyPair:
    """Return a new key pair."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=bits)
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return KeyPair(private_key_pem=private.decode(), public_key_pem=public.decode())


def parse_private_key(pem: str) -> rsa.RSAPrivateKey:
    """Read a bank's private key; raises InvalidInputError if it is none."""
    try:
        key = load_pem_private_key(pem.encode(), password=None)
    except (ValueError, TypeError) as error:
        raise InvalidInputError("privateKey", "write an unencrypted PEM private key") from error
    if not isinstance(key, rsa.RSAPrivateKey):
        raise InvalidInputError("privateKey", "SNAP BI signs with RSA")
    return key


class Signing(StrEnum):
    """How the bank signs transactions."""

    HMAC = "HMAC"
    """With an access token and the shared secret."""
    RSA = "RSA"
    """With its private key, without a token."""


@dataclass(slots=True, kw_only=True)
class SimulatedBank:
    """A bank with its credentials. `http` decides where it calls: a server, or an application."""

    http: httpx.AsyncClient
    private_key: rsa.RSAPrivateKey
    client_id: str
    client_secret: str = field(repr=False)
    partner_id: str | None = None
    va_prefix: str = DEFAULT_PREFIX
    mount: str = "/snap/v1.0"
    channel_id: str = "95231"
    channel_code: int = 6011
    signing: Signing = Signing.HMAC
    encoding: SignatureEncoding = SignatureEncoding.BASE64
    clock: Clock = field(default_factory=SystemClock)
    _access_token: str | None = field(default=None, repr=False)
    _token_at: float = 0.0

    async def token(self) -> BankAnswer:
        """Get an access token (service 73) and keep it for the calls that follow."""
        timestamp = self.timestamp()
        signed = token_string_to_sign(client_key=self.client_id, timestamp=timestamp)
        answer = await self.post(
            "/access-token/b2b",
            _compact({"grantType": "client_credentials", "additionalInfo": {}}),
            {
                "X-TIMESTAMP": timestamp,
                "X-CLIENT-KEY": self.client_id,
                "X-SIGNATURE": sign_rsa(self.private_key, signed, self.encoding),
            },
        )
        token = answer.document.get("accessToken")
        self._access_token = token if isinstance(token, str) else None
        self._token_at = time.monotonic()
        return answer

    async def inquire(
        self,
        customer_number: str,
        *,
        request_id: str | None = None,
        external_id: str | None = None,
    ) -> BankAnswer:
        """Ask what a virtual account has to pay (service 24)."""
        body: dict[str, object] = {
            **self._account(customer_number),
            "trxDateInit": self.timestamp(),
            "channelCode": self.channel_code,
            "additionalInfo": {},
            "inquiryRequestId": request_id or self.new_id(),
        }
        return await self.transact("/transfer-va/inquiry", _compact(body), external_id=external_id)

    async def pay(  # noqa: PLR0913 - whatever a bank may say of a payment
        self,
        customer_number: str,
        amount: Rupiah,
        *,
        request_id: str | None = None,
        external_id: str | None = None,
        is_advice: bool = False,
        paid_at: datetime | None = None,
        hangs_up: bool = False,
    ) -> BankAnswer:
        """Tell of a payment of whole rupiah (service 25); an advice tells of it once more.

        A bank that hangs up leaves as soon as its request is sent, and hears nothing.
        """
        body: dict[str, object] = {
            **self._account(customer_number),
            "paymentRequestId": request_id or self.new_id(),
            "channelCode": self.channel_code,
            "paidAmount": amount_object(amount),
            "totalAmount": amount_object(amount),
            "trxDateTime": write_instant(paid_at or self.clock.now()),
            "referenceNo": self.new_id()[:11],
            "flagAdvise": "Y" if is_advice else "N",
            "additionalInfo": {},
        }
        return await self.transact(
            "/transfer-va/payment", _compact(body), external_id=external_id, hangs_up=hangs_up
        )

    async def notify(
        self,
        customer_number: str,
        amount: Rupiah,
        *,
        request_id: str | None = None,
        external_id: str | None = None,
        paid_at: datetime | None = None,
    ) -> BankAnswer:
        """Tell of money that the bank has collected already (service 34)."""
        request_id = request_id or self.new_id()
        body: dict[str, object] = {
            **self._account(customer_number),
            "inquiryRequestId": request_id,
            "paymentRequestId": request_id,
            "trxDateTime": write_instant(paid_at or self.clock.now()),
            "paidAmount": amount_object(amount),
            "paymentStatus": "Success",
            "paymentFlagReason": {"english": "Success", "indonesia": "Sukses"},
        }
        path = "/transfer-va/notify-payment-intrabank"
        return await self.transact(path, _compact(body), external_id=external_id)

    async def ask_status(self, customer_number: str, *, request_id: str | None) -> BankAnswer:
        """Ask what became of a payment (service 26); without an id, of the account's latest."""
        body: dict[str, object] = {
            **self._account(customer_number),
            "paymentRequestId": request_id,
            "additionalInfo": {},
        }
        return await self.transact("/transfer-va/status", _compact(body))

    async def transact(
        self,
        path: str,
        body: bytes,
        *,
        external_id: str | None = None,
        headers: Mapping[str, str] | None = None,
        hangs_up: bool = False,
    ) -> BankAnswer:
        """Send a body of one's own making, signed; `headers` replace those that it would have."""
        if self.signing is Signing.HMAC and not self._has_token():
            answer = await self.token()
            if self._access_token is None:
                return answer
        signed = self.signed_headers(path, body, headers or {})
        own = {"X-EXTERNAL-ID": external_id or self.new_id()}
        whole = {**own, **signed, **(headers or {})}
        if hangs_up:
            return await self._post_and_leave(path, body, whole)
        return await self.post(path, body, whole)

    def signed_headers(
        self, path: str, body: bytes, overrides: Mapping[str, str]
    ) -> dict[str, str]:
        """Return a transaction's headers, with the signature over the timestamp that is sent."""
        timestamp = overrides.get("X-TIMESTAMP") or self.timestamp()
        token = self._access_token if self.signing is Signing.HMAC else None
        request = SignedRequest(
            method="POST",
            target=self.mount + path,
            body=body,
            timestamp=timestamp,
            access_token=token,
        )
        headers = {
            "X-TIMESTAMP": timestamp,
            "X-SIGNATURE": self._sign(string_to_sign(request)),
            "X-PARTNER-ID": self.partner_id or self.client_id,
            "CHANNEL-ID": self.channel_id,
        }
        return headers if token is None else {**headers, "Authorization": f"Bearer {token}"}

    async def post(self, path: str, body: bytes, headers: Mapping[str, str]) -> BankAnswer:
        """Send bytes as they are, with nothing added but the content type."""
        response = await self.http.post(
            self.mount + path,
            content=body,
            headers={"Content-Type": "application/json", **headers},
        )
        return BankAnswer(
            http_status=response.status_code,
            headers=response.headers,
            content=response.content,
            document=parsed(response.content),
        )

    async def _post_and_leave(
        self, path: str, body: bytes, headers: Mapping[str, str]
    ) -> BankAnswer:
        """Close the connection once the body is sent; without a network, do not listen."""
        is_sent = asyncio.Event()

        async def note(event: str, _details: Mapping[str, object]) -> None:
            if event.endswith("send_request_body.complete"):
                is_sent.set()

        calling = asyncio.create_task(
            self.http.post(
                self.mount + path,
                content=body,
                headers={"Content-Type": "application/json", **headers},
                extensions={"trace": note},
            )
        )
        sending = asyncio.create_task(is_sent.wait())
        await asyncio.wait({calling, sending}, return_when=asyncio.FIRST_COMPLETED)
        for task in (sending, calling):
            task.cancel()
        await asyncio.wait({sending, calling})
        if not calling.cancelled() and (error := calling.exception()) is not None:
            raise error
        return BankAnswer(http_status=0, headers={}, content=b"", document={})

    def timestamp(self) -> str:
        """Return the time as the bank's clock has it."""
        return write_instant(self.clock.now())

    def new_id(self) -> str:
        """Return a number of 18 digits that nobody used before."""
        return f"{secrets.randbelow(10**18):018d}"

    def _has_token(self) -> bool:
        is_young = time.monotonic() - self._token_at < TOKEN_KEPT_SECONDS
        return self._access_token is not None and is_young

    def _sign(self, message: bytes) -> str:
        if self.signing is Signing.RSA:
            return sign_rsa(self.private_key, message, self.encoding)
        return sign_hmac(self.client_secret, message, self.encoding)

    def _account(self, customer_number: str) -> dict[str, str]:
        prefix = self.va_prefix.rjust(PREFIX_WIDTH)
        return {
            "partnerServiceId": prefix,
            "customerNo": customer_number,
            "virtualAccountNo": prefix + customer_number,
        }


def _compact(body: Mapping[str, object]) -> bytes:
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
