"""DOKU, not over SNAP: notifications of Online to Offline (Alfa, Indomaret) and Direct Inquiry.

A signature covers the client, the request's id, time and path, and a digest of the body. Its age is
not checked: a repeated message changes nothing, and a late one must not be lost.
"""

import base64
import hashlib
import hmac
from dataclasses import dataclass

from iuran.payments.retail.channels import RetailChannel
from iuran.payments.retail.context import RetailServices
from iuran.payments.retail.notices import (
    Notice,
    NoticeStatus,
    amount_of,
    instant_of,
    is_one_of,
    object_of,
    optional_text,
    text_of,
)
from iuran.payments.retail.refusals import NotAuthenticError
from iuran.payments.snap.document import JsonObject
from iuran.payments.snap.message import SnapMessage

SCHEME = "HMACSHA256="


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedParts:
    """What a DOKU signature is over. An answer is signed as `Response-Timestamp`."""

    client_id: str
    request_id: str
    timestamp: str
    target: str
    body: bytes
    timestamp_name: str = "Request-Timestamp"

    def text(self) -> str:
        """Return the lines that are signed; a body that is empty has no digest."""
        lines = [
            f"Client-Id:{self.client_id}",
            f"Request-Id:{self.request_id}",
            f"{self.timestamp_name}:{self.timestamp}",
            f"Request-Target:{self.target}",
        ]
        if self.body:
            digest = base64.b64encode(hashlib.sha256(self.body).digest()).decode()
            lines.append(f"Digest:{digest}")
        return "\n".join(lines)


def sign(parts: SignedParts, secret: str) -> str:
    """Return the value of the `Signature` header."""
    made = hmac.new(secret.encode(), parts.text().encode(), hashlib.sha256).digest()
    return SCHEME + base64.b64encode(made).decode()


def prove(channel: RetailChannel, message: SnapMessage) -> None:
    """Raise NotAuthenticError unless the client is known and a secret valid now signed this."""
    parts = SignedParts(
        client_id=message.header("client-id"),
        request_id=message.header("request-id"),
        timestamp=message.header("request-timestamp"),
        target=message.target,
        body=message.body,
    )
    if parts.client_id != channel.account:
        raise NotAuthenticError("Client-Id")
    expected = [sign(parts, secret) for secret in channel.api_secrets]
    if not is_one_of(message.header("signature"), expected):
        raise NotAuthenticError("Signature")


async def read(_services: RetailServices, _channel: RetailChannel, document: JsonObject) -> Notice:
    """Translate a notification; its identity is the request that the payment belongs to."""
    order, transaction = object_of(document, "order"), object_of(document, "transaction")
    outlet = object_of(document, "online_to_offline_info")
    account = object_of(document, "virtual_account_info")
    return Notice(
        status=_status_of(text_of(transaction, "status")),
        identity=text_of(transaction, "original_request_id"),
        order_id=text_of(order, "invoice_number"),
        payment_code=optional_text(outlet, "payment_code")
        or optional_text(account, "virtual_account_number"),
        amount=amount_of(order, "amount"),
        paid_at=instant_of(transaction, "date"),
    )


def _status_of(text: str) -> NoticeStatus:
    if text == "SUCCESS":
        return NoticeStatus.PAID
    return NoticeStatus.GIVEN_BACK if text == "REFUNDED" else NoticeStatus.NOT_PAID
