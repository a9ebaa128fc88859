"""Payment codes: we order one from an aggregator, and the payer shows it at the counter."""

import json
import secrets
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import ClassVar

from iuran.core.errors import DomainError, InvalidInputError
from iuran.core.money import Rupiah
from iuran.payments.retail import doku
from iuran.payments.retail.calls import basic_credentials, call, request_to
from iuran.payments.retail.channels import Dialect, RetailChannel, known_retail_channel
from iuran.payments.retail.context import RetailServices
from iuran.payments.retail.notices import object_of, objects_of, optional_text
from iuran.payments.retail.orders import (
    PaymentOrder,
    new_order_id,
    register_code,
    register_order,
)
from iuran.payments.retail.refusals import NotConfirmedError
from iuran.payments.snap.document import JsonObject
from iuran.payments.virtual_accounts import Payable, payable_at

VALID_FOR = timedelta(hours=24)
SHOPS = ("ALFAMART", "INDOMARET")
NAME_LENGTH_MAX = 30
DOKU_PATHS: Mapping[str, str] = {
    "ALFAMART": "/alfa-virtual-account/v2/payment-code",
    "INDOMARET": "/indomaret-online-to-offline/v2/payment-code",
}
MIDTRANS_BANKS = ("BCA", "BNI", "BRI", "CIMB")


class NothingToPayError(DomainError):
    """A code is only ordered for what can be paid now."""

    code: ClassVar[str] = "NOTHING_TO_PAY"

    def __init__(self, result: str) -> None:
        super().__init__(f"this account can pay nothing now ({result}); no code was ordered")
        self.result = result


@dataclass(frozen=True, slots=True, kw_only=True)
class IssuedCode:
    """A code, for how much in rupiah, at which outlet, and until when."""

    code: str
    order_id: str
    amount: Rupiah
    outlet: str
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ordered:
    channel: RetailChannel
    order: PaymentOrder
    payer_name: str
    expires_at: datetime


async def issue_code(
    services: RetailServices, channel_code: str, customer_number: str, *, outlet: str
) -> IssuedCode:
    """Order a payment code for all that a virtual account owes now, valid for a day.

    The order is committed before the aggregator is called, and no transaction is open meanwhile: a
    call that is lost leaves an order that nobody pays, never a payment that nobody knows.
    Raises ChannelUnknownError, NothingToPayError, InvalidInputError for an outlet that the
    aggregator does not serve, NotConfirmedError if it cannot be reached or refuses.
    """
    ordered = await _order(services, channel_code, customer_number, outlet.upper())
    code = await ISSUERS[ordered.channel.dialect](services, ordered)
    if not code:
        raise NotConfirmedError("the aggregator's answer holds no code")
    async with services.pool.acquire() as connection, connection.transaction():
        await register_code(
            connection,
            ordered.order,
            code,
            at=services.clock.now(),
            expires_at=ordered.expires_at,
        )
    return IssuedCode(
        code=code,
        order_id=ordered.order.order_id,
        amount=ordered.order.amount,
        outlet=ordered.order.outlet,
        expires_at=ordered.expires_at,
    )


async def _order(
    services: RetailServices, channel_code: str, customer_number: str, outlet: str
) -> _Ordered:
    at, real = services.clock.now(), services.real_clock.now()
    async with services.pool.acquire() as connection, connection.transaction():
        channel = await known_retail_channel(connection, services.cipher, channel_code, at=real)
        _check_outlet(channel.dialect, outlet)
        payable = await payable_at(connection, customer_number, at=at)
        if payable.result != "PAYABLE":
            raise NothingToPayError(payable.result)
        order = PaymentOrder(
            channel_id=channel.channel_id,
            order_id=new_order_id(),
            customer_number=customer_number,
            amount=payable.amount,
            outlet=outlet,
        )
        await register_order(connection, order, at=at)
    return _Ordered(
        channel=channel, order=order, payer_name=_name(payable), expires_at=real + VALID_FOR
    )


def _name(payable: Payable) -> str:
    """Return a name that every counter can print."""
    letters = "".join(sign for sign in payable.name if sign.isascii() and sign.isprintable())
    return letters[:NAME_LENGTH_MAX].strip() or "PESERTA JKN"


