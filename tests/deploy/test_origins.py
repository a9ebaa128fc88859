"""Pages of other origins read what GraphQL answers if their origin is named, and nothing else."""

from collections.abc import AsyncGenerator
from pathlib import Path

import httpx
import pytest

from iuran.core.clock import SystemClock
from iuran.core.database.pool import Pool
from iuran.deploy.app import build_app
from iuran.deploy.settings import SettingsError, load_settings

APP = "https://app.example.org"
PREFLIGHT = {
    "origin": APP,
    "access-control-request-method": "POST",
    "access-control-request-headers": "authorization,content-type",
}
ALLOWED = "access-control-allow-origin"


@pytest.fixture(params=["", APP])
async def http(
    request: pytest.FixtureRequest, tmp_path: Path, database_url: str, pool: Pool
) -> AsyncGenerator[httpx.AsyncClient]:
    origins = str(request.param)
    settings = load_settings(
        data=tmp_path,
        database_url=database_url,
        redis_url="unix:///nowhere/redis.sock",
        graphql_origins=tuple(filter(None, [origins])),
    )
    app = build_app(settings, pool=pool, clock=SystemClock())
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(
        transport=transport, base_url="http://test", headers={"x-named": origins}
    ) as client:
        yield client


async def test_a_browser_may_ask_from_a_named_origin_and_read_the_answer(
    http: httpx.AsyncClient,
) -> None:
    is_named = http.headers["x-named"] == APP

    preflight = await http.options("/graphql", headers=PREFLIGHT)
    answer = await http.post("/graphql", json={"query": "{ __typename }"}, headers={"origin": APP})

    assert preflight.is_success is is_named
    assert preflight.headers.get(ALLOWED) == answer.headers.get(ALLOWED)
    assert answer.headers.get(ALLOWED) == (APP if is_named else None)
    assert answer.status_code == 401, "the origin says nothing about who asks"
    assert "access-control-allow-credentials" not in answer.headers


async def test_another_origin_and_other_paths_are_not_opened(http: httpx.AsyncClient) -> None:
    other = await http.options("/graphql", headers=PREFLIGHT | {"origin": "https://evil.example"})
    elsewhere = await http.get("/healthz", headers={"origin": APP})

    assert ALLOWED not in other.headers
    assert ALLOWED not in elsewhere.headers


@pytest.mark.parametrize("wrong", ["*", "app.example.org", "https://app.example.org/", "ftp://x"])
def test_an_origin_is_written_as_browsers_send_it(wrong: str) -> None:
    with pytest.raises(SettingsError, match="origins such as"):
        load_settings(graphql_origins=(wrong,))
