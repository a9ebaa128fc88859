"""Attacks: what is sent may be as bad as it likes, the work that it makes is bounded.

Work is counted in calls of functions, not in time: a slow machine counts the same.
"""

import asyncio
import json
import sys
from collections.abc import AsyncGenerator, Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

import httpx
import pytest

from iuran.graphql.demo_issuer import DemoIssuer
from iuran.graphql.documents import Documents
from iuran.graphql.errors import RequestRefusedError
from iuran.graphql.identity import Role
from iuran.graphql.limits import Limits
from iuran.graphql.schema import executable_schema

CALLS_MAX = 250_000
START_SECONDS_MAX = 60
GROWTH_BYTES_MAX = 48 * 1024 * 1024
SLOW_CLIENTS = 200


def calls_of(work: Callable[[], object]) -> int:
    """Count the calls of functions, in Python and in C, that some work makes."""
    calls = 0

    def count(_frame: FrameType, event: str, _argument: object) -> None:
        nonlocal calls
        calls += event in {"call", "c_call"}

    sys.setprofile(count)
    try:
        work()
    finally:
        sys.setprofile(None)
    return calls


def preparing(document: str) -> int:
    """What it takes to refuse, or accept, a document, in calls."""
    documents = Documents(executable_schema(), Limits())

    def prepare() -> None:
        with suppress(RequestRefusedError):
            documents.prepare(document, operation_name=None, variables={}, only_queries=False)

    return calls_of(prepare)


def doubling(steps: int) -> str:
    fragments = "".join(
        f" fragment F{n} on Viewer {{ ...F{n + 1} ...F{n + 1} }}" for n in range(steps)
    )
    return "{ viewer { ...F0 } }" + fragments + f" fragment F{steps} on Viewer {{ role }}"


def circle(length: int) -> str:
    return "{ viewer { ...F0 } }" + "".join(
        f" fragment F{n} on Viewer {{ ...F{(n + 1) % length} }}" for n in range(length)
    )


def everybody_spreads_everybody(count: int) -> str:
    spreads = " ".join(f"...F{n}" for n in range(count))
    return f"{{ viewer {{ {spreads} }} }}" + "".join(
        f" fragment F{n} on Viewer {{ {spreads} }}" for n in range(count)
    )


ATTACKS: dict[str, str] = {
    "fragments that double": doubling(45),
    "fragments that double, far too many": doubling(400),
    "a circle of fragments": circle(60),
    "everybody spreads everybody": everybody_spreads_everybody(20),
    "10,000 aliases": "{ viewer {" + " ".join(f"a{n}: role" for n in range(10_000)) + "} }",
    "aliases up to the limit of tokens": "{" + " ".join(f"a{n}: x" for n in range(330)) + "}",
    "one field again and again": "{ viewer {" + " role" * 990 + "} }",
    "fields of other types in conflict": "{"
    + " ".join(f"... on Query {{ a: node(id: {n}) {{ id }} }}" for n in range(60))
    + "}",
    "one field again in many fragments": "{ viewer {"
    + " ".join(f"...F{n}" for n in range(110))
    + "} }"
    + " ".join(f"fragment F{n} on Viewer {{ role }}" for n in range(110)),
    "directives": "{ viewer { role " + "@skip(if: true) " * 160 + "} }",
    "directives that nobody knows": "{ viewer { role " + "@x " * 490 + "} }",
    "deep fields": "{ viewer " * 330 + "{ role }" + "}" * 330,
    "deep over a circle of types": "{ viewer { family " + "{ payer { family " * 200,
    "deep inline fragments": "{" + "... {" * 330 + "viewer { role }" + "}" * 331,
    "deep lists": "{ node(id: " + "[" * 490 + "]" * 490 + ") { id } }",
    "deep objects": "{ family(by: " + "{id: " * 300 + "1" + "}" * 300 + ") { id } }",
    "a huge integer": "{ bills(family: 1, first: " + "9" * 14_000 + ") { nodes { id } } }",
    "a long string": '{ node(id: "' + "x" * 14_000 + '") { id } }',
    "a long name": "{ " + "x" * 14_000 + " }",
    "many variables": "query ("
    + " ".join(f"$v{n}: Int" for n in range(240))
    + ") { viewer { role } }",
    "many operations": " ".join(f"query Q{n} {{ viewer {{ role }} }}" for n in range(120)),
    "a megabyte of comments": "#" + "x" * 1_000_000 + "\n{ viewer { role } }",
    "comments up to the limit": "#x\n" * 4_900 + "{ viewer { role } }",
    "commas": "," * 14_900 + "{ viewer { role } }",
    "an open string": '{ node(id: """' + "\\" * 14_000,
}


