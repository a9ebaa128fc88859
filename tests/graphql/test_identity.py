import json
import stat
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from jwt.algorithms import RSAAlgorithm

from iuran.core.clock import StandingClock
from iuran.graphql.demo_issuer import AUDIENCE, ISSUER, DemoIssuer
from iuran.graphql.errors import UnauthenticatedError
from iuran.graphql.global_ids import id_of
from iuran.graphql.identity import Role, TokenVerifier, Viewer
from iuran.graphql.signing_keys import JwksDocument, SigningKeys
from tests.graphql.conftest import Frontend

RSA_KEY = rsa.generate_private_key(public_exponent=65_537, key_size=2_048)
SHORT_KEY = rsa.generate_private_key(65_537, 1_024)  # noqa: S505 - it must be refused
OTHER_KEY = ec.generate_private_key(ec.SECP256R1())


def rsa_jwks() -> JwksDocument:
    numbers = RSAAlgorithm.to_jwk(RSA_KEY.public_key(), as_dict=True)
    return {"keys": [numbers | {"kid": "rsa"}]}


def claims(**changed: object) -> dict[str, object]:
    now = datetime.now(UTC)
    given: dict[str, object] = {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": "somebody",
        "exp": now + timedelta(minutes=5),
        "role": "auditor",
    }
    return {name: value for name, value in (given | changed).items() if value is not None}


def verifier(jwks: JwksDocument) -> TokenVerifier:
    return TokenVerifier(keys=SigningKeys.fixed(jwks), issuer=ISSUER, audience=AUDIENCE)


def signed(**changed: object) -> str:
    return jwt.encode(claims(**changed), RSA_KEY, algorithm="RS256", headers={"kid": "rsa"})


async def test_a_token_of_the_issuer_says_who_asks() -> None:
    viewer = await verifier(rsa_jwks()).viewer(f"bearer {signed()}")

    assert (viewer.subject, viewer.role) == ("somebody", Role.AUDITOR)


@pytest.mark.parametrize("role", Role)
async def test_the_demo_issuer_makes_a_token_for_every_role(issuer: DemoIssuer, role: Role) -> None:
    viewer = await verifier(issuer.jwks).viewer(f"Bearer {issuer.issue(role, family_id=7)}")

    assert viewer.role is role
    assert viewer.family_id == (7 if role is Role.PARTICIPANT else None)
    assert viewer.facility == ("0301R001" if role is Role.FACILITY else None)


@pytest.mark.parametrize(
    "token",
    [
        pytest.param(signed(iss="https://elsewhere.invalid"), id="another issuer"),
        pytest.param(signed(aud="another-api"), id="another audience"),
        pytest.param(signed(exp=datetime.now(UTC) - timedelta(minutes=1)), id="expired"),
        pytest.param(signed(nbf=datetime.now(UTC) + timedelta(minutes=5)), id="not yet valid"),
        pytest.param(signed(exp=None), id="no expiry"),
        pytest.param(signed(sub=None), id="no subject"),
        pytest.param(signed(sub=""), id="empty subject"),
        pytest.param(signed(sub=" "), id="blank subject"),
        pytest.param(signed(sub="a\0b"), id="subject that no record can hold"),
        pytest.param(signed(sub="a" * 256), id="subject that is too long"),
        pytest.param(signed(role=None), id="no role"),
        pytest.param(signed(role="king"), id="unknown role"),
        pytest.param(signed(role=["auditor"]), id="role is a list"),
        pytest.param(signed(role="participant"), id="participant without family"),
        pytest.param(signed(role="participant", family_id=7), id="family is a bare number"),
        pytest.param(
            signed(role="participant", family_id=id_of("Bill", 1, 1, 1)), id="family is a bill"
        ),
        pytest.param(signed(role="facility"), id="facility without code"),
        pytest.param(signed(role="facility", facility="x"), id="facility of the wrong form"),
        pytest.param(signed()[:-4] + "AAAA", id="changed signature"),
        pytest.param(
            jwt.encode(claims(), OTHER_KEY, algorithm="ES256", headers={"kid": "other"}),
            id="unknown key",
        ),
        pytest.param(
            jwt.encode(claims(), OTHER_KEY, algorithm="ES256", headers={"kid": "rsa"}),
            id="another algorithm than the key's",
        ),
        pytest.param(jwt.encode(claims(), RSA_KEY, algorithm="RS256"), id="no key id"),
        pytest.param(
            jwt.encode(claims(), RSA_KEY, algorithm="RS512", headers={"kid": "rsa"}), id="RS512"
        ),
        pytest.param(jwt.encode(claims(), "", algorithm="none", headers={"kid": "rsa"}), id="none"),
        pytest.param(
            jwt.encode(claims(), "a" * 64, algorithm="HS256", headers={"kid": "rsa"}), id="HS256"
        ),
        pytest.param("a.b.c", id="no token"),
        pytest.param("x" * 9_000, id="too long"),
        pytest.param("", id="empty"),
    ],
)
async def test_any_other_token_is_refused(token: str) -> None:
    with pytest.raises(UnauthenticatedError):
        await verifier(rsa_jwks()).viewer(f"Bearer {token}")


