"""Webhooks as a subscriber sees them: signed, in order, again until taken, never lost."""

import asyncio
import os
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from standardwebhooks.webhooks import Webhook

from iuran.core.clock import StandingClock, SystemClock
from iuran.core.database.pool import Pool
from iuran.core.identifiers import mask_numbers_in
from iuran.deploy.embedded import EmbeddedServices
from iuran.payments.webhooks.endpoints import (
    Change,
    EndpointState,
    disable_endpoint,
    enable_endpoint,
    find_endpoint,
    rotate_secret,
)
from iuran.payments.webhooks.lines import Result
from iuran.payments.webhooks.payloads import opaque_id
from iuran.payments.webhooks.repeats import (
    NothingToResendError,
    replay,
    resend,
    resend_dead,
)
from iuran.workers.crew import Crew
from iuran.workers.execution import run_due
from iuran.workers.job_records import list_jobs
from iuran.workers.jobs import JobName, arm
from iuran.workers.kinds import SEND_WEBHOOKS
from iuran.workers.outbox import dispatch_batch
from iuran.workers.services import WorkerServices
from iuran.workers.webhooks.delivery_log import (
    endpoint_figures,
    list_attempts,
    list_changes,
    list_dead,
)
from iuran.workers.webhooks.health import DISABLED_AFTER
from iuran.workers.webhooks.sending import BREAKS_MAX, TRIED_FOR
from tests.workers.conftest import later
from tests.workers.stories import a_paying_family
from tests.workers.subscribers import (
    CIPHER,
    KEY,
    WAY_OUT,
    Subscriber,
    happens,
    subscribed,
    subscriber,
)

FIRST_POSITION = "UPDATE event_dispatch SET last_position = 0"


@pytest.fixture
async def sending(pool: Pool, workers: WorkerServices) -> WorkerServices:
    await pool.execute(FIRST_POSITION)  # the log is empty; its positions begin anew
    return replace(workers, webhooks=WAY_OUT)


async def tell(services: WorkerServices) -> None:
    await run_due(services)


def positions(told: Subscriber) -> list[int]:
    return [one.position for one in told.taken]


async def test_what_happens_is_told_signed_and_without_numbers(
    pool: Pool, sending: WorkerServices
) -> None:
    at = datetime.now(UTC)
    sending = replace(sending, real_clock=SystemClock())
    async with subscriber() as told, pool.acquire() as connection:
        secret = await subscribed(connection, told.url, at=at)
        _, family, account = await a_paying_family(pool)
        await tell(sending)

    kinds = [one.content["type"] for one in told.heard]
    assert kinds == ["membership.activated", "payment.settled"]
    for one in told.heard:
        content = Webhook(secret).verify(one.body, one.headers)
        assert content["id"] == one.headers["webhook-id"]
        assert content["data"]["familyId"] == opaque_id("Family", family.family_id)
        assert account.customer_number not in one.body.decode()
        assert mask_numbers_in(one.body.decode()) == one.body.decode()
    assert told.heard[0].content["data"] == {
        "familyId": opaque_id("Family", family.family_id),
        "membershipId": opaque_id("Membership", family.family_id, 1),
    }


async def test_while_a_secret_is_replaced_both_sign(pool: Pool, sending: WorkerServices) -> None:
    at = datetime.now(UTC)
    moved = StandingClock(at)
    sending = replace(sending, real_clock=moved)
    async with subscriber() as told, pool.acquire() as connection:
        former = await subscribed(connection, told.url, at=at)
        async with connection.transaction():
            newer = await rotate_secret(
                connection, CIPHER, "app", overlap=timedelta(seconds=60), by="ani", at=at
            )
        await happens(pool, 7, at=at)
        await tell(sending)
        later(moved, seconds=61)
        await happens(pool, 7, at=at)
        await tell(sending)

    during, after = told.heard
    Webhook(former).verify(during.body, during.headers)
    Webhook(newer).verify(during.body, during.headers)
    Webhook(newer).verify(after.body, after.headers)
    assert during.headers["webhook-signature"].count("v1,") == 2
    assert after.headers["webhook-signature"].count("v1,") == 1


async def test_a_family_waits_for_its_earlier_event_and_others_do_not(
    pool: Pool, sending: WorkerServices, real_clock: StandingClock
) -> None:
    async with subscriber() as told, pool.acquire() as connection:
        await subscribed(connection, told.url, at=real_clock.now())
        told.decide = lambda content: 500 if content["position"] == 1 else 200
        await happens(pool, 1, 2, 1, 2, at=real_clock.now())
        await tell(sending)

        before = positions(told), len(told.heard)
        told.decide = lambda _content: 200
        later(real_clock, minutes=1)
        await tell(sending)

    assert before == ([2, 4], 3)  # the second event of the first family was not even tried
    assert positions(told) == [2, 4, 1, 3]


