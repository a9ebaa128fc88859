import asyncio
from collections.abc import AsyncGenerator
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from starlette.applications import Starlette

from iuran.core.clock import ShiftedClock, SystemClock, store_offset
from iuran.core.database.pool import Pool, open_pool
from iuran.deploy.app import build_app
from iuran.deploy.settings import Settings, load_settings
from iuran.deploy.test_clock import following, new_clock
from iuran.deploy.tokens import demo_issuer
from iuran.graphql.identity import Role
from tests.builders import a_channel, a_family, an_active_family
from tests.conftest import PATIENCE_SECONDS
from tests.moments import wib


@pytest.fixture
def settings(tmp_path: Path, database_url: str) -> Settings:
    return load_settings(
        data=tmp_path, database_url=database_url, redis_url="unix:///nowhere/redis.sock"
    )


@pytest.fixture
async def http(settings: Settings, pool: Pool) -> AsyncGenerator[httpx.AsyncClient]:
    app = build_app(settings, pool=pool, clock=new_clock(settings))
    async with _client(app) as client:
        yield client


def _client(app: Starlette) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test")


async def test_without_redis_we_are_ready_though_degraded(http: httpx.AsyncClient) -> None:
    ready = await http.get("/readyz")

    assert ready.status_code == 200
    assert ready.json() == {
        "status": "degraded",
        "checks": {"database": "ok", "redis": "does not answer"},
    }


async def test_without_a_database_we_live_but_are_not_ready(
    settings: Settings, database_url: str
) -> None:
    closed = await open_pool(database_url, connections_max=1)
    app = build_app(settings, pool=closed, clock=SystemClock())
    await closed.close()

    async with _client(app) as http:
        alive, ready = await http.get("/healthz"), await http.get("/readyz")

    assert alive.status_code == 200
    assert ready.status_code == 503
    assert ready.json()["checks"]["database"] == "does not answer"


async def test_landing_page_loads_nothing_and_says_where_to_look(http: httpx.AsyncClient) -> None:
    page = await http.get("/")

    assert page.headers["content-type"].startswith("text/html")
    assert page.headers["content-security-policy"].startswith("default-src 'none'; style-src 'sha")
    assert "http://" not in page.text
    assert "https://" not in page.text
    for place in ("/graphiql", "/graphql", "/snap/v1.0/transfer-va", "/metrics", "/readyz"):
        assert place in page.text


async def test_our_tokens_are_good_here(http: httpx.AsyncClient, settings: Settings) -> None:
    token = demo_issuer(settings).issue(Role.OPERATOR)

    answer = await http.post(
        "/graphql",
        json={"query": "{ viewer { role } }"},
        headers={"Authorization": f"Bearer {token}"},
    )

    assert answer.json()["data"] == {"viewer": {"role": "OPERATOR"}}
    assert answer.headers["x-request-id"].isalpha()


async def test_a_participant_finds_the_receipt_of_his_payment(
    http: httpx.AsyncClient, settings: Settings, pool: Pool
) -> None:
    async with pool.acquire() as connection:
        channel = await a_channel(connection)
    family, _ = await an_active_family(pool, channel, a_family(), first_payment_at=wib(2026, 3, 20))
    token = demo_issuer(settings).issue(Role.PARTICIPANT, family_id=family.family_id)

    answer = await http.post(
        "/graphql",
        json={"query": "{ viewer { family { payments(first: 1) { nodes { receiptUrl } } } } }"},
        headers={"Authorization": f"Bearer {token}"},
    )
    (payment,) = answer.json()["data"]["viewer"]["family"]["payments"]["nodes"]
    page = await http.get(payment["receiptUrl"])

    assert page.status_code == 200
    assert "20 Maret 2026" in page.text


async def test_a_slash_too_many_sends_no_message_to_another_place(http: httpx.AsyncClient) -> None:
    sent = await http.post("/graphql/", json={"query": "{ viewer { role } }"})
    opened = await http.get("/graphiql/?a=1")
    nowhere = await http.post("/nowhere/")

    assert (sent.status_code, sent.json()["code"]) == (404, "NOT_FOUND")
    assert sent.json()["message"].endswith("leave out the slash at its end: /graphql")
    assert opened.status_code == 307
    assert opened.headers["location"].endswith("/graphiql?a=1")
    assert nowhere.status_code == 404
    assert "/ says what there is" in nowhere.json()["message"]


async def test_without_a_running_demonstration_nobody_is_given_tokens(
    settings: Settings, pool: Pool
) -> None:
    app = build_app(settings, pool=pool, clock=SystemClock())
    transport = httpx.ASGITransport(app, client=("127.0.0.1", 1))

    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as http:
        offered = await http.get("/graphiql/demo-tokens")

    assert offered.json() == []


async def test_production_has_neither_graphiql_nor_our_tokens(
    tmp_path: Path, pool: Pool, settings: Settings
) -> None:
    keys = tmp_path / "jwks.json"
    keys.write_text(httpx.Response(200, json=demo_issuer(settings).jwks).text)
    production = load_settings(
        environment="production",
        jwks_file=keys,
        secret_keys="Kq3V1o2t5zQxkz4c0sYJm0sVb2m1sY6f8pJpQeS3k0c=",
    )

    async with _client(build_app(production, pool=pool, clock=SystemClock())) as http:
        found = [
            (await http.get(path)).status_code
            for path in ("/graphiql", "/graphiql/demo-tokens", "/.well-known/jwks.json")
        ]

    assert found == [404, 404, 404]


async def test_a_running_process_follows_the_test_clock(pool: Pool) -> None:
    clock = ShiftedClock()

    async with following(pool, clock):
        before = clock.now()
        async with pool.acquire() as connection:
            await store_offset(connection, timedelta(days=40))
        async with asyncio.timeout(PATIENCE_SECONDS):
            while clock.now() - before < timedelta(days=40):  # noqa: ASYNC110 - the clock tells nobody
                await asyncio.sleep(0)


async def test_production_follows_no_test_clock(pool: Pool) -> None:
    clock = new_clock(load_settings(environment="production"))
    async with pool.acquire() as connection:
        await store_offset(connection, timedelta(days=40))

    async with following(pool, clock):
        assert isinstance(clock, SystemClock)
