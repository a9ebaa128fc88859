"""The SNAP endpoint under load: one server process here, one that makes the load beside it."""

import asyncio
import json
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import AsyncGenerator, Generator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime

import httpx
import uvicorn
import uvloop
from starlette.applications import Starlette
from starlette.middleware import Middleware

from bench.ports import await_port, free_port
from iuran.core.clock import StandingClock
from iuran.core.database.pool import Pool, open_pool
from iuran.deploy.edge import Edge
from iuran.deploy.listener import listening
from iuran.deploy.logs import configure_logs
from iuran.deploy.server import server_config
from iuran.deploy.settings import LogFormat, load_settings
from iuran.payments.channels import NewChannel, register_channel
from iuran.payments.lane_limits import LaneLimits
from iuran.payments.quirks import SignatureEncoding
from iuran.payments.secrets import Cipher, generate_installation_key
from iuran.payments.simulation.bank import (
    SimulatedBank,
    generate_key_pair,
    parse_private_key,
)
from iuran.payments.snap.app import snap_routes
from iuran.payments.snap.context import SnapServices
from iuran.payments.snap.signature import SignedRequest, sign_hmac, string_to_sign
from iuran.payments.snap.timestamps import write_instant

CONNECTIONS = 32
STOP_SECONDS_MAX = 30
MOUNT = "/snap/v1.0"
PATH = "/transfer-va/payment"
BILL = "105000.00"


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """Which payments to send, and how fast; as fast as answers come if there is no rate.

    The same families again are the same messages again.
    """

    port: int
    token: str
    client_id: str
    secret: str
    first_family: int
    payments: int
    rate: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """What a load came to; milliseconds from when a message should have left."""

    payments_a_second: float
    p50_milliseconds: float
    p99_milliseconds: float
    statuses: dict[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """A running server and a bank that is registered with it."""

    port: int
    token: str
    client_id: str
    secret: str = field(repr=False)

    def hears(self, first_family: int, payments: int, *, rate: float | None = None) -> Heard:
        """Let a process of its own send payments of families from a number on."""
        load = Load(
            port=self.port,
            token=self.token,
            client_id=self.client_id,
            secret=self.secret,
            first_family=first_family,
            payments=payments,
            rate=rate,
        )
        client = subprocess.run(
            [sys.executable, "-m", "bench.notifications", "load"],
            input=json.dumps(asdict(load)).encode(),
            capture_output=True,
            check=True,
        )
        return Heard(**json.loads(client.stdout))


@asynccontextmanager
async def endpoints(pool: Pool, database_url: str, at: str) -> AsyncGenerator[tuple[Endpoint, ...]]:
    """Two servers, one process each: payments alone, and sharing commits."""
    key, keys = generate_installation_key(), generate_key_pair()
    async with pool.acquire() as connection, connection.transaction():
        channel = await register_channel(
            connection,
            Cipher.of([key]),
            NewChannel(code="LOAD", name="Load", public_key_pem=keys.public_key_pem),
            at=datetime.now(UTC),
        )
    secret = channel.client_secret or ""
    with _serving(database_url, key, 1, at) as alone, _serving(database_url, key, 64, at) as shared:
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{alone}") as http:
            bank = SimulatedBank(
                http=http,
                private_key=parse_private_key(keys.private_key_pem),
                client_id=channel.client_id,
                client_secret=secret,
            )
            token = str((await bank.token()).document["accessToken"])
        yield tuple(
            Endpoint(port=port, token=token, client_id=channel.client_id, secret=secret)
            for port in (alone, shared)
        )


@contextmanager
def _serving(database_url: str, key: str, together_max: int, at: str) -> Generator[int]:
    port = free_port()
    process = subprocess.Popen(  # noqa: S603 - our own arguments
        [sys.executable, "-m", "bench.notifications", "serve", str(port), str(together_max), at],
        env={**os.environ, "IURAN_DATABASE_URL": database_url, "IURAN_SECRET_KEYS": key},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        await_port(port)
        yield port
    finally:
        process.terminate()
        process.wait(STOP_SECONDS_MAX)


def serve(port: int, together_max: int, at: str) -> None:
    """Serve SNAP BI as `iuran serve` does, with its log lines, on a standing legal clock."""
    settings = load_settings(port=port, log_format=LogFormat.JSON)
    configure_logs(settings)
    cipher = Cipher.of([os.environ["IURAN_SECRET_KEYS"]])
    assert settings.database_url is not None
    url = settings.database_url.get_secret_value()

    async def run() -> None:
        pool = await open_pool(url)
        services = SnapServices.of(
            pool=pool,
            clock=StandingClock(datetime.fromisoformat(at)),
            cipher=cipher,
            lane_limits=LaneLimits(together_max=together_max),
        )
        app = Starlette(routes=snap_routes(services), middleware=[Middleware(Edge)])
        with listening(settings) as listener:
            await uvicorn.Server(server_config(settings, app)).serve(sockets=[listener])
        await services.close()
        await pool.close()

    uvloop.run(run())


async def send(load: Load) -> Heard:
    """Send each payment once on one of the connections; the requests are signed beforehand."""
    requests = iter(list(enumerate(_requests(load))))
    latencies: list[float] = []
    statuses: Counter[str] = Counter()
    started = time.perf_counter()

    async def deliver() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", load.port)
        for number, request in requests:
            due = time.perf_counter()
            if load.rate is not None:
                due = started + number / load.rate
                await asyncio.sleep(due - time.perf_counter())
            writer.write(request)
            head = (await reader.readuntil(b"\r\n\r\n")).lower()
            length = int(head.split(b"content-length: ", 1)[1].split(b"\r\n", 1)[0])
            await reader.readexactly(length)
            latencies.append(time.perf_counter() - due)
            statuses[head[9:12].decode()] += 1
        writer.close()

    await asyncio.gather(*(deliver() for _ in range(CONNECTIONS)))
    seconds = time.perf_counter() - started
    latencies.sort()
    return Heard(
        payments_a_second=len(latencies) / seconds,
        p50_milliseconds=latencies[len(latencies) // 2] * 1000,
        p99_milliseconds=latencies[len(latencies) * 99 // 100] * 1000,
        statuses=dict(statuses),
    )


def _requests(load: Load) -> Iterator[bytes]:
    timestamp = write_instant(datetime.now(UTC))
    for family in range(load.first_family, load.first_family + load.payments):
        body = _body(family)
        signed = SignedRequest(
            method="POST",
            target=MOUNT + PATH,
            body=body,
            timestamp=timestamp,
            access_token=load.token,
        )
        headers = {
            "Host": "127.0.0.1",
            "Content-Type": "application/json",
            "Content-Length": str(len(body)),
            "Authorization": f"Bearer {load.token}",
            "X-TIMESTAMP": timestamp,
            "X-SIGNATURE": sign_hmac(load.secret, string_to_sign(signed), SignatureEncoding.BASE64),
            "X-PARTNER-ID": load.client_id,
            "X-EXTERNAL-ID": str(family),
            "CHANNEL-ID": "95231",
        }
        lines = [f"POST {MOUNT}{PATH} HTTP/1.1", *(f"{k}: {v}" for k, v in headers.items())]
        yield "\r\n".join([*lines, "", ""]).encode() + body


def _body(family: int) -> bytes:
    """A payment of about 700 bytes, as banks write it."""
    number = str(family * 10 + 1).zfill(13)[-11:]
    amount = {"value": BILL, "currency": "IDR"}
    return json.dumps(
        {
            "partnerServiceId": "   88888",
            "customerNo": number,
            "virtualAccountNo": f"   88888{number}",
            "virtualAccountName": "BUNGA CONTOH",
            "trxId": f"TRX{family:015d}",
            "paymentRequestId": f"HTTP-{family:012d}",
            "channelCode": 6011,
            "hashedSourceAccountNo": "a" * 64,
            "paidAmount": amount,
            "totalAmount": amount,
            "trxDateTime": "2026-02-05T10:00:00+07:00",
            "referenceNo": f"{family:011d}",
            "flagAdvise": "N",
            "billDetails": [],
            "freeTexts": [{"english": "Contribution", "indonesia": "Iuran"}],
            "additionalInfo": {"terminal": "ATM-0001"},
        },
        separators=(",", ":"),
    ).encode()


def main(arguments: list[str]) -> None:
    match arguments:
        case ["serve", port, together_max, at]:
            serve(int(port), int(together_max), at)
        case _:
            print(json.dumps(asdict(uvloop.run(send(Load(**json.loads(sys.stdin.read())))))))


if __name__ == "__main__":
    main(sys.argv[1:])
