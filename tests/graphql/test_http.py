"""Whatever is sent to /graphql, the answer is clear, and never a crash."""

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import asyncpg
import httpx
import pytest
import structlog
from prometheus_client import REGISTRY
from starlette.types import Message, Scope
from structlog.testing import capture_logs

from iuran.core.clock import StandingClock
from iuran.core.database.pool import Pool, connected
from iuran.graphql.compiler.answers import CompiledReads
from iuran.graphql.compiler.flights import Flights
from iuran.graphql.demo_issuer import AUDIENCE, ISSUER, DemoIssuer
from iuran.graphql.http import GraphqlEndpoint
from iuran.graphql.identity import Role
from iuran.graphql.limits import Limits
from iuran.graphql.operations import Operations
from iuran.graphql.requests import Incoming, read_request
from iuran.graphql.services import GraphqlServices
from iuran.graphql.signing_keys import SigningKeys
from tests.conftest import PATIENCE_SECONDS
from tests.graphql.conftest import Frontend, FrontendOf, code_of

QUERY = "{ viewer { role } }"
GRAPHQL = "application/graphql-response+json"
FAMILY = 'query Look { family(by: {cardNumber: "0009000000001"}) { id } }'


async def sent(frontend: Frontend, content: bytes, **headers: str) -> httpx.Response:
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    return await frontend.client.post(
        "/graphql",
        content=content,
        headers={
            "content-type": "application/json",
            **frontend.headers(Role.AUDITOR),
            **names,
        },
    )


@asynccontextmanager
async def locked(database_url: str) -> AsyncGenerator[None]:
    """Nobody can look a card up in here."""
    async with connected(database_url, role=None) as connection, connection.transaction():
        await connection.execute("LOCK TABLE participant_card IN ACCESS EXCLUSIVE MODE")
        yield


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"null",
        b"17",
        b'"text"',
        b"{",
        b"[]",
        b'[{"query": "{ viewer { role } }"}]',
        b"{}",
        b'{"query": null}',
        b'{"query": ["{ viewer { role } }"]}',
        b'{"query": "{ viewer { role } }", "variables": "x"}',
        b'{"query": "{ viewer { role } }", "variables": []}',
        b'{"query": "{ viewer { role } }", "operationName": 1}',
        b'{"query": "{ viewer { role } }", "extensions": 1}',
        b'{"query": "{ viewer { role } }", "variables": {"x": NaN}}',
        b'{"query": "{ viewer { role } }", "variables": {"x": ' + b"9" * 5_000 + b"}}",
        b'{"query": "\xff\xfe"}',
        b'{"query": "{ viewer { role } }", "query": "{ viewer { reach } }"}',
        b'{"query": "{ viewer { role } }", "variables": {"x": {"y": 1, "y": 2}}}',
        b'{"query": "{ viewer { role } }", "variables": {"x": "\\ud800"}}',
        b'{"query": "{ viewer { role } }", "variables": {"x": ' + b"[" * 65 + b"]" * 65 + b"}}",
        b"[" * 45_000 + b"]" * 45_000,
        b'{"a":' * 15_000 + b"1" + b"}" * 15_000,
    ],
)
async def test_a_body_that_means_nothing_is_refused(frontend: Frontend, content: bytes) -> None:
    response = await sent(frontend, content)

    assert response.status_code == 400
    assert code_of(response.json()) == "BAD_REQUEST"
    assert "data" not in response.json()


async def test_json_nested_as_deep_as_the_body_allows_is_refused(frontend_of: FrontendOf) -> None:
    frontend = frontend_of(replace(Limits(), body_bytes=500_000))

    response = await sent(frontend, b"[" * 200_000 + b"]" * 200_000)

    assert response.status_code == 400