def _check_outlet(dialect: Dialect, outlet: str) -> None:
    outlets = (*SHOPS, *MIDTRANS_BANKS) if dialect is Dialect.MIDTRANS else SHOPS
    if outlet not in outlets:
        raise InvalidInputError("outlet", f"{dialect} serves {', '.join(outlets)}")


async def _xendit_code(services: RetailServices, ordered: _Ordered) -> str:
    body: dict[str, object] = {
        "external_id": ordered.order.order_id,
        "retail_outlet_name": ordered.order.outlet,
        "name": ordered.payer_name,
        "expected_amount": ordered.order.amount,
        "is_single_use": True,
        "expiration_date": f"{ordered.expires_at.astimezone(UTC):%Y-%m-%dT%H:%M:%S.000Z}",
    }
    document = await _post(services, ordered.channel, "/fixed_payment_code", body)
    return optional_text(document, "payment_code")


async def _midtrans_code(services: RetailServices, ordered: _Ordered) -> str:
    outlet = ordered.order.outlet
    is_shop = outlet in SHOPS
    how: dict[str, object] = (
        {"payment_type": "cstore", "cstore": {"store": outlet.lower(), "message": "Iuran JKN"}}
        if is_shop
        else {"payment_type": "bank_transfer", "bank_transfer": {"bank": outlet.lower()}}
    )
    body: dict[str, object] = {
        **how,
        "transaction_details": {
            "order_id": ordered.order.order_id,
            "gross_amount": ordered.order.amount,
        },
        "custom_expiry": {"expiry_duration": VALID_FOR // timedelta(hours=1), "unit": "hour"},
    }
    document = await _post(services, ordered.channel, "/v2/charge", body)
    if is_shop:
        return optional_text(document, "payment_code")
    numbers = objects_of(document, "va_numbers")
    return optional_text(numbers[0], "va_number") if numbers else ""


async def _doku_code(services: RetailServices, ordered: _Ordered) -> str:
    body: dict[str, object] = {
        "order": {
            "invoice_number": ordered.order.order_id,
            "amount": ordered.order.amount,
        },
        "online_to_offline_info": {
            "expired_time": VALID_FOR // timedelta(minutes=1),
            "reusable_status": False,
            "info": "Iuran JKN",
        },
        "customer": {"name": ordered.payer_name},
    }
    path = DOKU_PATHS[ordered.order.outlet]
    content = json.dumps(body, separators=(",", ":")).encode()
    headers = _doku_headers(services, ordered.channel, path, content)
    request = request_to(
        services.http, ordered.channel, "POST", path, headers=headers, body=content
    )
    document = await call(services.http, request)
    return optional_text(object_of(document, "online_to_offline_info"), "payment_code")


def _doku_headers(
    services: RetailServices, channel: RetailChannel, path: str, body: bytes
) -> dict[str, str]:
    now = services.real_clock.now().astimezone(UTC)
    parts = doku.SignedParts(
        client_id=channel.account,
        request_id=secrets.token_hex(16),
        timestamp=f"{now:%Y-%m-%dT%H:%M:%SZ}",
        target=path,
        body=body,
    )
    return {
        "Client-Id": parts.client_id,
        "Request-Id": parts.request_id,
        "Request-Timestamp": parts.timestamp,
        "Signature": doku.sign(parts, channel.api_secret),
    }


async def _post(
    services: RetailServices, channel: RetailChannel, path: str, body: Mapping[str, object]
) -> JsonObject:
    request = request_to(
        services.http,
        channel,
        "POST",
        path,
        headers={"Authorization": basic_credentials(channel.api_secret)},
        body=json.dumps(body, separators=(",", ":")).encode(),
    )
    return await call(services.http, request)


ISSUERS: Mapping[Dialect, Callable[[RetailServices, _Ordered], Awaitable[str]]] = {
    Dialect.XENDIT: _xendit_code,
    Dialect.MIDTRANS: _midtrans_code,
    Dialect.DOKU: _doku_code,
}
