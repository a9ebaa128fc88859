"""uvicorn against granian: the same application, one process each, taking turns under one load."""

import asyncio
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import uvicorn
import uvloop
from rich.console import Console
from rich.table import Table
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from bench.ports import START_SECONDS_MAX, await_port, free_port
from iuran.core.database.migrations import migrate
from iuran.core.database.pool import Pool, connected, open_pool
from iuran.deploy.edge import Edge
from iuran.deploy.embedded import embedded_services
from iuran.deploy.listener import listening
from iuran.deploy.logs import configure_logs
from iuran.deploy.schema import MIGRATION_PACKAGES
from iuran.deploy.server import server_config
from iuran.deploy.settings import load_settings

ROUNDS = 5
SECONDS_A_TURN = 4.0
CONNECTIONS = 32
PATHS = ("/healthz", "/sql")
SERVERS = ("uvicorn", "granian")
DATABASE_VARIABLE = "BENCH_DATABASE_URL"


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """What one turn of load came to."""

    requests_a_second: float
    p99_milliseconds: float


def bench_app() -> Starlette:
    """Our edge, a constant answer, and one that asks PostgreSQL."""
    pools: list[Pool] = []

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncGenerator[None]:
        pools.append(await open_pool(os.environ[DATABASE_VARIABLE]))
        yield
        await pools.pop().close()

    async def healthy(_request: Request) -> Response:
        return JSONResponse({"status": "alive"})

    async def ask(_request: Request) -> Response:
        async with pools[0].acquire() as connection:
            figure = await connection.fetchval("SELECT regulation_value('due_day', '2026-01-01')")
        return JSONResponse({"due_day": figure})

    configure_logs(load_settings(log_level="warning"))
    return Starlette(
        routes=[Route("/healthz", healthy), Route("/sql", ask)],
        middleware=[Middleware(Edge)],
        lifespan=lifespan,
    )


def serve_with_uvicorn(port: int) -> None:
    """Serve as `iuran serve` does."""
    settings = load_settings(port=port)
    with listening(settings) as listener:
        server = uvicorn.Server(server_config(settings, bench_app()))
        uvloop.run(server.serve(sockets=[listener]))


async def measure(console: Console) -> Table:
    console.print(f"{CONNECTIONS} connections, {ROUNDS} turns of {SECONDS_A_TURN:.0f} s each")
    with TemporaryDirectory() as folder, embedded_services(Path(folder)) as services:
        async with connected(services.database_url, role=None) as owner:
            await migrate(owner, MIGRATION_PACKAGES)
        with (
            _running("uvicorn", services.database_url) as uvicorn_at,
            _running("granian", services.database_url) as granian_at,
        ):
            places = {"uvicorn": uvicorn_at, "granian": granian_at}
            turns = {
                (server, path): [_turn(places[server][1], path) for _ in range(1)]
                for path in PATHS
                for server in SERVERS
            }
            for number in range(ROUNDS):
                for path in PATHS:
                    for server in SERVERS if number % 2 else reversed(SERVERS):
                        turns[server, path].append(_turn(places[server][1], path))
            memory = {server: _resident_mebibytes(places[server][0]) for server in SERVERS}
    return _table({key: taken[1:] for key, taken in turns.items()}, memory)


def _table(turns: dict[tuple[str, str], list[Turn]], memory: dict[str, float]) -> Table:
    table = Table("server", "path", "requests/s", "ratio", "p99 ms", "RSS MiB")
    for path in PATHS:
        first = statistics.median(t.requests_a_second for t in turns["uvicorn", path])
        for server in SERVERS:
            rate = statistics.median(t.requests_a_second for t in turns[server, path])
            p99 = statistics.median(t.p99_milliseconds for t in turns[server, path])
            table.add_row(
                server,
                path,
                f"{rate:,.0f}",
                f"{rate / first:.2f}",
                f"{p99:.1f}",
                f"{memory[server]:.0f}",
            )
    return table


@contextmanager
def _running(server: str, database_url: str) -> Generator[tuple[int, int]]:
    """Run a server; yield its process id and its port."""
    port = free_port()
    commands = {
        "uvicorn": ["-m", "bench.server", "serve", str(port)],
        "granian": [
            *("-m", "granian", "--interface", "asgi", "--factory", "--port", str(port)),
            *("--loop", "uvloop", "--workers", "1", "--no-log", "--no-ws"),
            "bench.server:bench_app",
        ],
    }
    process = subprocess.Popen(  # noqa: S603 - our own arguments
        [sys.executable, *commands[server]],
        env={**os.environ, DATABASE_VARIABLE: database_url},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        await_port(port)
        yield process.pid, port
    finally:
        process.terminate()
        process.wait(START_SECONDS_MAX)


def _resident_mebibytes(pid: int) -> float:
    """The resident memory of a process and its children."""
    listed = subprocess.run(["/bin/ps", "-eo", "pid,ppid,rss"], capture_output=True, check=True)
    rows = [[int(cell) for cell in line.split()] for line in listed.stdout.splitlines()[1:]]
    return sum(rss for own, parent, rss in rows if pid in {own, parent}) / 1024


def _turn(port: int, path: str) -> Turn:
    """Let a process of its own make the load, so that it does not share our interpreter."""
    client = subprocess.run(  # noqa: S603 - our own arguments
        [sys.executable, "-m", "bench.server", "load", str(port), path],
        capture_output=True,
        check=True,
    )
    return Turn(**json.loads(client.stdout))


async def load(port: int, path: str) -> Turn:
    """Ask again and again on each connection, waiting for each answer."""
    latencies: list[float] = []
    ends_at = time.perf_counter() + SECONDS_A_TURN
    await asyncio.gather(*(_ask(port, path, ends_at, latencies) for _ in range(CONNECTIONS)))
    latencies.sort()
    return Turn(
        requests_a_second=len(latencies) / SECONDS_A_TURN,
        p99_milliseconds=latencies[len(latencies) * 99 // 100] * 1000,
    )


async def _ask(port: int, path: str, ends_at: float, latencies: list[float]) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    request = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode()
    while time.perf_counter() < ends_at:
        started = time.perf_counter()
        writer.write(request)
        head = (await reader.readuntil(b"\r\n\r\n")).lower()
        assert head.startswith(b"http/1.1 200"), head
        length = int(head.split(b"content-length: ", 1)[1].split(b"\r\n", 1)[0])
        await reader.readexactly(length)
        latencies.append(time.perf_counter() - started)
    writer.close()


def main(arguments: list[str]) -> None:
    match arguments:
        case ["serve", port]:
            serve_with_uvicorn(int(port))
        case ["load", port, path]:
            print(json.dumps(asdict(uvloop.run(load(int(port), path)))))
        case _:
            console = Console()
            console.print(asyncio.run(measure(console)))


if __name__ == "__main__":
    main(sys.argv[1:])
