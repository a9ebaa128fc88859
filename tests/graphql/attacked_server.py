"""A server that may not grow: `python -m tests.graphql.attacked_server DATABASE_URL KEY_FILE`."""

import asyncio
import resource
import socket
import sys
from pathlib import Path

import uvicorn
from starlette.applications import Starlette

from iuran.core.clock import SystemClock
from iuran.core.database.pool import open_pool
from iuran.graphql.demo_issuer import AUDIENCE, ISSUER, DemoIssuer
from iuran.graphql.http import graphql_routes
from iuran.graphql.limits import Limits
from iuran.graphql.services import GraphqlServices
from iuran.graphql.signing_keys import SigningKeys

ADDRESS_SPACE_BYTES = 1_500_000_000
LIMITS = {"points_burst": "2000000000", "lookups_burst": "2000000000", "body_seconds": "2"}


async def serve(database_url: str, key_file: Path) -> None:
    pool = await open_pool(database_url, connections_max=4)
    services = GraphqlServices(
        pool=pool,
        clock=SystemClock(),
        keys=SigningKeys.fixed(DemoIssuer(key_file).jwks),
        issuer=ISSUER,
        audience=AUDIENCE,
        limits=Limits().changed(LIMITS),
    )
    app = Starlette(routes=graphql_routes(services))
    with socket.create_server(("127.0.0.1", 0), backlog=1_024) as listener:
        sys.stdout.write(f"{listener.getsockname()[1]}\n")
        sys.stdout.flush()
        config = uvicorn.Config(app, http="httptools", ws="none", lifespan="off", log_config=None)
        await uvicorn.Server(config).serve(sockets=[listener])
    await pool.close()


if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_AS, (ADDRESS_SPACE_BYTES, ADDRESS_SPACE_BYTES))
    asyncio.run(serve(sys.argv[1], Path(sys.argv[2])))
