"""Who sends a message: its token, its signature and its headers, checked in the order of BCA.

Authentication comes before mandatory headers where it can; nothing is stored or reserved for a
message before it has passed all of this.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from typing import TypeVar

from iuran.payments.channels import Channel
from iuran.payments.snap.codes import Case, SnapRefusedError
from iuran.payments.snap.context import SnapServices
from iuran.payments.snap.directory import KnownChannels
from iuran.payments.snap.fields import malformed, missing
from iuran.payments.snap.message import Exchange, SnapMessage
from iuran.payments.snap.signature import (
    SignedRequest,
    strings_to_sign,
    token_string_to_sign,
    verifies_hmac,
    verifies_rsa,
)
from iuran.payments.snap.timestamps import is_fresh, parse_instant
from iuran.payments.snap.tokens import read_token

Checked = TypeVar("Checked")

_EXTERNAL_ID = re.compile(r"[\x21-\x7e]{1,64}", re.ASCII)  # 36 by the standard; DOKU sends 50
_CHANNEL_HEADER = re.compile(r"[\x20-\x7e]{1,16}", re.ASCII)
_BEARER = re.compile(r"bearer +(\S+)", re.ASCII | re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sender:
    """The channel that signed a transaction, and the message's identity."""

    channel: Channel
    external_id: str


async def authenticate(services: SnapServices, exchange: Exchange) -> Sender:
    """Return who signed a transaction (services 24 and 25); raises SnapRefusedError."""
    return await _checked(services, lambda known: _transaction_sender(services, known, exchange))


async def authenticate_client(services: SnapServices, exchange: Exchange) -> Channel:
    """Return who signed a token request (service 73); raises SnapRefusedError."""
    return await _checked(services, lambda known: _token_client(services, known, exchange))


async def _checked(services: SnapServices, check: Callable[[KnownChannels], Checked]) -> Checked:
    """Check with the channels at hand, and if they say no, once more with fresh ones."""
    known = await services.directory.channels()
    try:
        return check(known)
    except SnapRefusedError as refusal:
        if refusal.case.http_status != HTTPStatus.UNAUTHORIZED:
            raise
        fresh = await services.directory.refreshed(known)
        if fresh is None:
            raise
    return check(fresh)


def _token_client(services: SnapServices, known: KnownChannels, exchange: Exchange) -> Channel:
    message = exchange.message
    client_key = _mandatory_header(message, "X-CLIENT-KEY")
    timestamp = _mandatory_header(message, "X-TIMESTAMP")
    instant = _instant(timestamp)
    channel = known.by_client.get(client_key)
    if channel is None:
        raise _unauthorized("Unknown client")
    exchange.channel_code = channel.code
    signature = _mandatory_header(message, "X-SIGNATURE")
    signed = token_string_to_sign(client_key=client_key, timestamp=timestamp)
    keys = channel.live_public_keys(services.real_clock.now())
    if not verifies_rsa(signature, keys, [signed]):
        raise _unauthorized("Signature")
    _check_admitted(services, channel, instant)
    return channel


def _transaction_sender(services: SnapServices, known: KnownChannels, exchange: Exchange) -> Sender:
    message = exchange.message
    if message.header("Authorization"):
        channel, instant = _token_sender(services, known, message)
    else:
        channel, instant = _key_sender(services, known, message)
    exchange.channel_code = channel.code
    _check_admitted(services, channel, instant)
    if not channel.is_partner(_mandatory_header(message, "X-PARTNER-ID")):
        raise _unauthorized("Unknown client")
    exchange.external_id = _word(message, "X-EXTERNAL-ID", _EXTERNAL_ID)
    _word(message, "CHANNEL-ID", _CHANNEL_HEADER)
    return Sender(channel=channel, external_id=exchange.external_id)


def _token_sender(
    services: SnapServices, known: KnownChannels, message: SnapMessage
) -> tuple[Channel, datetime]:
    """Return who holds the access token and signed with the shared secret (type 1)."""
    bearer = _BEARER.fullmatch(message.header("Authorization"))
    if bearer is None:
        raise SnapRefusedError(Case.TOKEN_NOT_FOUND)
    now = services.real_clock.now()
    claims = read_token(services.token_keys, bearer[1], at=now)
    channel = known.by_client.get(claims.client_id)
    if channel is None:
        raise _unauthorized("Unknown client")
    secrets = channel.live_secrets(now)
    if claims.secret_id not in {secret.secret_id for secret in secrets}:
        raise SnapRefusedError(Case.INVALID_TOKEN)
    signature, instant, signed = _signed(message, access_token=bearer[1])
    if not verifies_hmac(signature, [secret.text for secret in secrets], signed):
        raise _unauthorized("Signature")
    return channel, instant


def _key_sender(
    services: SnapServices, known: KnownChannels, message: SnapMessage
) -> tuple[Channel, datetime]:
    """Return whose private key signed (type 2, without a token)."""
    candidates = known.by_partner.get(_mandatory_header(message, "X-PARTNER-ID"), ())
    if not candidates:
        raise _unauthorized("Unknown client")
    signature, instant, signed = _signed(message, access_token=None)
    now = services.real_clock.now()
    for channel in candidates:
        if verifies_rsa(signature, channel.live_public_keys(now), signed):
            return channel, instant
    raise _unauthorized("Signature")


def _signed(
    message: SnapMessage, *, access_token: str | None
) -> tuple[str, datetime, Sequence[bytes]]:
    """Return a message's signature, its timestamp, and the texts that may have been signed."""
    timestamp = _mandatory_header(message, "X-TIMESTAMP")
    signature = _mandatory_header(message, "X-SIGNATURE")
    request = SignedRequest(
        method=message.method,
        target=message.target,
        body=message.body,
        timestamp=timestamp,
        access_token=access_token,
    )
    return signature, _instant(timestamp), tuple(strings_to_sign(request))


def _check_admitted(services: SnapServices, channel: Channel, instant: datetime) -> None:
    if not channel.enabled:
        raise _unauthorized("Connection not allowed")
    if not is_fresh(
        instant,
        skew_seconds=channel.quirks.timestamp_skew_seconds,
        real_clock=services.real_clock,
        legal_clock=services.clock,
    ):
        raise _unauthorized("Timestamp")


def _instant(timestamp: str) -> datetime:
    instant = parse_instant(timestamp)
    if instant is None:
        raise malformed("X-TIMESTAMP")
    return instant


def _mandatory_header(message: SnapMessage, name: str) -> str:
    value = message.header(name)
    if not value:
        raise missing(name)
    return value


def _word(message: SnapMessage, name: str, form: re.Pattern[str]) -> str:
    value = _mandatory_header(message, name)
    if form.fullmatch(value) is None:
        raise malformed(name)
    return value


def _unauthorized(cause: str) -> SnapRefusedError:
    return SnapRefusedError(Case.UNAUTHORIZED, cause)