@pytest.mark.parametrize(
    ("headers", "status", "code"),
    [
        ({"content_type": "text/plain"}, 415, "UNSUPPORTED_MEDIA_TYPE"),
        ({"content_type": "application/x-www-form-urlencoded"}, 415, "UNSUPPORTED_MEDIA_TYPE"),
        ({"content_type": "multipart/form-data"}, 415, "UNSUPPORTED_MEDIA_TYPE"),
        ({"content_type": "application/json; charset=latin-1"}, 415, "UNSUPPORTED_MEDIA_TYPE"),
        ({"content_type": "application/json; v=1; Charset=latin-1"}, 415, "UNSUPPORTED_MEDIA_TYPE"),
        ({"content_encoding": "gzip"}, 415, "UNSUPPORTED_MEDIA_TYPE"),
        ({"accept": "text/html"}, 406, "NOT_ACCEPTABLE"),
        ({"accept": "application/json;q=0"}, 406, "NOT_ACCEPTABLE"),
        ({"authorization": "Bearer nonsense"}, 401, "UNAUTHENTICATED"),
    ],
)
async def test_headers_that_do_not_fit_are_refused(
    frontend: Frontend, headers: dict[str, str], status: int, code: str
) -> None:
    response = await sent(frontend, json.dumps({"query": QUERY}).encode(), **headers)

    assert response.status_code == status
    assert code_of(response.json()) == code
    assert "data" not in response.json()


@pytest.mark.parametrize(
    "content_type",
    [
        "Application/JSON",
        'application/json ; Charset="UTF-8"',
        "application/json; profile=ours",
        "application/json;v=1;charset=utf8;",
    ],
)
async def test_a_media_type_may_say_more(frontend: Frontend, content_type: str) -> None:
    response = await sent(
        frontend, json.dumps({"query": QUERY}).encode(), content_type=content_type
    )

    assert response.status_code == 200


@pytest.mark.parametrize(
    ("accept", "answered"),
    [
        (None, "application/json"),
        ("*/*", "application/json"),
        ("application/*;q=0.5", "application/json"),
        ("application/json", "application/json"),
        (GRAPHQL, GRAPHQL),
        (f"text/html, {GRAPHQL};q=0.9, application/json;q=0.8", GRAPHQL),
        (f"{GRAPHQL};q=0.1, application/json", "application/json"),
        (f"{GRAPHQL}; charset=utf-8", GRAPHQL),
        ("application/json;q=x, " + GRAPHQL, GRAPHQL),
    ],
)
async def test_the_answer_is_written_as_the_client_likes(
    frontend: Frontend, accept: str | None, answered: str
) -> None:
    headers = {} if accept is None else {"accept": accept}
    response = await sent(frontend, json.dumps({"query": QUERY}).encode(), **headers)

    assert response.status_code == 200
    assert response.headers["content-type"] == f"{answered}; charset=utf-8"
    assert response.headers["cache-control"] == "no-store"


@pytest.mark.parametrize(("accept", "status"), [("application/json", 200), (GRAPHQL, 400)])
@pytest.mark.parametrize("query", ["{", "{ nothing }", "{ family(by: {}) { id } }"])
async def test_a_refused_document_has_the_status_of_its_media_type(
    frontend: Frontend, accept: str, status: int, query: str
) -> None:
    response = await frontend.post(query, accept=accept)

    assert response.status_code == status
    assert "data" not in response.json()


async def test_a_body_longer_than_the_limit_is_refused_while_it_arrives(
    frontend: Frontend,
) -> None:
    arrived = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal arrived
        while arrived < 10_000_000:
            arrived += 10_000
            yield b" " * 10_000

    response = await frontend.client.post(
        "/graphql",
        content=endless(),
        headers={"content-type": "application/json", **frontend.headers(Role.AUDITOR)},
    )

    assert response.status_code == 413
    assert code_of(response.json()) == "BODY_TOO_LARGE"
    assert arrived < 500_000


async def test_queries_may_come_by_get(frontend: Frontend) -> None:
    response = await frontend.client.get(
        "/graphql",
        params={
            "query": "query A($x: Boolean!) { viewer { role @skip(if: $x) reach } } query B { x }",
            "operationName": "A",
            "variables": '{"x": true}',
        },
        headers={**frontend.headers(Role.AUDITOR), "accept": GRAPHQL},
    )
    alone = await frontend.client.get(
        "/graphql", params={"query": QUERY, "variables": ""}, headers=frontend.headers(Role.AUDITOR)
    )

    assert response.status_code == 400  # B is not valid
    assert alone.json()["data"] == {"viewer": {"role": "AUDITOR"}}


@pytest.mark.parametrize("given", [b"\xff", b"%FF", b"\xc3\xa9", b"%ED%A0%80"])
async def test_a_query_string_may_hold_any_bytes(given: bytes) -> None:
    scope: Scope = {"type": "http", "method": "GET", "headers": []}
    scope["query_string"] = b"query=" + given

    async def receive() -> Message:
        raise AssertionError

    asked = await read_request(Incoming(scope, receive), Limits())

    assert asked.query