@pytest.mark.parametrize("header", [None, "", "Bearer", "Basic dXNlcjpwYXNz", signed()])
async def test_any_other_scheme_is_refused(header: str | None) -> None:
    with pytest.raises(UnauthenticatedError, match="Authorization: Bearer"):
        await verifier(rsa_jwks()).viewer(header)


@pytest.mark.parametrize(
    "key",
    [
        {"kty": "oct", "k": "c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0", "alg": "HS256"},
        RSAAlgorithm.to_jwk(SHORT_KEY.public_key(), as_dict=True),
    ],
    ids=["symmetric", "short RSA"],
)
def test_keys_that_nobody_should_trust_stop_the_start(key: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="neither RSA"):
        verifier({"keys": [key | {"kid": "weak"}]})


async def test_the_demo_key_is_kept_in_a_file_of_its_owner_and_never_published(
    key_file: Path,
) -> None:
    first, second = DemoIssuer(key_file), DemoIssuer(key_file)

    assert first.jwks == second.jwks
    assert stat.S_IMODE(key_file.stat().st_mode) == 0o600  # noqa: ASYNC240 - waits for nothing
    assert "d" not in json.loads(json.dumps(first.jwks))["keys"][0]
    viewer = await verifier(first.jwks).viewer(f"Bearer {second.issue(Role.OPERATOR)}")
    assert viewer.role is Role.OPERATOR


def test_a_broken_demo_key_file_says_what_to_do(key_file: Path) -> None:
    key_file.parent.mkdir()
    key_file.write_bytes(
        RSA_KEY.private_bytes(
            encoding=Encoding.PEM,
            format=PrivateFormat.PKCS8,
            encryption_algorithm=NoEncryption(),
        )
    )

    with pytest.raises(ValueError, match="remove it"):
        DemoIssuer(key_file)


def test_a_participant_of_no_family_gets_no_token(issuer: DemoIssuer) -> None:
    with pytest.raises(ValueError, match="family_id"):
        issuer.issue(Role.PARTICIPANT)


async def test_expiry_is_real_time_whatever_the_legal_clock_says(
    frontend: Frontend, clock: StandingClock
) -> None:
    clock.set(datetime(2060, 1, 1, tzinfo=UTC))

    assert (await frontend.post("{ viewer { role } }")).status_code == 200


async def test_without_a_token_the_answer_is_401_and_names_the_scheme(frontend: Frontend) -> None:
    response = await frontend.client.post("/graphql", json={"query": "{ viewer { role } }"})

    assert response.status_code == 401
    assert response.headers["www-authenticate"].startswith("Bearer")
    assert response.json()["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"
    assert "data" not in response.json()


async def test_a_token_for_reading_says_so() -> None:
    may_write = [
        (await verifier(rsa_jwks()).viewer(f"Bearer {signed(scope=scope)}")).may_write
        for scope in (None, "openid profile", "iuran:read", "openid iuran:read iuran:write", 7)
    ]

    assert may_write == [True, True, False, True, True]


async def test_a_token_that_was_checked_is_not_believed_longer_than_it_lives() -> None:
    now = datetime.now(UTC).timestamp()
    keys = SigningKeys.fixed(rsa_jwks())
    checking = TokenVerifier(keys=keys, issuer=ISSUER, audience=AUDIENCE, now=lambda: now)
    token = f"Bearer {signed()}"

    first, again = await checking.viewer(token), await checking.viewer(token)
    now += 5 * 60 + 6

    assert again is first
    assert first.has_expired(now)
    with pytest.raises(UnauthenticatedError, match="expired"):
        await checking.viewer(token)


def test_tokens_of_one_client_are_told_apart_at_first_sight() -> None:
    """A client asks for tokens all day; with one hash, each would be looked for among all."""
    viewers = [
        Viewer(subject="client", role=Role.OPERATOR, expires_at=1_900_000_000.0 + 60 * number)
        for number in range(100)
    ]

    assert len({hash(one) for one in viewers}) == len(viewers)
    assert {replace(one): number for number, one in enumerate(viewers)}[viewers[7]] == 7


async def test_an_employer_is_known_by_his_claim() -> None:
    token = signed(role="employer", employer_id=id_of("Employer", 12))

    assert (await verifier(rsa_jwks()).viewer(f"Bearer {token}")).employer_id == 12
    with pytest.raises(UnauthenticatedError, match="employer_id"):
        await verifier(rsa_jwks()).viewer(f"Bearer {signed(role='employer', employer_id='x')}")