async def test_after_24_hours_an_event_is_given_up_and_its_family_goes_on(
    pool: Pool, sending: WorkerServices, real_clock: StandingClock
) -> None:
    began = real_clock.now()
    async with subscriber() as told, pool.acquire() as connection:
        await subscribed(connection, told.url, at=began)
        told.decide = lambda content: 500 if content["position"] == 1 else 200
        await happens(pool, 1, 1, at=began)
        while not positions(told):
            await tell(sending)
            later(real_clock, minutes=30)
        tried = [one for one in told.heard if one.position == 1]
        endpoint = await find_endpoint(connection, "app")
        (dead,) = await list_dead(connection, endpoint.endpoint_id)
        last = next(
            a
            for a in await list_attempts(connection, endpoint.endpoint_id, limit=100)
            if a.result is Result.DEAD
        )
        told.decide = lambda _content: 200
        async with connection.transaction():
            assert await resend_dead(connection, "app", by="ani", at=real_clock.now()) == 1
        await tell(sending)
        left = await list_dead(connection, endpoint.endpoint_id)

    assert 15 <= len(tried) <= 45
    assert {one.headers["webhook-id"] for one in tried} == {tried[0].headers["webhook-id"]}
    assert {one.body for one in tried} == {tried[0].body}
    assert dead.attempts == len(tried) == last.attempt
    assert last.tried_at - began >= TRIED_FOR
    assert positions(told) == [2, 1]
    assert left == ()


async def test_an_endpoint_that_is_down_is_left_alone_and_loses_nothing(
    pool: Pool, sending: WorkerServices, real_clock: StandingClock
) -> None:
    families = list(range(1, 101))
    async with subscriber() as told, pool.acquire() as connection:
        sending = replace(sending, webhooks=replace(WAY_OUT, at_once=2))
        await subscribed(connection, told.url, at=real_clock.now())
        told.decide = lambda _content: 503
        await happens(pool, *families, at=real_clock.now())
        await tell(sending)
        first_round = len(told.heard)
        (figures,) = await endpoint_figures(connection, at=real_clock.now())

        told.decide = lambda _content: 200
        later(real_clock, hours=2)
        await tell(sending)
        (after,) = await endpoint_figures(connection, at=real_clock.now())

    assert BREAKS_MAX <= first_round <= BREAKS_MAX + 2
    assert figures.paused_until is not None
    assert figures.failing_since is not None
    assert sorted(positions(told)) == families
    assert (after.failing_since, after.paused_until, after.waiting) == (None, None, 0)
    assert told.most_open <= 2