async def test_a_mutation_by_get_is_refused_and_told_how(frontend: Frontend) -> None:
    response = await frontend.client.get(
        "/graphql",
        params={"query": "mutation { pay }"},
        headers=frontend.headers(Role.AUDITOR),
    )

    assert response.status_code == 405
    assert response.headers["allow"] == "POST"


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS"])
async def test_other_methods_are_refused(frontend: Frontend, method: str) -> None:
    response = await frontend.client.request(
        method, "/graphql", headers=frontend.headers(Role.AUDITOR)
    )

    assert response.status_code == 405
    assert response.headers["allow"] == "GET, POST"


async def test_variables_that_do_not_fit_are_refused_before_anything_is_read(
    frontend: Frontend,
) -> None:
    with capture_logs() as logs:
        response = await frontend.post(
            "query ($id: ID!) { node(id: $id) { id } }", id=["9901015705900001"]
        )

    assert response.status_code == 400
    assert code_of(response.json()) == "BAD_USER_INPUT"
    assert "9901015705900001" not in response.text
    assert "9901015705900001" not in str(logs)
    assert logs[-1]["statements"] == 0


async def test_a_crash_is_masked_logged_and_counted(
    frontend: Frontend, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*_: object, **__: object) -> None:
        raise asyncpg.InterfaceError("secret 9901015705900001")

    monkeypatch.setattr(Flights, "row", broken)
    before = REGISTRY.get_sample_value("iuran_graphql_crashes_total") or 0

    with capture_logs() as logs, structlog.contextvars.bound_contextvars(request_id="req-1"):
        response = await frontend.post(FAMILY)

    (error,) = response.json()["errors"]
    assert response.json()["data"] == {"family": None}
    assert error["extensions"] == {"code": "INTERNAL", "requestId": "req-1"}
    assert "secret" not in response.text
    crash = next(log for log in logs if log["event"] == "graphql.crash")
    assert crash["request_id"] == "req-1"
    assert "secret" in crash["stack"]
    assert "9901015705900001" not in crash["stack"]
    assert REGISTRY.get_sample_value("iuran_graphql_crashes_total") == before + 1


