"""Where webhooks may go: a name that leads inside leads nowhere."""

import asyncio
import socket
from collections.abc import AsyncIterator
from ipaddress import ip_address
from typing import cast

import httpx
import pytest

from iuran.core.errors import InvalidInputError
from iuran.payments.webhooks.addresses import AddressRefusedError, GuardedTransport, Reach
from iuran.workers.webhooks.calls import WayOut, call, caller
from tests.workers.subscribers import CIPHER, Subscriber, subscriber

CLOSED = Reach.of((), plain_loopback=False)


@pytest.fixture
async def told() -> AsyncIterator[Subscriber]:
    async with subscriber() as listening:
        yield listening


@pytest.mark.parametrize(
    "inside",
    [
        "127.0.0.1",
        "10.1.2.3",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "0.0.0.0",  # noqa: S104 - it is what must be refused
        "224.0.0.1",
        "255.255.255.255",
        "::1",
        "::",
        "fe80::1",
        "fd00::1",
        "ff02::1",
        "::ffff:10.0.0.1",
        "64:ff9b::a00:1",
        "2002:a00:1::1",
    ],
)
def test_no_address_inside_is_called(inside: str) -> None:
    with pytest.raises(AddressRefusedError, match="IURAN_WEBHOOK_NETWORKS"):
        CLOSED.check(ip_address(inside))


@pytest.mark.parametrize("public", ["8.8.8.8", "2606:4700::1111", "64:ff9b::808:808"])
def test_public_addresses_are(public: str) -> None:
    CLOSED.check(ip_address(public))


def test_an_operator_may_allow_a_network_inside() -> None:
    reach = Reach.of(["10.20.0.0/16"], plain_loopback=False)

    reach.check(ip_address("10.20.3.4"))
    with pytest.raises(AddressRefusedError):
        reach.check(ip_address("10.21.0.1"))
    with pytest.raises(InvalidInputError, match=r"write 10\.20\.0\.0/16"):
        Reach.of(["10.20.0.0/99"], plain_loopback=False)


@pytest.mark.parametrize(
    "url",
    [
        "http://jkn.example/hooks",
        "ftp://jkn.example/",
        "https://",
        "https://user:word@jkn.example/",
        "https://jkn.example/#there",
        "https://jkn.example/\n",
        "https://jkn.example/" + "x" * 500,
        "http://127.0.0.1/",
        "https://[::1",
    ],
)
def test_no_other_url_is_kept(url: str) -> None:
    with pytest.raises(InvalidInputError):
        CLOSED.check_url(url)


async def test_a_name_that_leads_inside_is_not_called(
    told: Subscriber, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers_with(monkeypatch, "127.0.0.1")
    url = told.url.replace("127.0.0.1", "hooks.example")
    async with caller(WayOut(cipher=CIPHER, reach=CLOSED)) as client:
        answer = await call(client, url, body=b"{}", headers={}, timeout_seconds=5)

    assert answer.status is None
    assert "127.0.0.1 is not a public address" in answer.text
    assert told.connections == 0


async def test_a_name_with_one_address_inside_is_not_called_at_all(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    answers_with(monkeypatch, "93.184.215.14", "10.0.0.1")
    async with caller(WayOut(cipher=CIPHER, reach=CLOSED)) as client:
        answer = await call(
            client, "https://hooks.example/", body=b"{}", headers={}, timeout_seconds=5
        )

    assert "10.0.0.1 is not a public address" in answer.text


async def test_the_checked_address_is_the_one_that_is_called(
    told: Subscriber, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Asked a second time the name would lead elsewhere; nobody asks a second time."""
    asked = answers_with(monkeypatch, "127.0.0.1")
    url = told.url.replace("127.0.0.1", "hooks.example")
    reach = Reach.of((), plain_loopback=True)
    async with caller(WayOut(cipher=CIPHER, reach=reach)) as client:
        answers = [
            await call(client, url, body=b"{}", headers={}, timeout_seconds=5) for _ in range(3)
        ]

    assert [answer.status for answer in answers] == [200, 200, 200]
    assert asked == ["hooks.example"]
    assert told.heard[0].headers["host"].startswith("hooks.example:")


async def test_the_certificate_is_checked_for_the_name_and_not_for_the_address(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    answers_with(monkeypatch, "93.184.215.14")
    asked: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return httpx.Response(200)

    transport = GuardedTransport(reach=CLOSED, inner=httpx.MockTransport(answer))
    async with httpx.AsyncClient(transport=transport) as client:
        await client.post("https://hooks.example/x")

    (request,) = asked
    assert request.url.host == "93.184.215.14"
    assert request.headers["host"] == "hooks.example"
    assert request.extensions["sni_hostname"] == "hooks.example"


async def test_when_an_address_does_not_answer_the_next_is_tried(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    answers_with(monkeypatch, "93.184.215.14", "93.184.215.15")

    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.host == "93.184.215.14":
            raise httpx.ConnectError("nobody there")
        return httpx.Response(204)

    transport = GuardedTransport(reach=CLOSED, inner=httpx.MockTransport(answer))
    async with httpx.AsyncClient(transport=transport) as client:
        answered = await client.post("https://hooks.example/x")

    assert answered.status_code == 204


async def test_a_name_that_does_not_exist_is_an_answer_too() -> None:
    async with caller(WayOut(cipher=CIPHER, reach=CLOSED)) as client:
        answer = await call(
            client, "https://nowhere.invalid/", body=b"{}", headers={}, timeout_seconds=5
        )

    assert answer.status is None
    assert "nowhere.invalid" in answer.text or "no whole answer" in answer.text


def answers_with(monkeypatch: pytest.MonkeyPatch, *addresses: str) -> list[str]:
    """Let every name have these addresses; what was asked for comes into the list."""
    asked: list[str] = []

    async def getaddrinfo(host: str, port: int, **_: object) -> list[tuple[object, ...]]:
        await asyncio.sleep(0)
        asked.append(host)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (one, port)) for one in addresses]

    loop = asyncio.get_running_loop()
    monkeypatch.setattr(cast("object", loop), "getaddrinfo", getaddrinfo)
    return asked
