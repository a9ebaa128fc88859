"""The official audit of GraphQL over HTTP (npm `graphql-http`), over a real socket."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette

from iuran.core.clock import StandingClock
from iuran.core.database.pool import Pool
from iuran.graphql.demo_issuer import AUDIENCE, ISSUER, DemoIssuer
from iuran.graphql.http import graphql_routes
from iuran.graphql.identity import Role
from iuran.graphql.services import GraphqlServices
from iuran.graphql.signing_keys import SigningKeys
from tests.graphql.npm_packages import installed, run
from tests.graphql.servers import listening

AUDIT = Path(__file__).parent / "audit"
AUDITS = 61
AUDIT_SECONDS_MAX = 60


@pytest.fixture
async def suite(pytestconfig: pytest.Config) -> Path:
    """The suite, where its packages are."""
    folder = await installed(pytestconfig, AUDIT)
    shutil.copyfile(AUDIT / "audit.mjs", folder / "audit.mjs")
    return folder


async def test_the_official_audit_finds_nothing(
    suite: Path, pool: Pool, clock: StandingClock, issuer: DemoIssuer
) -> None:
    services = GraphqlServices(
        pool=pool,
        clock=clock,
        keys=SigningKeys.fixed(issuer.jwks),
        issuer=ISSUER,
        audience=AUDIENCE,
    )
    async with listening(Starlette(routes=graphql_routes(services))) as base:
        code, told, complained = await run(
            *(
                "node",
                "audit.mjs",
                f"{base}/graphql",
                issuer.issue(Role.DEVELOPER),
            ),  # it introspects
            where=suite,
            seconds_max=AUDIT_SECONDS_MAX,
        )

    assert code == 0, complained
    findings: list[dict[str, Any]] = json.loads(told)
    assert [one for one in findings if one["status"] != "ok"] == []
    assert len(findings) == AUDITS
