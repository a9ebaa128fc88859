"""The tokens that GraphiQL offers while `iuran up` runs, to nobody but this machine."""

from dataclasses import asdict
from ipaddress import ip_address
from typing import TYPE_CHECKING

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from iuran.core.clock import Clock
from iuran.core.database.pool import Pool
from iuran.deploy.running import Running
from iuran.deploy.settings import Settings
from iuran.deploy.tokens import demo_issuer, uses_demo_issuer

if TYPE_CHECKING:
    from iuran.deploy.offered_tokens import OfferedToken

PATH = "/graphiql/demo-tokens"


def demo_token_routes(settings: Settings, *, pool: Pool, clock: Clock) -> list[BaseRoute]:
    """Return the place where GraphiQL finds tokens; nothing is there without our own issuer."""
    if not (uses_demo_issuer(settings) and settings.serves_graphiql):
        return []
    issuer = demo_issuer(settings)

    async def tokens(request: Request) -> Response:
        offered: list[OfferedToken] = []
        if _is_of_this_machine(request) and Running.read(settings.data) is not None:
            # The demonstration is nothing that a server keeps in memory.
            from iuran.deploy.offered_tokens import offered_tokens  # noqa: PLC0415 - see above

            async with pool.acquire() as connection:
                offered = await offered_tokens(connection, clock, issuer)
        headers = {"cache-control": "no-store", "x-content-type-options": "nosniff"}
        return JSONResponse([asdict(one) for one in offered], headers=headers)

    return [Route(PATH, tokens, methods=["GET"])]


def _is_of_this_machine(request: Request) -> bool:
    """Whether the caller is here and says so: a name that a stranger points here is not enough."""
    host = request.url.hostname or ""
    caller = "" if request.client is None else request.client.host
    return (host == "localhost" or _is_loopback(host)) and _is_loopback(caller)


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
