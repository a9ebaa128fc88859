"""The official audit of GraphQL over HTTP (npm `graphql-http`), over a real socket."""

import asyncio
import json
import shutil
from hashlib import sha256
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
from tests.graphql.servers import listening

AUDIT = Path(__file__).parent / "audit"
AUDITS = 61
INSTALL_SECONDS_MAX = 120
AUDIT_SECONDS_MAX = 60


async def run(*command: str | Path, where: Path, seconds_max: float) -> tuple[int, str, str]:
    process = await asyncio.create_subprocess_exec(
        *command, cwd=where, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    try:
        async with asyncio.timeout(seconds_max):
            told, complained = await process.communicate()
    except TimeoutError:
        process.kill()
        await process.wait()
        return -1, "", f"no end after {seconds_max} seconds"
    return process.returncode or 0, told.decode(), complained.decode()


@pytest.fixture
async def suite(pytestconfig: pytest.Config) -> Path:
    """The suite as the lock file pins it, installed once into pytest's cache."""
    if shutil.which("node") is None or shutil.which("npm") is None:
        pytest.skip("the official audit needs node and npm")
    lock = sha256((AUDIT / "package-lock.json").read_bytes()).hexdigest()[:16]
    folder = pytestconfig.cache.mkdir(f"graphql-audit-{lock}")
    for name in ("package.json", "package-lock.json", "audit.mjs"):
        shutil.copyfile(AUDIT / name, folder / name)
    if not (folder / "node_modules" / ".package-lock.json").exists():
        code, _, complained = await run(
            *("npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"),
            where=folder,
            seconds_max=INSTALL_SECONDS_MAX,
        )
        if code:
            pytest.skip(f"npm cannot install the official audit here: {complained[-300:]}")
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