async def test_an_endpoint_that_does_not_answer_holds_up_no_other(
    pool: Pool,
    sending: WorkerServices,
    real_clock: StandingClock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """In one worker: all of the quick one's calls come and go while the slow one's hangs."""
    monkeypatch.setattr("iuran.workers.webhooks.sending.SLICE_SECONDS", 60)
    patient = replace(
        sending, webhooks=replace(WAY_OUT, timeout_seconds=50), stop_seconds=60, jobs_at_once=4
    )
    async with subscriber() as slow, subscriber() as quick, pool.acquire() as connection:
        await subscribed(connection, slow.url, at=real_clock.now(), name="slow")
        await subscribed(connection, quick.url, at=real_clock.now(), name="quick")
        await happens(pool, 1, 2, 3, at=real_clock.now())
        async with connection.transaction():
            await dispatch_batch(connection, at=real_clock.now())
        slow.gate.clear()
        crew = Crew(patient)
        for name in ("slow", "quick"):
            await arm(connection, JobName(SEND_WEBHOOKS, name), at=real_clock.now())
            assert crew.start(JobName(SEND_WEBHOOKS, name))

        await slow.hears(1)
        await quick.hears(3)
        hanging = slow.open_calls
        slow.gate.set()
        await crew.stop()

    assert hanging > 0
    assert sorted(positions(quick)) == [1, 2, 3]


@pytest.mark.parametrize(("asked", "seconds"), [(600, 600), (604_800, 3_600)])
async def test_who_asks_for_time_gets_it_up_to_an_hour(
    pool: Pool, sending: WorkerServices, real_clock: StandingClock, asked: int, seconds: int
) -> None:
    async with subscriber() as told, pool.acquire() as connection:
        await subscribed(connection, told.url, at=real_clock.now())
        told.decide = lambda _content: 429
        told.extra = f"Retry-After: {asked}\r\n"
        await happens(pool, 1, at=real_clock.now())
        await tell(sending)
        told.decide = lambda _content: 200
        later(real_clock, seconds=seconds - 1)
        await tell(sending)
        too_early = positions(told)
        later(real_clock, seconds=2)
        await tell(sending)

    assert too_early == []
    assert positions(told) == [1]


async def test_an_endpoint_that_takes_nothing_for_days_is_disabled_with_a_word(
    pool: Pool, sending: WorkerServices, real_clock: StandingClock
) -> None:
    async with subscriber() as told, pool.acquire() as connection:
        await subscribed(connection, told.url, at=real_clock.now())
        told.decide = lambda _content: 500
        await happens(pool, 1, 2, 3, at=real_clock.now())
        await tell(sending)
        for _ in range(4):
            later(real_clock, days=1)
            await happens(pool, 1, at=real_clock.now())
            await tell(sending)
        endpoint = await find_endpoint(connection, "app")
        (latest, *_) = await list_changes(connection, endpoint.endpoint_id)
        heard = len(told.heard)
        later(real_clock, days=1)
        await tell(sending)
        silent = len(told.heard) == heard

        told.decide = lambda _content: 200
        async with connection.transaction():
            await enable_endpoint(connection, "app", by="ani", reason="mended", at=real_clock.now())
        await tell(sending)

    assert endpoint.state is EndpointState.DISABLED
    assert latest.change == Change.DISABLED
    assert latest.changed_by == "iuran"
    assert "it has taken nothing since 2030-01-01" in latest.detail
    assert silent
    assert positions(told)
    assert DISABLED_AFTER > TRIED_FOR


async def test_who_says_410_is_told_nothing_more(
    pool: Pool, sending: WorkerServices, real_clock: StandingClock
) -> None:
    async with subscriber() as told, pool.acquire() as connection:
        await subscribed(connection, told.url, at=real_clock.now())
        told.decide = lambda _content: 410
        await happens(pool, 1, 1, at=real_clock.now())
        await tell(sending)
        endpoint = await find_endpoint(connection, "app")

    assert endpoint.state is EndpointState.DISABLED
    assert len(told.heard) == 1


async def test_a_redirect_is_not_followed_and_a_flood_is_not_read(
    pool: Pool, sending: WorkerServices, real_clock: StandingClock
) -> None:
    async with subscriber() as told, subscriber() as elsewhere, pool.acquire() as connection:
        await subscribed(connection, told.url, at=real_clock.now())
        told.decide = lambda _content: 302
        told.extra = f"Location: {elsewhere.url}\r\n"
        told.answer = b"call 081200001234 " + b"x" * 1_000_000
        await happens(pool, 1, at=real_clock.now())
        await tell(sending)
        endpoint = await find_endpoint(connection, "app")
        (attempt,) = await list_attempts(connection, endpoint.endpoint_id)

    assert elsewhere.heard == []
    assert (attempt.status, attempt.result) == (302, Result.FAILED)
    assert len(attempt.answer) <= 300
    assert "081200001234" not in attempt.answer


async def test_who_hangs_up_or_does_not_end_has_not_taken(
    pool: Pool, sending: WorkerServices, real_clock: StandingClock
) -> None:
    async with subscriber() as told, pool.acquire() as connection:
        impatient = replace(sending, webhooks=replace(WAY_OUT, timeout_seconds=0.2))
        await subscribed(connection, told.url, at=real_clock.now())
        told.decide = lambda _content: 0
        await happens(pool, 1, at=real_clock.now())
        await tell(sending)
        told.decide = lambda _content: 200
        told.gate.clear()
        later(real_clock, minutes=1)
        await tell(impatient)
        endpoint = await find_endpoint(connection, "app")
        slow, hung_up = await list_attempts(connection, endpoint.endpoint_id)

    assert hung_up.status is None
    assert "RemoteProtocolError" in hung_up.answer
    assert slow.status is None
    assert slow.answer == "no whole answer within 0.2 s"


async def test_a_killed_worker_loses_nothing_and_the_next_says_it_again(
    pool: Pool, sending: WorkerServices, real_clock: StandingClock, services: EmbeddedServices
) -> None:
    async with subscriber() as told, pool.acquire() as connection:
        await subscribed(connection, told.url, at=real_clock.now())
        await happens(pool, *range(1, 41), 1, at=real_clock.now())
        told.gate.clear()
        killed = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "tests.workers.webhook_worker"),
            env={**os.environ, "DATABASE_URL": services.database_url, "WEBHOOK_KEY": KEY},
            stdout=asyncio.subprocess.DEVNULL,
        )
        await told.hears(16)
        killed.kill()
        await killed.wait()
        told.gate.set()
        later(real_clock, minutes=2)
        await tell(sending)
        (figures,) = await endpoint_figures(connection, at=real_clock.now())

    first_family = [one.position for one in told.heard if one.family == opaque_id("Family", 1)]
    assert {one.position for one in told.taken} == set(range(1, 42))
    assert len(told.heard) == 41 + 16  # the calls that were under way, again
    assert first_family == sorted(first_family)
    assert (figures.waiting, figures.dead) == (0, 0)


