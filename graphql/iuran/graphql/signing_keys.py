"""The public keys of who issues tokens: given once, or fetched, kept and kept fresh."""

import asyncio
import json
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TypedDict, cast

import httpx
import jwt
import structlog
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from iuran.graphql.errors import IdentityUnavailableError

RSA_BITS_MIN = 2_048
FRESH_SECONDS = 600.0
FETCH_FLOOR_SECONDS = 10.0
FETCH_SECONDS_MAX = 5.0
DOCUMENT_BYTES_MAX = 256 * 1024

_log = structlog.get_logger()


class JwksDocument(TypedDict):
    """A JSON Web Key Set (RFC 7517): the public keys of whoever issues the tokens."""

    keys: Sequence[Mapping[str, str]]


Fetch = Callable[[], Awaitable[JwksDocument]]


@dataclass(frozen=True, slots=True, kw_only=True)
class SigningKey:
    """A public key with the only algorithm that it may be used with."""

    algorithm: str
    public: RSAPublicKey | EllipticCurvePublicKey


class SigningKeys:
    """Keys by their id. `generation` counts how often they changed.

    Fetched keys are looked at again after ten minutes, behind the back of the request that notices,
    and at once when a token names an unknown key; but never sooner than ten seconds after the last
    attempt, so that invented key ids make no traffic. While the issuer cannot be reached, the keys
    that are known go on being trusted.
    """

    def __init__(
        self, *, fetch: Fetch | None = None, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self.generation = 0
        self._keys: Mapping[str, SigningKey] = {}
        self._fetch = fetch
        self._monotonic = monotonic
        self._tried_at: float | None = None
        self._fetched_at: float | None = None
        self._fetching = asyncio.Lock()
        self._refreshing: asyncio.Task[None] | None = None

    @classmethod
    def fixed(cls, document: JwksDocument) -> "SigningKeys":
        """Trust the keys of a document; raises ValueError for one that nobody should trust."""
        keys = cls()
        keys._keys = {key["kid"]: signing_key(key) for key in document["keys"]}
        return keys

    @classmethod
    def at(cls, url: str) -> "SigningKeys":
        """Trust the keys that an issuer publishes."""
        return cls(fetch=partial(fetch_jwks, url))

    async def key(self, kid: str) -> SigningKey | None:
        """Return a key, or None; raises IdentityUnavailableError while no keys are known at all."""
        found = self._keys.get(kid)
        if self._fetch is None:
            return found
        if found is None and self._may_try():
            await self._refresh(self._fetch)
            found = self._keys.get(kid)
        else:
            self.freshen()
        if found is None and self._fetched_at is None:
            raise IdentityUnavailableError("who issues tokens does not answer; try again")
        return found

    def freshen(self) -> None:
        """Have the keys looked at again if that is due; nobody waits for it.

        Whoever believes a token without asking for its key calls this, or a withdrawn key would
        go on being believed as long as nobody comes with a new token.
        """
        if self._fetch is not None and self._is_stale() and self._may_try():
            self._refreshing = asyncio.create_task(self._refresh(self._fetch))

    async def start(self) -> None:
        """Fetch the keys before the first request; without an answer, requests try again."""
        if self._fetch is not None:
            await self._refresh(self._fetch)

    async def aclose(self) -> None:
        """Stop fetching."""
        if self._refreshing is not None:
            self._refreshing.cancel()
            await asyncio.gather(self._refreshing, return_exceptions=True)

    def _may_try(self) -> bool:
        tried_at = self._tried_at
        return tried_at is None or self._monotonic() - tried_at >= FETCH_FLOOR_SECONDS

    def _is_stale(self) -> bool:
        fetched_at = self._fetched_at
        return fetched_at is None or self._monotonic() - fetched_at >= FRESH_SECONDS

    async def _refresh(self, fetch: Fetch) -> None:
        async with self._fetching:
            if not self._may_try():
                return  # somebody else has just tried
            self._tried_at = self._monotonic()
            try:
                async with asyncio.timeout(FETCH_SECONDS_MAX):
                    keys = _trusted(await fetch())
            except (httpx.HTTPError, OSError, ValueError, TimeoutError) as error:
                _log.warning("graphql.keys_not_fetched", error=str(error) or type(error).__name__)
                return
            self._fetched_at = self._monotonic()
            if keys.keys() != self._keys.keys():
                _log.info("graphql.keys_changed", kids=sorted(keys))
            self._keys = keys
            self.generation += 1


async def fetch_jwks(url: str) -> JwksDocument:
    """Read a JWKS document over HTTP; raises httpx.HTTPError, or ValueError for another thing."""
    body = bytearray()
    async with (
        httpx.AsyncClient(timeout=FETCH_SECONDS_MAX, follow_redirects=False) as client,
        client.stream("GET", url, headers={"accept": "application/json"}) as response,
    ):
        response.raise_for_status()
        async for chunk in response.aiter_bytes():
            body += chunk
            if len(body) > DOCUMENT_BYTES_MAX:
                raise ValueError(f"the JWKS document is longer than {DOCUMENT_BYTES_MAX} bytes")
    document: object = json.loads(body)
    if not isinstance(document, dict) or not isinstance(
        cast("dict[str, object]", document).get("keys"), list
    ):
        raise ValueError('the issuer answers no JWKS document with "keys"')  # noqa: TRY004 - of JSON
    return cast("JwksDocument", document)  # each key is checked on its own


def signing_key(key: Mapping[str, str]) -> SigningKey:
    """Return a key with its only algorithm; raises ValueError for one that we do not trust."""
    try:
        public: object = jwt.PyJWK(dict(key)).key
    except jwt.PyJWTError as error:
        raise ValueError(f"key {key.get('kid')!r} of the JWKS cannot be read: {error}") from error
    if isinstance(public, RSAPublicKey) and public.key_size >= RSA_BITS_MIN:
        return SigningKey(algorithm="RS256", public=public)
    if isinstance(public, EllipticCurvePublicKey) and public.curve.name == "secp256r1":
        return SigningKey(algorithm="ES256", public=public)
    raise ValueError(
        f"key {key.get('kid')!r} of the JWKS is neither RSA of {RSA_BITS_MIN} bits nor P-256"
    )


def _trusted(document: JwksDocument) -> Mapping[str, SigningKey]:
    """Return the keys of an issuer that we can use: it may publish others, for other purposes."""
    keys: dict[str, SigningKey] = {}
    for key in document["keys"]:
        try:
            keys[key["kid"]] = signing_key(key)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            _log.warning("graphql.key_not_trusted", error=str(error))
    if not keys:
        raise ValueError("the issuer publishes no key of RS256 or ES256 with a `kid`")
    return keys
