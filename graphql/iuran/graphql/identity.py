"""Who asks: a bearer token of the operator's identity provider becomes a `Viewer`.

Claims beside the registered ones (`iss`, `aud`, `sub`, `exp`): `role`, one of the names of `Role`
in lower case; for a participant `family_id`, the global ID of his family as this API writes it;
for a facility `facility`, its code of 8 characters. Expiry is real time, whatever the test clock.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

import jwt
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from iuran.graphql.errors import IdInvalidError, UnauthenticatedError
from iuran.graphql.global_ids import key_of
from iuran.graphql.services import JwksDocument

LEEWAY_SECONDS = 5
TOKEN_LENGTH_MAX = 8_000
RSA_BITS_MIN = 2_048
_FACILITY = re.compile(r"[0-9]{4}[0-9A-Z][0-9]{3}", re.ASCII)


class Role(StrEnum):
    """What somebody is to JKN."""

    PARTICIPANT = "participant"
    FACILITY = "facility"
    EMPLOYER = "employer"
    BRANCH_OFFICER = "branch_officer"
    FINANCE_OFFICER = "finance_officer"
    OPERATOR = "operator"
    AUDITOR = "auditor"
    DEVELOPER = "developer"


@dataclass(frozen=True, slots=True, kw_only=True)
class Viewer:
    """Who asks, as far as the token proves it."""

    subject: str
    role: Role
    family_id: int | None = None
    facility: str | None = None


class TokenVerifier:
    """Checks bearer tokens against a fixed set of public keys; RS256 and ES256 only."""

    def __init__(self, *, jwks: JwksDocument, issuer: str, audience: str) -> None:
        self._issuer = issuer
        self._audience = audience
        self._keys = {key["kid"]: _public_key(key) for key in jwks["keys"]}

    def viewer(self, authorization: str | None) -> Viewer:
        """Return who an `Authorization` header speaks for; raises UnauthenticatedError."""
        scheme, _, token = (authorization or "").partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise UnauthenticatedError("send a token as `Authorization: Bearer ...`")
        if len(token) > TOKEN_LENGTH_MAX:
            raise UnauthenticatedError("the token is too long")
        return _viewer(self._claims(token))

    def _claims(self, token: str) -> Mapping[str, object]:
        try:
            header = jwt.get_unverified_header(token)
            kid = header.get("kid")
            if not isinstance(kid, str) or kid not in self._keys:
                raise UnauthenticatedError("the token is signed with a key that is not known here")
            algorithm, key = self._keys[kid]
            return jwt.decode(
                token,
                key,
                algorithms=[algorithm],
                issuer=self._issuer,
                audience=self._audience,
                leeway=LEEWAY_SECONDS,
                options={"require": ["exp", "iss", "aud", "sub"]},
            )
        except jwt.ExpiredSignatureError as error:
            raise UnauthenticatedError("the token has expired; get a new one") from error
        except jwt.PyJWTError as error:
            raise UnauthenticatedError(f"the token is not valid: {error}") from error


def _public_key(key: Mapping[str, str]) -> tuple[str, RSAPublicKey | EllipticCurvePublicKey]:
    """Return the only algorithm that a key may be used with; raises ValueError for other keys."""
    public = jwt.PyJWK(dict(key)).key
    if isinstance(public, RSAPublicKey) and public.key_size >= RSA_BITS_MIN:
        return "RS256", public
    if isinstance(public, EllipticCurvePublicKey) and public.curve.name == "secp256r1":
        return "ES256", public
    raise ValueError(
        f"key {key.get('kid')!r} of the JWKS is neither RSA of {RSA_BITS_MIN} bits nor P-256"
    )


def _viewer(claims: Mapping[str, object]) -> Viewer:
    role = claims.get("role")
    if not isinstance(role, str) or role not in set(Role):
        raise UnauthenticatedError(f"the token's claim `role` is none of {', '.join(Role)}")
    family, facility = claims.get("family_id"), claims.get("facility")
    return Viewer(
        subject=str(claims["sub"]),
        role=Role(role),
        family_id=_family_id(family) if role == Role.PARTICIPANT else None,
        facility=_facility(facility) if role == Role.FACILITY else None,
    )


def _family_id(claim: object) -> int:
    try:
        (family_id,) = key_of(str(claim), type_name="Family", parts=1)
    except IdInvalidError as error:
        raise UnauthenticatedError("the token's claim `family_id` is no ID of a Family") from error
    return family_id


def _facility(claim: object) -> str:
    if not isinstance(claim, str) or _FACILITY.fullmatch(claim) is None:
        raise UnauthenticatedError("the token's claim `facility` is no facility code of 8 letters")
    return claim
