"""Signatures over HTTP bodies: the scheme of standard-webhooks, and those of two providers."""

import hmac
from base64 import b64decode, b64encode
from binascii import Error as Base64Error
from collections.abc import Mapping
from datetime import datetime, timedelta
from hashlib import sha1, sha256

from iuran.core.errors import InvalidInputError
from iuran.payments.webhooks.signing_secrets import SECRET_PREFIX

TOLERANCE = timedelta(minutes=5)


def standard_headers(
    body: bytes, *, message_id: str, secret: str, real: datetime
) -> dict[str, str]:
    """Return the headers `webhook-id`, `-timestamp` and `-signature` of standard-webhooks."""
    timestamp = str(int(real.timestamp()))
    return {
        "webhook-id": message_id,
        "webhook-timestamp": timestamp,
        "webhook-signature": _standard(body, message_id, timestamp, secret),
    }


def is_standard(body: bytes, headers: Mapping[str, str], *, secret: str, real: datetime) -> bool:
    """Whether a body was signed within the last minutes by who knows the secret."""
    timestamp = headers.get("webhook-timestamp", "")
    if not timestamp.isascii() or not timestamp.isdigit() or len(timestamp) > len("9999999999"):
        return False
    if abs(real.timestamp() - int(timestamp)) > TOLERANCE.total_seconds():
        return False
    wanted = _standard(body, headers.get("webhook-id", ""), timestamp, secret)
    given = headers.get("webhook-signature", "").split(" ")
    return any(_equal(wanted, one) for one in given)


def is_of_meta(body: bytes, given: str, *, secret: str) -> bool:
    """Whether `X-Hub-Signature-256` is right: hex HMAC-SHA256 over the body."""
    wanted = "sha256=" + hmac.new(secret.encode(), body, sha256).hexdigest()
    return _equal(wanted, given)


def is_of_gateway(url: str, form: Mapping[str, str], given: str, *, secret: str) -> bool:
    """Whether `X-Twilio-Signature` is right: HMAC-SHA1 over the URL and the sorted fields."""
    text = url + "".join(name + form[name] for name in sorted(form))
    wanted = b64encode(hmac.new(secret.encode(), text.encode(), sha1).digest()).decode()
    return _equal(wanted, given)


def check_secret(secret: str) -> str:
    """Return a secret of standard-webhooks (`whsec_` and base64); raises InvalidInputError."""
    _key(secret)
    return secret


def _standard(body: bytes, message_id: str, timestamp: str, secret: str) -> str:
    signed = f"{message_id}.{timestamp}.".encode() + body
    return "v1," + b64encode(hmac.new(_key(secret), signed, sha256).digest()).decode()


def _key(secret: str) -> bytes:
    try:
        return b64decode(secret.removeprefix(SECRET_PREFIX), validate=True)
    except (Base64Error, ValueError) as error:
        raise InvalidInputError("secret", "write `whsec_` and 24 to 64 bytes in base64") from error


def _equal(wanted: str, given: str) -> bool:
    return hmac.compare_digest(wanted.encode(), given.encode())
