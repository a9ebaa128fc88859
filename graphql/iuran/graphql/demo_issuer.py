"""An issuer of tokens for demonstrations and tests. `iuran up` alone uses it; never production."""

import os
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path

import jwt
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)
from jwt.algorithms import ECAlgorithm

from iuran.graphql.global_ids import id_of
from iuran.graphql.identity import Role
from iuran.graphql.signing_keys import JwksDocument

ISSUER = "https://demo.iuran.invalid"
AUDIENCE = "iuran"
LIFETIME = timedelta(days=7)
DEMO_FACILITY = "0301R001"


class DemoIssuer:
    """Signs tokens with an ES256 key that it keeps in a file which only its owner can read."""

    def __init__(self, key_file: Path) -> None:
        self._key = _kept_key(key_file)
        public = self._key.public_key().public_bytes(Encoding.X962, PublicFormat.CompressedPoint)
        self._kid = sha256(public).hexdigest()[:16]

    @property
    def jwks(self) -> JwksDocument:
        """The public key, for `GraphqlServices`."""
        numbers = ECAlgorithm.to_jwk(self._key.public_key(), as_dict=True)
        return {"keys": [numbers | {"kid": self._kid, "alg": "ES256", "use": "sig"}]}

    def issue(  # noqa: PLR0913 - the claims of every role, by keyword
        self,
        role: Role,
        *,
        family_id: int | None = None,
        facility: str = DEMO_FACILITY,
        employer_id: int | None = None,
        subject: str | None = None,
        scope: str | None = None,
        lifetime: timedelta = LIFETIME,
    ) -> str:
        """Return a token for a role; a participant needs the family that he belongs to."""
        now = datetime.now(UTC)
        claims: dict[str, object] = {
            "iss": ISSUER,
            "aud": AUDIENCE,
            "sub": subject or f"demo-{role}",
            "iat": now,
            "exp": now + lifetime,
            "role": role.value,
        }
        if scope is not None:
            claims["scope"] = scope
        if role is Role.PARTICIPANT:
            if family_id is None:
                raise ValueError("a participant's token needs family_id")
            claims["family_id"] = id_of("Family", family_id)
        if role is Role.FACILITY:
            claims["facility"] = facility
        if role is Role.EMPLOYER and employer_id is not None:
            claims["employer_id"] = id_of("Employer", employer_id)
        return jwt.encode(claims, self._key, algorithm="ES256", headers={"kid": self._kid})


def _kept_key(file: Path) -> ec.EllipticCurvePrivateKey:
    if not file.exists():
        _write_new_key(file)
    key = load_pem_private_key(file.read_bytes(), password=None)
    if not isinstance(key, ec.EllipticCurvePrivateKey) or key.curve.name != "secp256r1":
        raise ValueError(f"{file} holds no P-256 key; remove it, and a new one is made")
    return key


def _write_new_key(file: Path) -> None:
    pem = ec.generate_private_key(ec.SECP256R1()).private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
    )
    file.parent.mkdir(parents=True, exist_ok=True)
    partial = file.with_suffix(".new")
    with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as new:
        new.write(pem)
    partial.replace(file)
