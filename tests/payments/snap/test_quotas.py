"""Quotas of a channel: shared over Redis, counted locally without it."""

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from iuran.core.money import Rupiah
from iuran.deploy.embedded import EmbeddedServices
from iuran.payments.channels import Channel
from iuran.payments.quirks import Quirks
from iuran.payments.simulation.bank import SimulatedBank
from iuran.payments.snap.quotas import Quotas
from tests.payments.snap.conftest import Biller, Debtor
from tests.payments.snap.test_switches import switched

OWED = Rupiah(35_000)


@pytest.fixture
async def redis_url(services: EmbeddedServices) -> AsyncIterator[str]:
    quotas = Quotas.of(services.redis_url)
    assert quotas.redis is not None
    await quotas.redis.delete("iuran:snap:quota:7")
    yield services.redis_url
    await quotas.redis.delete("iuran:snap:quota:7")
    await quotas.close()


def a_channel(*, a_minute: int, burst: int) -> Channel:
    return Channel(
        channel_id=7,
        code="BCA",
        name="Bank",
        client_id="c",
        partner_id="p",
        va_prefix="88888",
        quirks=Quirks(requests_a_minute=a_minute, requests_burst=burst),
        enabled=True,
        public_keys=(),
        secrets=(),
    )


async def let_through(quotas: Quotas, channel: Channel, tries: int) -> int:
    return sum([await quotas.take(channel) for _ in range(tries)])


async def test_processes_share_a_quota(redis_url: str) -> None:
    channel = a_channel(a_minute=1, burst=10)
    one, other = Quotas.of(redis_url), Quotas.of(redis_url)

    let = await let_through(one, channel, 8), await let_through(other, channel, 8)
    await one.close()
    await other.close()

    assert let == (8, 2)


async def test_a_large_quota_takes_several_tokens_at_once(
    redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    channel = a_channel(a_minute=600_000, burst=1_000)
    quotas = Quotas.of(redis_url)
    asks = Quotas._granted  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]  # counted
    round_trips = 0

    async def counts(self: Quotas, asking: Channel, now: float) -> int | None:
        nonlocal round_trips
        round_trips += 1
        return await asks(self, asking, now)

    monkeypatch.setattr(Quotas, "_granted", counts)
    let = await let_through(quotas, channel, 900)
    await quotas.close()

    assert let == 900
    assert 9 <= round_trips < 100


async def test_without_redis_each_process_counts_for_itself() -> None:
    channel = a_channel(a_minute=1, burst=3)
    away = Quotas.of("redis://127.0.0.1:1")
    none = Quotas.of(None)

    let = await let_through(away, channel, 5), await let_through(none, channel, 5)
    await away.close()

    assert let == (3, 3)


async def test_a_quota_that_changed_counts_at_once() -> None:
    quotas = Quotas.of(None)
    small = a_channel(a_minute=1, burst=1)
    large = replace(small, quirks=Quirks(requests_a_minute=1, requests_burst=5))

    let = await let_through(quotas, small, 3), await let_through(quotas, large, 9)

    assert let == (1, 5)


async def test_beyond_its_quota_a_channel_hears_429_and_nothing_is_reserved(
    biller: Biller, bank: SimulatedBank, debtor: Debtor
) -> None:
    await switched(biller, requests_a_minute="1", requests_burst="2")

    asked = await bank.inquire(debtor.customer_number)  # the token was the first
    refused = await bank.pay(debtor.customer_number, OWED, request_id="P1", external_id="X1")
    await switched(biller, requests_burst="50")
    paid = await bank.pay(debtor.customer_number, OWED, request_id="P1", external_id="X1")

    assert asked.code == "2002400"
    assert (refused.http_status, refused.code) == (429, "4292500")
    assert refused.headers["Retry-After"] == "1"
    assert refused.account["paymentFlagStatus"] == "02"
    assert paid.code == "2002500"