async def test_an_endpoint_is_told_what_it_asked_for(
    pool: Pool, sending: WorkerServices, real_clock: StandingClock
) -> None:
    async with subscriber() as payments, subscriber() as all_of_it, pool.acquire() as connection:
        await subscribed(
            connection, payments.url, at=real_clock.now(), name="books", kinds=("payment.settled",)
        )
        await subscribed(connection, all_of_it.url, at=real_clock.now())
        await a_paying_family(pool)
        await tell(sending)

    assert [one.content["type"] for one in payments.heard] == ["payment.settled"]
    assert len(all_of_it.heard) == 2


async def test_one_event_or_a_range_is_sent_again_under_its_id(
    pool: Pool, sending: WorkerServices, real_clock: StandingClock
) -> None:
    async with subscriber() as told, pool.acquire() as connection:
        await subscribed(connection, told.url, at=real_clock.now())
        await happens(pool, 1, 1, 1, at=real_clock.now())
        await tell(sending)
        async with connection.transaction():
            told_again = await resend(
                connection, "app", first=2, last=3, by="ani", at=real_clock.now()
            )
        await tell(sending)
        with pytest.raises(NothingToResendError, match="was told nothing from 4 to 9"):
            await resend(connection, "app", first=4, last=9, by="ani", at=real_clock.now())

    assert told_again == 2
    assert positions(told) == [1, 2, 3, 2, 3]
    assert told.heard[1].headers["webhook-id"] == told.heard[3].headers["webhook-id"]
    assert told.heard[1].body == told.heard[3].body


async def test_a_replay_tells_everything_from_a_position_on_in_order(
    pool: Pool, sending: WorkerServices, real_clock: StandingClock
) -> None:
    async with subscriber() as told, pool.acquire() as connection:
        await subscribed(connection, told.url, at=real_clock.now())
        await happens(pool, 1, 1, 1, 1, at=real_clock.now())
        await tell(sending)
        told.decide = lambda content: 500 if content["position"] == 6 else 200
        await happens(pool, 1, 1, 1, at=real_clock.now())
        await tell(sending)
        told.decide = lambda _content: 200
        async with connection.transaction():
            assert await replay(connection, "app", first=3, by="ani", at=real_clock.now()) == 5
        await tell(sending)
        with pytest.raises(NothingToResendError, match="only been told up to position 7"):
            await replay(connection, "app", first=8, by="ani", at=real_clock.now())

    assert positions(told) == [1, 2, 3, 4, 5, 3, 4, 5, 6, 7]


async def test_a_disabled_endpoint_is_told_later_what_happened_meanwhile(
    pool: Pool, sending: WorkerServices, real_clock: StandingClock
) -> None:
    async with subscriber() as told, pool.acquire() as connection:
        await subscribed(connection, told.url, at=real_clock.now())
        async with connection.transaction():
            await disable_endpoint(connection, "app", by="ani", reason="moves", at=real_clock.now())
        await happens(pool, 1, 2, at=real_clock.now())
        await tell(sending)
        silent = list(told.heard)
        async with connection.transaction():
            await enable_endpoint(connection, "app", by="ani", reason="", at=real_clock.now())
        await tell(sending)

    assert silent == []
    assert sorted(positions(told)) == [1, 2]


async def test_a_worker_without_a_way_out_says_so_at_the_job(
    pool: Pool, workers: WorkerServices, real_clock: StandingClock
) -> None:
    async with pool.acquire() as connection:
        await subscribed(connection, "http://127.0.0.1:9/", at=real_clock.now())
        await happens(pool, 1, at=real_clock.now())
        await tell(workers)
        (job,) = await list_jobs(connection, kind="send-webhooks")

    assert job.name.key == "app"
    assert job.last_error is not None
    assert "without a way out" in job.last_error
