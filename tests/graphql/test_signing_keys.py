"""Keys of an issuer that rotates them, is away, or publishes nonsense."""

import asyncio
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from dataclasses import dataclass, field

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from jwt.algorithms import ECAlgorithm
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from iuran.graphql.errors import IdentityUnavailableError, UnauthenticatedError
from iuran.graphql.identity import Role, TokenVerifier
from iuran.graphql.signing_keys import (
    DOCUMENT_BYTES_MAX,
    FETCH_FLOOR_SECONDS,
    FRESH_SECONDS,
    JwksDocument,
    SigningKeys,
    fetch_jwks,
)
from tests.graphql.servers import listening
from tests.graphql.test_identity import claims

PATIENCE_SECONDS = 60
OLD, NEW = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())


def public(kid: str, key: ec.EllipticCurvePrivateKey) -> Mapping[str, str]:
    return ECAlgorithm.to_jwk(key.public_key(), as_dict=True) | {"kid": kid}


def bearer(kid: str, key: ec.EllipticCurvePrivateKey) -> str:
    return f"Bearer {jwt.encode(claims(), key, algorithm='ES256', headers={'kid': kid})}"


@dataclass(slots=True)
class Provider:
    """An identity provider, and the time as its clients see it."""

    published: list[Mapping[str, str]] = field(default_factory=list[Mapping[str, str]])
    is_away: bool = False
    asked: int = 0
    seconds: float = 0.0

    async def fetch(self) -> JwksDocument:
        self.asked += 1
        await asyncio.sleep(0)
        if self.is_away:
            raise httpx.ConnectError("nobody there")
        return {"keys": list(self.published)}


@pytest.fixture
def provider() -> Provider:
    return Provider(published=[public("old", OLD)])


@pytest.fixture
async def keys(provider: Provider) -> AsyncGenerator[SigningKeys]:
    async with aclosing(
        SigningKeys(fetch=provider.fetch, monotonic=lambda: provider.seconds)
    ) as opened:
        yield opened


@pytest.fixture
def verifier(keys: SigningKeys) -> TokenVerifier:
    return TokenVerifier(keys=keys, issuer="https://demo.iuran.invalid", audience="iuran")


async def test_a_new_key_is_found_when_a_token_names_it(
    provider: Provider, keys: SigningKeys, verifier: TokenVerifier
) -> None:
    await keys.start()
    provider.published.append(public("new", NEW))
    provider.seconds += FETCH_FLOOR_SECONDS

    assert (await verifier.viewer(bearer("new", NEW))).role is Role.AUDITOR
    assert provider.asked == 2


async def test_invented_key_ids_make_no_traffic(
    provider: Provider, keys: SigningKeys, verifier: TokenVerifier
) -> None:
    await keys.start()
    provider.seconds += FETCH_FLOOR_SECONDS

    refusals = await asyncio.gather(
        *(verifier.viewer(bearer(f"kid-{n}", NEW)) for n in range(50)), return_exceptions=True
    )

    assert all(isinstance(one, UnauthenticatedError) for one in refusals)
    assert provider.asked == 2


async def test_a_withdrawn_key_ends_for_tokens_that_were_believed_too(
    provider: Provider, keys: SigningKeys, verifier: TokenVerifier
) -> None:
    await keys.start()
    token = bearer("old", OLD)
    await verifier.viewer(token)
    provider.published[:] = [public("new", NEW)]

    provider.seconds += FRESH_SECONDS
    await verifier.viewer(bearer("old", OLD))  # served, while the keys are looked at again
    while keys.generation < 2:  # noqa: ASYNC110 - the refresh tells nobody
        await asyncio.sleep(0)

    with pytest.raises(UnauthenticatedError):
        await verifier.viewer(token)


async def test_a_withdrawn_key_ends_although_nobody_comes_with_a_new_token(
    provider: Provider, keys: SigningKeys, verifier: TokenVerifier
) -> None:
    await keys.start()
    token = bearer("old", OLD)
    await verifier.viewer(token)
    provider.published[:] = [public("new", NEW)]

    provider.seconds += FRESH_SECONDS
    await verifier.viewer(token)  # believed unread, while the keys are looked at again
    async with asyncio.timeout(PATIENCE_SECONDS):
        while keys.generation < 2:  # noqa: ASYNC110 - the refresh tells nobody
            await asyncio.sleep(0)

    with pytest.raises(UnauthenticatedError):
        await verifier.viewer(token)
    assert provider.asked == 2


async def test_known_keys_outlive_an_absent_issuer(
    provider: Provider, keys: SigningKeys, verifier: TokenVerifier
) -> None:
    await keys.start()
    provider.is_away = True
    provider.seconds += 3 * FRESH_SECONDS

    for _ in range(3):
        assert (await verifier.viewer(bearer("old", OLD))).role is Role.AUDITOR
    await asyncio.gather(*(asyncio.sleep(0) for _ in range(5)))

    assert provider.asked <= 2


async def test_an_issuer_that_was_never_reached_is_no_fault_of_the_token(
    provider: Provider, keys: SigningKeys, verifier: TokenVerifier
) -> None:
    provider.is_away = True
    await keys.start()
    with pytest.raises(IdentityUnavailableError):
        await verifier.viewer(bearer("old", OLD))

    provider.is_away = False
    provider.seconds += FETCH_FLOOR_SECONDS
    assert (await verifier.viewer(bearer("old", OLD))).role is Role.AUDITOR


async def test_keys_for_other_purposes_are_passed_over(
    provider: Provider, keys: SigningKeys, verifier: TokenVerifier
) -> None:
    provider.published += [
        {"kid": "secret", "kty": "oct", "k": "c2VjcmV0c2VjcmV0c2VjcmV0"},
        {"kty": "nonsense"},
    ]
    await keys.start()

    assert await keys.key("secret") is None
    assert (await verifier.viewer(bearer("old", OLD))).role is Role.AUDITOR


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b'{"keys": []}', 500),
        (b"[]", 200),
        (b'{"keys": 1}', 200),
        (b"<html>", 200),
        (b'{"keys": ["' + b"x" * DOCUMENT_BYTES_MAX + b'"]}', 200),
        (b"", 302),
    ],
)
async def test_what_is_no_jwks_document_is_not_read(body: bytes, status: int) -> None:
    async def answer(_request: Request) -> Response:
        return Response(body, status_code=status, headers={"location": "/elsewhere"})

    async with listening(Starlette(routes=[Route("/jwks", answer)])) as base:
        with pytest.raises((httpx.HTTPError, ValueError)):
            await fetch_jwks(f"{base}/jwks")


async def test_keys_are_read_over_http(provider: Provider) -> None:
    async def answer(_request: Request) -> Response:
        return Response(httpx.Response(200, json={"keys": provider.published}).content)

    async with (
        listening(Starlette(routes=[Route("/jwks", answer)])) as base,
        aclosing(SigningKeys.at(f"{base}/jwks")) as keys,
    ):
        await keys.start()
        found = await keys.key("old")

    assert found is not None
    assert found.algorithm == "ES256"
