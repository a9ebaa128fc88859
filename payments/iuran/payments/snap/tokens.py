"""Access tokens of service 73. They are stateless, so any number of them is valid at once."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import jwt

from iuran.payments.secrets import Cipher
from iuran.payments.snap.codes import Case, SnapRefusedError

TOKEN_LIFETIME_SECONDS = 900
TOKEN_LENGTH_MAX = 2_048
_ALGORITHM = "HS256"
_AUDIENCE = "snap"
_PURPOSE = "snap access token 1"


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessClaims:
    """Whom a token lets in, and under which secret: a secret that was rotated away ends it."""

    client_id: str
    secret_id: int


def token_keys(cipher: Cipher) -> tuple[bytes, ...]:
    """Return the keys that authenticate tokens, the newest first."""
    return cipher.derived_keys(_PURPOSE)


def issue_token(keys: Sequence[bytes], claims: AccessClaims, *, at: datetime) -> str:
    """Return a token that is valid for 900 seconds of real time."""
    return jwt.encode(
        {
            "aud": _AUDIENCE,
            "sub": claims.client_id,
            "sid": claims.secret_id,
            "exp": at + timedelta(seconds=TOKEN_LIFETIME_SECONDS),
            "jti": secrets.token_hex(8),
        },
        keys[0],
        algorithm=_ALGORITHM,
    )


def read_token(keys: Sequence[bytes], token: str, *, at: datetime) -> AccessClaims:
    """Return a token's claims; raises SnapRefusedError (401xx01) if it is not ours or too old."""
    if len(token) <= TOKEN_LENGTH_MAX:
        for key in keys:
            claims = _claims(key, token, at)
            if claims is not None:
                return claims
    raise SnapRefusedError(Case.INVALID_TOKEN)


def _claims(key: bytes, token: str, at: datetime) -> AccessClaims | None:
    try:
        payload = jwt.decode(
            token,
            key,
            algorithms=[_ALGORITHM],
            audience=_AUDIENCE,
            options={"require": ["exp", "sub", "sid"], "verify_exp": False},
        )
        expires_at = int(payload["exp"])
        claims = AccessClaims(client_id=str(payload["sub"]), secret_id=int(payload["sid"]))
    except (jwt.InvalidTokenError, TypeError, ValueError):
        return None
    return claims if at.timestamp() < expires_at else None