async def test_a_crash_outside_of_any_field_is_masked_too(
    frontend: Frontend, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("secret")

    monkeypatch.setattr(Operations, "run", broken)

    response = await frontend.post(QUERY)

    assert response.status_code == 500
    assert code_of(response.json()) == "INTERNAL"
    assert "secret" not in response.text


async def test_one_line_is_logged_for_each_operation(frontend: Frontend) -> None:
    with capture_logs() as logs:
        await frontend.post(FAMILY, role=Role.OPERATOR)

    (line,) = [log for log in logs if log["event"] == "graphql.operation"]
    assert (line["operation"], line["role"], line["code"]) == ("Look", "operator", "OK")
    assert line["statements"] == 1
    assert line["milliseconds"] > 0


async def test_a_statement_that_takes_too_long_is_ended_and_said_so(
    frontend_of: FrontendOf, database_url: str
) -> None:
    frontend = frontend_of(replace(Limits(), statement_milliseconds=500))

    async with locked(database_url):
        answer = await frontend.answer(FAMILY)

    assert code_of(answer) == "TIMEOUT"
    assert answer["data"] == {"family": None}
    assert (await frontend.answer(FAMILY)) == {"data": {"family": None}}


async def test_a_request_that_takes_too_long_is_ended_and_its_connection_freed(
    frontend_of: FrontendOf, pool: Pool, database_url: str
) -> None:
    frontend = frontend_of(replace(Limits(), request_seconds=0.1))
    busy = pool.get_size() - pool.get_idle_size()

    async with locked(database_url):
        response = await frontend.post(FAMILY)

    assert response.status_code == 503
    assert response.headers["retry-after"] == "1"
    assert code_of(response.json()) == "TIMEOUT"
    async with asyncio.timeout(PATIENCE_SECONDS):
        while pool.get_size() - pool.get_idle_size() > busy:  # noqa: ASYNC110 - asyncpg tells nobody
            await asyncio.sleep(0.01)


async def test_an_empty_pool_is_an_overload_and_no_crash(
    clock: StandingClock, database_url: str, issuer: DemoIssuer
) -> None:
    async with asyncpg.create_pool(database_url, min_size=1, max_size=1) as small:
        frontend = Frontend(
            client=httpx.AsyncClient(
                transport=httpx.ASGITransport(
                    GraphqlEndpoint(
                        GraphqlServices(
                            pool=small,
                            clock=clock,
                            keys=SigningKeys.fixed(issuer.jwks),
                            issuer=ISSUER,
                            audience=AUDIENCE,
                            limits=replace(Limits(), acquire_seconds=0.05),
                        )
                    )
                ),
                base_url="http://iuran.test",
            ),
            issuer=issuer,
        )
        async with small.acquire():
            answer = await frontend.answer(FAMILY)
        await frontend.client.aclose()

    assert code_of(answer) == "OVERLOADED"


async def test_work_stops_when_the_client_leaves(
    pool: Pool, clock: StandingClock, issuer: DemoIssuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    endpoint = GraphqlEndpoint(
        GraphqlServices(
            pool=pool,
            clock=clock,
            keys=SigningKeys.fixed(issuer.jwks),
            issuer=ISSUER,
            audience=AUDIENCE,
        )
    )
    asked, stopped = asyncio.Event(), asyncio.Event()

    async def endless(*_: object) -> None:
        asked.set()
        try:
            await asyncio.Event().wait()
        finally:
            stopped.set()

    monkeypatch.setattr(CompiledReads, "answer", endless)
    arriving: list[Message] = [
        {"type": "http.request", "body": json.dumps({"query": FAMILY}).encode()}
    ]

    async def receive() -> Message:
        if arriving:
            return arriving.pop()
        await asked.wait()
        return {"type": "http.disconnect"}

    async def send(_: Message) -> None:
        """Nobody listens."""

    token = issuer.issue(Role.AUDITOR)
    scope = {
        "type": "http",
        "method": "POST",
        "path": "/graphql",
        "query_string": b"",
        "headers": [
            (b"content-type", b"application/json"),
            (b"authorization", f"Bearer {token}".encode()),
        ],
    }

    with capture_logs() as logs:
        await asyncio.wait_for(endpoint(scope, receive, send), timeout=PATIENCE_SECONDS)

    assert stopped.is_set()
    assert logs[-1]["code"] == "CLIENT_LEFT"


async def test_many_at_once_are_answered_each_with_its_own(frontend: Frontend) -> None:
    roles = [role for role in Role if role is not Role.PARTICIPANT] * 8

    answers = await asyncio.gather(
        *(
            frontend.answer(FAMILY.replace("{ family", "{ viewer { role } family"), role=role)
            for role in roles
        )
    )

    assert [answer["data"]["viewer"]["role"] for answer in answers] == [role.name for role in roles]


@pytest.mark.parametrize(
    "content_type",
    ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", ""],
)
@pytest.mark.parametrize("method", ["POST", "GET"])
async def test_what_another_site_can_send_without_asking_first_does_nothing(
    frontend: Frontend, content_type: str, method: str
) -> None:
    """A form or an image of another site sends such types, cookies, and no header of its own."""
    with capture_logs() as logs:
        response = await frontend.client.request(
            method,
            "/graphql",
            params={"query": QUERY} if method == "GET" else {},
            content=json.dumps({"query": QUERY}),
            headers={
                "content-type": content_type,
                "cookie": f"token={frontend.issuer.issue(Role.AUDITOR)}",
                "origin": "https://elsewhere.example",
            },
        )

    assert response.status_code == 401
    assert "access-control-allow-origin" not in response.headers
    assert logs[-1]["statements"] == 0


async def test_a_body_that_does_not_arrive_in_time_is_refused(frontend_of: FrontendOf) -> None:
    frontend = frontend_of(replace(Limits(), body_seconds=0.05))

    async def dawdling() -> AsyncIterator[bytes]:
        yield b'{"query": "'
        await asyncio.Event().wait()

    response = await frontend.client.post(
        "/graphql",
        content=dawdling(),
        headers={"content-type": "application/json", **frontend.headers(Role.AUDITOR)},
    )

    assert response.status_code == 408
    assert code_of(response.json()) == "BODY_TOO_SLOW"
