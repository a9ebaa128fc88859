"""A frontend under load: asks one server a question about many families, on kept connections.

A process of its own, so that it does not share the interpreter that it measures:
`python -m bench.asking PORT CONNECTIONS SECONDS FAMILIES TOKEN` reads the question from its input.
Where `wrk` is installed it asks instead, since it leaves more of the machine to the servers.
"""

import asyncio
import json
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import NamedTemporaryFile

import uvloop

from iuran.graphql.global_ids import id_of

WRK = shutil.which("wrk")
SCRIPT = Path(__file__).with_suffix(".lua")
ANSWER_SECONDS_MAX = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A document, where its answer stands, and how a family is named in its variable."""

    document: str
    variable: str
    """One of `va`, `customerNumber`, `id`, `familyId`, `card`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """How a server is asked, and for how long."""

    port: int
    connections: int
    seconds: float
    families: int
    """How many families are asked about."""
    token: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """What one turn of load came to."""

    requests: int
    requests_a_second: float
    p50_milliseconds: float
    p99_milliseconds: float


def turn(question: Question, load: Load) -> Turn:
    """Let a process of its own ask; raises CalledProcessError for an answer that is none."""
    return _asked_ourselves(question, load) if WRK is None else _asked_by_wrk(WRK, question, load)


def _asked_by_wrk(wrk: str, question: Question, load: Load) -> Turn:
    requests = [_request(question, load, family) for family in range(1, load.families + 1)]
    _check_answer(load.port, requests[0])
    with NamedTemporaryFile() as file:
        file.write(b"".join(b"%08d%b" % (len(one), one) for one in requests))
        file.flush()
        asking = subprocess.run(  # noqa: S603 - our own arguments
            [
                *(wrk, "--threads", "1", "--connections", str(load.connections)),
                *("--duration", f"{max(round(load.seconds), 1)}s", "--timeout", "30s"),
                *("--script", str(SCRIPT), f"http://127.0.0.1:{load.port}/", "--", file.name),
            ],
            stdout=subprocess.PIPE,
            check=True,
        )
    told = json.loads(asking.stdout.splitlines()[-1])
    if told["failed"]:
        sys.exit(f"{told['failed']} requests without an answer")
    return Turn(
        requests=told["requests"],
        requests_a_second=told["requests"] / told["seconds"],
        p50_milliseconds=told["p50"],
        p99_milliseconds=told["p99"],
    )


def _check_answer(port: int, request: bytes) -> None:
    """Ask once and look at the answer, which `wrk` does not; ends the bench if it is none."""
    with socket.create_connection(("127.0.0.1", port), timeout=ANSWER_SECONDS_MAX) as line:
        line.sendall(request.replace(b"\r\n", b"\r\nConnection: close\r\n", 1))
        answer = b"".join(iter(lambda: line.recv(65_536), b""))
    if b'"errors"' in answer or b"CONTOH" not in answer:
        sys.exit(f"no answer: {answer.decode()[:500]}")


def _asked_ourselves(question: Question, load: Load) -> Turn:
    arguments = [load.port, load.connections, load.seconds, load.families, load.token]
    client = subprocess.run(  # noqa: S603 - our own arguments
        [sys.executable, "-m", "bench.asking", *(str(one) for one in arguments)],
        input=json.dumps(asdict(question)).encode(),
        stdout=subprocess.PIPE,
        check=True,
    )
    return Turn(**json.loads(client.stdout))


async def ask_for_a_while(question: Question, load: Load) -> Turn:
    """Ask again and again on each connection, waiting for each answer."""
    requests = [_request(question, load, family) for family in range(1, load.families + 1)]
    latencies: list[float] = []
    started = time.perf_counter()
    ends_at = started + load.seconds
    await asyncio.gather(
        *(
            _ask(load.port, _walk(requests, number), ends_at, latencies)
            for number in range(load.connections)
        )
    )
    taken = time.perf_counter() - started
    latencies.sort()
    return Turn(
        requests=len(latencies),
        requests_a_second=len(latencies) / taken,
        p50_milliseconds=latencies[len(latencies) // 2] * 1000,
        p99_milliseconds=latencies[len(latencies) * 99 // 100] * 1000,
    )


def _walk(requests: list[bytes], number: int) -> Iterator[bytes]:
    """Visit families far from each other, every connection others."""
    at = number
    while True:
        at = (at * 1_103_515_245 + 12_345 + number) % 2**31
        yield requests[at % len(requests)]


async def _ask(
    port: int, requests: Iterator[bytes], ends_at: float, latencies: list[float]
) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1_000_000)
    while time.perf_counter() < ends_at:
        started = time.perf_counter()
        writer.write(next(requests))
        head = (await reader.readuntil(b"\r\n\r\n")).lower()
        length = int(head.split(b"content-length: ", 1)[1].split(b"\r\n", 1)[0])
        body = await reader.readexactly(length)
        latencies.append(time.perf_counter() - started)
        if not head.startswith(b"http/1.1 200") or b'"errors"' in body or b"CONTOH" not in body:
            sys.exit(f"no answer: {head.decode()}{body.decode()[:500]}")
    writer.close()


def _request(question: Question, load: Load, family: int) -> bytes:
    value = _named(question.variable, family)
    asked = {"query": question.document, "variables": {question.variable: value}}
    body = json.dumps(asked).encode()
    head = (
        "POST /graphql HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
        "Accept: application/graphql-response+json\r\n"
        f"Authorization: Bearer {load.token}\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def _named(variable: str, family: int) -> object:
    card = f"{family * 10 + 1:013d}"
    match variable:
        case "va":
            return "88888" + card[-11:]
        case "customerNumber":
            return card[-11:]
        case "id":
            return id_of("Family", family)
        case "familyId":
            return str(family)
        case _:
            return card


def main(arguments: list[str]) -> None:
    port, connections, seconds, families, token = arguments
    load = Load(
        port=int(port),
        connections=int(connections),
        seconds=float(seconds),
        families=int(families),
        token=token,
    )
    question = Question(**json.loads(sys.stdin.read()))
    print(json.dumps(asdict(uvloop.run(ask_for_a_while(question, load)))))


if __name__ == "__main__":
    main(sys.argv[1:])
