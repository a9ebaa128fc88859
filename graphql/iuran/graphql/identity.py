"""Who asks: a bearer token of the operator's identity provider becomes a `Viewer`.

Claims beside the registered ones (`iss`, `aud`, `sub`, `exp`): `role`, one of the names of `Role`
in lower case; for a participant `family_id`, the global ID of his family as this API writes it;
for a facility `facility`, its code of 8 characters; for an employer `employer_id`, its global ID.
A `scope` that names `iuran:read` without `iuran:write` makes the token one for reading. Expiry is
real time, whatever the test clock.
"""

import math
import re
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum

import jwt

from iuran.graphql.errors import IdInvalidError, UnauthenticatedError
from iuran.graphql.global_ids import key_of
from iuran.graphql.signing_keys import SigningKeys

LEEWAY_SECONDS = 5
TOKEN_LENGTH_MAX = 8_000
SUBJECT_LENGTH_MAX = 255
CHECKED_CHARACTERS_MAX = 1_000_000
SCOPE_PREFIX = "iuran:"
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
    employer_id: int | None = None
    may_write: bool = True
    """Whether mutations are allowed: by a token without scopes of ours, or with `iuran:write`."""
    expires_at: float = math.inf
    """When the token ends, in seconds since 1970; a connection must not outlive it."""

    def __hash__(self) -> int:
        """Tell tokens apart, quickly: a client has one subject for all that it is ever given."""
        return hash((self.subject, self.expires_at))

    def has_expired(self, now: float) -> bool:
        """Whether a token that was good is not any more: subscriptions then close with 4403."""
        return now >= self.expires_at + LEEWAY_SECONDS


class TokenVerifier:
    """Checks bearer tokens against the issuer's keys; RS256 and ES256 only.

    A token that was checked is believed until it expires or the keys change, so that its signature
    is worked out once and not at each request.
    """

    def __init__(
        self,
        *,
        keys: SigningKeys,
        issuer: str,
        audience: str,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._keys = keys
        self._issuer = issuer
        self._audience = audience
        self._now = now
        self._checked: OrderedDict[str, tuple[Viewer, int]] = OrderedDict()
        self._characters = 0

    async def viewer(self, authorization: str | None) -> Viewer:
        """Return who an `Authorization` header speaks for; raises UnauthenticatedError."""
        scheme, _, token = (authorization or "").partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise UnauthenticatedError("send a token as `Authorization: Bearer ...`")
        if len(token) > TOKEN_LENGTH_MAX:
            raise UnauthenticatedError("the token is too long")
        known = self._checked.get(token)
        if known is not None and known[1] == self._keys.generation:
            if known[0].has_expired(self._now()):
                raise UnauthenticatedError("the token has expired; get a new one")
            self._keys.freshen()
            return known[0]
        viewer = viewer_of(await self._claims(token))
        self._keep(token, viewer)
        return viewer

    def _keep(self, token: str, viewer: Viewer) -> None:
        if token not in self._checked:
            self._characters += len(token)
        self._checked[token] = viewer, self._keys.generation
        while self._characters > CHECKED_CHARACTERS_MAX:
            oldest, _ = self._checked.popitem(last=False)
            self._characters -= len(oldest)

    async def _claims(self, token: str) -> Mapping[str, object]:
        try:
            kid = jwt.get_unverified_header(token).get("kid")
            key = await self._keys.key(kid) if isinstance(kid, str) else None
            if key is None:
                raise UnauthenticatedError("the token is signed with a key that is not known here")
            return jwt.decode(
                token,
                key.public,
                algorithms=[key.algorithm],
                issuer=self._issuer,
                audience=self._audience,
                leeway=LEEWAY_SECONDS,
                options={"require": ["exp", "iss", "aud", "sub"]},
            )
        except jwt.ExpiredSignatureError as error:
            raise UnauthenticatedError("the token has expired; get a new one") from error
        except jwt.PyJWTError as error:
            raise UnauthenticatedError(f"the token is not valid: {error}") from error


def viewer_of(claims: Mapping[str, object]) -> Viewer:
    """Read what a checked token says; raises UnauthenticatedError for claims that say nothing."""
    role = claims.get("role")
    if not isinstance(role, str) or role not in set(Role):
        raise UnauthenticatedError(f"the token's claim `role` is none of {', '.join(Role)}")
    family, facility = claims.get("family_id"), claims.get("facility")
    return Viewer(
        subject=_subject(claims["sub"]),
        role=Role(role),
        family_id=_family_id(family) if role == Role.PARTICIPANT else None,
        facility=_facility(facility) if role == Role.FACILITY else None,
        employer_id=_employer_id(claims.get("employer_id")) if role == Role.EMPLOYER else None,
        may_write=_may_write(claims.get("scope")),
        expires_at=float(str(claims["exp"])),
    )


def _subject(claim: object) -> str:
    """Read who it is, as it will stand in the records of what he did: RFC 7519, and OIDC's 255."""
    subject = str(claim)
    if not (0 < len(subject) <= SUBJECT_LENGTH_MAX and subject.isprintable() and subject.strip()):
        raise UnauthenticatedError(
            f"the token's claim `sub` is not 1 to {SUBJECT_LENGTH_MAX} printable characters"
        )
    return subject


def _may_write(scope: object) -> bool:
    """Read the claim of RFC 8693: names with blanks between them."""
    scopes = scope.split() if isinstance(scope, str) else []
    ours = {name for name in scopes if name.startswith(SCOPE_PREFIX)}
    return not ours or f"{SCOPE_PREFIX}write" in ours


def _employer_id(claim: object) -> int | None:
    if claim is None:
        return None
    try:
        (employer_id,) = key_of(str(claim), type_name="Employer", parts=1)
    except IdInvalidError as error:
        message = "the token's claim `employer_id` is no ID of an Employer"
        raise UnauthenticatedError(message) from error
    return employer_id


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