@pytest.mark.parametrize("name", ATTACKS)
def test_no_document_takes_more_than_a_bounded_amount_of_work(name: str) -> None:
    assert preparing(ATTACKS[name]) < CALLS_MAX


def test_work_grows_with_the_length_of_a_document_and_not_with_what_it_means() -> None:
    few, many = preparing(doubling(11)), preparing(doubling(44))

    assert many < 8 * few


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A server in a process of its own, which may not take more than its address space."""

    process: asyncio.subprocess.Process
    port: int
    token: str

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/graphql"

    @property
    def peak_bytes(self) -> int:
        status = Path(f"/proc/{self.process.pid}/status").read_text(encoding="ascii")
        line = next(line for line in status.splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) * 1024

    def head(self, length: int) -> bytes:
        return (
            f"POST /graphql HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {self.token}\r\n"
            f"content-type: application/json\r\ncontent-length: {length}\r\n\r\n"
        ).encode()


@pytest.fixture
async def target(database_url: str, tmp_path: Path) -> AsyncGenerator[Target]:
    if not sys.platform.startswith("linux"):
        pytest.skip("the peak of memory is read from /proc")
    key_file = tmp_path / "key.pem"
    token = DemoIssuer(key_file).issue(Role.AUDITOR)
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.graphql.attacked_server", database_url, str(key_file)),
        cwd=Path(__file__).parents[2],
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    assert process.stdout is not None
    try:
        async with asyncio.timeout(START_SECONDS_MAX):
            port = int(await process.stdout.readline())
        yield Target(process=process, port=port, token=token)
    finally:
        process.kill()
        await process.wait()


def body(query: str, **variables: object) -> bytes:
    return json.dumps({"query": query, "variables": variables}).encode()


BODIES: list[bytes] = [
    *(body(document) for document in ATTACKS.values()),
    b"[" * 49_000 + b"]" * 49_000,
    b'{"query":' * 10_000,
    b'{"query": "{ viewer { role } }", "variables": {"x": ' + b"9" * 99_000 + b"}}",
    b'{"query": "{ viewer { role } }", "variables": {'
    + b",".join(f'"v{n}": {n}'.encode() for n in range(7_000))
    + b"}}",
    json.dumps([{"query": "{ viewer { role } }"}] * 2_000).encode(),
    body("query ($ids: [ID!]!) { nodes(ids: $ids) { id } }", ids=["x"] * 20_000),
    b"\xff" * 99_000,
    b'"' + b"\\ud800" * 16_000 + b'"',
    b" " * 5_000_000,
]


async def test_a_flood_of_attacks_neither_fells_the_server_nor_makes_it_grow(
    target: Target,
) -> None:
    good = body("{ viewer { role } }")
    headers = {"authorization": f"Bearer {target.token}", "content-type": "application/json"}
    async with httpx.AsyncClient(timeout=60, headers=headers) as client:

        async def send(content: bytes) -> int:
            try:
                return (await client.post(target.url, content=content)).status_code
            except (httpx.WriteError, httpx.ReadError, httpx.RemoteProtocolError):
                return 413  # it hung up on a body that is too long

        for content in (good, *BODIES[:4]):
            await send(content)
        before = target.peak_bytes
        statuses = [
            status
            for _ in range(3)
            for status in await asyncio.gather(*(send(content) for content in BODIES))
        ]
        after = await client.post(target.url, content=good)

    assert [status for status in statuses if status >= 500] == []
    assert after.json()["data"] == {"viewer": {"role": "AUDITOR"}}
    assert target.peak_bytes - before < GROWTH_BYTES_MAX


async def test_slow_clients_are_sent_away_and_meanwhile_others_are_served(target: Target) -> None:
    async def dawdle() -> bytes:
        reader, writer = await asyncio.open_connection("127.0.0.1", target.port)
        writer.write(target.head(length=1_000) + b'{"query": "')
        await writer.drain()
        answer = await reader.readline()
        writer.close()
        return answer

    dawdling = [asyncio.create_task(dawdle()) for _ in range(SLOW_CLIENTS)]
    headers = {"authorization": f"Bearer {target.token}", "content-type": "application/json"}
    async with httpx.AsyncClient(timeout=60, headers=headers) as client:
        served = await client.post(target.url, content=body("{ viewer { role } }"))
    answers = await asyncio.gather(*dawdling)

    assert served.status_code == 200
    assert {answer.split()[1] for answer in answers} == {b"408"}
