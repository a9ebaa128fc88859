"""Whose tokens count: the operator's identity provider, or in development our demo issuer."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from iuran.deploy.settings import Settings, SettingsError
from iuran.graphql.demo_issuer import AUDIENCE, ISSUER, DemoIssuer
from iuran.graphql.signing_keys import JwksDocument, SigningKeys

ISSUER_KEY_FILE = "keys/issuer.pem"


@dataclass(frozen=True, slots=True, kw_only=True)
class TrustedIssuer:
    """Who issues tokens, and how they are checked."""

    name: str
    audience: str
    keys: SigningKeys


def trusted_issuer(settings: Settings) -> TrustedIssuer:
    """Return whose tokens count; raises SettingsError for a JWKS file that cannot be used."""
    if uses_demo_issuer(settings):
        keys = SigningKeys.fixed(demo_issuer(settings).jwks)
        return TrustedIssuer(name=ISSUER, audience=AUDIENCE, keys=keys)
    return TrustedIssuer(
        name=settings.token_issuer, audience=settings.token_audience, keys=_keys(settings)
    )


def _keys(settings: Settings) -> SigningKeys:
    if settings.jwks_url:
        return SigningKeys.at(settings.jwks_url)
    if settings.jwks_file is None:
        raise SettingsError(
            "neither IURAN_JWKS_URL nor IURAN_JWKS_FILE is set: production needs the public keys "
            "of who issues tokens"
        )
    try:
        return SigningKeys.fixed(_jwks_in(settings.jwks_file))
    except (ValueError, KeyError) as error:
        raise SettingsError(f"IURAN_JWKS_FILE: {error}") from error


def uses_demo_issuer(settings: Settings) -> bool:
    """Whether we issue tokens ourselves; never in production."""
    has_issuer = settings.jwks_file is not None or bool(settings.jwks_url)
    return not has_issuer and not settings.is_production


def demo_issuer(settings: Settings) -> DemoIssuer:
    """Return the issuer whose key is kept in the data folder; raises SettingsError elsewhere."""
    if not uses_demo_issuer(settings):
        raise SettingsError("tokens come from your identity provider here, not from iuran")
    return DemoIssuer(settings.data / ISSUER_KEY_FILE)


def jwks_routes(settings: Settings) -> list[BaseRoute]:
    """Return /.well-known/jwks.json where we issue tokens ourselves."""
    if not uses_demo_issuer(settings):
        return []
    document = demo_issuer(settings).jwks

    async def jwks(_request: Request) -> Response:
        return JSONResponse(document)

    return [Route("/.well-known/jwks.json", jwks, methods=["GET"])]


def _jwks_in(path: Path) -> JwksDocument:
    try:
        document: object = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise SettingsError(f"IURAN_JWKS_FILE: cannot read {path}: {error}") from error
    if isinstance(document, dict):
        known = cast("JwksDocument", document)  # each key is checked by who uses it
        if known.get("keys"):
            return known
    raise SettingsError(f'IURAN_JWKS_FILE: {path} is no JWKS document with "keys"')
