"""SNAP BI signatures: what is signed, how it is written, and whether it is right."""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from urllib.parse import parse_qsl, quote, urlencode

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256

from iuran.payments.quirks import SignatureEncoding
from iuran.payments.snap.lexical import minify, without_blanks

SIGNATURE_LENGTH_MAX = 4_096
QUERY_FIELDS_MAX = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedRequest:
    """What a transaction signature covers, as received: the target with its query, the body raw.

    With an access token the signature is HMAC-SHA512 (type 1), without one it is RSA (type 2).
    """

    method: str
    target: str
    body: bytes
    timestamp: str
    access_token: str | None = None


def token_string_to_sign(*, client_key: str, timestamp: str) -> bytes:
    """Return what a bank signs to get an access token (service 73)."""
    return f"{client_key}|{timestamp}".encode()


def string_to_sign(request: SignedRequest) -> bytes:
    """Return what a sender signs: the minified body's hash among method, path, token and time."""
    return _string_to_sign(request, request.target, minify(request.body))


def strings_to_sign(request: SignedRequest, *, accepts_blankless: bool = False) -> Iterator[bytes]:
    """Return what a right sender may have signed, the likeliest first: at most six strings.

    Real traffic verifies over the raw body; the standard says minified. BCA sorts the query.
    Senders that remove every blank, even from names, are believed where their channel is known to.
    """
    targets = dict.fromkeys((request.target, _with_sorted_query(request.target)))
    bodies = _signed_bodies(request.body, accepts_blankless=accepts_blankless)
    return (_string_to_sign(request, target, body) for body in bodies for target in targets)


def _signed_bodies(body: bytes, *, accepts_blankless: bool) -> Iterator[bytes]:
    """Return each form of a body once; the later ones are made only if they are asked for."""
    yield body
    minified = minify(body)
    if minified != body:
        yield minified
    if accepts_blankless and (bare := without_blanks(body)) not in {body, minified}:
        yield bare


def _string_to_sign(request: SignedRequest, target: str, body: bytes) -> bytes:
    digest = hashlib.sha256(body).hexdigest()
    token = [] if request.access_token is None else [request.access_token]
    return ":".join([request.method, target, *token, digest, request.timestamp]).encode()


def _with_sorted_query(target: str) -> str:
    """Return the target with its query sorted by name and escaped as RFC 3986 says."""
    path, question_mark, query = target.partition("?")
    if not question_mark:
        return target
    try:
        fields = parse_qsl(query, keep_blank_values=True, max_num_fields=QUERY_FIELDS_MAX)
    except ValueError:
        return target
    return f"{path}?{urlencode(sorted(fields), quote_via=quote, safe='-._~')}"


def sign_hmac(secret: str, message: bytes, encoding: SignatureEncoding) -> str:
    """Sign with a shared secret: HMAC-SHA512."""
    return _written(hmac.digest(secret.encode(), message, "sha512"), encoding)


def sign_rsa(private_key: RSAPrivateKey, message: bytes, encoding: SignatureEncoding) -> str:
    """Sign with a private key: RSASSA-PKCS1-v1_5 with SHA-256."""
    return _written(private_key.sign(message, PKCS1v15(), SHA256()), encoding)


def _written(signature: bytes, encoding: SignatureEncoding) -> str:
    if encoding is SignatureEncoding.HEX:
        return signature.hex()
    return base64.b64encode(signature).decode("ascii")


def verifies_hmac(signature: str, secrets: Sequence[str], messages: Iterable[bytes]) -> bool:
    """Whether one of the secrets made this signature, base64 or hex, of one of the messages."""
    candidates = tuple(_read(signature))
    return any(
        hmac.compare_digest(hmac.digest(secret.encode(), message, "sha512"), candidate)
        for message in messages
        for secret in secrets
        for candidate in candidates
    )


def verifies_rsa(
    signature: str, public_keys: Sequence[RSAPublicKey], messages: Iterable[bytes]
) -> bool:
    """Whether the owner of one of the keys made this signature, base64 or hex."""
    candidates = tuple(_read(signature))
    return any(
        _verifies(public_key, candidate, message)
        for message in messages
        for public_key in public_keys
        for candidate in candidates
    )


def _verifies(public_key: RSAPublicKey, signature: bytes, message: bytes) -> bool:
    try:
        public_key.verify(signature, message, PKCS1v15(), SHA256())
    except InvalidSignature:
        return False
    return True


def _read(signature: str) -> Iterator[bytes]:
    """Return what the text may mean; its alphabet does not always tell hex from base64."""
    if len(signature) > SIGNATURE_LENGTH_MAX or not signature.isascii():
        return
    with suppress(ValueError):
        yield bytes.fromhex(signature)
    with suppress(binascii.Error):
        yield base64.b64decode(signature, validate=True)


def midtrans_signature_key(
    *, order_id: str, status_code: str, gross_amount: str, server_key: str
) -> str:
    """Return the `signature_key` of a Midtrans notification: hex SHA-512 of the four joined.

    It does not cover the transaction's status.
    """
    joined = order_id + status_code + gross_amount + server_key
    return hashlib.sha512(joined.encode()).hexdigest()
