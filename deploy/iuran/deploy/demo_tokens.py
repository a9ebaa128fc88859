"""The tokens that GraphiQL offers while `iuran up` runs, to nobody but this machine."""

from dataclasses import asdict, dataclass
from ipaddress import ip_address

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from iuran.core.clock import Clock
from iuran.core.database.pool import Connection, Pool
from iuran.core.segments import Segment
from iuran.deploy.demo import families_of_demo
from iuran.deploy.demo_facilities import HOSPITAL_NAME
from iuran.deploy.demo_payers import EMPLOYER, employer_of_demo
from iuran.deploy.family_file import FamilyFile
from iuran.deploy.running import Running
from iuran.deploy.settings import Settings
from iuran.deploy.tokens import demo_issuer, uses_demo_issuer
from iuran.graphql.demo_issuer import DemoIssuer
from iuran.graphql.identity import Role

PATH = "/graphiql/demo-tokens"


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferedToken:
    """A token, for whom it is, and what to expect."""

    role: str
    about: str
    token: str


def demo_token_routes(settings: Settings, *, pool: Pool, clock: Clock) -> list[BaseRoute]:
    """Return the place where GraphiQL finds tokens; nothing is there without our own issuer."""
    if not (uses_demo_issuer(settings) and settings.serves_graphiql):
        return []
    issuer = demo_issuer(settings)

    async def tokens(request: Request) -> Response:
        offered: list[OfferedToken] = []
        if _is_of_this_machine(request) and Running.read(settings.data) is not None:
            async with pool.acquire() as connection:
                offered = await offered_tokens(connection, clock, issuer)
        headers = {"cache-control": "no-store", "x-content-type-options": "nosniff"}
        return JSONResponse([asdict(one) for one in offered], headers=headers)

    return [Route(PATH, tokens, methods=["GET"])]


async def offered_tokens(
    connection: Connection, clock: Clock, issuer: DemoIssuer
) -> list[OfferedToken]:
    """Return a token for each family of the demonstration, and one for every other role."""
    families = await families_of_demo(connection, at=clock.now())
    participants = [
        OfferedToken(
            role=Role.PARTICIPANT.name,
            about=_about(file),
            token=issuer.issue(Role.PARTICIPANT, family_id=file.family_id),
        )
        for file in families
    ]
    employer_id = await employer_of_demo(connection)
    about = {Role.FACILITY: HOSPITAL_NAME, Role.EMPLOYER: EMPLOYER.name if employer_id else ""}
    return participants + [
        OfferedToken(
            role=role.name,
            about=about.get(role, ""),
            token=issuer.issue(role, employer_id=employer_id),
        )
        for role in Role
        if role is not Role.PARTICIPANT
    ]


def _about(file: FamilyFile) -> str:
    payer = "" if file.segment == Segment.PBPU_SELF else f", {file.segment}"
    return f"{file.members[0].name}, {file.state.lower()}{payer}"


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
