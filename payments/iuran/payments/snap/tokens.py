"""Access tokens of service 73. They are stateless, so any number of them is valid at once."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache

import jwt

from iuran.payments.secrets import Cipher
from iuran.payments.snap.codes import Case, SnapRefusedError

TOKEN_LIFETIME_SECONDS = 900
TOKEN_LENGTH_MAX = 2_048
TOKENS_REMEMBERED = 1_024
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
            known = _claims(key, token)
            if known is not None and at.timestamp() < known[1]:
                return known[0]
    raise SnapRefusedError(Case.INVALID_TOKEN)


@lru_cache(maxsize=TOKENS_REMEMBERED)
def _claims(key: bytes, token: str) -> tuple[AccessClaims, int] | None:
    """Return the claims of a token of ours and when they end, in seconds; remembers the last."""
    try:
        payload = jwt.decode(
            token,
            key,
            algorithms=[_ALGORITHM],
            audience=_AUDIENCE,
            options={"require": ["exp", "sub", "sid"], "verify_exp": False},
        )
        claims = AccessClaims(client_id=str(payload["sub"]), secret_id=int(payload["sid"]))
        return claims, int(payload["exp"])
    except (jwt.InvalidTokenError, TypeError, ValueError):
        return None
