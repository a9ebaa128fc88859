"""Who sends a message: its token, its signature and its headers, checked in the order of BCA.

Authentication comes before mandatory headers where it can; nothing is stored or reserved for a
message before it has passed all of this.
"""

import hashlib
import re
from collections.abc import Callable, Iterator
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

_EXTERNAL_ID = re.compile(r"[\x21-\x7e]{1,64}", re.ASCII)
_CHANNEL_HEADER = re.compile(r"[\x20-\x7e]{1,64}", re.ASCII)
_HASHED_ID_LENGTH = 40
_BEARER = re.compile(r"bearer +(\S+)", re.ASCII | re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sender:
    """The channel that signed a transaction, and the message's identity."""

    channel: Channel
    external_id: str


async def authenticate(services: SnapServices, exchange: Exchange) -> Sender:
    """Return who signed a transaction (services 24, 25, 26, 34); raises SnapRefusedError."""
    sender = await _checked(services, lambda known: _transaction_sender(services, known, exchange))
    await _check_quota(services, sender.channel)
    return sender


async def authenticate_notifier(services: SnapServices, exchange: Exchange) -> Sender:
    """Return who signed a notification to his own path; raises SnapRefusedError."""
    sender = await _checked(services, lambda known: _notifier(services, known, exchange))
    await _check_quota(services, sender.channel)
    return sender


async def authenticate_client(services: SnapServices, exchange: Exchange) -> Channel:
    """Return who signed a token request (service 73); raises SnapRefusedError."""
    channel = await _checked(services, lambda known: _token_client(services, known, exchange))
    await _check_quota(services, channel)
    return channel


async def _check_quota(services: SnapServices, channel: Channel) -> None:
    """Raise SnapRefusedError (429xx00) beyond the channel's quota; nothing is reserved by then."""
    if not await services.quotas.take(channel):
        raise SnapRefusedError(Case.TOO_MANY_REQUESTS)


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
    exchange.channel = channel
    signature = _mandatory_header(message, "X-SIGNATURE")
    signed = token_string_to_sign(client_key=client_key, timestamp=timestamp)
    keys = channel.live_public_keys(services.real_clock.now())
    if not verifies_rsa(signature, keys, [signed]):
        raise _unauthorized("Signature")
    _check_admitted(services, exchange, channel, instant)
    return channel


def _transaction_sender(services: SnapServices, known: KnownChannels, exchange: Exchange) -> Sender:
    message = exchange.message
    if message.header("Authorization"):
        channel, instant = _token_sender(services, known, message)
    else:
        channel, instant = _key_sender(services, known, message)
    exchange.channel = channel
    _check_admitted(services, exchange, channel, instant)
    if not channel.is_partner(_mandatory_header(message, "X-PARTNER-ID")):
        raise _unauthorized("Unknown client")
    exchange.external_id = _external_id(message, channel)
    _word(message, "CHANNEL-ID", _CHANNEL_HEADER)
    return Sender(channel=channel, external_id=exchange.external_id)


def _external_id(message: SnapMessage, channel: Channel) -> str:
    external_id = _word(message, "X-EXTERNAL-ID", _EXTERNAL_ID)
    quirks = channel.quirks
    if len(external_id) > quirks.external_id_length_max:
        raise malformed("X-EXTERNAL-ID")
    if quirks.external_id_digits_only and not external_id.isdigit():
        raise malformed("X-EXTERNAL-ID")
    return external_id


def _notifier(services: SnapServices, known: KnownChannels, exchange: Exchange) -> Sender:
    """Return the channel of a path of its own; only its key proves that it called (type 2)."""
    message = exchange.message
    channel = known.by_code.get(exchange.notified_channel)
    if channel is None:
        raise _unauthorized("Unknown client")
    exchange.channel = channel
    signed = _signed(message, access_token=None)
    keys = channel.live_public_keys(services.real_clock.now())
    if not verifies_rsa(signed.signature, keys, signed.texts(channel)):
        raise _unauthorized("Signature")
    _check_admitted(services, exchange, channel, signed.instant)
    body_hash = hashlib.sha256(message.body).hexdigest()
    external_id = message.header("X-EXTERNAL-ID") or body_hash[:_HASHED_ID_LENGTH]
    if _EXTERNAL_ID.fullmatch(external_id) is None:
        raise malformed("X-EXTERNAL-ID")
    exchange.external_id = external_id
    return Sender(channel=channel, external_id=external_id)


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
    signed = _signed(message, access_token=bearer[1])
    texts = signed.texts(channel)
    if not verifies_hmac(signed.signature, [secret.text for secret in secrets], texts):
        raise _unauthorized("Signature")
    return channel, signed.instant


def _key_sender(
    services: SnapServices, known: KnownChannels, message: SnapMessage
) -> tuple[Channel, datetime]:
    """Return whose private key signed (type 2, without a token)."""
    candidates = known.by_partner.get(_mandatory_header(message, "X-PARTNER-ID"), ())
    if not candidates:
        raise _unauthorized("Unknown client")
    signed = _signed(message, access_token=None)
    now = services.real_clock.now()
    for channel in candidates:
        if verifies_rsa(signed.signature, channel.live_public_keys(now), signed.texts(channel)):
            return channel, signed.instant
    raise _unauthorized("Signature")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Signed:
    """A message's signature, its timestamp, and what it covers."""

    signature: str
    instant: datetime
    request: SignedRequest

    def texts(self, channel: Channel) -> Iterator[bytes]:
        """Return what a right sender may have signed, the likeliest first."""
        blankless = channel.quirks.accepts_blankless_signature
        return strings_to_sign(self.request, accepts_blankless=blankless)


def _signed(message: SnapMessage, *, access_token: str | None) -> _Signed:
    timestamp = _mandatory_header(message, "X-TIMESTAMP")
    signature = _mandatory_header(message, "X-SIGNATURE")
    request = SignedRequest(
        method=message.method,
        target=message.target,
        body=message.body,
        timestamp=timestamp,
        access_token=access_token,
    )
    return _Signed(signature=signature, instant=_instant(timestamp), request=request)


def _check_admitted(
    services: SnapServices, exchange: Exchange, channel: Channel, instant: datetime
) -> None:
    exchange.is_proven = True
    admitted = channel.quirks.admits_mount(exchange.mount) and channel.quirks.admits_address(
        exchange.remote_address
    )
    if not (channel.enabled and admitted):
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
